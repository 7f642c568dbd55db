//! Objects come back as they were put in, over restarts too, and the limit holds.

use std::os::unix::fs::PermissionsExt;

use proptest::prelude::*;

use super::*;

#[test]
fn an_object_comes_back_as_it_was() {
    let place = Place::new("back");
    let disk = place.open();
    let cases = [(0, 0), (1, 1), (4_096, 10), (100_000, 300), (3, 20_000)];
    for (n, (length, meta)) in cases.into_iter().enumerate() {
        let (key, body, meta) = (n.to_le_bytes(), octets_of(n as u64, length), octets_of(9, meta));
        let written = put(&disk, &key, &body, &meta).unwrap();
        assert_eq!((content(&written), &written.meta), (body.clone(), &meta), "what commit gives");
        assert!(disk.may_have(&key));
        assert_eq!(found(&disk, &key), Some((meta, body)));
    }
    assert_eq!(found(&disk, b"other"), None);
    assert!(!disk.stats().open || !disk.may_have(b"other") || disk.stats().rebuilding);
    assert_eq!((disk.stats().hits, disk.stats().misses, disk.stats().insertions), (5, 1, 5));
}

#[test]
fn a_newer_object_takes_the_place_of_the_older_and_readers_of_that_are_not_disturbed() {
    let place = Place::new("newer");
    let disk = place.reopened();
    put(&disk, b"key", b"the first", b"1").unwrap();
    let first = disk.get(b"key").unwrap();
    put(&disk, b"key", &octets_of(1, 50_000), b"2").unwrap();
    assert_eq!(found(&disk, b"key").unwrap().0, b"2");
    disk.remove(b"key");
    assert!(disk.get(b"key").is_none() && !disk.may_have(b"key"));
    assert_eq!(content(&first), b"the first");
    assert_eq!((disk.stats().entries, disk.stats().octets, place.octets()), (0, 0, 0));
}

#[test]
fn another_description_for_the_same_content() {
    let place = Place::new("update");
    let disk = place.open();
    let body = octets_of(4, 200_000);
    put(&disk, b"key", &body, b"before").unwrap();
    let updated = disk.update(b"key", b"afterwards").unwrap();
    assert_eq!((content(&updated), &updated.meta[..]), (body.clone(), &b"afterwards"[..]));
    assert!(disk.update(b"other", b"").is_none());
    drop(disk);
    assert_eq!(found(&place.reopened(), b"key"), Some((b"afterwards".to_vec(), body)));
}

#[test]
fn an_object_that_is_given_up_leaves_nothing() {
    let place = Place::new("given-up");
    let disk = place.open();
    let mut writer = disk.writer(b"key").unwrap();
    assert!(writer.write(&[1; 100_000]));
    assert!(disk.stats().pending >= 100_000 && place.octets() >= 100_000);
    writer.abandon();
    drop(disk.writer(b"key"));
    assert_eq!((disk.stats().pending, place.octets(), disk.get(b"key").is_none()), (0, 0, true));
}

#[test]
fn what_is_too_large_is_refused_and_leaves_nothing() {
    let place = Place::new("too-large");
    let disk = place.open();
    let mut writer = disk.writer(b"key").unwrap();
    let pieces = (0..).take_while(|_| writer.write(&[1; 10_000])).count() as u64;
    assert!((disk.largest() - 20_000..disk.largest()).contains(&(pieces * 10_000)));
    assert!(!writer.write(b"more") && writer.commit(b"").is_none());
    assert!(disk.writer(&vec![0; DISK_KEY.default as usize + 1]).is_none());
    assert!(put(&disk, b"key", b"", &vec![0; DISK_META.default as usize + 1]).is_none());
    let stats = disk.stats();
    assert_eq!((stats.refusals, stats.faults, stats.pending, place.octets()), (3, 0, 0, 0));
}

#[test]
fn a_restart_finds_everything() {
    let place = Place::new("restart");
    let disk = place.open();
    for n in 0..200u64 {
        put(&disk, &n.to_le_bytes(), &octets_of(n, 500 * n as usize % 9_000), &[n as u8]).unwrap();
    }
    let before = disk.stats();
    drop(disk);
    let disk = place.open();
    let early = 7u64;
    assert_eq!(disk.stats().entries, 0);
    assert_eq!(found(&disk, &early.to_le_bytes()), Some((vec![7], octets_of(7, 3_500))), "before it is reached");
    disk.rebuild();
    let after = disk.stats();
    assert_eq!((after.entries, after.octets), (before.entries, before.octets));
    for n in 0..200u64 {
        assert_eq!(found(&disk, &n.to_le_bytes()), Some((vec![n as u8], octets_of(n, 500 * n as usize % 9_000))));
    }
    assert_eq!(after.octets, place.octets());
}

#[test]
fn a_smaller_limit_after_a_restart_is_kept() {
    let place = Place::new("smaller");
    let disk = place.open();
    (0..100u64).for_each(|n| drop(put(&disk, &n.to_le_bytes(), &octets_of(n, 30_000), b"")));
    drop(disk);
    let disk = place.open_sized(1 << 20);
    disk.rebuild();
    assert!(place.octets() <= 1 << 20 && disk.stats().entries >= 30);
    assert_eq!(disk.stats().octets, place.octets());
}

#[test]
fn the_limit_holds_at_all_times() {
    let place = Place::new("limit");
    let disk = place.reopened();
    let mut random = Random::seeded(5);
    let mut writers: Vec<Writer> = Vec::new();
    for _ in 0..2_000 {
        match random.below(10) {
            0..3 if writers.len() < 8 => {
                writers.extend(disk.writer(&u64::from(random.below(300)).to_le_bytes()));
            }
            3..9 if !writers.is_empty() => {
                let n = random.below(writers.len() as u32) as usize;
                writers[n].write(&vec![7; random.below(60_000) as usize]);
            }
            _ if !writers.is_empty() => {
                let writer = writers.swap_remove(random.below(writers.len() as u32) as usize);
                writer.commit(b"meta");
            }
            _ => {}
        }
        let (stats, octets) = (disk.stats(), place.octets());
        assert!(octets <= CAPACITY, "{octets} octets on disk");
        assert!(stats.octets + stats.pending <= CAPACITY && stats.octets + stats.pending >= octets);
    }
    drop(writers);
    let stats = disk.stats();
    assert!(stats.evictions > 100 && stats.pending == 0 && stats.faults == 0, "{stats:?}");
    assert_eq!(stats.octets, place.octets());
}

#[test]
fn what_is_asked_for_stays() {
    let place = Place::new("stays");
    let disk = place.reopened();
    put(&disk, b"popular", &octets_of(1, 10_000), b"").unwrap();
    for n in 0..1_000u64 {
        assert!(disk.get(b"popular").is_some(), "lost after {n}");
        put(&disk, &n.to_le_bytes(), &octets_of(n, 10_000), b"").unwrap();
    }
}

#[test]
fn nobody_else_may_look() {
    let place = Place::new("mode");
    let disk = place.open();
    put(&disk, b"key", b"content", b"").unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let object = place.object(b"key");
    for folder in [&place.root, &place.root.join("objects"), &place.root.join("temporary"), object.parent().unwrap()] {
        assert_eq!(mode(folder), 0o700, "{folder:?}");
    }
    assert!(place.files().iter().all(|file| mode(file) == 0o600));
}

#[test]
fn threads_find_only_whole_objects_of_their_key() {
    let place = Place::new("threads");
    let disk = place.reopened();
    std::thread::scope(|scope| {
        for seed in 0..4 {
            let disk = &disk;
            scope.spawn(move || work(disk, seed));
        }
    });
    let stats = disk.stats();
    assert!(stats.hits > 0 && stats.evictions > 0, "{stats:?}");
    assert_eq!((stats.faults, stats.corrupted, stats.foreign, stats.pending), (0, 0, 0, 0));
    assert_eq!((stats.octets, stats.octets <= CAPACITY), (place.octets(), true));
}

fn work(disk: &Arc<Disk>, seed: u64) {
    let mut random = Random::seeded(seed);
    for _ in 0..400 {
        let n = u64::from(random.below(60));
        let key = n.to_le_bytes();
        match random.below(10) {
            0 => disk.remove(&key),
            1..4 => drop(put(disk, &key, &octets_of(n, 90_000), &key)),
            4 => drop(disk.update(&key, &key)),
            5 => drop(disk.scrub_step(100_000)),
            _ => {
                let kept = found(disk, &key);
                assert!(kept.is_none_or(|kept| kept == (key.to_vec(), octets_of(n, 90_000))));
            }
        }
    }
}

#[derive(Debug, Clone)]
enum Step {
    Put(u8, u16),
    Get(u8),
    Update(u8, u8),
    Remove(u8),
    Restart,
    Scrub,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => (0u8..12, any::<u16>()).prop_map(|(key, length)| Step::Put(key, length)),
        6 => (0u8..12).prop_map(Step::Get),
        2 => (0u8..12, any::<u8>()).prop_map(|(key, meta)| Step::Update(key, meta)),
        2 => (0u8..12).prop_map(Step::Remove),
        1 => Just(Step::Restart),
        1 => Just(Step::Scrub),
    ];
    prop::collection::vec(step, 0..60)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// With room for all of it, the tier is a map that survives restarts.
    #[test]
    fn a_map_over_restarts(steps in steps(), whole_rebuilds in any::<bool>()) {
        let place = Place::new("map");
        let mut disk = place.open();
        let mut model: HashMap<u8, Found> = HashMap::new();
        for step in steps {
            match step {
                Step::Put(key, length) => {
                    let body = octets_of(length.into(), length.into());
                    put(&disk, &[key], &body, &[1]).unwrap();
                    model.insert(key, (vec![1], body));
                }
                Step::Get(key) => prop_assert_eq!(found(&disk, &[key]), model.get(&key).cloned()),
                Step::Update(key, meta) => {
                    prop_assert_eq!(disk.update(&[key], &[meta]).is_some(), model.contains_key(&key));
                    model.entry(key).and_modify(|kept| kept.0 = vec![meta]);
                }
                Step::Remove(key) => {
                    disk.remove(&[key]);
                    model.remove(&key);
                }
                Step::Restart => {
                    drop(disk);
                    disk = if whole_rebuilds { place.reopened() } else { place.open() };
                }
                Step::Scrub => prop_assert_eq!(disk.scrub_step(50_000).damaged, 0),
            }
        }
        let stats = disk.stats();
        prop_assert_eq!((stats.corrupted, stats.foreign, stats.faults, stats.evictions), (0, 0, 0, 0));
    }
}

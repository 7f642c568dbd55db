//! Truncated, flipped, foreign: found, removed, counted, never served.

use super::*;

const KEY: &[u8] = b"E1\0GET\0/images/cat.jpg";

fn one_object(place: &Place, length: usize) -> (Vec<u8>, PathBuf) {
    let disk = place.open();
    put(&disk, KEY, &octets_of(1, length), b"meta of the caller").unwrap();
    let path = place.object(KEY);
    (fs::read(&path).unwrap(), path)
}

/// Asks a tier that was just started for the object whose file holds these octets; how many files it removed.
fn asked_after_a_start(place: &Place, path: &Path, octets: &[u8], rebuilt: bool) -> (Option<Found>, u64) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, octets).unwrap();
    let disk = if rebuilt { place.reopened() } else { place.open() };
    let found = found(&disk, KEY);
    let stats = disk.stats();
    (found, stats.corrupted + stats.foreign + stats.outdated)
}

#[test]
fn a_file_cut_off_anywhere_is_never_served() {
    let place = Place::new("cut");
    let (whole, path) = one_object(&place, 700);
    for cut in 0..whole.len() {
        let outcome = asked_after_a_start(&place, &path, &whole[..cut], cut % 2 == 0);
        assert_eq!(outcome, (None, 1), "cut at {cut}");
        assert!(!path.exists(), "cut at {cut}");
    }
    assert!(asked_after_a_start(&place, &path, &whole, true).0.is_some(), "the whole one is");
}

#[test]
fn a_file_with_a_flipped_bit_is_never_served() {
    let place = Place::new("flip");
    let (whole, path) = one_object(&place, 3_000);
    let mut random = Random::seeded(8);
    for n in 0..1_000 {
        // Every other one in the tail, which is short.
        let from = if n % 2 == 0 { 0 } else { 3_000 };
        let bit = from * 8 + u64::from(random.below((whole.len() as u32 - from as u32) * 8));
        let mut octets = whole.clone();
        octets[(bit / 8) as usize] ^= 1 << (bit % 8);
        let outcome = asked_after_a_start(&place, &path, &octets, n % 4 < 2);
        assert_eq!(outcome, (None, 1), "bit {bit}");
        assert!(!path.exists(), "bit {bit}");
    }
}

#[test]
fn octets_added_or_moved_are_found_too() {
    let place = Place::new("added");
    let (whole, path) = one_object(&place, 3_000);
    let longer = [&whole[..], b"x"].concat();
    let shifted = [b"x", &whole[..]].concat();
    let zeroed = [&vec![0; 3_000], &whole[3_000..]].concat();
    for octets in [longer, shifted, zeroed, vec![0; whole.len()], Vec::new()] {
        assert_eq!(asked_after_a_start(&place, &path, &octets, true), (None, 1));
    }
}

#[test]
fn another_format_is_dropped() {
    let place = Place::new("format");
    let (mut octets, path) = one_object(&place, 100);
    let format = octets.len() - 12;
    octets[format] = 99;
    fs::write(&path, octets).unwrap();
    let disk = place.reopened();
    assert_eq!((disk.stats().outdated, disk.stats().corrupted, path.exists()), (1, 0, false));
}

#[test]
fn an_object_under_another_name_is_not_served_under_that() {
    let place = Place::new("name");
    let (octets, _) = one_object(&place, 100);
    let other = place.object(b"other");
    fs::create_dir_all(other.parent().unwrap()).unwrap();
    fs::write(&other, octets).unwrap();
    let disk = place.reopened();
    assert!(disk.get(b"other").is_none() && disk.get(KEY).is_some());
}

#[test]
fn foreign_files_are_removed_where_objects_are_and_nowhere_else() {
    let place = Place::new("foreign");
    let (octets, path) = one_object(&place, 100);
    let folder = path.parent().unwrap();
    let foreign = [folder.join("letter.txt"), folder.join("F".repeat(32)), place.root.join("temporary/7")];
    let elsewhere = [place.root.join("letter.txt"), place.root.join("objects/letter.txt")];
    let inner = [folder.join("theirs"), place.root.join("temporary/theirs"), place.root.join("objects/theirs")];
    foreign.iter().chain(&elsewhere).for_each(|path| fs::write(path, b"dear").unwrap());
    inner.iter().for_each(|path| fs::create_dir(path).unwrap());
    // An object's name in a folder where no object of that name belongs.
    let wrong = place.root.join("objects/000").join("f".repeat(32));
    fs::create_dir_all(wrong.parent().unwrap()).unwrap();
    fs::write(&wrong, octets).unwrap();
    let disk = place.reopened();
    assert!(foreign.iter().chain([&wrong]).all(|path| !path.exists()));
    assert!(elsewhere.iter().chain(&inner).all(|path| path.exists()));
    assert_eq!(disk.stats().foreign, 3, "what is half written is no stranger");
    assert!(disk.get(KEY).is_some());
}

#[test]
fn the_scrub_finds_what_rots_while_the_tier_runs() {
    let place = Place::new("scrub");
    let disk = place.reopened();
    for n in 0..40u64 {
        put(&disk, &n.to_le_bytes(), &octets_of(n, 50_000), b"").unwrap();
    }
    let rotten: Vec<u64> = (0..40).filter(|n| n % 7 == 3).collect();
    for n in &rotten {
        let file = fs::OpenOptions::new().write(true).open(place.object(&n.to_le_bytes())).unwrap();
        file.write_all_at(b"rot", 20_000).unwrap();
    }
    let mut sum = Scrubbed::default();
    let steps = (0..1_000).take_while(|_| {
        let step = disk.scrub_step(30_000);
        assert!(step.octets <= 30_000 + DISK_BLOCK.default);
        sum = Scrubbed {
            octets: sum.octets + step.octets,
            whole: sum.whole + step.whole,
            damaged: sum.damaged + step.damaged,
            ..sum
        };
        !step.round
    });
    assert!(steps.count() >= 40 * 50_000 / 34_096, "so many octets a step");
    assert_eq!((sum.whole, sum.damaged), (40 - rotten.len() as u64, rotten.len() as u64));
    assert!((0..40u64).all(|n| disk.get(&n.to_le_bytes()).is_some() != rotten.contains(&n)));
    assert_eq!(disk.stats().octets, place.octets());
}

#[test]
fn a_file_cut_off_while_the_tier_runs_is_found_at_the_next_use() {
    let place = Place::new("cut-live");
    let disk = place.reopened();
    put(&disk, KEY, &octets_of(1, 10_000), b"").unwrap();
    fs::OpenOptions::new().write(true).open(place.object(KEY)).unwrap().set_len(9_000).unwrap();
    assert!(disk.get(KEY).is_none() && !place.object(KEY).exists());
    assert_eq!((disk.stats().foreign, disk.stats().entries, disk.stats().octets), (1, 0, 0));
    put(&disk, KEY, b"again", b"").unwrap();
    fs::remove_file(place.object(KEY)).unwrap();
    assert!(disk.get(KEY).is_none());
    assert_eq!((disk.stats().entries, disk.stats().octets, disk.stats().faults), (0, 0, 0));
}

#[test]
fn news_are_served_whole_or_the_object_is_not() {
    let place = Place::new("news");
    let (_, path) = one_object(&place, 100_000);
    let news = path.with_extension("news");
    place.open().update(KEY, b"afterwards").unwrap();
    let whole = fs::read(&news).unwrap();
    assert!(whole.len() < 1_000);
    assert_eq!(found(&place.reopened(), KEY).unwrap().0, b"afterwards");
    let object = fs::read(&path).unwrap();
    for cut in (0..whole.len()).step_by(7) {
        fs::write(&path, &object).unwrap();
        fs::write(&news, &whole[..cut]).unwrap();
        assert!(found(&place.reopened(), KEY).is_none() && !path.exists() && !news.exists(), "cut at {cut}");
    }
    fs::write(&news, &whole).unwrap();
    let disk = place.reopened();
    assert_eq!((disk.stats().foreign, news.exists()), (1, false), "news about nothing");
}

//! Several responses of a key, told apart by `Vary`.

use edgeplane_base::random::Random;

use super::variants::list;
use super::*;
use crate::limits;
use crate::store::disk::{Made, Stats};

/// What a client that likes a language sends.
fn likes(language: &str) -> Asker<'static> {
    with(&[("Accept-Language", language)])
}

const VARIES: [(&str, &str); 2] = [FRESH, ("Vary", "Accept-Language")];

/// A response in a language; its content is what it says.
fn in_language(language: &str, content: &str) -> Arc<Object> {
    object_of(content, stored_for(&likes(language), &VARIES), content.as_bytes())
}

/// A response for everyone.
fn for_all(content: &str) -> Arc<Object> {
    object(content, &[FRESH], content.as_bytes())
}

fn found(archive: &Archive, language: &str) -> Option<String> {
    let found = archive.find(b"key", &likes(language), at(0))?;
    Some(String::from_utf8(octets(&found.content)).unwrap())
}

impl Archive {
    /// At once, not by the queue.
    fn put(&self, key: &[u8], object: &Object) {
        self.places.put(key, object);
    }
}

/// Asks `archive` for a language in a runtime of this thread's own.
fn together(archive: &Arc<Archive>, language: &str) -> Option<Arc<Object>> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(archive.find_together(b"key", &likes(language), at(0)))
}

fn octets_on_disk(place: &Place) -> u64 {
    place.objects().iter().map(|path| fs::metadata(path).unwrap().len().div_ceil(4_096).max(1) * 4_096).sum()
}

fn listed(archive: &Archive) -> usize {
    archive.places.list(b"key").map_or(0, |list| list.variants.iter().count())
}

#[test]
fn each_variant_is_found_again_after_a_restart_and_no_request_gets_anothers() {
    let place = Place::new("several");
    let archive = place.open();
    for (language, content) in [("de", "deutsch"), ("en", "english"), ("fr", "francais")] {
        assert!(archive.keep(b"key", &in_language(language, content)));
    }
    drop(archive);
    let archive = Arc::new(place.open_whole());
    assert!(archive.may_have(b"key") && !archive.may_have(b"other"));
    for (language, expected) in
        [("de", Some("deutsch")), ("en", Some("english")), ("fr", Some("francais")), ("it", None)]
    {
        assert_eq!(found(&archive, language).as_deref(), expected);
        let together = together(&archive, language);
        assert_eq!(together.map(|found| octets(&found.content)), expected.map(|content| content.as_bytes().to_vec()));
    }
    assert_eq!(archive.all(b"key", at(0)).len(), 3);
    let Stats { entries, octets, hits, .. } = archive.stats();
    assert_eq!((entries, octets), (4, octets_on_disk(&place)), "and their list");
    assert_eq!(hits, 3 + 3 + 3, "the list is no hit");
}

#[test]
fn the_newest_of_those_that_answer_a_request_does_and_one_for_every_request_is_alone() {
    let place = Place::new("newest");
    let archive = place.open();
    archive.put(b"key", &for_all("all"));
    archive.put(b"key", &in_language("de", "deutsch"));
    let seen = |archive: &Archive| ["de", "en"].map(|language| found(archive, language));
    let both = |de: &str, en: &str| [Some(de.to_owned()), Some(en.to_owned())];
    assert_eq!(seen(&archive), both("deutsch", "all"));
    archive.put(b"key", &in_language("de", "deutscher"));
    assert_eq!((seen(&archive), place.objects().len()), (both("deutscher", "all"), 3));
    let by_another = object_of("other", stored_for(&likes("de"), &[FRESH, ("Vary", "X")]), b"other");
    archive.put(b"key", &by_another);
    assert_eq!(seen(&archive), both("other", "other"));
    archive.put(b"key", &in_language("de", "deutsch"));
    assert_eq!(seen(&archive), both("deutsch", "other"));
    drop(archive);
    let archive = place.open();
    assert_eq!(seen(&archive), both("deutsch", "other"), "after a restart, too");
    archive.put(b"key", &for_all("again all"));
    assert_eq!((seen(&archive), place.objects().len()), (both("again all", "again all"), 1));
    archive.disk.rebuild();
    assert_eq!(archive.stats().octets, octets_on_disk(&place));
}

#[test]
fn there_are_as_many_variants_as_in_memory_and_the_oldest_goes() {
    let place = Place::new("many");
    let (archive, most) = (place.open(), limits::VARIANTS.default);
    for n in 0..most + 5 {
        archive.put(b"key", &in_language(&format!("l{n}"), "x"));
    }
    let there = |n: u64| found(&archive, &format!("l{n}")).is_some();
    assert_eq!((0..most + 5).filter(|n| there(*n)).collect::<Vec<_>>(), (5..most + 5).collect::<Vec<_>>());
    assert_eq!((archive.stats().entries, place.objects().len() as u64), (most + 1, most + 1));
    assert_eq!(archive.stats().octets, octets_on_disk(&place));
}

#[test]
fn a_variant_that_is_taken_out_takes_no_other_with_it_and_the_last_one_the_list() {
    let place = Place::new("taken");
    let archive = place.open();
    let [german, english] = [in_language("de", "deutsch"), in_language("en", "english")];
    [&german, &english].iter().for_each(|object| assert!(archive.keep(b"key", object)));
    drop(archive);
    let archive = place.open();
    archive.remove(b"key", &german.stored.vary);
    assert_eq!((found(&archive, "de"), found(&archive, "en").as_deref()), (None, Some("english")), "at once");
    drop(archive);
    let archive = place.open();
    assert_eq!((found(&archive, "de"), place.objects().len(), listed(&archive)), (None, 2, 1));
    archive.remove(b"key", &english.stored.vary);
    drop(archive);
    assert_eq!(place.objects(), [""; 0].map(PathBuf::from));
}

#[test]
fn news_about_a_variant_leave_its_content_and_the_other_variants_where_they_are() {
    let place = Place::new("several-news");
    let (archive, content) = (place.open(), "x".repeat(300_000));
    let film = in_language("de", &content);
    archive.put(b"key", &film);
    archive.put(b"key", &in_language("en", "english"));
    let files = || place.objects().iter().map(inode).collect::<std::collections::BTreeSet<_>>();
    let before = files();
    let stored = stored_for(&likes("de"), &[VARIES[0], VARIES[1], ("x", "new")]);
    archive.put(b"key", &film.renewed(stored, 8));
    let archive = place.open_again(archive);
    let renewed = archive.find(b"key", &likes("de"), at(0)).unwrap();
    assert_eq!((renewed.stored.fields.get("x"), renewed.content.len()), (Some(&b"new"[..]), 300_000));
    assert_eq!(before.intersection(&files()).count(), 2, "the list alone was written anew");
    assert_eq!(found(&archive, "en").as_deref(), Some("english"));
}

#[test]
fn what_was_written_goes_with_all_variants_and_their_list() {
    let place = Place::new("several-written");
    let (archive, keys) = (place.open(), [key(b"/a", b"1"), key(b"/b", b"1")]);
    for (key, language) in keys.iter().flat_map(|key| [(key, "de"), (key, "en")]) {
        archive.put(key, &in_language(language, "x"));
    }
    archive.remove_uri(uri(&keys[0]));
    let there = |key: &[u8]| ["de", "en"].map(|language| archive.find(key, &likes(language), at(0)).is_some());
    assert_eq!((there(&keys[0]), there(&keys[1])), ([false, false], [true, true]));
    assert_eq!(place.objects().len(), 3);
}

/// Overwrites an octet of the file of one of the disk's keys.
fn damage(place: &Place, key: &[u8], at: u64) {
    let hash = |octets: &[u8]| blake3::hash(octets).to_hex()[..16].to_owned();
    let name = hash(uri(key)) + &hash(key);
    let path = place.0.join("objects").join(&name[..3]).join(name);
    fs::OpenOptions::new().write(true).open(path).unwrap().write_all_at(b"\xee", at).unwrap();
}

#[test]
fn a_damaged_variant_is_fetched_anew_alone_and_of_a_damaged_list_nothing_is_served() {
    let place = Place::new("several-damaged");
    let (archive, key) = (place.open(), key(b"/a", b"1"));
    let objects = ["de", "en"].map(|language| in_language(language, language));
    objects.iter().for_each(|object| archive.put(&key, object));
    let there = |archive: &Archive| ["de", "en"].map(|l| archive.find(&key, &likes(l), at(0)).is_some());
    drop(archive);
    damage(&place, &variants::place(&key, &objects[0].stored.vary), 0);
    let archive = place.open();
    assert_eq!((there(&archive), archive.stats().corrupted), ([false, true], 1));
    archive.put(&key, &objects[0]);
    assert_eq!(there(&archive), [true, true]);
    drop(archive);
    damage(&place, &list(&key), 0);
    let archive = place.open();
    assert_eq!(there(&archive), [false, false]);
    assert_eq!(archive.stats().corrupted, 1);
    archive.put(&key, &objects[1]);
    archive.disk.rebuild();
    assert_eq!((there(&archive), archive.stats().octets), ([false, true], octets_on_disk(&place)));
}

#[test]
fn the_scrub_knows_lists_and_variants_as_it_knows_all() {
    let (place, key) = (Place::new("several-scrub"), key(b"/a", b"1"));
    let disk = Disk::open(&place.0, 64 << 20, Arc::new(CoarseClock), uri);
    disk.rebuild();
    let places = Places::new(disk.clone(), Arc::default());
    let objects = ["de", "en"].map(|language| in_language(language, language));
    objects.iter().for_each(|object| places.put(&key, object));
    let [german, english] = objects.map(|object| variants::place(&key, &object.stored.vary));
    damage(&place, &german, 0);
    let step = disk.scrub_step(1 << 20);
    assert_eq!((step.whole, step.damaged, step.round), (2, 1, true));
    assert_eq!([german, english].map(|place| disk.get(&place).is_some()), [false, true]);
}

#[test]
fn of_a_list_of_another_format_nothing_is_found() {
    let place = Place::new("several-format");
    let archive = place.open_whole();
    archive.put(b"key", &in_language("de", "deutsch"));
    archive.disk.writer(&list(b"key")).unwrap().commit(b"another").unwrap();
    assert!(found(&archive, "de").is_none() && !archive.places.has_list(b"key"));
}

#[test]
fn without_its_list_a_variant_is_gone_until_it_comes_again() {
    let place = Place::new("several-unlisted");
    let archive = place.open_whole();
    let ways: [fn(&Archive); 2] =
        [|archive| archive.disk.remove(&list(b"key")), |archive| archive.places.drop_later(b"key")];
    for gone in ways {
        archive.put(b"key", &in_language("de", "deutsch"));
        archive.put(b"key", &in_language("en", "english"));
        gone(&archive);
        assert!(!archive.may_have(b"key") && found(&archive, "de").is_none());
        archive.put(b"key", &in_language("en", "another"));
        assert_eq!((found(&archive, "de"), found(&archive, "en").as_deref()), (None, Some("another")));
        archive.places.sweep();
        assert_eq!((listed(&archive), found(&archive, "en").as_deref()), (1, Some("another")));
    }
}

#[test]
fn what_a_list_does_not_know_any_more_comes_not_back_with_it() {
    let place = Place::new("several-race");
    let archive = place.open();
    archive.put(b"key", &in_language("de", "deutsch"));
    let before = archive.places.list(b"key").unwrap().variants;
    archive.places.drop_later(b"key");
    let english = in_language("en", "english");
    assert!(!archive.places.rewrite(b"key", &before.with(&english.stored.vary).0), "it was dropped since it was read");
    archive.put(b"key", &english);
    assert_eq!((found(&archive, "de"), listed(&archive)), (None, 1));
}

#[test]
fn a_variant_that_finds_no_room_leaves_nothing_older_behind() {
    let place = Place::new("several-full");
    let most = limits::ARCHIVE_QUEUE.default as usize;
    let archive = Archive { small: u64::MAX, ..place.open() };
    archive.put(b"key", &for_all("all"));
    archive.put(b"key", &in_language("de", "deutsch"));
    assert!(!archive.keep(b"key", &in_language("en", &"x".repeat(most + 1))));
    drop(archive);
    let archive = place.open();
    assert_eq!(["de", "en"].map(|language| found(&archive, language)), [None, None]);
}

#[test]
fn a_long_variant_stays_open_and_its_list_at_hand() {
    let place = Place::new("several-opened");
    let archive = Arc::new(place.open());
    let vary = in_language("de", "").stored.vary.clone();
    let commit = |content: &str| {
        let mut writer = archive.writer(b"key", &vary).unwrap();
        writer.write(content.as_bytes());
        archive.commit(b"key", writer, &in_language("de", content)).unwrap();
    };
    commit(&"a".repeat(200_000));
    archive.put(b"key", &in_language("en", "english"));
    let first = together(&archive, "de").unwrap();
    let at_hand = || archive.disk.look_up_opened(&list(b"key"));
    assert!(together(&archive, "en").is_some());
    let made: Made = at_hand().expect("the list");
    assert!(Arc::ptr_eq(&first, &together(&archive, "de").unwrap()), "nothing was read again");
    assert!(Arc::ptr_eq(&made, &at_hand().unwrap()));
    archive.put(b"key", &in_language("fr", "francais"));
    assert!(at_hand().is_none(), "it is another");
    assert!(together(&archive, "fr").is_some() && Arc::ptr_eq(&first, &together(&archive, "de").unwrap()));
    commit(&"b".repeat(200_000));
    assert_eq!(octets(&together(&archive, "de").unwrap().content)[0], b'b');
}

/// What a key has, as memory would have it: for whom, and what, the newest first.
type Model = Vec<(Option<&'static str>, String)>;

#[test]
fn it_is_what_memory_would_have() {
    let place = Place::new("several-model");
    let mut archive = place.open();
    let (mut random, mut model) = (Random::seeded(3), Model::new());
    for n in 0..400 {
        let language = ["de", "en", "fr", "it"][random.below(4) as usize];
        let content = format!("{language}{n}");
        match random.below(12) {
            0 => archive = place.open_again(archive),
            1 => {
                archive.put(b"key", &for_all(&content));
                model = vec![(None, content)];
            }
            2..4 => {
                archive.places.take(b"key", &in_language(language, "").stored.vary);
                model.retain(|(of, _)| *of != Some(language));
            }
            _ => {
                archive.put(b"key", &in_language(language, &content));
                model.retain(|(of, _)| *of != Some(language));
                model.insert(0, (Some(language), content));
            }
        }
        for language in ["de", "en", "fr", "it"] {
            let expected = model.iter().find(|(of, _)| of.is_none_or(|of| of == language));
            assert_eq!(found(&archive, language).as_ref(), expected.map(|(_, content)| content), "step {n}");
        }
    }
    archive.disk.rebuild();
    assert_eq!(archive.stats().octets, octets_on_disk(&place));
}

#[test]
fn files_of_a_uri_lead_to_their_keys_and_looking_changes_nothing() {
    let place = Place::new("keys");
    let archive = place.open();
    let whole = [&[2, 0, 0][..], &2u32.to_le_bytes(), b"/a"].concat();
    let slice = crate::service::slices::key(&whole, 3).into_vec();
    archive.put(&whole, &in_language("de", "deutsch"));
    archive.put(&whole, &in_language("en", "english"));
    archive.put(&slice, &in_language("de", "deutsch"));
    drop(archive);
    let archive = place.open_whole();
    let keys = BTreeSet::from([whole.clone(), slice.clone()]);
    assert_eq!(archive.keys(uri(&whole)), keys);
    let all = |key: &[u8]| archive.all(key, at(0)).len();
    assert_eq!([all(&whole), all(&slice), all(&list(&whole)), all(&list(&slice))], [2, 1, 0, 0]);
    assert_eq!((archive.keys(uri(&whole)), all(&whole)), (keys, 2), "looking for what is none takes nothing away");
}

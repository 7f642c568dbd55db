mod several;

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

use edgeplane_net::clock::CoarseClock;

use super::*;
use crate::object::Subject;
use crate::semantics::sample::{at, get, response, rfc9111};
use crate::semantics::{Stored, Storing, age_s, is_plainly_fresh, store};
use crate::store::written::Mark;

const OPEN_FILES: u64 = 4;

/// A folder of this test's own, gone with it.
pub(super) struct Place(pub PathBuf, Arc<Written>);

impl Place {
    pub fn new(name: &str) -> Self {
        let root = std::env::temp_dir().join(format!("edgeplane-archive-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&root);
        Self(root, Arc::default())
    }

    fn open(&self) -> Archive {
        let settings = settings::Disk { path: self.0.clone(), size: 64 << 20 };
        Archive::open(&settings, Arc::new(CoarseClock), OPEN_FILES, 100_000, self.1.clone()).unwrap()
    }

    /// Looked through: nothing may be there that is not.
    fn open_whole(&self) -> Archive {
        let archive = self.open();
        archive.disk.rebuild();
        archive
    }

    fn open_again(&self, archive: Archive) -> Archive {
        drop(archive);
        self.open()
    }

    fn objects(&self) -> Vec<PathBuf> {
        let folders = fs::read_dir(self.0.join("objects")).unwrap();
        folders
            .flat_map(|folder| fs::read_dir(folder.unwrap().path()).unwrap())
            .map(|file| file.unwrap().path())
            .collect()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Who asks for what the origin is asked, with these fields.
fn with(fields: &[(&str, &str)]) -> Asker<'static> {
    Asker::outgoing(Box::leak(Box::new(get(fields))))
}

/// What all requests here have.
fn asked() -> Asker<'static> {
    with(&[("a", "1")])
}

fn stored(fields: &[(&str, &str)]) -> Stored {
    stored_for(&asked(), fields)
}

/// For this request.
fn stored_for(asked: &Asker<'_>, fields: &[(&str, &str)]) -> Stored {
    match store(&rfc9111(), asked.request(), &response(200, fields), at(0), at(0)) {
        Storing::Whole(stored) => stored,
        other => panic!("{other:?}"),
    }
}

pub(super) fn object(request_id: &str, fields: &[(&str, &str)], content: &[u8]) -> Arc<Object> {
    object_of(request_id, stored(fields), content)
}

fn object_of(request_id: &str, stored: Stored, content: &[u8]) -> Arc<Object> {
    let subject = Subject {
        request_id: request_id.into(),
        distribution: "D1".into(),
        path: "/a/b".into(),
        query: Some("q".into()),
        tags: Box::new(["t".into()]),
        mark: Mark::default(),
    };
    let content = Content::Bytes(content.to_vec().into());
    Arc::new(Object::new(stored, content, 7, subject.into()))
}

fn octets(content: &Content) -> Vec<u8> {
    match content {
        Content::None => Vec::new(),
        Content::Bytes(octets) => octets.to_vec(),
        Content::Pages(pages) => pages.to_vec(),
        Content::File { file, offset, length } => {
            let mut octets = vec![0; *length as usize];
            file.read_exact_at(&mut octets, *offset).unwrap();
            octets
        }
    }
}

const FRESH: (&str, &str) = ("Cache-Control", "max-age=60");

#[test]
fn a_response_outlives_the_process_and_ages_meanwhile() {
    let place = Place::new("restart");
    for length in [0, 10, 70_000, 300_000] {
        let content: Vec<u8> = (0..length).map(|n: u32| n as u8).collect();
        assert!(place.open().keep(b"key", &object("r1", &[FRESH, ("Vary", "a")], &content)));
        let now = Now { monotonic_ms: 5, wall_s: at(40_000).wall_s };
        let found = place.open().find(b"key", &asked(), now).unwrap();
        assert_eq!(octets(&found.content), content);
        assert_eq!(age_s(&found.stored.lifetime, now), 40);
        assert!(is_plainly_fresh(&found.stored.lifetime, now));
        assert!(!is_plainly_fresh(&found.stored.lifetime, Now { monotonic_ms: 20_005, ..now }));
        assert!(found.stored.vary.matches(&asked()) && !found.stored.vary.matches(&with(&[])));
        assert_eq!(
            (&*found.subject.path, found.subject.query.as_deref(), &*found.subject.tags[0]),
            ("/a/b", Some("q"), "t")
        );
        assert_eq!(found.sequence.into_inner(), 7);
    }
}

#[test]
fn news_about_a_response_leave_its_content_where_it_is() {
    for content in [&b"content"[..], &[7; 300_000]] {
        let place = Place::new("news");
        let first = object("r1", &[FRESH], content);
        place.open().keep(b"key", &first);
        let file = || place.objects().into_iter().find(|path| path.extension().is_none()).unwrap();
        // Open, so that its number is given to no other.
        let (before, _open) = (inode(&file()), fs::File::open(file()).unwrap());
        place.open().keep(b"key", &first);
        assert_eq!(inode(&file()), before, "nothing new is nothing to do");
        for news in [&b"new"[..], b"newer"] {
            let renewed = first.renewed(stored(&[FRESH, ("x", std::str::from_utf8(news).unwrap())]), 8);
            place.open().keep(b"key", &Arc::new(renewed));
            let found = place.open().find(b"key", &asked(), at(0)).unwrap();
            assert_eq!((octets(&found.content), found.stored.fields.get("x")), (content.to_vec(), Some(news)));
        }
        assert_eq!(inode(&file()) == before, content.len() > 100_000, "what is long is never copied");
        place.open().keep(b"key", &object("r2", &[FRESH], content));
        assert!(
            place.open().find(b"key", &asked(), at(0)).unwrap().stored.fields.get("x").is_none(),
            "old news about the new"
        );
        place.open().remove(b"key", &Vary::default());
        assert_eq!(place.objects(), [""; 0].map(PathBuf::from));
    }
}

fn inode(path: &PathBuf) -> u64 {
    fs::metadata(path).unwrap().ino()
}

#[test]
fn news_about_one_response_never_describe_the_content_of_another() {
    let place = Place::new("other");
    let (german, english) = (object("r1", &[FRESH], b"deutsch"), object("r2", &[FRESH], b"english"));
    place.open().keep(b"key", &german);
    place.open().keep(b"key", &english);
    place.open().keep(b"key", &Arc::new(german.renewed(stored(&[FRESH, ("x", "new")]), 8)));
    assert_eq!(octets(&place.open().find(b"key", &asked(), at(0)).unwrap().content), b"deutsch");
}

#[test]
fn what_was_changed_on_disk_is_not_found() {
    let place = Place::new("changed");
    place.open().keep(b"key", &object("r1", &[FRESH], &[7; 5_000]));
    let [path] = place.objects().try_into().unwrap();
    fs::OpenOptions::new().write(true).open(path).unwrap().write_all_at(b"x", 2_500).unwrap();
    let archive = place.open();
    assert!(archive.find(b"key", &asked(), at(0)).is_none());
    assert_eq!((archive.stats().corrupted, place.objects().len()), (1, 0));
}

#[test]
fn what_is_taken_out_is_not_found_while_its_file_waits_to_go() {
    let place = Place::new("waiting");
    place.open().keep(b"key", &object("r1", &[FRESH], b"a"));
    let archive = place.open_whole();
    assert!(archive.find(b"key", &asked(), at(0)).is_some());
    (0..500u64).for_each(|n| assert!(archive.keep(&n.to_le_bytes(), &object("r2", &[FRESH], &[7; 5_000]))));
    archive.remove(b"key", &Vary::default());
    assert!(!archive.may_have(b"key") && archive.find(b"key", &asked(), at(0)).is_none());
    assert!(archive.keep(b"key", &object("r3", &[FRESH], b"b")));
    drop(archive);
    assert_eq!(octets(&place.open().find(b"key", &asked(), at(0)).unwrap().content), b"b", "what came after it stays");
}

#[test]
fn what_was_taken_out_stays_out() {
    let place = Place::new("out");
    let archive = place.open();
    archive.keep(b"key", &object("r1", &[FRESH], b"a"));
    archive.remove(b"key", &Vary::default());
    drop(archive);
    assert!(place.open().find(b"key", &asked(), at(0)).is_none());
}

/// A key of a URI; `rest` is what else counts.
fn key(uri: &[u8], rest: &[u8]) -> Vec<u8> {
    [&[2, 0, 0][..], &(uri.len() as u32).to_le_bytes(), uri, rest].concat()
}

#[test]
fn what_was_written_goes_with_all_that_is_kept_of_its_uri() {
    let place = Place::new("written");
    let archive = place.open();
    let keys = [key(b"/a", b"en"), key(b"/a", b"de"), key(b"/ab", b"en")];
    keys.iter().for_each(|key| assert!(archive.keep(key, &object("r1", &[FRESH], b"a"))));
    drop(archive);
    place.open().remove_uri(uri(&keys[0]));
    let archive = place.open();
    assert_eq!(keys.map(|key| archive.find(&key, &asked(), at(0)).is_some()), [false, false, true]);
}

#[test]
fn what_was_written_while_it_came_is_not_kept() {
    let place = Place::new("late");
    let (written, key) = (&place.1, key(b"/a", b""));
    let marked = |request_id| {
        let object = object(request_id, &[FRESH], b"a");
        let subject = Subject {
            request_id: request_id.into(),
            distribution: "D1".into(),
            path: "/a".into(),
            query: None,
            tags: Box::default(),
            mark: written.mark(uri(&key)),
        };
        Arc::new(Object::new(object.stored.clone(), object.content.clone(), 7, subject.into()))
    };
    let before = marked("r1");
    written.add(uri(&key));
    let (archive, after) = (place.open(), marked("r2"));
    let streamed = |object: &Object| {
        let mut writer = archive.writer(&key, &Vary::default()).unwrap();
        writer.write(b"a");
        archive.commit(&key, writer, object)
    };
    assert!(streamed(&before).is_some(), "those who wait for it get it");
    assert!(archive.find(&key, &asked(), at(0)).is_none());
    streamed(&after).unwrap();
    assert!(!written.covers(&archive.find(&key, &asked(), at(0)).unwrap().subject.mark));
    archive.keep(&key, &before);
    drop(archive);
    assert!(place.open().find(&key, &asked(), at(0)).is_none());
}

#[test]
fn more_than_the_queue_holds_passes_by_and_nothing_old_stays() {
    let place = Place::new("full");
    let most = crate::limits::ARCHIVE_QUEUE.default;
    let archive = Archive { small: u64::MAX, ..place.open() };
    archive.keep(b"key", &object("r1", &[FRESH], b"old"));
    assert!(!archive.keep(b"key", &object("r2", &[FRESH], &vec![0; most as usize + 1])));
    drop(archive);
    assert!(place.open().find(b"key", &asked(), at(0)).is_none());
}

#[test]
fn descriptions_of_another_format_are_not_read() {
    let written = Written::default();
    let mut meta = entry::write(&object("r1", &[FRESH], b""), &written).unwrap();
    assert!(entry::read(b"key", &meta, &written).is_some());
    let at = meta.windows(6).position(|window| window == b"format").unwrap() + 6;
    meta[at] += 1;
    assert!(entry::read(b"key", &meta, &written).is_none());
    assert!(entry::read(b"key", b"", &written).is_none());
}

/// As `find_together`, on this thread.
fn find(archive: &Archive, key: &[u8]) -> Option<Arc<Object>> {
    archive.opened(key).or_else(|| archive.find_and_hold(key, at(0)))
}

#[test]
fn what_is_long_stays_open_until_it_is_another() {
    let place = Place::new("opened");
    let archive = place.open();
    let commit = |request_id| {
        let content = [7; 200_000];
        let mut writer = archive.writer(b"key", &Vary::default()).unwrap();
        writer.write(&content);
        archive.commit(b"key", writer, &object(request_id, &[FRESH], &content)).unwrap();
    };
    commit("r1");
    let first = find(&archive, b"key").unwrap();
    let again = find(&archive, b"key").unwrap();
    assert!(Arc::ptr_eq(&first, &again), "nothing was read again");
    assert_eq!(Arc::strong_count(&first), 3);
    commit("r2");
    assert_eq!(Arc::strong_count(&first), 2, "closed with what it was");
    let other = find(&archive, b"key").unwrap();
    assert_eq!(&*other.subject.request_id, "r2");
    let [path] = place.objects().try_into().unwrap();
    fs::OpenOptions::new().write(true).open(path).unwrap().set_len(100_000).unwrap();
    assert!(find(&archive, b"key").is_none(), "cut off");
    assert_eq!(Arc::strong_count(&other), 1);
    commit("r3");
    let last = find(&archive, b"key").unwrap();
    archive.disk.remove(b"key");
    assert_eq!((Arc::strong_count(&last), find(&archive, b"key").is_none()), (1, true));
}

#[test]
fn no_more_stays_open_than_may_be() {
    let place = Place::new("open-files");
    let archive = place.open();
    let mut found = Vec::new();
    for n in 0..10u8 {
        let mut writer = archive.writer(&[n], &Vary::default()).unwrap();
        writer.write(&[n; 200_000]);
        archive.commit(&[n], writer, &object("r1", &[FRESH], &[n; 200_000])).unwrap();
        found.push(find(&archive, &[n]).unwrap());
    }
    let open = found.iter().filter(|object| Arc::strong_count(object) > 1).count() as u64;
    assert_eq!(open, OPEN_FILES);
}

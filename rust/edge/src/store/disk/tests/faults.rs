//! The disk says no: counted, passed by, tried again; never an error.

use super::*;

#[test]
fn a_folder_in_use_is_passed_by_until_it_is_free() {
    let place = Place::new("in-use");
    let first = place.open();
    put(&first, b"key", b"content", b"").unwrap();
    let second = place.open();
    assert!(!second.stats().open && second.writer(b"x").is_none() && second.get(b"key").is_none());
    assert_eq!(second.stats().faults, 1);
    drop(first);
    assert!(second.writer(b"x").is_none(), "not yet");
    place.retry_time();
    assert!(second.writer(b"x").is_some() && second.stats().open);
    second.maintain();
    assert!(second.get(b"key").is_some());
}

#[test]
fn a_folder_that_vanishes_is_made_anew() {
    let place = Place::new("vanishes");
    let disk = place.reopened();
    put(&disk, b"key", b"content", b"").unwrap();
    let mut writing = disk.writer(b"half").unwrap();
    writing.write(b"half");
    fs::remove_dir_all(&place.root).unwrap();
    assert!(disk.get(b"key").is_none());
    assert!(writing.commit(b"").is_none() && put(&disk, b"key", b"x", b"").is_none());
    assert!(!disk.stats().open && disk.stats().faults >= 1);
    place.retry_time();
    disk.maintain();
    assert!(disk.stats().open && !disk.stats().rebuilding);
    put(&disk, b"key", b"new", b"").unwrap();
    assert_eq!(found(&disk, b"key").unwrap().1, b"new");
    assert_eq!((disk.stats().octets, disk.stats().pending), (place.octets(), 0));
}

#[test]
fn a_folder_exchanged_for_another_is_read_anew() {
    let (place, other) = (Place::new("exchanged"), Place::new("exchanged-other"));
    put(&other.open(), b"theirs", b"theirs", b"").unwrap();
    let disk = place.reopened();
    put(&disk, b"ours", b"ours", b"").unwrap();
    let aside = place.root.with_extension("aside");
    fs::rename(&place.root, &aside).unwrap();
    fs::rename(&other.root, &place.root).unwrap();
    fs::remove_dir(place.root.join("temporary")).unwrap();
    assert!(disk.writer(b"x").is_none());
    place.retry_time();
    disk.maintain();
    assert!(disk.get(b"ours").is_none() && disk.get(b"theirs").is_some());
    fs::remove_dir_all(aside).unwrap();
}

#[test]
fn a_disk_that_takes_no_writes_is_still_read() {
    let place = Place::new("no-writes");
    let disk = place.reopened();
    put(&disk, b"key", b"content", b"").unwrap();
    let temporary = place.root.join("temporary");
    fs::remove_dir(&temporary).unwrap();
    fs::write(&temporary, b"in the way").unwrap();
    assert!(disk.writer(b"x").is_none() && disk.writer(b"x").is_none());
    assert_eq!((disk.stats().faults, disk.stats().open), (1, false), "asked once, then left alone");
    assert_eq!(found(&disk, b"key").unwrap().1, b"content");
    fs::remove_file(&temporary).unwrap();
    fs::create_dir(&temporary).unwrap();
    place.retry_time();
    assert!(put(&disk, b"x", b"x", b"").is_some() && disk.stats().open);
}

#[test]
fn a_folder_that_cannot_be_made_is_no_error() {
    let place = Place::new("cannot");
    fs::create_dir_all(&place.root).unwrap();
    let file = place.root.join("file");
    fs::write(&file, b"").unwrap();
    let disk = Disk::open(&file.join("cache"), CAPACITY, place.clock.clone(), |key| key);
    assert!(disk.get(b"key").is_none() && disk.writer(b"key").is_none() && !disk.may_have(b"key"));
    disk.remove(b"key");
    disk.maintain();
    assert_eq!(disk.scrub_step(1_000), Scrubbed::default());
    assert!(!disk.stats().open);
}

#[test]
fn the_keeper_looks_through_the_folder_and_ends_when_it_is_dropped() {
    let place = Place::new("keeper");
    put(&place.open(), b"key", b"content", b"").unwrap();
    let disk = place.open();
    let keeper = Keeper::start(disk.clone()).unwrap();
    let mut waits = 0;
    while disk.stats().rebuilding && waits < 1_000 {
        waits += 1;
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    assert_eq!(disk.stats().entries, 1);
    drop(keeper);
    assert_eq!(Arc::strong_count(&disk), 1, "the thread is gone");
}

#[test]
fn a_folder_that_cannot_be_listed_is_left_out_and_no_other() {
    let place = Place::new("unlisted");
    let disk = place.open();
    (0..40u64).for_each(|n| drop(put(&disk, &n.to_le_bytes(), b"content", b"").unwrap()));
    drop(disk);
    let lost = place.object(&0u64.to_le_bytes());
    fs::remove_dir_all(lost.parent().unwrap()).unwrap();
    fs::write(lost.parent().unwrap(), b"no folder").unwrap();
    let disk = place.reopened();
    let there = (0..40u64).filter(|n| disk.get(&n.to_le_bytes()).is_some()).count();
    assert_eq!((there, disk.stats().faults, disk.stats().open), (39, 1, true));
}

//! Octets as the log of invalidations. As they are: a log that is not whole makes everything invalid. As records, each behind
//! its length in one octet, in a log whose checksums fit: what it says is the same after one start and after two, and what is
//! invalidated then stays so.
#![no_main]

use std::fs;
use std::path::PathBuf;
use std::sync::LazyLock;

use edgeplane_edge::store::{Generations, Subject};
use edgeplane_fuzz::sealed::{log, read_log};
use edgeplane_fuzz::site;
use libfuzzer_sys::fuzz_target;

static LOG: LazyLock<PathBuf> = LazyLock::new(|| site::path("invalidations"));

/// Numbers at which something may have been fetched.
const FETCHED: [u64; 8] = [0, 1, 2, 5, 100, 1 << 20, 1 << 40, u64::MAX];

fuzz_target!(|data: &[u8]| {
    let as_it_is = opened(data);
    if read_log(data).is_none() {
        assert!(answers(&as_it_is).iter().all(|&invalid| invalid), "nothing is known");
    }
    drop(as_it_is);
    let once = opened(&log(&records(data)));
    let said = answers(&once);
    drop(once);
    let twice = Generations::open(&LOG).unwrap();
    assert_eq!(answers(&twice), said);
    let fetched = twice.sequence();
    assert!(twice.invalidate_path("E1", "/a*").unwrap().kept);
    drop(twice);
    let subject = Subject { distribution: "E1", path: b"/ab", query: None, tags: &[] };
    assert!(Generations::open(&LOG).unwrap().is_invalidated(&subject, fetched));
});

fn opened(octets: &[u8]) -> Generations {
    fs::write(&*LOG, octets).unwrap();
    Generations::open(&LOG).unwrap()
}

fn records(mut rest: &[u8]) -> Vec<&[u8]> {
    let mut records = Vec::new();
    while let Some((&length, after)) = rest.split_first() {
        let (record, after) = after.split_at(usize::from(length).min(after.len()));
        records.push(record);
        rest = after;
    }
    records
}

fn answers(generations: &Generations) -> Vec<bool> {
    let tags: [Box<str>; 2] = ["t".into(), "tag".into()];
    let subject = |distribution, path, query| Subject { distribution, path, query, tags: &tags };
    let subjects = [
        subject("E1", &b"/a"[..], None),
        subject("E1", b"/a/b.jpg", Some(&b"x=1"[..])),
        subject("E1", b"/", Some(b"")),
        subject("E2", b"/a", None),
        subject("", b"", None),
    ];
    let asked = subjects.iter().flat_map(|subject| FETCHED.map(|fetched| (subject, fetched)));
    asked.map(|(subject, fetched)| generations.is_invalidated(subject, fetched)).collect()
}

//! Octets in the place of an object on disk: given back is what was written there and nothing else. Once as they are, once
//! as content and description of a file whose checksums fit, once with one octet of that changed. The first four octets say
//! where content ends and which octet changes.
#![no_main]

use std::fs;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::{Arc, LazyLock};

use edgeplane_edge::store::Disk;
use edgeplane_fuzz::sealed::{self, object, read_object};
use edgeplane_fuzz::site;
use edgeplane_net::clock::CoarseClock;
use libfuzzer_sys::fuzz_target;

const KEY: &[u8] = b"d\0GET\0/a";

/// As after a start, when what is on disk was not yet looked through: every question looks at the file.
static DISK: LazyLock<Arc<Disk>> =
    LazyLock::new(|| Disk::open(&site::path("disk"), 1 << 30, Arc::new(CoarseClock), |key| key));
static PLACE: LazyLock<PathBuf> = LazyLock::new(place);

/// The file of the key.
fn place() -> PathBuf {
    DISK.writer(KEY).and_then(|writer| writer.commit(b"")).expect("a tier that takes writes");
    let place = sealed::place(&site::path("disk"), KEY);
    assert!(place.exists());
    DISK.remove(KEY);
    place
}

fuzz_target!(|data: &[u8]| {
    judge(data);
    let Some((&[low, high, at, mask], rest)) = data.split_first_chunk() else { return };
    let (content, meta) = rest.split_at(usize::from(u16::from_le_bytes([low, high])) % (rest.len() + 1));
    let mut file = object([KEY, meta, content]);
    assert!(judge(&file));
    let at = usize::from(at) * 61 % file.len();
    file[at] ^= mask;
    assert_eq!(judge(&file), mask == 0, "octet {at}");
});

/// Whether a file with these octets is given back, which is right.
fn judge(octets: &[u8]) -> bool {
    fs::write(&*PLACE, octets).unwrap();
    let hit = DISK.get(KEY);
    let found = hit.as_ref().map(|hit| {
        let mut content = vec![0; hit.length as usize];
        hit.file.read_exact_at(&mut content, hit.offset).unwrap();
        (hit.meta.clone(), content)
    });
    let written = read_object(octets).filter(|[key, ..]| *key == KEY);
    assert_eq!(found, written.map(|[_, meta, content]| (meta.to_vec(), content.to_vec())));
    assert_eq!(DISK.scrub_step(u64::MAX).damaged, 0, "what was not given back is gone");
    DISK.remove(KEY);
    assert!(!PLACE.exists());
    found.is_some()
}

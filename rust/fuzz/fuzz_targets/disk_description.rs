//! Octets as the description of a response on disk. What can be read, written again, is read the same.
#![no_main]

use std::sync::{Arc, LazyLock};

use edgeplane_edge::archive::Archive;
use edgeplane_edge::object::Object;
use edgeplane_edge::plan::settings;
use edgeplane_edge::semantics::{Now, Vary};
use edgeplane_fuzz::site;
use edgeplane_net::clock::CoarseClock;
use libfuzzer_sys::fuzz_target;

const KEY: &[u8] = b"d\0GET\0/a";
const CONTENT: &[u8] = b"content";
const NOW: Now = Now { monotonic_ms: 5_000, wall_s: 1_795_305_600 };

static ARCHIVE: LazyLock<Archive> = LazyLock::new(|| {
    let settings = settings::Disk { path: site::path("archive"), size: 1 << 30 };
    Archive::open(&settings, Arc::new(CoarseClock), 4, 1 << 16, Arc::default()).unwrap()
});

fuzz_target!(|description: &[u8]| {
    let mut writer = ARCHIVE.writer(KEY, &Vary::default()).unwrap();
    assert!(writer.write(CONTENT) && writer.commit(description).is_some());
    // The one for every request comes last, the newest first.
    let Some(read) = ARCHIVE.all(KEY, NOW).pop() else { return };
    is_placed(&read);
    let mut writer = ARCHIVE.writer(KEY, &read.stored.vary).unwrap();
    assert!(writer.write(CONTENT) && ARCHIVE.commit(KEY, writer, &read).is_some());
    let again = ARCHIVE.all(KEY, NOW).into_iter().next().expect("what we write can be read");
    assert_eq!(again.stored, read.stored);
    assert_eq!(again.sequence.into_inner(), read.sequence.into_inner());
    let (again, read) = (again.subject.as_kept(), read.subject.as_kept());
    assert_eq!(
        (again.distribution, again.path, again.query, again.tags),
        (read.distribution, read.path, read.query, read.tags)
    );
});

/// It is as old as it says, and never fresh for longer than it says.
fn is_placed(object: &Object) {
    let lifetime = &object.stored.lifetime;
    assert_eq!(lifetime.received, NOW);
    assert!(lifetime.remaining_ms(NOW) <= lifetime.fresh_for_ms.saturating_sub(lifetime.age_at_reception_ms));
}

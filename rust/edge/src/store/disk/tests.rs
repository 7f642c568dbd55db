//! What the tier keeps, gives back, and refuses to give back.

use super::*;
use edgeplane_base::clock::SystemClock;

#[test]
fn an_object_comes_back() {
    let root = std::env::temp_dir().join(format!("edgeplane-disk-{}", std::process::id()));
    let disk = Disk::open(&root, 1 << 20, Arc::new(SystemClock::new()));
    let mut writer = disk.writer(b"key").unwrap();
    assert!(writer.write(b"content"));
    writer.commit(b"meta").unwrap();
    assert_eq!(disk.get(b"key").unwrap().meta, b"meta");
    std::fs::remove_dir_all(root).unwrap();
}

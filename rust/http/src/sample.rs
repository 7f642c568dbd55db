//! What tests of several rooms send.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// A file on disk, gone with its last user.
pub fn file(octets: &[u8]) -> Arc<File> {
    file_in(&std::env::temp_dir(), octets)
}

/// The same in memory: a tmpfs that every Linux has.
pub fn memory_file(octets: &[u8]) -> Arc<File> {
    file_in(Path::new("/dev/shm"), octets)
}

fn file_in(folder: &Path, octets: &[u8]) -> Arc<File> {
    static MADE: AtomicUsize = AtomicUsize::new(0);
    let name = format!("edgeplane-http-{}-{}", std::process::id(), MADE.fetch_add(1, Relaxed));
    let path = folder.join(name);
    let mut file = File::options().read(true).write(true).create_new(true).open(&path).unwrap();
    std::fs::remove_file(path).unwrap();
    file.write_all(octets).unwrap();
    Arc::new(file)
}

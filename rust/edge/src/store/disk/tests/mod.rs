//! What the tier keeps and gives back, what it finds damaged, what it does when the disk says no, and after a kill.

mod crash;
mod damage;
mod faults;
mod keeping;

use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use edgeplane_base::random::Random;

use super::*;
use crate::store::limits::{DISK_BLOCK, DISK_KEY, DISK_META};

/// A clock that moves when it is told to.
#[derive(Default)]
struct Hands(AtomicU64);

impl Clock for Hands {
    fn monotonic_ms(&self) -> u64 {
        self.0.load(Relaxed)
    }
    fn wall_ms(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

/// A folder of this test's own, gone with it, and a clock.
struct Place {
    root: PathBuf,
    clock: Arc<Hands>,
}

const CAPACITY: u64 = 4 << 20;

impl Place {
    fn new(name: &str) -> Self {
        let root = std::env::temp_dir().join(format!("edgeplane-disk-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&root);
        Self { root, clock: Arc::default() }
    }

    fn open(&self) -> Arc<Disk> {
        self.open_sized(CAPACITY)
    }

    fn open_sized(&self, capacity: u64) -> Arc<Disk> {
        Disk::open(&self.root, capacity, self.clock.clone(), |key| key)
    }

    /// Opened, with all that was there looked through.
    fn reopened(&self) -> Arc<Disk> {
        let disk = self.open();
        disk.rebuild();
        assert!(!disk.stats().rebuilding);
        disk
    }

    fn retry_time(&self) {
        self.clock.0.fetch_add(DISK_RETRY_MS.default, Relaxed);
    }

    fn object(&self, key: &[u8]) -> PathBuf {
        let name = format!("{:032x}", u128::from_be_bytes(Digest::of(key, key).0));
        self.root.join("objects").join(&name[..3]).join(name)
    }

    /// All files below the folder.
    fn files(&self) -> Vec<PathBuf> {
        let mut files = Vec::new();
        let mut folders = vec![self.root.clone()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
                let kind = entry.file_type().unwrap();
                if kind.is_dir() { folders.push(entry.path()) } else { files.push(entry.path()) }
            }
        }
        files
    }

    /// Octets that all files but the lock take, in whole blocks; none for an empty one.
    fn octets(&self) -> u64 {
        let lengths = self.files().into_iter().filter(|path| !path.ends_with("lock"));
        lengths
            .filter_map(|path| fs::metadata(path).ok())
            .map(|metadata| metadata.len())
            .filter(|length| *length > 0)
            .map(blocks)
            .sum()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.root);
    }
}

fn put(disk: &Arc<Disk>, key: &[u8], content: &[u8], meta: &[u8]) -> Option<DiskHit> {
    let mut writer = disk.writer(key)?;
    for piece in content.chunks(10_000) {
        writer.write(piece);
    }
    writer.commit(meta)
}

fn content(hit: &DiskHit) -> Vec<u8> {
    let mut octets = vec![0; hit.length as usize];
    hit.file.read_exact_at(&mut octets, hit.offset).unwrap();
    octets
}

/// Meta and content.
type Found = (Vec<u8>, Vec<u8>);

/// What is kept under a key.
fn found(disk: &Disk, key: &[u8]) -> Option<Found> {
    disk.get(key).map(|hit| (hit.meta.clone(), content(&hit)))
}

/// Content that is the key's own.
fn octets_of(seed: u64, length: usize) -> Vec<u8> {
    let mut random = Random::seeded(seed);
    (0..length).map(|_| random.next_u64() as u8).collect()
}

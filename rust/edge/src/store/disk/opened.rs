//! What callers made of objects that they found lately, each with its open file: the next use opens and reads nothing.
//!
//! An object that leaves the tier, or gets another description, leaves here in the same step: no file stays open, and
//! takes room on disk, that the tier does not count.

use std::any::Any;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};

use super::directory::Digest;
use crate::store::hash::Hasher;
use crate::store::limits::{DISK_OPEN_ENTRY, DISK_OPEN_ROOM};
use crate::store::order::Policy;
use crate::store::shelf::Shelf;

/// A caller's own.
pub type Made = Arc<dyn Any + Send + Sync>;

/// So many files at most, and so many octets of what was made of them.
pub struct Opened {
    shelf: Mutex<Shelf<Digest, Made>>,
    hasher: Hasher,
    files: AtomicUsize,
}

impl Default for Opened {
    fn default() -> Self {
        let shelf = Mutex::new(Shelf::new(Policy::Sieve, DISK_OPEN_ROOM.default));
        Self { shelf, hasher: Hasher::random(), files: AtomicUsize::new(0) }
    }
}

impl Opened {
    /// Lets so many files be open; none at first.
    pub fn allow(&self, files: u64) {
        self.files.store(files as usize, Relaxed);
    }

    pub fn get(&self, digest: Digest) -> Option<Made> {
        crate::lock(&self.shelf).get(self.hash(digest), &digest.0).cloned()
    }

    /// `weight`: octets of what was made.
    pub fn insert(&self, digest: Digest, made: Made, weight: u64) {
        let mut closed = Vec::new();
        let mut shelf = crate::lock(&self.shelf);
        let before = shelf.insert(self.hash(digest), digest, made, weight + DISK_OPEN_ENTRY.default);
        while shelf.len() > self.files.load(Relaxed) || shelf.weight() > DISK_OPEN_ROOM.default {
            let Some(entry) = shelf.evict() else { break };
            closed.push(entry);
        }
        drop(shelf);
        // Files are closed outside the lock.
        drop((before, closed));
    }

    pub fn remove(&self, digest: Digest) {
        let removed = crate::lock(&self.shelf).remove(self.hash(digest), &digest.0);
        drop(removed);
    }

    pub fn clear(&self) {
        let shelf = Shelf::new(Policy::Sieve, DISK_OPEN_ROOM.default);
        let before = std::mem::replace(&mut *crate::lock(&self.shelf), shelf);
        drop(before);
    }

    fn hash(&self, digest: Digest) -> u64 {
        self.hasher.hash(&digest.0)
    }
}

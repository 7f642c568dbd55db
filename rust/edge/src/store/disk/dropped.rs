//! Objects that count as gone before their files are: for callers that cannot wait, and have no room for what waits.

use std::collections::HashSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::directory::Digest;

/// Objects that are to be removed; no more than there are objects, once all folders were looked through.
#[derive(Default)]
pub struct Dropped {
    count: AtomicUsize,
    digests: Mutex<HashSet<Digest>>,
}

impl Dropped {
    /// Counts an object as gone.
    pub fn insert(&self, digest: Digest) {
        let mut digests = crate::lock(&self.digests);
        digests.insert(digest);
        self.count.store(digests.len(), Ordering::Release);
    }

    /// Whether an object counts as gone.
    pub fn has(&self, digest: Digest) -> bool {
        self.count.load(Ordering::Acquire) != 0 && crate::lock(&self.digests).contains(&digest)
    }

    /// Its file is gone, or another has taken its place.
    pub fn remove(&self, digest: Digest) {
        if self.count.load(Ordering::Acquire) != 0 {
            let mut digests = crate::lock(&self.digests);
            digests.remove(&digest);
            self.count.store(digests.len(), Ordering::Release);
        }
    }

    /// One of them.
    pub fn any(&self) -> Option<Digest> {
        crate::lock(&self.digests).iter().next().copied()
    }
}

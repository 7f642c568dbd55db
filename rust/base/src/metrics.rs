//! Counters with one writer: a thread adds with plain loads and stores, anyone may read.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// A counter that only its own thread increases.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Adds without a locked instruction; right only from the one thread that owns the counter.
    #[inline]
    pub fn add(&self, n: u64) {
        self.0.store(self.0.load(Relaxed).wrapping_add(n), Relaxed);
    }

    /// The value now.
    pub fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

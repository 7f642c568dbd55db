//! SIEVE (Zhang and others, NSDI 2024): a queue, a bit an entry, and a hand that walks from old to new.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use super::Order;
use super::list::{Links, List, NONE};

/// A touch sets a bit; the hand clears it and passes on, or takes the first slot without it. Entries never move.
#[derive(Debug)]
pub struct Sieve {
    links: Links,
    queue: List,
    visited: Vec<AtomicBool>,
    hand: u32,
}

impl Default for Sieve {
    fn default() -> Self {
        Self { links: Links::default(), queue: List::default(), visited: Vec::new(), hand: NONE }
    }
}

impl Sieve {
    /// Clears the bit, and says what it was.
    fn pass(&mut self, slot: u32) -> bool {
        self.visited.get_mut(slot as usize).is_some_and(|bit| std::mem::take(bit.get_mut()))
    }
}

impl Order for Sieve {
    fn insert(&mut self, slot: u32, _hash: u64, _weight: u64) {
        self.queue.push(&mut self.links, slot);
        if self.visited.len() <= slot as usize {
            self.visited.resize_with(slot as usize + 1, AtomicBool::default);
        }
        self.pass(slot);
    }

    /// Where the hand comes by next.
    fn insert_first_to_leave(&mut self, slot: u32, hash: u64, weight: u64) {
        self.insert(slot, hash, weight);
        let next = if self.hand == NONE { self.queue.oldest() } else { self.hand };
        if next != slot {
            self.queue.unlink(&mut self.links, slot);
            self.queue.push_before(&mut self.links, slot, next);
            self.hand = slot;
        }
    }

    #[inline]
    fn touch(&self, slot: u32) {
        // Looking first keeps the cache line shared between cores once the bit is set.
        if let Some(bit) = self.visited.get(slot as usize)
            && !bit.load(Relaxed)
        {
            bit.store(true, Relaxed);
        }
    }

    fn reweigh(&mut self, _slot: u32, _weight: u64) {}

    fn remove(&mut self, slot: u32) {
        if self.hand == slot {
            self.hand = self.links.newer(slot);
        }
        self.queue.unlink(&mut self.links, slot);
    }

    fn evict(&mut self, _hash_of: &dyn Fn(u32) -> u64) -> Option<u32> {
        let mut slot = if self.hand == NONE { self.queue.oldest() } else { self.hand };
        while slot != NONE && self.pass(slot) {
            let newer = self.links.newer(slot);
            slot = if newer == NONE { self.queue.oldest() } else { newer };
        }
        self.hand = slot;
        (slot != NONE).then(|| {
            self.remove(slot);
            slot
        })
    }
}

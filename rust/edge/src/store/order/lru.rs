//! Least recently used: what was touched last leaves last.

use std::sync::{Mutex, PoisonError};

use super::Order;
use super::list::{Links, List, NONE};

/// The list is moved under a lock of its own, because touches run beside each other.
#[derive(Debug, Default)]
pub struct Lru(Mutex<Recency>);

#[derive(Debug, Default)]
struct Recency {
    links: Links,
    list: List,
}

impl Lru {
    fn recency(&mut self) -> &mut Recency {
        self.0.get_mut().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Order for Lru {
    fn insert(&mut self, slot: u32, _hash: u64, _weight: u64) {
        let Recency { links, list } = self.recency();
        list.push(links, slot);
    }

    fn touch(&self, slot: u32) {
        let mut recency = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Recency { links, list } = &mut *recency;
        if list.newest() != slot {
            list.unlink(links, slot);
            list.push(links, slot);
        }
    }

    fn reweigh(&mut self, slot: u32, _weight: u64) {
        self.touch(slot);
    }

    fn remove(&mut self, slot: u32) {
        let Recency { links, list } = self.recency();
        list.unlink(links, slot);
    }

    fn evict(&mut self, _hash_of: &dyn Fn(u32) -> u64) -> Option<u32> {
        let oldest = self.recency().list.oldest();
        (oldest != NONE).then(|| {
            self.remove(oldest);
            oldest
        })
    }
}

//! What is on disk and what it takes: about 90 octets of memory an object, and the account of the tier's room.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::directory::Digest;
use crate::store::hash::Hasher;
use crate::store::limits::DISK_BLOCK;
use crate::store::order::Policy;
use crate::store::shelf::{Entry, Shelf};

/// An object on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kept {
    /// Of this file alone: an object that takes another's place has another id.
    pub id: u64,
    /// Written by this process, or read through and found whole.
    pub verified: bool,
}

/// The answer to a wish for room.
pub enum Room {
    /// It is reserved.
    Reserved,
    /// This object must go first: unlink it, `release` its weight, and ask again.
    Evict(Digest, u64),
    /// There is nothing left to go.
    None,
}

/// All objects, and octets that are taken by files not among them.
pub struct Index {
    state: Mutex<State>,
    hasher: Hasher,
    capacity: u64,
}

struct State {
    shelf: Shelf<Digest, Kept>,
    /// Being written, or about to be unlinked.
    pending: u64,
    last_id: u64,
}

/// Entries and octets.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    pub entries: u64,
    pub octets: u64,
    pub pending: u64,
}

/// Octets that a file of this length takes on disk.
pub fn blocks(length: u64) -> u64 {
    length.div_ceil(DISK_BLOCK.default).max(1) * DISK_BLOCK.default
}

impl Index {
    pub fn new(capacity: u64) -> Self {
        let state = State { shelf: Shelf::new(Policy::Sieve, capacity), pending: 0, last_id: 0 };
        Self { state: Mutex::new(state), hasher: Hasher::random(), capacity }
    }

    /// An object, which counts as use.
    pub fn get(&self, digest: Digest) -> Option<Kept> {
        self.lock().shelf.get(self.hash(digest), &digest.0).copied()
    }

    /// An object, without counting as use.
    pub fn peek(&self, digest: Digest) -> Option<Kept> {
        self.lock().shelf.peek(self.hash(digest), &digest.0).map(|entry| entry.value)
    }

    /// Counts as use of an object; where somebody has the lock, it is left out.
    pub fn touch(&self, digest: Digest) {
        if let Ok(state) = self.state.try_lock() {
            state.shelf.get(self.hash(digest), &digest.0);
        }
    }

    /// Whether there may be such an object; waits for nobody.
    pub fn may_have(&self, digest: Digest) -> bool {
        match self.state.try_lock() {
            Ok(state) => state.shelf.peek(self.hash(digest), &digest.0).is_some(),
            // Somebody makes room, or the table grows.
            Err(_) => true,
        }
    }

    /// Reserves room for a file that is being written.
    pub fn reserve(&self, octets: u64) -> Room {
        let mut state = self.lock();
        if state.shelf.weight() + state.pending + octets <= self.capacity {
            state.pending += octets;
            return Room::Reserved;
        }
        state.evict()
    }

    /// An object to unlink, as long as there is more than the capacity.
    pub fn surplus(&self) -> Room {
        let mut state = self.lock();
        if state.shelf.weight() + state.pending <= self.capacity { Room::Reserved } else { state.evict() }
    }

    /// Gives reserved room back.
    pub fn release(&self, octets: u64) {
        let mut state = self.lock();
        state.pending = state.pending.saturating_sub(octets);
    }

    /// A written file is in its place; what it reserved becomes its weight.
    pub fn commit(&self, digest: Digest, weight: u64, reserved: u64) -> Kept {
        let mut state = self.lock();
        state.pending = state.pending.saturating_sub(reserved);
        let kept = state.numbered(true);
        state.shelf.insert(self.hash(digest), digest, kept, weight);
        kept
    }

    /// A file was found that nobody in this process wrote: older than all that was used since.
    pub fn found(&self, digest: Digest, weight: u64) -> Kept {
        let mut state = self.lock();
        let kept = state.numbered(false);
        state.shelf.insert_first_to_leave(self.hash(digest), digest, kept, weight);
        kept
    }

    /// Remembers that a file is whole.
    pub fn verify(&self, digest: Digest, id: u64) {
        let hash = self.hash(digest);
        if let Some(kept) = self.lock().shelf.get_mut(hash, &digest.0).filter(|kept| kept.id == id) {
            kept.verified = true;
        }
    }

    /// Forgets an object that is gone, unless another has taken its place.
    pub fn remove(&self, digest: Digest, id: u64) {
        let hash = self.hash(digest);
        let mut state = self.lock();
        if state.shelf.peek(hash, &digest.0).is_some_and(|entry| entry.value.id == id) {
            state.shelf.remove(hash, &digest.0);
        }
    }

    /// Forgets all objects.
    pub fn clear(&self) {
        let mut state = self.lock();
        let shelf = std::mem::replace(&mut state.shelf, Shelf::new(Policy::Sieve, self.capacity));
        drop(state);
        drop(shelf);
    }

    /// The first object at or after a place, and the place after it.
    pub fn next(&self, place: u32) -> Option<(Digest, Kept, u32)> {
        self.lock().shelf.next(place).map(|(entry, next)| (entry.key, entry.value, next))
    }

    /// What is used of the capacity.
    pub fn usage(&self) -> Usage {
        let state = self.lock();
        Usage { entries: state.shelf.len() as u64, octets: state.shelf.weight(), pending: state.pending }
    }

    fn hash(&self, digest: Digest) -> u64 {
        self.hasher.hash(&digest.0)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn numbered(&mut self, verified: bool) -> Kept {
        self.last_id += 1;
        Kept { id: self.last_id, verified }
    }

    /// What goes still takes its octets until it is unlinked.
    fn evict(&mut self) -> Room {
        let Some(Entry { key, weight, .. }) = self.shelf.evict() else { return Room::None };
        self.pending += weight;
        Room::Evict(key, weight)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_found_late_leaves_before_what_was_used_since() {
        let index = Index::new(5);
        let digests = [1, 2, 3, 4, 5].map(|n| Digest([n; 16]));
        let [written, read, found, late, later] = digests;
        index.commit(written, 1, 0);
        let found_now = |digests: [Digest; 2]| digests.map(|digest| index.found(digest, 1).id);
        assert_eq!(found_now([read, found]), [2, 3]);
        index.get(read);
        let evicted = || match index.reserve(5) {
            Room::Evict(digest, weight) => {
                index.release(weight);
                digest
            }
            _ => panic!("there is something to go"),
        };
        assert_eq!(evicted(), found);
        assert_eq!(found_now([late, later]), [4, 5]);
        assert_eq!([evicted(), evicted(), evicted(), evicted()], [later, late, written, read]);
    }

    #[test]
    fn who_only_asks_waits_for_nobody() {
        let (index, digest) = (Index::new(1 << 20), Digest([1; 16]));
        assert!(!index.may_have(digest));
        let held = index.lock();
        assert!(index.may_have(digest), "maybe");
        drop(held);
        index.commit(digest, 1, 0);
        assert!(index.may_have(digest));
    }
}

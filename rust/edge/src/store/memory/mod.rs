//! The memory tier: what weighs at most so many octets together, shared by all threads.
//!
//! A hit takes the read lock of one shard, compares the key whole and clones an `Arc`; it allocates nothing. What leaves
//! is dropped after the lock is released.

#[cfg(test)]
mod tests;

use std::ops::AddAssign;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use edgeplane_net::prefetch::prefetch;

use super::hash::Hasher;
use super::limits::{MEMORY_ENTRY, MEMORY_OBJECT_SHARE, MEMORY_SHARD_SIZE, MEMORY_SHARDS};
use super::order::Policy;
use super::shelf::{Entry, Shelf};

/// Values by key, weighted in octets.
pub struct Memory<V> {
    shards: Box<[Shard<V>]>,
    hasher: Hasher,
    shard_capacity: u64,
    largest: u64,
}

/// One lock and what stands behind it, alone on its cache lines.
#[repr(align(128))]
struct Shard<V> {
    shelf: RwLock<Keys<V>>,
    counts: Counts,
}

type Keys<V> = Shelf<Box<[u8]>, Arc<V>>;

#[derive(Default)]
struct Counts {
    hits: AtomicU64,
    misses: AtomicU64,
    insertions: AtomicU64,
    evictions: AtomicU64,
    refusals: AtomicU64,
}

/// What happened since the start, and what is there now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Stats {
    /// `get` found something.
    pub hits: u64,
    /// `get` found nothing.
    pub misses: u64,
    /// Values put in.
    pub insertions: u64,
    /// Values that left to make room.
    pub evictions: u64,
    /// Values that were too heavy.
    pub refusals: u64,
    /// Entries now.
    pub entries: u64,
    /// Octets now: weights, keys, and what an entry costs beside them.
    pub weight: u64,
    /// Octets at most.
    pub capacity: u64,
}

impl<V> Memory<V> {
    /// For so many octets. Shards are chosen by size; one object may fill half of a shard.
    pub fn new(capacity: u64, policy: Policy) -> Self {
        let shards = (capacity / MEMORY_SHARD_SIZE.default).clamp(1, MEMORY_SHARDS.default);
        Self::sharded(capacity, policy, shards as usize, MEMORY_OBJECT_SHARE.default)
    }

    /// With this many shards (rounded up to a power of two), each with a lock and an equal share of the octets; an object
    /// may weigh a shard's octets divided by `object_share`.
    pub fn sharded(capacity: u64, policy: Policy, shards: usize, object_share: u64) -> Self {
        let shards = shards.max(1).next_power_of_two();
        let shard_capacity = capacity / shards as u64;
        Self {
            shards: (0..shards).map(|_| Shard::new(policy, shard_capacity)).collect(),
            hasher: Hasher::random(),
            shard_capacity,
            largest: shard_capacity / object_share.max(1),
        }
    }

    /// The value of a key.
    #[inline]
    pub fn get(&self, key: &[u8]) -> Option<Arc<V>> {
        let (shard, hash) = self.place(key)?;
        // Its count is changed next: it is on its way while the keys are compared.
        let found = shard.read().get_expecting(hash, key, |value| prefetch(&**value)).cloned();
        let count = if found.is_some() { &shard.counts.hits } else { &shard.counts.misses };
        count.fetch_add(1, Relaxed);
        found
    }

    /// The value of a key and its weight, without counting as use; for inspection.
    pub fn peek(&self, key: &[u8]) -> Option<(Arc<V>, u64)> {
        let (shard, hash) = self.place(key)?;
        shard.read().peek(hash, key).map(|entry| (entry.value.clone(), entry.weight))
    }

    /// Keeps a value of this weight in octets, key not counted; false when it is too heavy to be kept. What was under the
    /// key is gone either way.
    pub fn insert(&self, key: Box<[u8]>, value: Arc<V>, weight: u64) -> bool {
        self.update(key, |_| Some((value, weight)))
    }

    /// As `insert`, with what `change` makes of the value that is there; none: that stays. No other change comes in
    /// between: `change` runs under the shard's lock, must be short, and must not use this store.
    pub fn update(&self, key: Box<[u8]>, change: impl FnOnce(Option<&Arc<V>>) -> Option<(Arc<V>, u64)>) -> bool {
        let Some((shard, hash)) = self.place(&key) else { return false };
        let shelf = shard.write();
        let before = shelf.peek(hash, &key).map(|entry| &entry.value);
        let Some((value, weight)) = change(before) else { return true };
        let weight = weight.saturating_add(key.len() as u64).saturating_add(MEMORY_ENTRY.default);
        if weight > self.largest {
            shard.refuse(shelf, hash, &key);
            return false;
        }
        shard.insert(shelf, hash, key, value, weight, self.shard_capacity);
        true
    }

    /// Takes a key out.
    pub fn remove(&self, key: &[u8]) -> Option<Arc<V>> {
        self.remove_if(key, |_| true)
    }

    /// Takes a key out if its value is the one that is meant. Runs `is_meant` under the shard's lock.
    pub fn remove_if(&self, key: &[u8], is_meant: impl FnOnce(&Arc<V>) -> bool) -> Option<Arc<V>> {
        let (shard, hash) = self.place(key)?;
        let mut shelf = shard.write();
        let meant = shelf.peek(hash, key).is_some_and(|entry| is_meant(&entry.value));
        let removed = if meant { shelf.remove(hash, key) } else { None };
        drop(shelf);
        removed.map(|entry| entry.value)
    }

    /// Takes everything out.
    pub fn clear(&self) {
        for shard in &self.shards {
            let mut shelf = shard.write();
            let mut freed = Vec::with_capacity(shelf.len());
            freed.extend(std::iter::from_fn(|| shelf.evict()));
            drop(shelf);
            drop(freed);
        }
    }

    /// Shows every key with its value and weight. `look` runs under a shard's read lock: it must be short, and must not
    /// change this store.
    pub fn for_each(&self, mut look: impl FnMut(&[u8], &Arc<V>, u64)) {
        for shard in &self.shards {
            shard.read().iter().for_each(|entry| look(&entry.key, &entry.value, entry.weight));
        }
    }

    /// The heaviest object that is kept: value, key and entry together.
    pub fn largest(&self) -> u64 {
        self.largest
    }

    /// Sums over all shards.
    pub fn stats(&self) -> Stats {
        let mut sum = Stats { capacity: self.shard_capacity * self.shards.len() as u64, ..Stats::default() };
        self.shards.iter().for_each(|shard| sum += shard);
        sum
    }

    #[inline]
    fn place(&self, key: &[u8]) -> Option<(&Shard<V>, u64)> {
        let hash = self.hasher.hash(key);
        // The table within the shard goes by the lowest and the highest bits.
        let shard = self.shards.get((hash >> 32) as usize & (self.shards.len() - 1))?;
        Some((shard, hash))
    }
}

impl<V> Shard<V> {
    fn new(policy: Policy, capacity: u64) -> Self {
        Self { shelf: RwLock::new(Shelf::new(policy, capacity)), counts: Counts::default() }
    }

    #[inline]
    fn read(&self) -> RwLockReadGuard<'_, Keys<V>> {
        self.shelf.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Keys<V>> {
        self.shelf.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes room first, so that the newcomer is not the one that leaves.
    fn insert(
        &self,
        mut shelf: RwLockWriteGuard<'_, Keys<V>>,
        hash: u64,
        key: Box<[u8]>,
        value: Arc<V>,
        weight: u64,
        capacity: u64,
    ) {
        let mut freed: Vec<Entry<Box<[u8]>, Arc<V>>> = Vec::new();
        while shelf.weight() + weight > capacity + shelf.peek(hash, &key).map_or(0, |entry| entry.weight) {
            let Some(entry) = shelf.evict() else { break };
            freed.push(entry);
        }
        let replaced = shelf.insert(hash, key, value, weight);
        drop(shelf);
        self.counts.insertions.fetch_add(1, Relaxed);
        self.counts.evictions.fetch_add(freed.len() as u64, Relaxed);
        drop((freed, replaced));
    }

    /// Of a value that is too heavy not even the one before stays.
    fn refuse(&self, mut shelf: RwLockWriteGuard<'_, Keys<V>>, hash: u64, key: &[u8]) {
        let removed = shelf.remove(hash, key);
        drop(shelf);
        self.counts.refusals.fetch_add(1, Relaxed);
        drop(removed);
    }
}

impl<V> AddAssign<&Shard<V>> for Stats {
    fn add_assign(&mut self, shard: &Shard<V>) {
        let (entries, weight) = {
            let shelf = shard.read();
            (shelf.len() as u64, shelf.weight())
        };
        self.entries += entries;
        self.weight += weight;
        self.hits += shard.counts.hits.load(Relaxed);
        self.misses += shard.counts.misses.load(Relaxed);
        self.insertions += shard.counts.insertions.load(Relaxed);
        self.evictions += shard.counts.evictions.load(Relaxed);
        self.refusals += shard.counts.refusals.load(Relaxed);
    }
}

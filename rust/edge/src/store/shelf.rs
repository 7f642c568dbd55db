//! Weighted entries by key, in an order of eviction. No locks and no limit: whoever owns a shelf has both.

use std::borrow::Borrow;

use hashbrown::HashTable;

use super::order::{Order, Policy};

/// Keys of type `K`, compared as octets.
pub struct Shelf<K, V> {
    table: HashTable<u32>,
    slots: Slots<K, V>,
    free: Vec<u32>,
    order: Box<dyn Order>,
    weight: u64,
}

type Slots<K, V> = Vec<Option<Entry<K, V>>>;

/// What is on the shelf under one key.
#[derive(Debug)]
pub struct Entry<K, V> {
    hash: u64,
    /// The whole key.
    pub key: K,
    /// What is kept.
    pub value: V,
    /// What it counts.
    pub weight: u64,
}

impl<K: Borrow<[u8]>, V> Shelf<K, V> {
    /// An empty shelf; the owner intends to keep it below `capacity`.
    pub fn new(policy: Policy, capacity: u64) -> Self {
        Self { table: HashTable::new(), slots: Vec::new(), free: Vec::new(), order: policy.order(capacity), weight: 0 }
    }

    /// The value of a key, which counts as a touch.
    #[inline]
    pub fn get(&self, hash: u64, key: &[u8]) -> Option<&V> {
        self.get_expecting(hash, key, |_| ())
    }

    /// As `get`. The value that it will be, but for one hash in 2^64, is told to `hint` before the keys are compared.
    #[inline]
    pub fn get_expecting(&self, hash: u64, key: &[u8], hint: impl Fn(&V)) -> Option<&V> {
        let slot = self.find(hash, key, hint)?;
        self.order.touch(slot);
        self.entry(slot).map(|entry| &entry.value)
    }

    /// The entry of a key, without a touch.
    pub fn peek(&self, hash: u64, key: &[u8]) -> Option<&Entry<K, V>> {
        self.entry(self.find(hash, key, |_| ())?)
    }

    /// The value of a key, to be changed in place.
    pub fn get_mut(&mut self, hash: u64, key: &[u8]) -> Option<&mut V> {
        let slot = self.find(hash, key, |_| ())?;
        self.slots.get_mut(slot as usize)?.as_mut().map(|entry| &mut entry.value)
    }

    /// Puts a value under a key; what was there comes back, and its place in the order is kept.
    pub fn insert(&mut self, hash: u64, key: K, value: V, weight: u64) -> Option<V> {
        self.insert_by(hash, key, value, weight, |order, slot| order.insert(slot, hash, weight))
    }

    /// As `insert`; what was not there leaves before all that was, unless it is asked for.
    pub fn insert_first_to_leave(&mut self, hash: u64, key: K, value: V, weight: u64) -> Option<V> {
        self.insert_by(hash, key, value, weight, |order, slot| order.insert_first_to_leave(slot, hash, weight))
    }

    fn insert_by(
        &mut self,
        hash: u64,
        key: K,
        value: V,
        weight: u64,
        enter: impl FnOnce(&mut dyn Order, u32),
    ) -> Option<V> {
        if let Some(slot) = self.find(hash, key.borrow(), |_| ()) {
            return self.replace(slot, value, weight);
        }
        let entry = Entry { hash, key, value, weight };
        let slot = self.place(entry);
        let slots = &self.slots;
        self.table.insert_unique(hash, slot, |&slot| hash_of(slots, slot));
        enter(&mut *self.order, slot);
        self.weight += weight;
        None
    }

    /// Takes a key off the shelf.
    pub fn remove(&mut self, hash: u64, key: &[u8]) -> Option<Entry<K, V>> {
        let slot = self.find(hash, key, |_| ())?;
        self.order.remove(slot);
        self.take(slot)
    }

    /// Takes off what leaves first.
    pub fn evict(&mut self) -> Option<Entry<K, V>> {
        let slots = &self.slots;
        let slot = self.order.evict(&|slot| hash_of(slots, slot))?;
        self.take(slot)
    }

    /// The sum of all weights.
    pub fn weight(&self) -> u64 {
        self.weight
    }

    /// The number of entries.
    pub fn len(&self) -> usize {
        self.table.len()
    }

    /// All entries, in no order.
    pub fn iter(&self) -> impl Iterator<Item = &Entry<K, V>> {
        self.slots.iter().flatten()
    }

    /// The first entry at or after a place, and the place after it: for walking on after the shelf has changed.
    pub fn next(&self, place: u32) -> Option<(&Entry<K, V>, u32)> {
        let rest = self.slots.get(place as usize..)?;
        let (skipped, entry) = rest.iter().enumerate().find_map(|(n, slot)| Some((n, slot.as_ref()?)))?;
        Some((entry, place + skipped as u32 + 1))
    }

    #[inline]
    fn find(&self, hash: u64, key: &[u8], hint: impl Fn(&V)) -> Option<u32> {
        let is_it = |entry: &Entry<K, V>| {
            entry.hash == hash && {
                hint(&entry.value);
                entry.key.borrow() == key
            }
        };
        self.table.find(hash, |&slot| self.entry(slot).is_some_and(is_it)).copied()
    }

    #[inline]
    fn entry(&self, slot: u32) -> Option<&Entry<K, V>> {
        self.slots.get(slot as usize)?.as_ref()
    }

    fn place(&mut self, entry: Entry<K, V>) -> u32 {
        if let Some(slot) = self.free.pop()
            && let Some(place) = self.slots.get_mut(slot as usize)
        {
            *place = Some(entry);
            return slot;
        }
        self.slots.push(Some(entry));
        (self.slots.len() - 1) as u32
    }

    fn replace(&mut self, slot: u32, value: V, weight: u64) -> Option<V> {
        let entry = self.slots.get_mut(slot as usize)?.as_mut()?;
        self.weight = self.weight - entry.weight + weight;
        entry.weight = weight;
        self.order.reweigh(slot, weight);
        Some(std::mem::replace(&mut entry.value, value))
    }

    fn take(&mut self, slot: u32) -> Option<Entry<K, V>> {
        let entry = self.slots.get_mut(slot as usize)?.take()?;
        if let Ok(found) = self.table.find_entry(entry.hash, |&other| other == slot) {
            found.remove();
        }
        self.free.push(slot);
        self.weight -= entry.weight;
        Some(entry)
    }
}

fn hash_of<K, V>(slots: &Slots<K, V>, slot: u32) -> u64 {
    slots.get(slot as usize).and_then(Option::as_ref).map_or(0, |entry| entry.hash)
}

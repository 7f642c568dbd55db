//! S3-FIFO (Yang and others, SOSP 2023): a small queue for newcomers, a main one, and a memory of who left the small one.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU8, Ordering::Relaxed};

use hashbrown::HashTable;

use super::Order;
use super::list::{Links, List, NONE};
use crate::store::limits::{S3FIFO_MOVE, S3FIFO_SMALL};

/// Touches are counted to here: two bits, as in the paper.
const MOST: u8 = 3;

/// Newcomers go into the small queue, and from there into the main one if they were touched, else out. Whoever comes
/// back soon after that goes straight into the main queue.
#[derive(Debug)]
pub struct S3Fifo {
    links: Links,
    nodes: Vec<Node>,
    small: Queue,
    main: Queue,
    ghost: Ghost,
    small_capacity: u64,
}

#[derive(Debug, Default)]
struct Node {
    touches: AtomicU8,
    in_main: bool,
    weight: u64,
}

#[derive(Debug, Default)]
struct Queue {
    list: List,
    weight: u64,
    entries: usize,
}

impl Queue {
    fn push(&mut self, links: &mut Links, slot: u32, weight: u64) {
        self.list.push(links, slot);
        self.weight += weight;
        self.entries += 1;
    }

    fn unlink(&mut self, links: &mut Links, slot: u32, weight: u64) {
        self.list.unlink(links, slot);
        self.weight = self.weight.saturating_sub(weight);
        self.entries = self.entries.saturating_sub(1);
    }
}

impl S3Fifo {
    /// For entries of this weight in all.
    pub fn new(capacity: u64) -> Self {
        Self {
            links: Links::default(),
            nodes: Vec::new(),
            small: Queue::default(),
            main: Queue::default(),
            ghost: Ghost::default(),
            small_capacity: capacity.saturating_mul(S3FIFO_SMALL.default) / 100,
        }
    }

    /// Puts a slot, which is in no queue, into one.
    fn enter(&mut self, slot: u32, weight: u64, in_main: bool) {
        if self.nodes.len() <= slot as usize {
            self.nodes.resize_with(slot as usize + 1, Node::default);
        }
        if let Some(node) = self.nodes.get_mut(slot as usize) {
            *node = Node { touches: AtomicU8::new(0), in_main, weight };
        }
        let queue = if in_main { &mut self.main } else { &mut self.small };
        queue.push(&mut self.links, slot, weight);
    }

    /// Takes a slot out of its queue; its touches and weight.
    fn leave(&mut self, slot: u32) -> (u8, u64) {
        let Some(node) = self.nodes.get_mut(slot as usize) else { return (0, 0) };
        let queue = if node.in_main { &mut self.main } else { &mut self.small };
        queue.unlink(&mut self.links, slot, node.weight);
        (*node.touches.get_mut(), node.weight)
    }

    /// The oldest newcomer that nobody came back for; the others move into the main queue.
    fn evict_small(&mut self, hash_of: &dyn Fn(u32) -> u64) -> Option<u32> {
        while self.small.list.oldest() != NONE {
            let slot = self.small.list.oldest();
            let (touches, weight) = self.leave(slot);
            if u64::from(touches) < S3FIFO_MOVE.default {
                self.ghost.remember(hash_of(slot), self.main.entries.max(self.small.entries));
                return Some(slot);
            }
            self.enter(slot, weight, true);
        }
        None
    }

    /// The oldest of the main queue without touches; the others go round once more with one less.
    fn evict_main(&mut self) -> Option<u32> {
        while self.main.list.oldest() != NONE {
            let slot = self.main.list.oldest();
            let (touches, weight) = self.leave(slot);
            if touches == 0 {
                return Some(slot);
            }
            self.enter(slot, weight, true);
            if let Some(node) = self.nodes.get_mut(slot as usize) {
                *node.touches.get_mut() = touches - 1;
            }
        }
        None
    }
}

impl Order for S3Fifo {
    fn insert(&mut self, slot: u32, hash: u64, weight: u64) {
        let known = self.ghost.forget(hash);
        self.enter(slot, weight, known);
    }

    #[inline]
    fn touch(&self, slot: u32) {
        let Some(node) = self.nodes.get(slot as usize) else { return };
        let touches = node.touches.load(Relaxed);
        if touches < MOST {
            // Two touches at once may count as one: it is a measure, not an account.
            node.touches.store(touches + 1, Relaxed);
        }
    }

    fn reweigh(&mut self, slot: u32, weight: u64) {
        let Some(node) = self.nodes.get_mut(slot as usize) else { return };
        let queue = if node.in_main { &mut self.main } else { &mut self.small };
        queue.weight = queue.weight.saturating_sub(node.weight) + weight;
        node.weight = weight;
    }

    fn remove(&mut self, slot: u32) {
        self.leave(slot);
    }

    fn evict(&mut self, hash_of: &dyn Fn(u32) -> u64) -> Option<u32> {
        if self.small.weight > self.small_capacity || self.main.entries == 0 {
            return self.evict_small(hash_of).or_else(|| self.evict_main());
        }
        self.evict_main().or_else(|| self.evict_small(hash_of))
    }
}

/// Hashes of the keys that left the small queue, oldest first.
#[derive(Debug, Default)]
struct Ghost {
    queue: VecDeque<(u64, u32)>,
    present: HashTable<(u64, u32)>,
    turn: u32,
}

impl Ghost {
    /// Remembers a key, and no more than `limit` of them.
    fn remember(&mut self, hash: u64, limit: usize) {
        self.turn = self.turn.wrapping_add(1);
        let entry = (hash, self.turn);
        self.queue.push_back(entry);
        match self.present.find_mut(hash, |known| known.0 == hash) {
            Some(known) => *known = entry,
            None => drop(self.present.insert_unique(hash, entry, |known| known.0)),
        }
        while self.queue.len() > limit.max(1) {
            let Some((hash, turn)) = self.queue.pop_front() else { return };
            if let Ok(known) = self.present.find_entry(hash, |known| *known == (hash, turn)) {
                known.remove();
            }
        }
    }

    /// Whether a key is remembered; it no longer is afterwards.
    fn forget(&mut self, hash: u64) -> bool {
        self.present.find_entry(hash, |known| known.0 == hash).map(|known| known.remove()).is_ok()
    }
}

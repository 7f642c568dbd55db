//! Signatures that were verified, so that the next request with the same ones costs a look-up and no arithmetic.

use std::collections::HashMap;
use std::sync::Arc;

use edgeplane_sign::Policy;

/// What a verified signature stands for.
#[derive(Debug, Clone)]
pub(super) struct Verified {
    pub policy: Arc<Policy>,
    pub key_id: Arc<str>,
}

/// A worker's table: octets of everything that was verified → what it grants. Hashed with a secret of the process and
/// compared whole. Two halves: the older goes as a whole when the younger is full, and what is asked for moves to the
/// younger, so that it is bounded without a list of ages.
#[derive(Debug)]
pub struct Remembered {
    plan: u64,
    capacity: usize,
    young: HashMap<Box<[u8]>, Verified>,
    old: HashMap<Box<[u8]>, Verified>,
    /// Where questions are written, so that asking takes no memory.
    pub(super) question: Vec<u8>,
}

/// Signatures that a worker remembers: about 1 KiB each.
pub const CAPACITY: usize = 8_192;

impl Default for Remembered {
    fn default() -> Self {
        Self::new(CAPACITY)
    }
}

impl Remembered {
    /// A table of so many signatures.
    pub fn new(capacity: usize) -> Self {
        Self { plan: 0, capacity, young: HashMap::new(), old: HashMap::new(), question: Vec::new() }
    }

    /// Forgets what was verified under another plan: its keys may be others.
    pub(super) fn under(&mut self, plan: u64) {
        if self.plan != plan {
            self.young.clear();
            self.old.clear();
            self.plan = plan;
        }
    }

    /// What the question is known to grant.
    pub(super) fn find(&mut self) -> Option<Verified> {
        if let Some(verified) = self.young.get(&*self.question) {
            return Some(verified.clone());
        }
        let (question, verified) = self.old.remove_entry(&*self.question)?;
        self.put(question, verified.clone());
        Some(verified)
    }

    /// Remembers what the question grants.
    pub(super) fn remember(&mut self, verified: Verified) {
        self.put(self.question.as_slice().into(), verified);
    }

    /// How many signatures are remembered.
    pub fn len(&self) -> usize {
        self.young.len() + self.old.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn put(&mut self, question: Box<[u8]>, verified: Verified) {
        if self.young.len() >= self.capacity.div_ceil(2) {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(question, verified);
    }
}

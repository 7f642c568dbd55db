//! Which entry leaves first: one file a policy behind one trait.
//!
//! Entries are slots: small numbers that the shelf gives out, and uses again after they were removed.

mod list;
mod lru;
mod s3fifo;
mod sieve;
#[cfg(test)]
mod tests;

pub use lru::Lru;
pub use s3fifo::S3Fifo;
pub use sieve::Sieve;

/// An order of eviction over weighted slots.
pub trait Order: Send + Sync {
    /// A slot comes in. `hash` is its key's, by which a policy may know that it was here before.
    fn insert(&mut self, slot: u32, hash: u64, weight: u64);

    /// A slot comes in that leaves before all that are in, unless it is asked for; where a policy knows no such place, as
    /// any other.
    fn insert_first_to_leave(&mut self, slot: u32, hash: u64, weight: u64) {
        self.insert(slot, hash, weight);
    }

    /// A slot was asked for. Runs beside other touches.
    fn touch(&self, slot: u32);

    /// The value of a slot was replaced by one of this weight.
    fn reweigh(&mut self, slot: u32, weight: u64);

    /// A slot goes, not by the policy's choice.
    fn remove(&mut self, slot: u32);

    /// Chooses the slot that leaves and lets go of it; none when none is in.
    fn evict(&mut self, hash_of: &dyn Fn(u32) -> u64) -> Option<u32>;
}

/// The policies that can be chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Policy {
    /// SIEVE (NSDI 2024): one queue; a hand passes over what was asked for since it last came by.
    Sieve,
    /// S3-FIFO (SOSP 2023): what is asked for once leaves through a small queue and never enters the main one.
    #[default]
    S3Fifo,
    /// Least recently used. A touch takes a lock.
    Lru,
}

impl Policy {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Sieve, Self::S3Fifo, Self::Lru];

    /// Its name in settings.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sieve => "sieve",
            Self::S3Fifo => "s3fifo",
            Self::Lru => "lru",
        }
    }

    /// By its name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|policy| policy.name() == name)
    }

    /// An empty order for so much weight.
    pub fn order(self, capacity: u64) -> Box<dyn Order> {
        match self {
            Self::Sieve => Box::new(Sieve::default()),
            Self::S3Fifo => Box::new(S3Fifo::new(capacity)),
            Self::Lru => Box::new(Lru::default()),
        }
    }
}

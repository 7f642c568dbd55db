//! The hash of the tables: keyed, so that nobody outside can choose keys that fall together.

use std::hash::{BuildHasher, RandomState};

use siphasher::sip::SipHasher13;

/// SipHash-1-3 with a key of this process. Keys are compared whole after it: a collision costs time, never a wrong answer.
#[derive(Debug, Clone, Copy)]
pub struct Hasher(SipHasher13);

impl Hasher {
    /// With a key drawn at random.
    pub fn random() -> Self {
        let word = || RandomState::new().hash_one(0u8);
        Self(SipHasher13::new_with_keys(word(), word()))
    }

    /// The hash of a key.
    #[inline]
    pub fn hash(&self, key: &[u8]) -> u64 {
        self.0.hash(key)
    }
}

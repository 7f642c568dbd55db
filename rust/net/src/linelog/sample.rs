//! How many of the entries are written.

use edgeplane_base::random::Random;

/// A share of all entries, drawn at random.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sample {
    /// An entry is in it when 32 random bits are below this.
    threshold: u64,
}

impl Sample {
    /// From 0.0, none, to 1.0, all; what lies beyond counts as the nearer end.
    pub fn new(share: f64) -> Self {
        Self { threshold: (share.clamp(0.0, 1.0) * 2f64.powi(32)) as u64 }
    }

    /// Whether the next entry is in it.
    #[inline]
    pub fn takes(self, random: &mut Random) -> bool {
        self.threshold >= 1 << 32 || random.next_u64() >> 32 < self.threshold
    }
}

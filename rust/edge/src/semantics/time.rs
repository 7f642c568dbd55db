//! The moment of a decision, handed in.

use serde::{Deserialize, Serialize};

/// The largest delta-seconds; a larger one counts as this (RFC 9111 section 1.2.2).
pub const DELTA_MAX_S: u64 = 1 << 31;

/// Two readings of one moment. Freshness runs on the first; the second is compared with what others say. On disk only the
/// second is kept: the first means nothing to another process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Now {
    /// Milliseconds of a clock that never goes back.
    #[serde(skip)]
    pub monotonic_ms: u64,
    /// Seconds since the Unix epoch.
    pub wall_s: u64,
}

/// Seconds in milliseconds.
pub(crate) const fn ms(seconds: u64) -> u64 {
    seconds.saturating_mul(1000)
}

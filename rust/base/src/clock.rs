//! Time, handed in so that no test needs to sleep.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Two clocks: one that never jumps, for intervals, and the wall's, for what is said to others.
pub trait Clock: Send + Sync {
    /// Milliseconds since some fixed start; never goes back.
    fn monotonic_ms(&self) -> u64;
    /// Milliseconds since the Unix epoch; may jump.
    fn wall_ms(&self) -> u64;
}

/// The machine's clocks.
pub struct SystemClock {
    start: Instant,
}

impl SystemClock {
    /// A clock whose monotonic side starts now.
    pub fn new() -> Self {
        Self { start: Instant::now() }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    fn monotonic_ms(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn wall_ms(&self) -> u64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    }
}

//! When the next query is due.

/// Closed loop: as soon as there is room. Open loop: at fixed times, whether or not earlier ones were answered.
#[derive(Clone, Copy)]
pub enum Pace {
    Closed,
    /// Queries a second.
    Open(f64),
}

impl Pace {
    /// How many queries are due at `now` (ns since the start) after `sent` have gone, at most `room`.
    pub fn due(self, now: u64, sent: u64, room: usize) -> usize {
        match self {
            Self::Closed => room,
            Self::Open(rate) => {
                let owed = ((now as f64 * rate / 1e9) as u64 + 1).saturating_sub(sent);
                room.min(usize::try_from(owed).unwrap_or(room))
            }
        }
    }

    /// When query number `sent` should leave: what latency is measured from, however late it really leaves.
    pub fn intended(self, now: u64, sent: u64) -> u64 {
        match self {
            Self::Closed => now,
            Self::Open(rate) => (sent as f64 * 1e9 / rate) as u64,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn open_loop_owes_what_time_says_and_catches_up() {
        let pace = Pace::Open(1000.0);
        assert_eq!(pace.due(0, 0, 64), 1);
        assert_eq!(pace.due(999_999, 1, 64), 0);
        assert_eq!(pace.due(1_000_000, 1, 64), 1);
        assert_eq!(pace.due(50_000_000, 1, 64), 50);
        assert_eq!(pace.due(500_000_000, 1, 64), 64);
        assert_eq!(pace.intended(500_000_000, 2), 2_000_000);
    }

    #[test]
    fn closed_loop_fills_the_room() {
        assert_eq!(Pace::Closed.due(5, 1_000_000, 7), 7);
        assert_eq!(Pace::Closed.intended(5, 1_000_000), 5);
    }
}

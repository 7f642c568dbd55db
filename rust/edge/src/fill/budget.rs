//! Memory of content under way: no more of it than a share of the tier that it may come to, however many fetches there are.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::store::limits::MEMORY_PIECES;

/// Octets that all fetches together may hold. Half of them are for short content, so that a few long ones that come slowly
/// do not keep everything else from being stored.
#[derive(Debug)]
pub struct Budget {
    most: u64,
    held: AtomicU64,
}

/// What one fetch holds of it, until it is dropped.
#[derive(Debug)]
pub struct Share {
    budget: Arc<Budget>,
    octets: u64,
}

impl Budget {
    /// For so many octets.
    pub fn new(most: u64) -> Arc<Self> {
        Arc::new(Self { most, held: 0.into() })
    }

    /// Octets held now.
    pub fn held(&self) -> u64 {
        self.held.load(Relaxed)
    }

    /// For a fetch that begins.
    pub fn share(self: &Arc<Self>) -> Share {
        Share { budget: self.clone(), octets: 0 }
    }
}

impl Share {
    /// Takes so many octets more; false where there are none left.
    pub fn grow(&mut self, octets: u64) -> bool {
        let Budget { most, held } = &*self.budget;
        let most = if self.octets + octets <= MEMORY_PIECES.default { *most } else { most / 2 };
        let taken =
            held.fetch_update(Relaxed, Relaxed, |held| Some(held + octets).filter(|held| *held <= most)).is_ok();
        self.octets += if taken { octets } else { 0 };
        taken
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.budget.held.fetch_sub(self.octets, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_content_leaves_half_of_it_to_short_content() {
        let budget = Budget::new(1 << 20);
        let mut long = budget.share();
        let taken = (0..100).filter(|_| long.grow(25_000)).count();
        assert_eq!(taken, (1 << 19) / 25_000);
        let mut short: Vec<_> = (0..100).map(|_| budget.share()).collect();
        let taken: usize = short.iter_mut().map(|share| usize::from(share.grow(10_000))).sum();
        assert_eq!(taken, ((1 << 20) - (1 << 19) / 25_000 * 25_000) / 10_000);
        assert!(!long.grow(1), "more than its half");
        drop((long, short));
        assert_eq!(budget.held(), 0);
    }
}

//! What the log says of an origin that fails: which one it is, and a line a second, however many requests meet the failure.
//! The last line is kept for whoever asks how the origin fares.

use std::fmt::Display;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use crate::limits::FAILURE_LINE_MS;

/// One origin's lines.
#[derive(Debug)]
pub struct Told {
    origin: String,
    start: Instant,
    /// When the next line may come, milliseconds.
    next_ms: AtomicU64,
    /// Failures without a line since the last one.
    untold: AtomicU64,
    /// What the last line said, and when. Taken once a line, and by whoever asks.
    last: Mutex<Option<(String, Instant)>>,
}

impl Told {
    /// `origin` is its name for people.
    pub fn new(origin: String) -> Self {
        let (next_ms, untold) = (AtomicU64::new(0), AtomicU64::new(0));
        Self { origin, start: Instant::now(), next_ms, untold, last: Mutex::default() }
    }

    /// A failure.
    pub fn tell(&self, what: &dyn Display) {
        let Some(untold) = self.turn(self.start.elapsed().as_millis() as u64) else { return };
        match untold {
            0 => tracing::warn!("{}: {what}", self.origin),
            _ => tracing::warn!("{}: {what}; {untold} failures before it had no line", self.origin),
        }
        if let Ok(mut last) = self.last.lock() {
            *last = Some((what.to_string(), Instant::now()));
        }
    }

    /// The last failure that had a line, and how long ago that was.
    pub fn last(&self) -> Option<(String, Duration)> {
        let last = self.last.lock().ok()?;
        last.as_ref().map(|(what, at)| (what.clone(), at.elapsed()))
    }

    /// Its breaker opened.
    pub fn tell_opened(&self) {
        tracing::warn!(
            "{}: no connection again and again; until it takes one it is tried once in a while",
            self.origin
        );
    }

    /// Its breaker closed.
    pub fn tell_closed(&self) {
        tracing::info!("{}: it takes connections again", self.origin);
    }

    /// Whether it is time for a line, and how many failures had none before it.
    fn turn(&self, now_ms: u64) -> Option<u64> {
        let next_ms = self.next_ms.load(Relaxed);
        let then_ms = now_ms.saturating_add(FAILURE_LINE_MS.default);
        let is_due = now_ms >= next_ms && self.next_ms.compare_exchange(next_ms, then_ms, Relaxed, Relaxed).is_ok();
        if is_due {
            return Some(self.untold.swap(0, Relaxed));
        }
        self.untold.fetch_add(1, Relaxed);
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_is_kept() {
        let told = Told::new("o".into());
        assert_eq!(told.last(), None);
        told.tell(&"no route");
        told.tell(&"untold: it comes within the second");
        assert!(told.last().is_some_and(|(what, ago)| what == "no route" && ago < Duration::from_secs(60)));
    }

    #[test]
    fn a_flood_of_failures_is_a_line_a_second_that_counts_the_others() {
        let told = Told::new("o".into());
        let lines: Vec<_> = (0..3_000).filter_map(|now_ms| told.turn(now_ms).map(|untold| (now_ms, untold))).collect();
        assert_eq!(lines, [(0, 0), (1_000, 999), (2_000, 999)]);
        assert_eq!(told.turn(60_000), Some(999));
        assert_eq!(told.turn(61_000), Some(0));
    }
}

//! A circuit breaker: an origin that could not be connected to again and again is tried once a window, by one worker, until
//! it can.
//!
//! ```text
//! closed ── FAILURES in a row ──► open ── window over ──► one probe, the next window begins ── it takes a connection ──► closed
//! ```

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};

use edgeplane_base::Limit;
use edgeplane_base::random::Random;

/// Failures in a row that open a breaker.
pub const FAILURES: Limit = Limit {
    name: "breaker_failures",
    default: 5,
    min: 1,
    max: 1_000,
    unit: "failures",
    why: "one worker's bad luck is less",
};
/// The window's mean; each is between three and five quarters of it. An origin that came back is used within 5 s.
pub const WINDOW: Limit = Limit {
    name: "breaker_window",
    default: 3_000,
    min: 100,
    max: 60_000,
    unit: "milliseconds",
    why: "back within 5 s",
};

/// One origin's breaker, shared by all workers.
#[derive(Debug, Default)]
pub struct Breaker {
    failures: AtomicU32,
    /// 0: closed. Else milliseconds: when the next probe may go.
    open_until: AtomicU64,
    probes: AtomicU32,
}

/// What a breaker says to a fetch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// Go on.
    Closed,
    /// Go on: this is the window's only one; how many the breaker had before.
    Probe(u32),
    /// The origin is not asked now.
    Refused,
}

impl Breaker {
    /// May a fetch go to the origin? `now` in milliseconds.
    pub fn admit(&self, now: u64, random: &mut Random) -> Admission {
        let until = self.open_until.load(Relaxed);
        if until == 0 {
            return Admission::Closed;
        }
        if now < until {
            return Admission::Refused;
        }
        let taken = self.open_until.compare_exchange(until, now + window(random), Relaxed, Relaxed);
        if taken.is_ok() { Admission::Probe(self.probes.fetch_add(1, Relaxed)) } else { Admission::Refused }
    }

    /// The origin took a connection; whether that closed the breaker. Writes nothing where there is nothing to forget.
    pub fn succeeded(&self) -> bool {
        if self.failures.load(Relaxed) != 0 {
            self.failures.store(0, Relaxed);
        }
        self.is_open() && self.open_until.swap(0, Relaxed) != 0
    }

    /// The origin took no connection; whether that opened the breaker.
    pub fn failed(&self, now: u64, random: &mut Random) -> bool {
        let failures = self.failures.fetch_add(1, Relaxed).saturating_add(1);
        u64::from(failures) >= FAILURES.default
            && self.open_until.compare_exchange(0, now + window(random), Relaxed, Relaxed).is_ok()
    }

    /// Whether fetches are refused at the moment, but for probes.
    pub fn is_open(&self) -> bool {
        self.open_until.load(Relaxed) != 0
    }
}

/// Never 0 together with a time, so that an open breaker is never taken for a closed one.
fn window(random: &mut Random) -> u64 {
    let half = WINDOW.default / 2;
    WINDOW.default - half / 2 + u64::from(random.below(half as u32 + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opened(random: &mut Random) -> Breaker {
        let breaker = Breaker::default();
        let opened: Vec<_> = (0..FAILURES.default).map(|now| breaker.failed(now, random)).collect();
        assert_eq!(opened.iter().filter(|&&opened| opened).count(), 1);
        assert_eq!(opened.last(), Some(&true));
        breaker
    }

    #[test]
    fn a_dead_origin_costs_one_request_a_window() {
        let mut random = Random::seeded(1);
        let breaker = opened(&mut random);
        let mut probes = Vec::new();
        for now in FAILURES.default..100_000 {
            if breaker.admit(now, &mut random) != Admission::Refused {
                probes.push(now);
                assert!(!breaker.failed(now, &mut random), "it is open already");
            }
        }
        let gaps: Vec<_> = probes.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert!((27..=44).contains(&probes.len()), "{probes:?}");
        assert!(gaps.iter().all(|gap| (2_250..=3_750).contains(gap)), "{gaps:?}");
        assert!(gaps.iter().min() != gaps.iter().max(), "no jitter");
    }

    #[test]
    fn one_answer_closes_it_and_failures_count_from_nothing() {
        let mut random = Random::seeded(1);
        let breaker = opened(&mut random);
        assert_eq!(breaker.admit(1, &mut random), Admission::Refused);
        assert_eq!(breaker.admit(10_000, &mut random), Admission::Probe(0));
        assert_eq!(breaker.admit(10_000, &mut random), Admission::Refused, "another worker in the same window");
        assert!(breaker.succeeded());
        assert!(!breaker.succeeded(), "it was closed already");
        assert_eq!(breaker.admit(10_000, &mut random), Admission::Closed);
        (1..FAILURES.default).for_each(|_| assert!(!breaker.failed(10_000, &mut random)));
        assert!(!breaker.succeeded());
        assert!(!breaker.failed(10_000, &mut random), "not in a row");
    }

    #[test]
    fn workers_that_race_send_one_probe() {
        let breaker = opened(&mut Random::seeded(1));
        let admitted: usize = std::thread::scope(|scope| {
            let worker = |seed| {
                let breaker = &breaker;
                scope.spawn(move || {
                    let mut random = Random::seeded(seed);
                    (0..1_000).filter(|_| breaker.admit(10_000, &mut random) != Admission::Refused).count()
                })
            };
            let workers: Vec<_> = (0..4).map(worker).collect();
            workers.into_iter().map(|worker| worker.join().unwrap()).sum()
        });
        assert_eq!(admitted, 1);
    }
}

//! How often each client may ask: token buckets in memory of fixed size, shared by all workers without a lock.
//!
//! ```text
//! client's network ─ hash under a random key ─► line of 4 buckets ─ same tag, else the fullest ─► paid until when?
//! bucket = tag (16 bits) ‖ time until which requests are paid for (48 bits, 1/16 µs)
//! ```
//! Every request moves the time on by 1/rate; while it is a burst ahead of the clock, requests are refused, and cost nothing.
//! An update lost between two workers is a request not counted; a client whose bucket another one took begins anew.

use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::limits::CLIENTS;

const TIME_MASK: u64 = (1 << 48) - 1;
const UNITS_PER_S: u64 = 16_000_000;
const UNITS_PER_MS: u64 = UNITS_PER_S / 1_000;
/// Requests that may come at once, as time at the rate.
const BURST: u64 = 2 * UNITS_PER_S;
const BUCKETS: usize = 4;

/// Buckets that lie together, half a cache line.
#[derive(Default)]
#[repr(align(32))]
struct Line([AtomicU64; BUCKETS]);

/// Too many; seconds after which the next request is taken, at least 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exceeded(pub u64);

/// The buckets; those of a process that limits nobody take no memory.
#[derive(Default)]
pub struct Limiter {
    lines: OnceLock<Box<[Line]>>,
    key: RandomState,
}

impl Limiter {
    /// Counts a request of a client, at `rate` requests a second (1 or more) and two seconds' worth at once. `now_ms` never
    /// goes back.
    pub fn admit(&self, client: IpAddr, rate: u32, now_ms: u64) -> Result<(), Exceeded> {
        let lines = self.lines.get_or_init(|| (0..lines()).map(|_| Line::default()).collect());
        let hash = self.key.hash_one(network(client));
        let Some(line) = lines.get(hash as usize & (lines.len() - 1)) else { return Ok(()) };
        let (now, tag) = (now_ms.wrapping_mul(UNITS_PER_MS), hash >> 48);
        let (bucket, ahead) = line.find(tag, now);
        let after = ahead + UNITS_PER_S / u64::from(rate.max(1));
        if after > BURST {
            return Err(Exceeded((after - BURST).div_ceil(UNITS_PER_S)));
        }
        bucket.store(tag << 48 | (now.wrapping_add(after) & TIME_MASK), Relaxed);
        Ok(())
    }
}

impl Line {
    /// The bucket of a tag and how far ahead of the clock it is; without one, that of somebody else who asked least.
    fn find(&self, tag: u64, now: u64) -> (&AtomicU64, u64) {
        let Self([first, rest @ ..]) = self;
        let mut found = (first, ahead(first.load(Relaxed), now));
        for bucket in std::iter::once(first).chain(rest) {
            let word = bucket.load(Relaxed);
            if word >> 48 == tag {
                return (bucket, ahead(word, now));
            }
            if ahead(word, now) < found.1 {
                found = (bucket, ahead(word, now));
            }
        }
        (found.0, 0)
    }
}

/// How far a bucket is ahead of the clock; one that is further than it can be was last used long ago.
fn ahead(word: u64, now: u64) -> u64 {
    let ahead = word.wrapping_sub(now) & TIME_MASK;
    if ahead > BURST { 0 } else { ahead }
}

fn lines() -> usize {
    (CLIENTS.default as usize).div_ceil(BUCKETS).next_power_of_two()
}

/// An IPv4 address, an IPv6 /64.
fn network(client: IpAddr) -> (bool, u64) {
    match client.to_canonical() {
        IpAddr::V4(address) => (false, u32::from(address).into()),
        IpAddr::V6(address) => (true, (u128::from(address) >> 64) as u64),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admitted(limiter: &Limiter, client: &str, rate: u32, now_ms: u64, requests: usize) -> usize {
        (0..requests).filter(|_| limiter.admit(client.parse().unwrap(), rate, now_ms).is_ok()).count()
    }

    #[test]
    fn two_seconds_worth_at_once_and_then_the_rate() {
        for rate in [1, 7, 10, 1_000] {
            let limiter = Limiter::default();
            for start in [1_000, 1 << 40] {
                let burst = admitted(&limiter, "192.0.2.1", rate, start, 3 * rate as usize);
                assert_eq!(burst, 2 * rate as usize, "{rate}");
                let later: usize = (1..=100)
                    .map(|tick| admitted(&limiter, "192.0.2.1", rate, start + tick * 100, rate as usize))
                    .sum();
                assert!(later.abs_diff(10 * rate as usize) <= 1 + rate as usize / 100, "{rate}: {later}");
            }
        }
    }

    #[test]
    fn who_is_refused_is_told_when_to_come_again() {
        let (limiter, client) = (Limiter::default(), "192.0.2.1".parse().unwrap());
        assert_eq!(admitted(&limiter, "192.0.2.1", 1, 5_000, 10), 2);
        let Err(Exceeded(seconds)) = limiter.admit(client, 1, 5_000) else { panic!() };
        assert_eq!(limiter.admit(client, 1, 5_000 + seconds * 1_000), Ok(()));
        assert_eq!(limiter.admit(client, 1, 5_000 + seconds * 1_000), Err(Exceeded(1)));
    }

    #[test]
    fn a_client_is_an_ipv4_address_or_an_ipv6_network() {
        let limiter = Limiter::default();
        assert_eq!(admitted(&limiter, "2001:db8::1", 1, 0, 9), 2);
        for (client, left) in [
            ("2001:db8::ffff:1", 0),
            ("2001:db8:0:1::1", 2),
            ("192.0.2.1", 2),
            ("::ffff:192.0.2.1", 0),
            ("192.0.2.2", 2),
        ] {
            assert_eq!(admitted(&limiter, client, 1, 0, 9), left, "{client}");
        }
    }

    #[test]
    fn a_flood_of_networks_takes_no_more_memory_and_refuses_nobody_for_it() {
        let limiter = Limiter::default();
        let refused = (0..100_000u128).filter(|n| limiter.admit(IpAddr::from((n << 64).to_be_bytes()), 1, 0).is_err());
        // Networks whose tags are the same by chance share a bucket.
        assert!(refused.count() < 100);
        assert_eq!(limiter.lines.get().unwrap().len(), lines());
    }
}

//! Response rate limiting: forged queries must not turn this server into an amplifier.
//!
//! ```text
//! (client prefix, kind of answer) ─ keyed hash ─► line of 4 counters ─ same tag, else the emptiest ─► paid until when?
//! counter = tag (16 bits) ‖ answers held back (4) ‖ time until which answers are paid for (44, 1/4096 ms)
//! ```
//! Every answer moves the time on by 1/rate. While it is more than a second ahead of the clock, answers are held back;
//! these move it on too, up to the window, so that nothing passes while a flood lasts (the manner of BIND and NSD).
//! Threads share the counters without locks: an update lost between two of them is an answer not counted.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use edgeplane_base::{Fault, Faults};

use crate::acl::Cidrs;
use crate::limits;
use crate::plan::RrlSettings;

/// What to do with an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Send it.
    Send,
    /// Send it empty and truncated: a real client comes back over TCP.
    Slip,
    /// Say nothing.
    Drop,
}

/// Kinds of answers with rates of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// With records or without (NODATA): one rate a queried name.
    Positive = 1,
    /// NXDOMAIN: one rate a zone, so that random names share it.
    Negative = 2,
    /// To a delegation: one rate a delegated name.
    Referral = 3,
    /// FORMERR, REFUSED and the like: one rate each.
    Error = 4,
}

impl Kind {
    /// The kind under a name's hash: of the queried name, the zone's, the delegation's; 0 for errors.
    #[inline]
    pub fn hash(self, name: u32) -> u32 {
        name.wrapping_mul(0x9e37_79b1).wrapping_add(self as u32)
    }
}

const SLOTS: usize = 4;
const TIME_BITS: u32 = 44;
const TIME_MASK: u64 = (1 << TIME_BITS) - 1;
const HELD_MASK: u64 = 15;
/// Units of the counters' time in a millisecond: fine enough for a million answers a second.
const UNITS_PER_MS: u64 = 1 << 12;
const UNITS_PER_S: u64 = UNITS_PER_MS * 1000;

/// Counters that lie together, half a cache line.
#[derive(Default)]
#[repr(align(32))]
struct Line([AtomicU64; SLOTS]);

/// Limits answers by client prefix and kind, in memory of fixed size.
pub struct Rrl {
    lines: Box<[Line]>,
    seeds: [u64; 3],
    cost: u64,
    slip: u64,
    ipv4_mask: u32,
    ipv6_mask: u128,
    exempt: Cidrs,
}

impl Rrl {
    /// Counters for the settings, hashed under a random key so that nobody can aim at one; faults name the settings.
    pub fn new(settings: &RrlSettings) -> Result<Self, Faults> {
        let state = RandomState::new();
        Self::seeded(settings, [1, 2, 3].map(|n| random_odd(&state, n)))
    }

    fn seeded(settings: &RrlSettings, seeds: [u64; 3]) -> Result<Self, Faults> {
        check(settings)?;
        let lines = (settings.table_size as usize).div_ceil(SLOTS).next_power_of_two();
        Ok(Self {
            lines: (0..lines).map(|_| Line::default()).collect(),
            seeds,
            cost: UNITS_PER_S / u64::from(settings.responses_per_second),
            slip: u64::from(settings.slip),
            ipv4_mask: u32::MAX << (32 - u32::from(settings.ipv4_prefix)),
            ipv6_mask: u128::MAX << (128 - u32::from(settings.ipv6_prefix)),
            exempt: Cidrs::parse("dns.rrl.exempt", &settings.exempt)?,
        })
    }

    /// Counts an answer and says whether it may go; `now_ms` never goes back. Takes no lock and no memory.
    ///
    /// The caller does not ask for clients with a good server cookie nor over TCP: these addresses are not forged.
    #[inline]
    pub fn verdict(&self, client: IpAddr, kind_hash: u32, now_ms: u64) -> Verdict {
        if self.exempt.contains(client) {
            return Verdict::Send;
        }
        let hash = self.hash(client, kind_hash);
        let Some(line) = self.lines.get(hash as usize & (self.lines.len() - 1)) else {
            return Verdict::Send;
        };
        let now = now_ms.wrapping_mul(UNITS_PER_MS) & TIME_MASK;
        let (slot, account) = line.find(hash >> 48, now);
        let (account, verdict) = account.charge(self.cost, self.slip);
        slot.store(account.pack(now), Relaxed);
        verdict
    }

    #[inline]
    fn hash(&self, client: IpAddr, kind_hash: u32) -> u64 {
        let [a, b, c] = self.seeds;
        let (family, high, low) = match client {
            IpAddr::V4(address) => (4, u64::from(u32::from(address) & self.ipv4_mask), 0),
            IpAddr::V6(address) => {
                let prefix = u128::from(address) & self.ipv6_mask;
                (6, (prefix >> 64) as u64, prefix as u64)
            }
        };
        fold(fold(high ^ a, low ^ b) ^ (family << 32 | u64::from(kind_hash)), c)
    }
}

impl Line {
    /// The counter with this tag; else the one with least to pay, taken over.
    ///
    /// The smallest of (0 for the tag, else 1 + debt; number) is found without a branch that could be mispredicted:
    /// which counter it will be looks random, and guessing wrong costs four times as much as looking at all.
    #[inline]
    fn find(&self, tag: u64, now: u64) -> (&AtomicU64, Account) {
        let [first, ..] = &self.0;
        let rank = |(n, slot): (usize, &AtomicU64)| {
            let account = Account::unpack(slot.load(Relaxed), now);
            (account.debt + 1) * u64::from(account.tag != tag) * SLOTS as u64 + n as u64
        };
        let best = self.0.iter().enumerate().map(rank).fold(u64::MAX, u64::min);
        let slot = self.0.get(best as usize % SLOTS).unwrap_or(first);
        let found = Account::unpack(slot.load(Relaxed), now);
        let known = u64::from(found.tag == tag);
        (slot, Account { tag, held: found.held * known, debt: found.debt * known })
    }
}

/// One counter taken apart.
#[derive(Debug, Clone, Copy)]
struct Account {
    tag: u64,
    held: u64,
    /// How far answers are paid ahead of the clock.
    debt: u64,
}

impl Account {
    const BURST: u64 = UNITS_PER_S;
    const WINDOW: u64 = UNITS_PER_S * limits::RRL_WINDOW_S.default;

    #[inline]
    fn unpack(word: u64, now: u64) -> Self {
        let ahead = word.wrapping_sub(now) & TIME_MASK;
        // A time in the past looks very far ahead.
        let debt = if ahead > Self::WINDOW { 0 } else { ahead };
        Self { tag: word >> 48, held: word >> TIME_BITS & HELD_MASK, debt }
    }

    #[inline]
    fn pack(self, now: u64) -> u64 {
        self.tag << 48 | (self.held & HELD_MASK) << TIME_BITS | (now + self.debt) & TIME_MASK
    }

    #[inline]
    fn charge(self, cost: u64, slip: u64) -> (Self, Verdict) {
        let debt = (self.debt + cost).min(Self::WINDOW);
        if debt <= Self::BURST {
            return (Self { debt, ..self }, Verdict::Send);
        }
        let held = self.held + 1;
        if held < slip || slip == 0 {
            return (Self { debt, held: held.min(HELD_MASK), ..self }, Verdict::Drop);
        }
        (Self { debt, held: 0, ..self }, Verdict::Slip)
    }
}

/// High and low half of a product: mixes well in two instructions.
#[inline]
fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    (product >> 64) as u64 ^ product as u64
}

fn random_odd(state: &RandomState, n: u64) -> u64 {
    let mut hasher = state.build_hasher();
    hasher.write_u64(n);
    hasher.finish() | 1
}

fn check(settings: &RrlSettings) -> Result<(), Faults> {
    let mut faults = Faults::default();
    for (limit, value) in [
        (limits::RRL_RATE, settings.responses_per_second),
        (limits::RRL_SLIP, settings.slip),
        (limits::RRL_TABLE_SIZE, settings.table_size),
        (limits::RRL_IPV4_PREFIX, settings.ipv4_prefix.into()),
        (limits::RRL_IPV6_PREFIX, settings.ipv6_prefix.into()),
    ] {
        if let Err(message) = limit.check(value.into()) {
            faults.push(Fault::at(limit.name, message));
        }
    }
    faults.into_result(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rrl(change: impl FnOnce(&mut RrlSettings)) -> Rrl {
        let mut settings = RrlSettings { table_size: 4096, ..RrlSettings::default() };
        change(&mut settings);
        Rrl::seeded(&settings, [0x1234_5678_9abc_def1, 0xfeed_beef_0bad_cafd, 0x0f1e_2d3c_4b5a_6979]).unwrap()
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    /// Sends, slips and drops of `n` answers spread evenly over a span that starts at `from_ms`.
    fn flood(rrl: &Rrl, client: IpAddr, kind: u32, n: u64, from_ms: u64, span_ms: u64) -> [u64; 3] {
        let mut seen = [0; 3];
        for i in 0..n {
            seen[rrl.verdict(client, kind, from_ms + i * span_ms / n) as usize] += 1;
        }
        seen
    }

    #[test]
    fn a_burst_of_a_seconds_worth_passes_and_every_second_one_after_it_slips() {
        let rrl = rrl(|_| ());
        assert_eq!(flood(&rrl, ip("192.0.2.1"), 7, 1_200, 1_000, 0), [200, 500, 500]);
    }

    #[test]
    fn slip_0_never_and_slip_1_always() {
        assert_eq!(flood(&rrl(|s| s.slip = 0), ip("192.0.2.1"), 7, 300, 0, 0), [200, 0, 100]);
        assert_eq!(flood(&rrl(|s| s.slip = 1), ip("192.0.2.1"), 7, 300, 0, 0), [200, 100, 0]);
        assert_eq!(flood(&rrl(|s| s.slip = 10), ip("192.0.2.1"), 7, 300, 0, 0), [200, 10, 90]);
    }

    #[test]
    fn a_client_at_the_rate_is_never_held_back() {
        let rrl = rrl(|_| ());
        assert_eq!(flood(&rrl, ip("192.0.2.1"), 7, 200 * 60, 5, 60_000), [12_000, 0, 0]);
    }

    #[test]
    fn nothing_passes_while_a_flood_lasts_and_the_window_forgets_it() {
        let rrl = rrl(|_| ());
        flood(&rrl, ip("192.0.2.1"), 7, 20_000, 0, 1_000);
        assert_eq!(flood(&rrl, ip("192.0.2.1"), 7, 20_000, 1_000, 1_000)[0], 0);
        assert_ne!(rrl.verdict(ip("192.0.2.1"), 7, 5_900), Verdict::Send);
        assert_eq!(rrl.verdict(ip("192.0.2.1"), 7, 7_100), Verdict::Send);
    }

    /// The amplification bound: 20,000 forged queries a second of 60 octets, answers of 1,232, slipped ones of 60.
    #[test]
    fn amplification_stays_below_one_and_a_half() {
        let rrl = rrl(|_| ());
        let [sent, slipped, _] = flood(&rrl, ip("192.0.2.1"), 7, 40_000, 0, 2_000);
        let octets = (sent * 1_232 + slipped * 60) as f64;
        assert!(octets / (40_000.0 * 60.0) <= 1.5);
    }

    #[test]
    fn prefixes_and_kinds_are_counted_apart() {
        let rrl = rrl(|_| ());
        let error = Kind::Error.hash(0);
        flood(&rrl, ip("192.0.2.1"), error, 1_000, 0, 0);
        flood(&rrl, ip("2001:db8:0:1:ffff::1"), error, 1_000, 0, 0);
        for (client, kind, expected) in [
            ("192.0.2.254", error, false),
            ("192.0.3.1", error, true),
            ("192.0.2.1", Kind::Positive.hash(0), true),
            ("2001:db8:0:1::9", error, false),
            ("2001:db8:0:2::1", error, true),
        ] {
            assert_eq!(rrl.verdict(ip(client), kind, 0) == Verdict::Send, expected, "{client}");
        }
    }

    #[test]
    fn exempt_clients_are_never_held_back() {
        let rrl = rrl(|s| s.exempt.push("198.51.100.0/24".into()));
        for client in ["127.0.0.1", "127.9.9.9", "::1", "198.51.100.7"] {
            assert_eq!(flood(&rrl, ip(client), 7, 1_000, 0, 0), [1_000, 0, 0], "{client}");
        }
    }

    #[test]
    fn a_flood_from_many_prefixes_neither_frees_a_flooder_nor_harms_a_quiet_client() {
        let rrl = rrl(|_| ());
        let (flooder, quiet) = (ip("192.0.2.1"), ip("198.51.100.1"));
        flood(&rrl, flooder, 7, 2_000, 0, 0);
        let (mut flooder_sent, mut quiet_held) = (0, 0);
        for n in 0..100_000u32 {
            rrl.verdict(IpAddr::V4((0x0a00_0000 + n * 256).into()), 7, 100 + u64::from(n) / 100);
            flooder_sent +=
                u32::from(n % 50 == 0 && rrl.verdict(flooder, 7, 100 + u64::from(n) / 100) == Verdict::Send);
            quiet_held += u32::from(n % 1_000 == 0 && rrl.verdict(quiet, 7, 100 + u64::from(n) / 100) != Verdict::Send);
        }
        assert_eq!((flooder_sent, quiet_held), (0, 0));
    }

    #[test]
    fn settings_out_of_range_are_named() {
        let settings =
            RrlSettings { responses_per_second: 0, slip: 11, exempt: vec!["x".into()], ..RrlSettings::default() };
        let faults = Rrl::new(&settings).err().unwrap();
        assert_eq!(faults.0.len(), 2, "{faults}");
        assert!(Rrl::new(&RrlSettings { exempt: vec!["x".into()], ..RrlSettings::default() }).is_err());
    }

    proptest! {
        #[test]
        fn a_counter_survives_packing(tag in 0u64..1 << 16, held in 0u64..16, debt in 0..=Account::WINDOW, now in 0..=TIME_MASK) {
            let account = Account::unpack(Account { tag, held, debt }.pack(now), now);
            prop_assert_eq!((account.tag, account.held, account.debt), (tag, held, debt));
        }

        /// Against a bucket in exact arithmetic: in any stretch no more passes than a burst and the rate allow.
        #[test]
        fn never_more_than_burst_and_rate(rate in 1u32..5_000, gaps in prop::collection::vec(0u64..50, 1..2_000), start: u32) {
            let rrl = rrl(|s| s.responses_per_second = rate);
            let (mut now, mut sent) = (u64::from(start), 0u64);
            for gap in &gaps {
                now += gap;
                sent += u64::from(rrl.verdict(ip("192.0.2.1"), 1, now) == Verdict::Send);
            }
            let elapsed = now - u64::from(start);
            let allowed = u64::from(rate) + u64::from(rate) * elapsed / 1000;
            prop_assert!(sent <= allowed + allowed / 500 + 2, "{} of {}", sent, allowed);
        }

        #[test]
        fn any_clock_and_client_gives_a_verdict(address: u128, kind: u32, now: u64) {
            rrl(|_| ()).verdict(IpAddr::V6(address.into()), kind, now);
        }
    }
}

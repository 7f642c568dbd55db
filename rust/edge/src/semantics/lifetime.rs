//! Freshness and age of a stored response (RFC 9111 section 4.2).

use serde::{Deserialize, Serialize};

use super::Now;
use super::time::DELTA_MAX_S;

/// How long a stored response is fresh, and what may be done with it afterwards.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lifetime {
    /// The moment at which it was `age_at_reception_ms` old: when it came, or was placed after a start.
    pub received: Now,
    /// `corrected_initial_age` of section 4.2.3.
    pub age_at_reception_ms: u64,
    /// `freshness_lifetime`: fresh while younger.
    pub fresh_for_ms: u64,
    /// Monotonic instant until which it may be sent without a further look; 0: never, or not yet placed.
    #[serde(skip)]
    pub fresh_until_ms: u64,
    /// How long after its end it may be sent while it is being validated.
    pub stale_while_revalidate_ms: u64,
    /// How long after its end it may stand in for an error; none: the response says nothing.
    pub stale_if_error_ms: Option<u64>,
    /// What else may be done with it when it is stale.
    pub stale: StaleUse,
    /// Every use needs validation.
    pub no_cache: bool,
    /// It does not change while fresh (RFC 8246).
    pub immutable: bool,
}

/// Use of a stale response (RFC 9111 section 4.2.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum StaleUse {
    /// Where a client asks for it, or nobody can be reached.
    #[default]
    Allowed,
    /// Only within the windows that the response names: `s-maxage` means `proxy-revalidate` else.
    Named,
    /// Never: `must-revalidate`, `proxy-revalidate` or `no-cache`.
    Never,
}

/// The hit path's question: may it be sent now to a request that asks for nothing special?
#[inline]
pub const fn is_plainly_fresh(lifetime: &Lifetime, now: Now) -> bool {
    now.monotonic_ms < lifetime.fresh_until_ms
}

/// The value of `Age` (section 5.1), seconds.
pub fn age_s(lifetime: &Lifetime, now: Now) -> u64 {
    (lifetime.age_ms(now) / 1000).min(DELTA_MAX_S)
}

impl Lifetime {
    /// Of a response that came at `received`, `age_ms` old, and is fresh while younger than `fresh_ms`.
    pub fn new(received: Now, age_ms: u64, fresh_ms: u64) -> Self {
        Self {
            received,
            age_at_reception_ms: age_ms,
            fresh_for_ms: fresh_ms,
            fresh_until_ms: 0,
            stale_while_revalidate_ms: 0,
            stale_if_error_ms: None,
            stale: StaleUse::Allowed,
            no_cache: false,
            immutable: false,
        }
        .timed()
    }

    /// `current_age`, milliseconds.
    pub const fn age_ms(&self, now: Now) -> u64 {
        self.age_at_reception_ms.saturating_add(now.monotonic_ms.saturating_sub(self.received.monotonic_ms))
    }

    /// How long it has been stale, milliseconds; none: it is fresh.
    pub const fn staleness_ms(&self, now: Now) -> Option<u64> {
        if is_plainly_fresh(self, now) { None } else { Some(self.age_ms(now).saturating_sub(self.fresh_for_ms)) }
    }

    /// How long it stays fresh, milliseconds; 0 when it is stale.
    pub const fn remaining_ms(&self, now: Now) -> u64 {
        self.fresh_until_ms.saturating_sub(now.monotonic_ms)
    }

    /// `ttl` of `Cache-Status`: seconds that are left, below 0 when it is stale.
    pub fn ttl_s(&self, now: Now) -> i64 {
        let (fresh, age) = (i64::try_from(self.fresh_for_ms), i64::try_from(self.age_ms(now)));
        fresh.unwrap_or(i64::MAX).saturating_sub(age.unwrap_or(i64::MAX)).div_euclid(1000)
    }

    /// The same in the time of the process that read it from disk: what passed on the wall is age.
    #[must_use]
    pub fn placed(self, now: Now) -> Self {
        let passed_ms = super::time::ms(now.wall_s.saturating_sub(self.received.wall_s));
        let age_at_reception_ms = self.age_at_reception_ms.saturating_add(passed_ms);
        Self { received: now, age_at_reception_ms, ..self }.timed()
    }

    /// The same, stale from now on (a HEAD that does not fit, an invalidation that keeps the response).
    #[must_use]
    pub fn expired(self) -> Self {
        Self { fresh_for_ms: 0, ..self }.timed()
    }

    /// Sets what follows from the rest.
    #[must_use]
    pub(crate) fn timed(self) -> Self {
        let left_ms = self.fresh_for_ms.saturating_sub(self.age_at_reception_ms);
        let plain = left_ms > 0 && !self.no_cache;
        let fresh_until_ms = if plain { self.received.monotonic_ms.saturating_add(left_ms) } else { 0 };
        Self { fresh_until_ms, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::semantics::sample::at;
    use proptest::prelude::*;

    #[test]
    fn a_lifetime_ends_when_the_age_reaches_it() {
        let lifetime = Lifetime::new(at(5_000), 2_000, 10_000);
        assert!(is_plainly_fresh(&lifetime, at(12_999)));
        assert!(!is_plainly_fresh(&lifetime, at(13_000)));
        assert_eq!(lifetime.staleness_ms(at(13_000)), Some(0));
        assert_eq!(lifetime.staleness_ms(at(14_500)), Some(1_500));
        assert_eq!((age_s(&lifetime, at(13_000)), lifetime.ttl_s(at(13_000)), lifetime.ttl_s(at(13_001))), (10, 0, -1));
    }

    #[test]
    fn what_is_old_when_it_comes_is_stale_by_all_of_it() {
        let lifetime = Lifetime::new(at(10), 7_200_000, 3_600_000);
        assert_eq!(lifetime.staleness_ms(at(10)), Some(3_600_000));
    }

    #[test]
    fn read_back_it_is_stale_until_placed_and_then_older_by_what_passed() {
        let lifetime = Lifetime::new(Now { monotonic_ms: 9_000_000, wall_s: 1_000 }, 0, 100_000);
        let read: Lifetime = rmp_serde::from_slice(&rmp_serde::to_vec_named(&lifetime).unwrap()).unwrap();
        let now = Now { monotonic_ms: 50, wall_s: 1_060 };
        assert!(!is_plainly_fresh(&read, now));
        let placed = read.placed(now);
        assert_eq!((placed.age_ms(now), placed.remaining_ms(now)), (60_000, 40_000));
    }

    proptest! {
        #[test]
        fn age_grows_and_freshness_never_comes_back(
            came in 0u64..1 << 40, age in 0u64..1 << 45, fresh in 0u64..1 << 45, early in 0u64..1 << 42, step in 0u64..1 << 42,
        ) {
            let lifetime = Lifetime::new(at(came), age, fresh);
            let (first, then) = (at(early), at(early + step));
            prop_assert!(lifetime.age_ms(first) <= lifetime.age_ms(then));
            prop_assert!(lifetime.age_ms(first) >= age);
            prop_assert!(is_plainly_fresh(&lifetime, first) || !is_plainly_fresh(&lifetime, then));
            prop_assert!(lifetime.remaining_ms(then) <= lifetime.remaining_ms(first));
        }
    }
}

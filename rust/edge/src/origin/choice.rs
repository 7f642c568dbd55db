//! Which of a group's members is asked first, chosen as Route 53 chooses between record sets.
//!
//! ```text
//! plan ─ weights, if any ─► policy ─ derive, for each state of health ─► words ─┐
//! health table ─ a load a member ───────────────────────────────────────────────┴─ select ─► the first to be asked
//! ```
//! Two members have four states of health, so that all there is to derive is derived when the plan is compiled.

use std::net::{IpAddr, Ipv4Addr};

use edgeplane_base::random::Random;
use edgeplane_policy::{Chosen, Client, Failover, Policy, Weighted};

/// Members of a group (CloudFront API, `OriginGroupMembers`).
pub const MEMBERS: usize = 2;

/// A value for each member, the primary's first.
pub type Each<T> = [T; MEMBERS];

/// Who asks has no part in it: what is fetched is kept for all.
const ANYBODY: Client = Client { address: IpAddr::V4(Ipv4Addr::UNSPECIFIED), bits: 0 };

/// How a group chooses.
#[derive(Debug, Clone)]
pub struct Choice {
    rule: Rule,
    /// By state of health: bit n is set where member n is healthy.
    derived: [Vec<u32>; 1 << MEMBERS],
}

#[derive(Debug, Clone)]
enum Rule {
    Failover(Failover),
    Weighted(Weighted),
}

impl Choice {
    /// The primary while it is healthy, then the other; with both unhealthy the primary.
    pub fn failover() -> Self {
        Self::new(Rule::Failover(Failover::new(Some(0), Some(1))))
    }

    /// By weight among the healthy; zero-weight members and sick groups as `Weighted` has them.
    pub fn weighted(weights: Each<u8>) -> Self {
        Self::new(Rule::Weighted(Weighted::new(weights.map(u16::from).into())))
    }

    fn new(rule: Rule) -> Self {
        let derived = std::array::from_fn(|state| {
            let (healthy, mut words) = ([0, 1].map(|member| state >> member & 1 == 1), Vec::new());
            rule.policy().derive(&healthy, &mut words);
            words
        });
        Self { rule, derived }
    }

    /// The number of the member that is asked first. Neither locks nor allocates.
    pub fn first(&self, healthy: Each<bool>, random: &mut Random) -> usize {
        let mut chosen = Chosen::default();
        self.rule.policy().select(self.derived(healthy), &ANYBODY, random, &mut chosen);
        chosen.indexes().first().map_or(0, |&member| usize::from(member))
    }

    /// Why a member was chosen, in words.
    pub fn why(&self, member: usize, healthy: Each<bool>) -> String {
        let how = match &self.rule {
            Rule::Failover(_) => "the primary while it is healthy".to_owned(),
            Rule::Weighted(_) => self.odds(member, healthy),
        };
        let among = match healthy {
            [true, true] => "both members are healthy",
            [false, false] => "no member is healthy, so both count as healthy",
            _ => "the other member is unhealthy",
        };
        format!("{}: {how}; {among}", self.rule.policy().name())
    }

    /// `drawn, 3 in 4`: from the sums of weights that were derived.
    fn odds(&self, member: usize, healthy: Each<bool>) -> String {
        let sums = self.derived(healthy);
        let up_to = |end: usize| sums.get(..end).and_then(<[u32]>::last).copied().unwrap_or(0);
        format!("drawn, {} in {}", up_to(member + 1) - up_to(member), up_to(MEMBERS))
    }

    fn derived(&self, healthy: Each<bool>) -> &[u32] {
        let [primary, second] = healthy.map(usize::from);
        self.derived.get(primary | second << 1).map_or(&[], Vec::as_slice)
    }
}

impl Rule {
    fn policy(&self) -> &dyn Policy {
        match self {
            Self::Failover(policy) => policy,
            Self::Weighted(policy) => policy,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const DRAWS: u32 = 4_000;

    /// How often the primary is first in `DRAWS` choices.
    fn of_primary(choice: &Choice, healthy: Each<bool>, seed: u64) -> u32 {
        let mut random = Random::seeded(seed);
        (0..DRAWS).map(|_| u32::from(choice.first(healthy, &mut random) == 0)).sum()
    }

    #[test]
    fn without_weights_the_primary_is_first_unless_it_alone_is_sick() {
        for (healthy, first) in [([true, true], 0), ([false, true], 1), ([true, false], 0), ([false, false], 0)] {
            assert_eq!(Choice::failover().first(healthy, &mut Random::seeded(1)), first, "{healthy:?}");
        }
    }

    #[test]
    fn the_truth_table_of_weights() {
        const PRIMARY: Each<bool> = [true, false];
        const SECOND: Each<bool> = [false, true];
        const BOTH: Each<bool> = [true, true];
        const NONE: Each<bool> = [false, false];
        // (weights, state of health, who can be first)
        for (weights, healthy, reached) in [
            ([3, 1], BOTH, BOTH),
            ([3, 1], PRIMARY, PRIMARY),
            ([3, 1], SECOND, SECOND),
            ([3, 1], NONE, BOTH),
            ([1, 0], BOTH, PRIMARY),
            ([1, 0], SECOND, SECOND),
            ([1, 0], NONE, PRIMARY),
            ([0, 255], BOTH, SECOND),
            ([0, 255], PRIMARY, PRIMARY),
            ([0, 0], BOTH, BOTH),
            ([0, 0], SECOND, SECOND),
            ([0, 0], NONE, BOTH),
        ] {
            let primary = of_primary(&Choice::weighted(weights), healthy, 3);
            assert_eq!([primary > 0, primary < DRAWS], reached, "{weights:?} {healthy:?}");
        }
    }

    #[test]
    fn the_reason_has_the_odds_and_the_state_of_health() {
        let (weighted, failover) = (Choice::weighted([3, 1]), Choice::failover());
        for (choice, member, healthy, why) in [
            (&weighted, 0, [true, true], "weighted: drawn, 3 in 4; both members are healthy"),
            (&weighted, 1, [true, true], "weighted: drawn, 1 in 4; both members are healthy"),
            (&weighted, 1, [false, true], "weighted: drawn, 1 in 1; the other member is unhealthy"),
            (&weighted, 0, [false, false], "weighted: drawn, 3 in 4; no member is healthy, so both count as healthy"),
            (&failover, 1, [false, true], "failover: the primary while it is healthy; the other member is unhealthy"),
        ] {
            assert_eq!(choice.why(member, healthy), why);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]
        #[test]
        fn choices_follow_the_weights(primary in 1u8.., second in 1u8.., healthy: bool, seed: u64) {
            let found = f64::from(of_primary(&Choice::weighted([primary, second]), [healthy; 2], seed));
            let share = f64::from(primary) / (f64::from(primary) + f64::from(second));
            let (mean, deviation) = (share * f64::from(DRAWS), (share * (1.0 - share) * f64::from(DRAWS)).sqrt());
            prop_assert!((found - mean).abs() <= 6.0 * deviation + 1.0, "{primary}:{second}: {found}, not {mean}");
        }

        #[test]
        fn a_sick_member_is_never_first_while_the_other_is_healthy(weights: [u8; 2], primary: bool, seed: u64) {
            let (mut random, healthy) = (Random::seeded(seed), [primary, !primary]);
            for choice in [Choice::weighted(weights), Choice::failover()] {
                prop_assert_eq!(choice.first(healthy, &mut random), usize::from(!primary));
            }
        }
    }
}

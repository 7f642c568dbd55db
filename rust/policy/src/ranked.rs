//! The running part of latency, geolocation, geoproximity and IP-based routing: the best healthy location for a client.

use std::sync::Arc;

use edgeplane_base::random::Random;

use crate::{Chosen, Client, Policy, Steering};

/// Which policy made a ranking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ranking {
    /// Shortest time to a region first.
    Latency,
    /// Smallest area around the client first.
    Geolocation,
    /// Shortest biased distance first.
    Geoproximity,
    /// Longest prefix first.
    IpBased,
}

impl Ranking {
    /// The policy's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Latency => "latency",
            Self::Geolocation => "geolocation",
            Self::Geoproximity => "geoproximity",
            Self::IpBased => "ip-based",
        }
    }
}

/// Candidates in the order that a steering table gives for the client's address; the first healthy one is chosen, and
/// the first of all when none is healthy.
///
/// Derived: one bit for each location, set while its candidate is healthy.
#[derive(Debug, Clone)]
pub struct Ranked {
    kind: Ranking,
    steering: Arc<Steering>,
    candidates: Vec<u16>,
}

impl Ranked {
    /// `candidates` gives the candidate at each location of the table. `None` when their numbers differ.
    pub fn new(kind: Ranking, steering: Arc<Steering>, candidates: Vec<u16>) -> Option<Self> {
        let fits = candidates.len() == usize::from(steering.locations());
        fits.then_some(Self { kind, steering, candidates })
    }

    /// The candidates for a client, best first, for explanations.
    pub fn order(&self, client: &Client) -> impl Iterator<Item = u16> + '_ {
        let (ranking, _) = self.steering.ranking(client);
        ranking.iter().filter_map(|&location| self.candidate(location))
    }

    #[inline]
    fn candidate(&self, location: u16) -> Option<u16> {
        self.candidates.get(usize::from(location)).copied()
    }
}

impl Policy for Ranked {
    fn name(&self) -> &'static str {
        self.kind.name()
    }

    fn derive(&self, healthy: &[bool], out: &mut Vec<u32>) {
        let is_healthy = |&candidate: &u16| healthy.get(usize::from(candidate)) == Some(&true);
        let word =
            |chunk: &[u16]| chunk.iter().rev().fold(0, |word, candidate| word << 1 | u32::from(is_healthy(candidate)));
        out.clear();
        out.extend(self.candidates.chunks(32).map(word));
    }

    #[inline]
    fn select(&self, derived: &[u32], client: &Client, _: &mut Random, chosen: &mut Chosen) {
        let (ranking, scope) = self.steering.ranking(client);
        let is_healthy = |&&location: &&u16| {
            derived.get(usize::from(location >> 5)).is_some_and(|word| word >> (location & 31) & 1 == 1)
        };
        let best = ranking.iter().find(is_healthy).or(ranking.first());
        chosen.only_within(best.and_then(|&location| self.candidate(location)), scope);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::battery::Battery;
    use crate::steering::RankingsBuilder;
    use edgeplane_geo::PrefixTable;

    /// Clients of 10/8 prefer location 40 to 3, of 11/8 have 7 alone, others have none.
    fn policy(locations: u16) -> Ranked {
        let mut rankings = RankingsBuilder::default();
        let none = rankings.number(&[]);
        let prefixes = [("10.0.0.0/8", rankings.number(&[40, 3])), ("11.0.0.0/8", rankings.number(&[7]))];
        let table = PrefixTable::build(prefixes.map(|(prefix, n)| (prefix.parse().unwrap(), n)), none);
        let steering = Steering::new(table, rankings.finish(), locations).unwrap();
        Ranked::new(Ranking::Latency, Arc::new(steering), (0..locations).map(|n| n % 5).collect()).unwrap()
    }

    fn client(address: &str) -> Client {
        address.parse::<std::net::IpAddr>().unwrap().into()
    }

    #[test]
    fn the_first_healthy_location_is_chosen() {
        let (policy, mut derived, mut chosen) = (policy(41), Vec::new(), Chosen::default());
        for (healthy, address, expected) in [
            ([true; 5], "10.1.1.1", Some(0)),
            ([false, true, true, true, true], "10.1.1.1", Some(3)),
            ([false; 5], "10.1.1.1", Some(0)),
            ([false, false, true, false, false], "11.1.1.1", Some(2)),
            ([true, true, false, true, true], "11.1.1.1", Some(2)),
            ([true; 5], "12.1.1.1", None),
        ] {
            policy.derive(&healthy, &mut derived);
            policy.select(&derived, &client(address), &mut Random::seeded(1), &mut chosen);
            assert_eq!(chosen.indexes().first().copied(), expected, "{healthy:?} {address}");
        }
        assert_eq!(chosen.scope(), 6, "12.0.0.0/6 has no location throughout");
        assert_eq!(policy.order(&client("10.1.1.1")).collect::<Vec<_>>(), [0, 3]);
    }

    #[test]
    fn candidates_must_fit_the_table() {
        let steering = policy(41).steering;
        assert!(Ranked::new(Ranking::Latency, steering, vec![0; 40]).is_none());
    }

    #[test]
    fn keeps_the_contract() {
        let policy = policy(41);
        Battery::of(&policy, 5)
            .clients(&["10.0.0.1", "11.0.0.1", "12.0.0.1", "::1"])
            .eligible(|c| policy.order(c).collect())
            .run();
    }
}

//! The contract of `Policy`, run over every implementation.

use std::net::IpAddr;

use edgeplane_base::random::Random;

use crate::{Chosen, Client, Policy};

/// The candidates that a client may be given.
type Eligible<'a> = Box<dyn Fn(&Client) -> Vec<u16> + 'a>;

/// A policy under test with the candidates that its clients may be given.
pub(crate) struct Battery<'a> {
    policy: &'a dyn Policy,
    candidates: usize,
    clients: Vec<Client>,
    eligible: Eligible<'a>,
}

/// Any client.
pub(crate) fn client() -> Client {
    IpAddr::from([192, 0, 2, 1]).into()
}

impl<'a> Battery<'a> {
    /// All candidates are eligible for all clients, unless said otherwise.
    pub fn of(policy: &'a dyn Policy, candidates: usize) -> Self {
        Self {
            policy,
            candidates,
            clients: vec![client()],
            eligible: Box::new(move |_| (0..candidates as u16).collect()),
        }
    }

    pub fn clients(mut self, addresses: &[&str]) -> Self {
        self.clients = addresses.iter().map(|address| address.parse::<IpAddr>().unwrap().into()).collect();
        self
    }

    pub fn eligible(mut self, eligible: impl Fn(&Client) -> Vec<u16> + 'a) -> Self {
        self.eligible = Box::new(eligible);
        self
    }

    /// Every state of health, every client, several draws; `chosen` comes back dirty from the draw before.
    pub fn run(self) {
        let (mut random, mut derived, mut chosen) = (Random::seeded(42), vec![7; 3], Chosen::default());
        for mask in 0..1u32 << self.candidates {
            let healthy: Vec<bool> = (0..self.candidates).map(|n| mask >> n & 1 == 1).collect();
            self.policy.derive(&healthy, &mut derived);
            for client in &self.clients {
                for _ in 0..20 {
                    self.policy.select(&derived, client, &mut random, &mut chosen);
                    self.judge(&healthy, client, &chosen);
                }
            }
        }
    }

    fn judge(&self, healthy: &[bool], client: &Client, chosen: &Chosen) {
        let (name, indexes) = (self.policy.name(), chosen.indexes());
        let eligible = (self.eligible)(client);
        let is_healthy = |index: &u16| healthy[usize::from(*index)];
        assert!(indexes.iter().all(|index| eligible.contains(index)), "{name} chose {indexes:?} of {eligible:?}");
        assert_eq!(indexes.is_empty(), eligible.is_empty(), "{name} chooses something where it can");
        let distinct: std::collections::HashSet<_> = indexes.iter().collect();
        assert_eq!(distinct.len(), indexes.len(), "{name} chose one twice: {indexes:?}");
        if eligible.iter().any(is_healthy) {
            assert!(indexes.iter().all(is_healthy), "{name} chose {indexes:?} under {healthy:?}");
        }
        assert!(chosen.scope() <= if client.address.is_ipv4() { 32 } else { 128 });
    }
}

/// How often each candidate comes in 10,000 draws from a fixed seed.
pub(crate) fn frequencies(policy: &dyn Policy, healthy: &[bool]) -> Vec<u32> {
    let (mut random, mut derived, mut chosen) = (Random::seeded(11), Vec::new(), Chosen::default());
    let mut counts = vec![0; healthy.len()];
    policy.derive(healthy, &mut derived);
    for _ in 0..10_000 {
        policy.select(&derived, &client(), &mut random, &mut chosen);
        chosen.indexes().iter().for_each(|&index| counts[usize::from(index)] += 1);
    }
    counts
}

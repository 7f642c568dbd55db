//! The contract that every policy keeps.

use std::net::IpAddr;

use edgeplane_base::random::Random;

/// Candidates that one choice may name: a multivalue answer has up to eight records.
pub const CHOSEN_MAX: usize = 8;

/// Chooses among candidates that are numbered from 0.
///
/// Every policy keeps this: it never chooses an unhealthy candidate while a healthy one is eligible for the client; it
/// chooses as if all were healthy when none is; it chooses nothing only when no candidate is eligible.
pub trait Policy: Send + Sync {
    /// The policy's name in logs and explanations: `weighted`, `latency`.
    fn name(&self) -> &'static str;

    /// Called when health moves, off the serving threads: replaces `out` with flat words that `select` reads.
    /// `healthy` has an entry for each candidate.
    fn derive(&self, healthy: &[bool], out: &mut Vec<u32>);

    /// Called for each query: replaces what `chosen` holds. Does not allocate. `derived` is what `derive` made.
    fn select(&self, derived: &[u32], client: &Client, random: &mut Random, chosen: &mut Chosen);
}

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Client {
    /// From EDNS client subnet where given, else the source of the query.
    pub address: IpAddr,
    /// How many leading bits of the address are the client's: the subnet's length, else all.
    pub bits: u8,
}

impl From<IpAddr> for Client {
    /// A client whose whole address is known.
    #[inline]
    fn from(address: IpAddr) -> Self {
        Self { address, bits: if address.is_ipv4() { 32 } else { 128 } }
    }
}

/// The outcome: up to `CHOSEN_MAX` candidates.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Chosen {
    indexes: [u16; CHOSEN_MAX],
    len: u8,
    scope: u8,
}

impl Chosen {
    /// The candidates in the order in which they should be given out; none means that no candidate fits the client.
    #[inline]
    pub fn indexes(&self) -> &[u16] {
        self.indexes.get(..usize::from(self.len)).unwrap_or(&[])
    }

    /// How many bits of the client's address decided (RFC 7871 scope); 0 when the choice is the same for all.
    #[inline]
    pub fn scope(&self) -> u8 {
        self.scope
    }

    /// Holds this candidate alone, or none; the same for all clients.
    #[inline]
    pub fn only(&mut self, candidate: Option<u16>) {
        self.only_within(candidate, 0);
    }

    /// Holds this candidate alone, or none, for clients that share `scope` bits.
    #[inline]
    pub fn only_within(&mut self, candidate: Option<u16>, scope: u8) {
        self.clear();
        self.scope = scope;
        if let Some(candidate) = candidate {
            self.push(candidate);
        }
    }

    /// Holds nothing.
    #[inline]
    pub fn clear(&mut self) {
        (self.len, self.scope) = (0, 0);
    }

    /// Adds a candidate; one more than `CHOSEN_MAX` is left out.
    #[inline]
    pub fn push(&mut self, candidate: u16) {
        if let Some(slot) = self.indexes.get_mut(usize::from(self.len)) {
            *slot = candidate;
            self.len += 1;
        }
    }

    /// Puts the candidates into a random order.
    #[inline]
    pub fn shuffle(&mut self, random: &mut Random) {
        for n in (1..usize::from(self.len)).rev() {
            self.indexes.swap(n, random.below(n as u32 + 1) as usize);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chosen_holds_eight() {
        let mut chosen = Chosen::default();
        chosen.only_within(Some(3), 24);
        assert_eq!((chosen.indexes(), chosen.scope()), ([3].as_slice(), 24));
        chosen.clear();
        (0..10).for_each(|n| chosen.push(n));
        assert_eq!((chosen.indexes(), chosen.scope()), ([0, 1, 2, 3, 4, 5, 6, 7].as_slice(), 0));
        chosen.shuffle(&mut Random::seeded(1));
        let mut sorted = chosen.indexes().to_vec();
        assert_ne!(sorted, [0, 1, 2, 3, 4, 5, 6, 7]);
        sorted.sort_unstable();
        assert_eq!(sorted, [0, 1, 2, 3, 4, 5, 6, 7]);
    }
}

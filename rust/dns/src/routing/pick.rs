//! A query's choice: from a group through alias targets to blocks, without allocation.

use std::hint::black_box;

use edgeplane_base::random::Random;
use edgeplane_policy::{Chosen, Client};

use super::group::{Group, MAX_ALIAS_DEPTH, Target};
use super::{Derived, Routing};

/// Blocks that answer; none means that the name has no data for this client.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Picked {
    /// Number of the zone and offset of the block in it.
    pub blocks: [(u32, u32); 8],
    /// How many of `blocks` count.
    pub len: u8,
    /// Scope of the choice in bits of the client's address family (RFC 7871); 0 = the same for all clients.
    pub scope: u8,
}

impl Picked {
    /// The blocks that count.
    #[inline]
    pub fn blocks(&self) -> &[(u32, u32)] {
        self.blocks.get(..usize::from(self.len)).unwrap_or(&[])
    }

    #[inline]
    fn push(&mut self, zone: u32, block: u32) {
        if let Some(place) = self.blocks.get_mut(usize::from(self.len)) {
            *place = (zone, block);
            self.len += 1;
        }
    }
}

/// Groups that one query may ask: eight answers, each from the end of a longest chain. Aliases to multivalue groups of
/// aliases could otherwise ask for eight to the power of their depth.
const MAX_ASKED: usize = 8 * (MAX_ALIAS_DEPTH + 1);

/// Sees each choice as it is made.
pub(super) trait Trace {
    /// `group` was asked as the target of the `depth`-th alias of a chain.
    fn chose(&mut self, depth: usize, group: u32, chosen: &Chosen);
}

/// Looks away, at no cost.
struct Blind;

impl Trace for Blind {
    #[inline]
    fn chose(&mut self, _: usize, _: u32, _: &Chosen) {}
}

impl Routing {
    /// The blocks that answer `client`; follows alias targets, allocates nothing.
    #[inline]
    pub fn pick(&self, derived: &Derived, group: u32, client: &Client, random: &mut Random, picked: &mut Picked) {
        self.pick_traced(derived, group, client, random, picked, &mut Blind);
    }

    /// Reads where a group's candidates lead before one is chosen: that is on its way from memory while the policy looks for
    /// the client, and is not waited for after it.
    #[inline]
    fn approach(&self, group: &Group) {
        for at in [group.first, group.first + u32::from(group.len.saturating_sub(1))] {
            black_box(self.targets.get(at as usize).copied());
        }
    }

    /// The same choice under somebody's eyes.
    #[inline]
    pub(super) fn pick_traced(
        &self,
        derived: &Derived,
        group: u32,
        client: &Client,
        random: &mut Random,
        picked: &mut Picked,
        trace: &mut impl Trace,
    ) {
        picked.len = 0;
        picked.scope = 0;
        Walk { routing: self, derived, client, random, picked, trace, left: MAX_ASKED }.group(group, 0);
    }
}

struct Walk<'a, T> {
    routing: &'a Routing,
    derived: &'a Derived,
    client: &'a Client,
    random: &'a mut Random,
    picked: &'a mut Picked,
    trace: &'a mut T,
    left: usize,
}

impl<T: Trace> Walk<'_, T> {
    /// Inlined where it begins: most groups lead to no other.
    #[inline]
    fn group(&mut self, number: u32, depth: usize) {
        let (Some(group), Some(left)) = (self.routing.groups.get(number as usize), self.left.checked_sub(1)) else {
            return;
        };
        self.left = left;
        self.routing.approach(group);
        let mut chosen = Chosen::default();
        group.policy.select(self.derived.words(number), self.client, self.random, &mut chosen);
        self.trace.chose(depth, number, &chosen);
        self.picked.scope = self.picked.scope.max(chosen.scope());
        for &index in chosen.indexes() {
            self.candidate(group.first + u32::from(index), depth);
        }
    }

    #[inline]
    fn candidate(&mut self, number: u32, depth: usize) {
        match self.routing.targets.get(number as usize).map(|&packed| Target::from(packed)) {
            Some(Target::Block(zone, block)) => self.picked.push(zone, block),
            Some(Target::Group(group)) if depth < MAX_ALIAS_DEPTH => self.alias(group, depth + 1),
            _ => {}
        }
    }

    #[inline(never)]
    fn alias(&mut self, group: u32, depth: usize) {
        self.group(group, depth);
    }
}

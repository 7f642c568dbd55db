//! From the name asked for to records, along chains (RFC 1034 section 4.3.2).

use edgeplane_base::random::Random;

use super::owners::MAX_CHAIN;
use super::reply::{Reply, Section};
use super::{Asked, Outcome, Peer, Worker};
use crate::metrics::Counters;
use crate::plan::{Serving, Snapshot};
use crate::routing::{Client, Picked};
use crate::rrl::Kind;
use crate::wire::name::MAX_NAME;
use crate::wire::{Name, QName, Query, rcode, rtype};
use crate::zone::section::hash;
use crate::zone::{Block, Found, Node, Set, Zone, Zones};

/// Where a name belongs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    /// Number of its zone.
    pub zone: u32,
    /// Its hash there.
    pub hash: u64,
}

impl Place {
    /// The place of a name that is asked for by this type; none where no zone of it is served. A DS record belongs to the zone
    /// above its name, where that one is served too.
    #[inline]
    pub fn of(name: &QName, qtype: u16, zones: &Zones) -> Option<Self> {
        let above = if qtype == rtype::DS { zones.find(name.wire(), name.starts(), 1) } else { None };
        let zone = above.or_else(|| zones.find(name.wire(), name.starts(), 0))?;
        let hash = zones.get(zone).map_or(0, |zone| zone.hash(zone.relative(name)));
        Some(Self { zone, hash })
    }
}

/// Fills the reply with what the zones have for the question.
#[inline]
pub(super) fn resolve(
    worker: &mut Worker,
    serving: &Serving,
    asked: &Asked,
    query: &Query,
    peer: &Peer,
    reply: &mut Reply<'_>,
    outcome: &mut Outcome,
) {
    let subnet = query.edns.as_ref().and_then(|edns| edns.ecs).filter(|ecs| ecs.source > 0);
    let Worker { counters, target, random, .. } = worker;
    let mut resolver = Resolver {
        snapshot: &serving.snapshot,
        serving,
        client: subnet
            .map_or_else(|| Client::from(peer.address), |ecs| Client { address: ecs.address, bits: ecs.source }),
        qtype: query.qtype,
        counters,
        random,
        reply,
        outcome,
        extra: None,
        dnames: Vec::new(),
    };
    if resolver.name(&asked.name, asked.place, target) == Next::Follow {
        resolver.chain(target);
    }
    resolver.additional();
}

/// What to do after a name.
#[derive(PartialEq, Eq)]
enum Next {
    Done,
    /// Go on with the name that `target` holds.
    Follow,
}

struct Resolver<'a, 's> {
    snapshot: &'a Snapshot,
    serving: &'a Serving,
    client: Client,
    qtype: u16,
    counters: &'a Counters,
    random: &'a mut Random,
    reply: &'a mut Reply<'s>,
    outcome: &'a mut Outcome,
    /// The set whose additional addresses are still to be added: its zone, its block, and the cut that it delegates.
    extra: Option<(u32, u32, Option<u32>)>,
    /// Owners of the DNAME records in the answer: what a chain meets again is not said again.
    dnames: Vec<Vec<u8>>,
}

impl Resolver<'_, '_> {
    fn chain(&mut self, target: &mut QName) {
        let mut name = target.clone();
        for _ in 0..MAX_CHAIN {
            let place = Place::of(&name, self.qtype, &self.snapshot.zones);
            if self.name(&name, place, target) == Next::Done {
                return;
            }
            name.clone_from(target);
        }
    }

    #[inline]
    fn name(&mut self, name: &QName, place: Option<Place>, target: &mut QName) -> Next {
        let Some(Place { zone: number, hash: hash_there }) = place else {
            if self.reply.owners.is_question() {
                self.outcome.rcode = rcode::REFUSED;
                self.reply.extended_error(Some(rcode::EDE_NOT_AUTHORITATIVE));
            }
            return Next::Done;
        };
        let Some(zone) = self.snapshot.zones.get(number) else { return Next::Done };
        self.outcome.zone.get_or_insert(number);
        let (node, counted) = match zone.lookup(name, hash_there, self.qtype == rtype::DS) {
            Found::Name(node) => (node, name.wire()),
            Found::Wildcard(node) => (node, node.relative()),
            Found::Cut(node) => return self.referral(zone, number, node),
            Found::Dname(node) => return self.dname(zone, node, name, target),
            Found::Nothing => {
                self.outcome.rcode = rcode::NXDOMAIN;
                return self.negative(zone);
            }
        };
        self.reply.authoritative();
        if self.reply.owners.is_question() {
            self.outcome.kind = Kind::Positive;
            self.outcome.hash = hash(counted) as u32;
        }
        self.node(zone, number, node, target)
    }

    #[inline]
    fn node(&mut self, zone: &Zone, number: u32, node: Node<'_>, target: &mut QName) -> Next {
        if let Some(set) = node.set(self.qtype) {
            return self.set(zone, number, node, set);
        }
        if self.qtype == rtype::ANY {
            return self.any(zone, number, node);
        }
        if node.is(crate::zone::section::node::CNAME)
            && let Some(set) = node.set(rtype::CNAME)
        {
            return self.cname(zone, number, node, set, target);
        }
        self.negative(zone)
    }

    #[inline]
    fn set(&mut self, zone: &Zone, number: u32, node: Node<'_>, set: Set) -> Next {
        match set {
            Set::Block(offset) => {
                self.counters.answers_simple.add(1);
                let block = zone.block(offset);
                if !block.additional.is_empty() {
                    self.extra = Some((number, offset, None));
                }
                if !self.reply.block(Section::Answer, &block, self.random) {
                    self.reply.truncate();
                }
            }
            Set::Routed(index) => {
                if !self.routed(number, node, index) {
                    return self.negative(zone);
                }
            }
        }
        Next::Done
    }

    /// Lets a policy choose; `false` where it has nothing for this client.
    fn routed(&mut self, number: u32, node: Node<'_>, index: u32) -> bool {
        let routing = &self.snapshot.routing;
        let group = routing.first_group(number) + index;
        let mut picked = Picked::default();
        routing.pick(&self.serving.derived, group, &self.client, self.random, &mut picked);
        self.reply.scope = self.reply.scope.max(picked.scope);
        self.counters.policy(routing.policy(group)).add(1);
        for (from, offset) in picked.blocks() {
            let home = (*from == number).then_some(node.offset());
            if !self.chosen(*from, *offset, home) {
                self.reply.truncate();
                break;
            }
        }
        picked.len > 0
    }

    /// Adds a chosen block. Its pointers hold at the node that it was made for, `home` where that is in the same zone;
    /// any other name gets its rdata in full.
    fn chosen(&mut self, zone: u32, offset: u32, home: Option<u32>) -> bool {
        let Some(from) = self.snapshot.zones.get(zone) else { return true };
        let block = from.block(offset);
        if block.fixups.is_empty() || home == Some(block.node) {
            return self.reply.block(Section::Answer, &block, self.random);
        }
        let owner = from.node(block.node).name();
        let kind = block.records.get(2..4).and_then(|b| b.try_into().ok()).map_or(0, u16::from_be_bytes);
        block.records(&owner).iter().all(|(ttl, rdata)| self.reply.made(Section::Answer, kind, *ttl, rdata))
    }

    /// One set of the name, the first by type that has something for this client, unless all are wanted (RFC 8482
    /// section 4.1).
    #[cold]
    fn any(&mut self, zone: &Zone, number: u32, node: Node<'_>) -> Next {
        let one = self.snapshot.settings.minimal_any;
        let before = self.reply.answers();
        for (_, set) in node.sets() {
            match set {
                Set::Block(_) => drop(self.set(zone, number, node, set)),
                Set::Routed(index) => drop(self.routed(number, node, index)),
            }
            if self.reply.is_truncated() || one && self.reply.answers() > before {
                return Next::Done;
            }
        }
        if self.reply.answers() == before { self.negative(zone) } else { Next::Done }
    }

    fn cname(&mut self, zone: &Zone, number: u32, node: Node<'_>, set: Set, target: &mut QName) -> Next {
        let rdata = self.reply.position() + 12;
        let before = self.reply.answers();
        self.set(zone, number, node, set);
        if self.reply.answers() == before {
            return Next::Done;
        }
        self.follow(rdata, target)
    }

    /// Goes on with the name just written at a position, unless the chain has passed it.
    fn follow(&mut self, position: usize, target: &mut QName) -> Next {
        let mut name = [0; 256];
        let (len, inline) = self.reply.name_at(position, &mut name);
        let Some(name) = name.get(..len).filter(|name| !self.reply.passed(name)) else { return Next::Done };
        if target.set(name) && self.reply.owners.push(position, inline, len) { Next::Follow } else { Next::Done }
    }

    /// A name below a DNAME is an alias of the same name below its target (RFC 6672 section 3.2).
    #[cold]
    fn dname(&mut self, zone: &Zone, node: Node<'_>, name: &QName, target: &mut QName) -> Next {
        self.reply.authoritative();
        self.outcome.kind = Kind::Positive;
        self.outcome.hash = hash(node.relative()) as u32;
        let Some(Set::Block(offset)) = node.set(rtype::DNAME) else { return Next::Done };
        let block = zone.block(offset);
        let owner = node.name();
        let Some((ttl, rdata)) = block.records(&owner).into_iter().next() else { return Next::Done };
        if self.dnames.contains(&owner) {
            if is_below(&rdata, &owner) {
                // The name would only grow.
                return Next::Done;
            }
        } else {
            let pointer = self.reply.owners.tail(owner.len());
            if !self.reply.block_under(Section::Answer, &block, pointer, self.random) {
                self.reply.truncate();
                return Next::Done;
            }
            self.dnames.push(owner.clone());
        }
        let prefix = name.wire().len().saturating_sub(owner.len());
        let alias = [name.wire().get(..prefix).unwrap_or(&[]), &rdata].concat();
        if alias.len() > MAX_NAME {
            self.outcome.rcode = rcode::YXDOMAIN;
            return Next::Done;
        }
        let rdata = self.reply.position() + 12;
        if !self.reply.made(Section::Answer, rtype::CNAME, ttl, &alias) {
            self.reply.truncate();
            return Next::Done;
        }
        if self.qtype == rtype::CNAME { Next::Done } else { self.follow(rdata, target) }
    }

    /// NODATA or NXDOMAIN: the SOA says how long to remember it (RFC 2308).
    fn negative(&mut self, zone: &Zone) -> Next {
        self.reply.authoritative();
        // Names that do not exist share a rate, else each random one would have its own.
        if self.reply.owners.is_question() && self.outcome.rcode == rcode::NXDOMAIN {
            self.outcome.kind = Kind::Negative;
            self.outcome.hash = hash(zone.apex()) as u32;
        }
        if !self.reply.block(Section::Authority, &zone.block(zone.negative()), self.random) {
            self.reply.truncate();
        }
        Next::Done
    }

    /// The name servers of a delegation; not authoritative unless a chain led here.
    fn referral(&mut self, zone: &Zone, number: u32, cut: Node<'_>) -> Next {
        if self.reply.owners.is_question() {
            self.outcome.kind = Kind::Referral;
            self.outcome.hash = hash(cut.relative()) as u32;
        }
        let Some(Set::Block(offset)) = cut.set(rtype::NS) else { return Next::Done };
        if self.reply.block(Section::Authority, &zone.block(offset), self.random) {
            self.extra = Some((number, offset, Some(cut.offset())));
        } else {
            self.reply.truncate();
        }
        Next::Done
    }

    /// Addresses that go with the answer. What lies below the cut itself must come along (RFC 9471); the rest may.
    fn additional(&mut self) {
        let Some((number, offset, cut)) = self.extra else { return };
        let Some(zone) = self.snapshot.zones.get(number).filter(|_| !self.reply.is_truncated()) else { return };
        let block: Block<'_> = zone.block(offset);
        let cut = cut.map(|cut| zone.node(cut).relative());
        for entry in block.additional {
            let node = zone.node(u32::from_le_bytes(*entry));
            let needed = cut.is_some_and(|cut| node.relative().ends_with(cut));
            for address in [rtype::A, rtype::AAAA] {
                let Some(Set::Block(offset)) = node.set(address) else { continue };
                let fits = self.reply.address(node.relative(), zone.apex().len(), &zone.block(offset), self.random);
                if !fits && needed {
                    return self.reply.truncate();
                }
            }
        }
    }
}

/// Whether a name lies below another.
fn is_below(name: &[u8], above: &[u8]) -> bool {
    let parse = |wire: &[u8]| Name::from_wire(wire).ok();
    parse(name).zip(parse(above)).is_some_and(|(name, above)| name.is_within(&above))
}

//! Lays sorted records out as a section: nodes with their blocks, then the routed sets, then the hash table.

use std::collections::HashSet;

use super::build::{Built, Place, Records, RoutedSet, ZoneBuilder, relative};
use super::check::{At, Hides, check_apex, check_name};
use super::render::{Rendered, wants_addresses};
use super::section::{HEADER, MAGIC, MAGIC_SEEDED, MAX_SECTION, header, node, padded, set};
use super::sort::canonical;
use super::table::Table;
use crate::wire::name::{labels, suffixes};
use crate::wire::rdata::{folded, names_in};
use crate::wire::rtype;

/// Most octets of a block: with header, question and OPT it must fit a message.
const MAX_BLOCK: usize = 65_535 - 512;
/// Where a record that nobody wrote comes from.
const NOWHERE: Place = Place { file: 0, line: 0 };

/// The records of one name and type.
pub(super) struct PlainSet<'a> {
    pub rtype: u16,
    pub place: Place,
    /// (TTL, rdata)
    pub records: Vec<(u32, &'a [u8])>,
}

struct Ancestor {
    name: Vec<u8>,
    at: usize,
    /// Set where names below are not this zone's to answer.
    hides: Option<Hides>,
}

pub(super) struct Layout<'a> {
    builder: &'a mut ZoneBuilder,
    records: Records<'a>,
    routed: &'a [RoutedSet],
    apex: Vec<u8>,
    out: Vec<u8>,
    nodes: Vec<u32>,
    /// The node written last and those above it, the apex first.
    path: Vec<Ancestor>,
    /// The node of each routed set.
    routed_nodes: Vec<u32>,
    /// Where the offset of a node is still to be written: (position, name without the apex).
    links: Vec<(usize, Vec<u8>)>,
    record_count: u64,
    has_dnames: bool,
    max_labels: usize,
    soa: Option<(u32, Vec<u8>)>,
}

impl<'a> Layout<'a> {
    pub fn new(builder: &'a mut ZoneBuilder, records: Records<'a>, routed: &'a [RoutedSet]) -> Self {
        Self {
            apex: builder.apex().as_wire().to_vec(),
            builder,
            records,
            routed,
            out: Vec::new(),
            nodes: Vec::new(),
            path: Vec::new(),
            routed_nodes: Vec::new(),
            links: Vec::new(),
            record_count: 0,
            has_dnames: records.stored.iter().any(|record| record.rtype == rtype::DNAME),
            max_labels: 0,
            soa: None,
        }
    }

    pub fn run(mut self) -> Built {
        self.out.resize(HEADER, 0);
        self.out.extend_from_slice(&self.apex);
        self.pad();
        let nodes = self.out.len();
        self.walk();
        let nodes_end = self.out.len();
        let negative = self.negative();
        let routed = self.routed_index();
        let names = self.nodes.len();
        let table = Table::build(&self.out, &self.nodes);
        self.resolve_links(&table);
        let table_at = self.out.len();
        table.write(&mut self.out);
        let fields = [
            (header::NAMES, names),
            (header::NODES, nodes),
            (header::NODES_END, nodes_end),
            (header::NEGATIVE, negative),
            (header::ROUTED, routed),
            (header::ROUTED_COUNT, self.routed.len()),
            (header::TABLE, table_at),
            (header::SLOTS, table.slots()),
        ];
        for (field, value) in fields {
            self.put32(field, value as u32);
        }
        self.seal(names as u64, table.seed)
    }

    /// Every name in canonical order: those with records, those with routed sets, and the empty ones above them.
    fn walk(&mut self) {
        let mut plain = self.records;
        let mut routed = self.routed;
        let none = Records { stored: &[], ..plain };
        let apex_len = self.apex.len();
        loop {
            let next_plain = plain.split_owner();
            let next_routed = routed.first().map(|set| relative(&set.owner, apex_len));
            let owner = match (&next_plain, next_routed) {
                (None, None) => break,
                (Some((owner, ..)), None) => owner,
                (Some((a, ..)), Some(b)) if canonical(a, b).is_le() => a,
                (_, Some(owner)) => owner,
            };
            let own = match next_plain {
                Some((name, first, rest)) if name == owner => {
                    plain = rest;
                    first
                }
                _ => none,
            };
            let count = routed.iter().take_while(|set| relative(&set.owner, apex_len) == owner).count();
            let Some((own_routed, rest)) = routed.split_at_checked(count) else {
                break;
            };
            routed = rest;
            self.climb_to(owner, none);
            self.node(owner, own, own_routed);
        }
        if self.nodes.is_empty() {
            self.node(&[], none, &[]);
        }
    }

    /// Leaves the branch that `owner` is not on, and writes the empty non-terminals above it.
    fn climb_to(&mut self, owner: &[u8], none: Records<'a>) {
        while self.path.last().is_some_and(|above| !is_below(owner, &above.name)) {
            self.path.pop();
        }
        let mut missing = Vec::new();
        let mut above = owner;
        while let Some((&len, _)) = above.split_first() {
            above = above.get(usize::from(len) + 1..).unwrap_or(&[]);
            if self.path.last().is_some_and(|last| last.name == above) {
                break;
            }
            missing.push(above.to_vec());
        }
        for name in missing.iter().rev() {
            self.node(name, none, &[]);
        }
    }

    fn node(&mut self, owner: &[u8], own: Records<'a>, routed: &[RoutedSet]) {
        let hidden = self.path.last().and_then(|above| above.hides);
        let sets = self.sets_of(own);
        let at = At { owner, sets: &sets, routed, own, hidden };
        check_name(self.builder, &at);
        if owner.is_empty() {
            check_apex(self.builder, &at);
            self.soa = sets
                .iter()
                .find(|set| set.rtype == rtype::SOA)
                .and_then(|set| set.records.first().map(|(ttl, rdata)| (*ttl, rdata.to_vec())));
        }
        let flags = flags(&at);
        let depth = labels(owner).count();
        self.max_labels = self.max_labels.max(depth);
        let offset = self.out.len();
        self.out.extend_from_slice(&[owner.len() as u8, flags, (sets.len() + routed.len()) as u8, depth as u8]);
        self.out.extend_from_slice(owner);
        self.pad();
        self.sets(&at, offset);
        if owner.starts_with(b"\x01*") {
            self.mark_wild();
        }
        self.nodes.push(offset as u32);
        let hides = hidden.or_else(|| Hides::of(flags & node::CUT != 0, flags & node::DNAME != 0));
        self.path.push(Ancestor { name: owner.to_vec(), at: offset, hides });
    }

    /// A node's records by type.
    fn sets_of(&mut self, own: Records<'a>) -> Vec<PlainSet<'a>> {
        own.stored.chunk_by(|a, b| a.rtype == b.rtype).map(|stored| self.set_of(Records { stored, ..own })).collect()
    }

    /// Makes records of one type a set; drops what is said twice, whatever the case of its names.
    fn set_of(&mut self, own: Records<'a>) -> PlainSet<'a> {
        let first = own.stored.first();
        let (rtype, ttl) = first.map_or((0, 0), |record| (record.rtype, record.ttl));
        let mut set = PlainSet { rtype, place: first.map_or(NOWHERE, |record| record.place), records: Vec::new() };
        let mut said = HashSet::new();
        for record in own.stored {
            let rdata = own.rdata(record);
            if own.stored.len() > 1 && !said.insert(folded(rtype, rdata)) {
                self.builder.warn(record.place, "this record stands here a second time".into());
                continue;
            }
            set.records.push((ttl, rdata));
            if ttl != record.ttl {
                let message = format!("TTL {} differs from {ttl} of the set's first record, which is used", record.ttl);
                self.builder.warn(record.place, format!("{message} (RFC 2181 section 5.2)"));
            }
        }
        set
    }

    /// The sets of a node: first their list, then the blocks in the same order.
    fn sets(&mut self, at: &At<'_>, node: usize) {
        let list = self.out.len();
        self.out.resize(list + 8 * (at.sets.len() + at.routed.len()), 0);
        let mut plain = at.sets.iter().peekable();
        let mut routed = at.routed.iter().peekable();
        let mut position = list;
        loop {
            let routed_first = match (plain.peek(), routed.peek()) {
                (None, None) => break,
                (Some(plain), Some(routed)) => routed.rtype < plain.rtype,
                (None, Some(_)) => true,
                (Some(_), None) => false,
            };
            let entry = if routed_first {
                self.routed_nodes.push(node as u32);
                routed.next().map(|routed| (routed.rtype, set::ROUTED, self.routed_nodes.len() as u32 - 1))
            } else {
                plain.next().map(|plain| {
                    let owner_fixed = plain.rtype == rtype::NS && !at.owner.is_empty();
                    (plain.rtype, 0, self.block(at.owner, node as u32, plain, owner_fixed))
                })
            };
            let Some((rtype, flags, reference)) = entry else {
                break;
            };
            self.put32(position, u32::from(rtype) | u32::from(flags) << 16);
            self.put32(position + 4, reference);
            position += 8;
        }
    }

    /// Writes a block and returns its offset. `owner_fixed`: the owner is a fix-up, because the block also answers
    /// for names below its own.
    fn block(&mut self, owner: &[u8], node: u32, set: &PlainSet<'_>, owner_fixed: bool) -> u32 {
        let name = [owner, &self.apex].concat();
        let mut rendered = Rendered::default();
        for (ttl, rdata) in &set.records {
            rendered.record(&name, set.rtype, *ttl, rdata, owner_fixed);
        }
        self.record_count += set.records.len() as u64;
        let fits = rendered.bytes.len() <= MAX_BLOCK;
        if !fits {
            let kind = rtype::to_text(set.rtype);
            self.builder.fault(set.place, format!("the {kind} records of this name do not fit one DNS message"));
        }
        let additional = if fits { self.additional(set) } else { Vec::new() };
        let at = self.out.len();
        let counts = [set.records.len(), rendered.fixups.len(), rendered.bytes.len(), additional.len()];
        self.out.extend(counts.iter().flat_map(|count| (*count as u16).to_le_bytes()));
        for (position, tail) in &rendered.fixups {
            self.out.extend_from_slice(&(*position as u16).to_le_bytes());
            self.out.extend_from_slice(&(*tail as u16).to_le_bytes());
        }
        if !rendered.fixups.is_empty() {
            self.out.extend_from_slice(&node.to_le_bytes());
        }
        for target in additional {
            self.links.push((self.out.len(), target));
            self.out.extend_from_slice(&[0; 4]);
        }
        self.out.extend_from_slice(&rendered.bytes);
        self.pad();
        at as u32
    }

    /// Names inside this zone whose addresses go with an answer (RFC 1034 section 4.3.2 step 6, RFC 2782, RFC 9460).
    fn additional(&self, set: &PlainSet<'_>) -> Vec<Vec<u8>> {
        let mut found: Vec<Vec<u8>> = Vec::new();
        for (_, rdata) in set.records.iter().filter(|_| wants_addresses(set.rtype)) {
            for span in names_in(set.rtype, rdata) {
                let target = rdata.get(span).unwrap_or(&[]).to_ascii_lowercase();
                let Some(owner) = target.strip_suffix(self.apex.as_slice()) else {
                    continue;
                };
                if self.has_address(owner) && !found.iter().any(|known| known == owner) {
                    found.push(owner.to_vec());
                }
            }
        }
        found
    }

    /// Addresses that are the zone's to give: its own, and glue. Below a DNAME there are none.
    fn has_address(&self, owner: &[u8]) -> bool {
        self.records.at(owner).any(|record| matches!(record.rtype, rtype::A | rtype::AAAA))
            && !(self.has_dnames && self.is_redirected(owner))
    }

    /// Whether a name lies below a DNAME, and this one below no delegation.
    fn is_redirected(&self, owner: &[u8]) -> bool {
        let has = |name: &[u8], rtype: u16| self.records.at(name).any(|record| record.rtype == rtype);
        let hides = |name: &[u8]| Hides::of(has(name, rtype::NS) && !name.is_empty(), has(name, rtype::DNAME));
        suffixes(owner).skip(1).filter_map(hides).last() == Some(Hides::Dname)
    }

    /// The SOA as negative answers carry it: its owner by fix-up, its TTL no higher than the minimum (RFC 2308 section 3).
    fn negative(&mut self) -> usize {
        let Some((ttl, rdata)) = self.soa.clone() else {
            return 0;
        };
        let minimum = rdata.last_chunk::<4>().map_or(0, |b| u32::from_be_bytes(*b));
        let set = PlainSet { rtype: rtype::SOA, place: NOWHERE, records: vec![(ttl.min(minimum), &rdata)] };
        let apex = self.nodes.first().copied().unwrap_or(0);
        let at = self.block(&[], apex, &set, true);
        self.record_count -= 1;
        at as usize
    }

    fn routed_index(&mut self) -> usize {
        let mut index = Vec::new();
        let sets = self.routed;
        for (set, node) in sets.iter().zip(std::mem::take(&mut self.routed_nodes)) {
            let owner = relative(&set.owner, self.apex.len());
            let blocks: Vec<u32> =
                set.candidates.iter().map(|records| self.candidate(owner, node, set.rtype, records)).collect();
            index.extend_from_slice(&node.to_le_bytes());
            index.extend_from_slice(&set.rtype.to_le_bytes());
            index.extend_from_slice(&(blocks.len() as u16).to_le_bytes());
            index.extend_from_slice(&(self.out.len() as u32).to_le_bytes());
            index.extend_from_slice(&(set.doc.len() as u32).to_le_bytes());
            index.extend(blocks.iter().flat_map(|block| block.to_le_bytes()));
            self.out.extend_from_slice(&set.doc);
            self.pad();
        }
        let at = self.out.len();
        self.out.extend_from_slice(&index);
        at
    }

    fn candidate(&mut self, owner: &[u8], node: u32, rtype: u16, records: &[(u32, Vec<u8>)]) -> u32 {
        if records.is_empty() {
            return 0;
        }
        let records = records.iter().map(|(ttl, rdata)| (*ttl, rdata.as_slice())).collect();
        self.block(owner, node, &PlainSet { rtype, place: NOWHERE, records }, false)
    }

    fn resolve_links(&mut self, table: &Table) {
        for (position, name) in std::mem::take(&mut self.links) {
            let offset = table.find(&self.out, &name).unwrap_or(0);
            self.put32(position, offset);
        }
    }

    fn mark_wild(&mut self) {
        let above = self.path.last().map_or(0, |above| above.at);
        if let Some(flags) = self.out.get_mut(above + 1) {
            *flags |= node::WILD;
        }
    }

    fn seal(mut self, names: u64, seed: u64) -> Built {
        let length = self.out.len();
        if length > MAX_SECTION {
            let apex = self.builder.apex().to_string();
            self.builder
                .fault_at(&apex, "the zone is larger than 4 GiB when compiled; split it by a delegation".into());
        }
        let tail = self.soa.as_ref().and_then(|(_, rdata)| rdata.last_chunk::<20>());
        let serial = tail.and_then(|tail| tail.first_chunk::<4>()).map_or(0, |serial| u32::from_be_bytes(*serial));
        self.put32(header::LENGTH, length as u32);
        self.put32(header::SERIAL, serial);
        self.put32(header::RECORDS, self.record_count as u32);
        let apex = [self.apex.len() as u8, labels(&self.apex).count() as u8, self.max_labels as u8, 0];
        self.put32(header::APEX, u32::from_le_bytes(apex));
        let magic = if seed == 0 { MAGIC } else { MAGIC_SEEDED };
        for (at, octets) in [(0, magic), (header::SEED, seed.to_le_bytes())] {
            if let Some(to) = self.out.get_mut(at..at + 8) {
                to.copy_from_slice(&octets);
            }
        }
        self.out.shrink_to_fit();
        Built { section: self.out, records: self.record_count, names, serial, warnings: Vec::new() }
    }

    fn pad(&mut self) {
        self.out.resize(padded(self.out.len()), 0);
    }

    fn put32(&mut self, at: usize, value: u32) {
        if let Some(to) = self.out.get_mut(at..at + 4) {
            to.copy_from_slice(&value.to_le_bytes());
        }
    }
}

fn flags(at: &At<'_>) -> u8 {
    let has = |rtype: u16| at.sets.iter().any(|set| set.rtype == rtype);
    let cname = has(rtype::CNAME) || at.routed.iter().any(|set| set.rtype == rtype::CNAME);
    let hidden = at.hidden.is_some();
    let cut = has(rtype::NS) && !at.owner.is_empty() && !hidden;
    [(cut, node::CUT), (hidden, node::OCCLUDED), (has(rtype::DNAME), node::DNAME), (cname, node::CNAME)]
        .iter()
        .fold(0, |flags, (is, flag)| if *is { flags | flag } else { flags })
}

fn is_below(name: &[u8], above: &[u8]) -> bool {
    above.is_empty() || name.len() > above.len() && canonical_suffix(name, above)
}

/// Whether a name ends in whole labels like another.
fn canonical_suffix(name: &[u8], end: &[u8]) -> bool {
    let mut at = 0;
    while name.len() - at > end.len() {
        at += usize::from(name.get(at).copied().unwrap_or(0)) + 1;
        if at > name.len() {
            return false;
        }
    }
    name.get(at..) == Some(end)
}

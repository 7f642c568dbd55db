//! Reads a zone section that `validate` has found whole.

use std::ops::Range;

use edgeplane_base::Faults;
use edgeplane_net::prefetch::prefetch;

use super::section::{HEADER, SLOT, first_slot, header, padded, seeded_hash, set, tag, u16_at, u32_at, u64_at};
use super::validate::validate;

/// Octets of a cache line.
const LINE: usize = 64;

/// One zone, ready to answer from.
pub struct Zone {
    bytes: Box<[u8]>,
    apex_len: usize,
    apex_labels: u8,
    max_labels: u8,
    table: usize,
    slots: u32,
    seed: u64,
    routed: Vec<Routed>,
}

/// A set of a name and type whose answer a policy chooses, or an alias set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Routed {
    /// Offset of the node it stands at.
    pub node: u32,
    /// Record type.
    pub rtype: u16,
    /// Where its routing document stands in the section.
    pub doc: Range<usize>,
    /// One block a candidate; 0 for an alias.
    pub blocks: Vec<u32>,
}

/// What stands at a node for one type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Set {
    /// Offset of a block.
    Block(u32),
    /// Number in [`Zone::routed`].
    Routed(u32),
}

impl Zone {
    /// Takes a section after checking all of it; the faults name what is wrong.
    pub fn open(bytes: Vec<u8>) -> Result<Self, Faults> {
        let routed = validate(&bytes)?;
        Ok(Self {
            apex_len: usize::from(bytes.get(header::APEX).copied().unwrap_or(0)),
            apex_labels: bytes.get(header::APEX + 1).copied().unwrap_or(0),
            max_labels: bytes.get(header::APEX + 2).copied().unwrap_or(0),
            table: u32_at(&bytes, header::TABLE) as usize,
            slots: u32_at(&bytes, header::SLOTS),
            seed: u64_at(&bytes, header::SEED),
            routed,
            bytes: bytes.into_boxed_slice(),
        })
    }

    /// The whole section.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The zone's name, lower case, in wire form.
    #[inline]
    pub fn apex(&self) -> &[u8] {
        self.bytes.get(HEADER..HEADER + self.apex_len).unwrap_or(&[0])
    }

    /// Labels of the zone's name, the root's not counted.
    #[inline]
    pub fn apex_labels(&self) -> usize {
        usize::from(self.apex_labels)
    }

    /// Most labels that a name has in front of the apex; a name with more cannot exist.
    #[inline]
    pub fn max_labels(&self) -> usize {
        usize::from(self.max_labels)
    }

    /// SOA serial.
    pub fn serial(&self) -> u32 {
        u32_at(&self.bytes, header::SERIAL)
    }

    /// Number of records, candidates of routed sets included.
    pub fn records(&self) -> u64 {
        u64::from(u32_at(&self.bytes, header::RECORDS))
    }

    /// Number of names, empty non-terminals included.
    pub fn names(&self) -> u64 {
        u64::from(u32_at(&self.bytes, header::NAMES))
    }

    /// Routed sets; their place here is their number in this zone.
    pub fn routed(&self) -> &[Routed] {
        &self.routed
    }

    /// The routing document of a routed set.
    pub fn doc(&self, routed: &Routed) -> &[u8] {
        self.bytes.get(routed.doc.clone()).unwrap_or(&[])
    }

    /// The SOA record for authority sections of negative answers, its TTL lowered as RFC 2308 section 3 wants.
    #[inline]
    pub fn negative(&self) -> u32 {
        u32_at(&self.bytes, header::NEGATIVE)
    }

    /// The node of a lower-case wire name at or below the apex.
    pub fn find(&self, name: &[u8]) -> Option<Node<'_>> {
        let relative = name.len().checked_sub(self.apex_len)?;
        if name.get(relative..)? != self.apex() {
            return None;
        }
        self.find_relative(name.get(..relative)?)
    }

    /// The node of a lower-case wire name given without the apex.
    #[inline]
    pub fn find_relative(&self, relative: &[u8]) -> Option<Node<'_>> {
        self.find_hashed(relative, self.hash(relative))
    }

    /// The hash of a lower-case wire name given without the apex, under this zone's seed.
    #[inline]
    pub fn hash(&self, relative: &[u8]) -> u64 {
        seeded_hash(self.seed, relative)
    }

    /// The node of a lower-case wire name given without the apex, and with its hash.
    #[inline]
    pub fn find_hashed(&self, relative: &[u8], hash: u64) -> Option<Node<'_>> {
        let tag = tag(hash);
        let mut slot = first_slot(hash, self.slots);
        loop {
            let at = self.table + slot as usize * SLOT;
            let node = u32_at(&self.bytes, at + 4);
            if node == 0 {
                return None;
            }
            if u32_at(&self.bytes, at) == tag {
                let node = Node { zone: self, at: node as usize };
                if node.relative() == relative {
                    return Some(node);
                }
            }
            slot += 1;
            if slot == self.slots {
                slot = 0;
            }
        }
    }

    /// Has the place of the table brought near where a search for this hash begins.
    #[inline]
    pub fn approach_slot(&self, hash: u64) {
        self.bring(self.table + first_slot(hash, self.slots) as usize * SLOT);
    }

    /// Has the node brought near that a search for this hash would look at first.
    #[inline]
    pub fn approach_node(&self, hash: u64) {
        let (tag, first) = (tag(hash), first_slot(hash, self.slots));
        for slot in first..self.slots {
            let at = self.table + slot as usize * SLOT;
            let node = u32_at(&self.bytes, at + 4);
            if node == 0 {
                break;
            }
            if u32_at(&self.bytes, at) == tag {
                // A name with its sets, or a short block behind it, takes more than one line as often as not.
                self.bring(node as usize);
                self.bring(node as usize + LINE);
                break;
            }
        }
    }

    #[inline]
    fn bring(&self, at: usize) {
        if let Some(octet) = self.bytes.get(at) {
            prefetch(octet);
        }
    }

    /// The node at an offset that this zone gave out.
    #[inline]
    pub fn node(&self, offset: u32) -> Node<'_> {
        Node { zone: self, at: offset as usize }
    }

    /// All nodes in canonical order.
    pub fn nodes(&self) -> impl Iterator<Item = Node<'_>> {
        let end = u32_at(&self.bytes, header::NODES_END) as usize;
        let mut at = u32_at(&self.bytes, header::NODES) as usize;
        std::iter::from_fn(move || {
            if at >= end {
                return None;
            }
            let node = Node { zone: self, at };
            at = node.end();
            Some(node)
        })
    }

    /// The block at an offset that this zone gave out.
    #[inline]
    pub fn block(&self, offset: u32) -> Block<'_> {
        Block::read(&self.bytes, offset as usize)
    }

    /// A block's records as (TTL, rdata with its names written out).
    pub fn block_records(&self, block: u32, owner: &[u8]) -> Vec<(u32, Vec<u8>)> {
        self.block(block).records(owner)
    }
}

/// One name of a zone.
#[derive(Clone, Copy)]
pub struct Node<'a> {
    zone: &'a Zone,
    at: usize,
}

impl<'a> Node<'a> {
    /// Offset in the section.
    pub fn offset(&self) -> u32 {
        self.at as u32
    }

    #[inline]
    fn byte(&self, at: usize) -> u8 {
        self.zone.bytes.get(self.at + at).copied().unwrap_or(0)
    }

    /// The name without the apex, lower case.
    #[inline]
    pub fn relative(&self) -> &'a [u8] {
        let start = self.at + 4;
        self.zone.bytes.get(start..start + usize::from(self.byte(0))).unwrap_or(&[])
    }

    /// The whole name, lower case, in wire form.
    pub fn name(&self) -> Vec<u8> {
        [self.relative(), self.zone.apex()].concat()
    }

    /// Flags, see [`super::section::node`].
    #[inline]
    pub fn flags(&self) -> u8 {
        self.byte(1)
    }

    /// Whether a flag is set.
    #[inline]
    pub fn is(&self, flag: u8) -> bool {
        self.flags() & flag != 0
    }

    #[inline]
    fn sets_at(&self) -> usize {
        self.at + 4 + padded(usize::from(self.byte(0)))
    }

    /// What stands here for a type.
    #[inline]
    pub fn set(&self, rtype: u16) -> Option<Set> {
        let first = self.sets_at();
        let bytes = self.zone.bytes.get(first..first + 8 * usize::from(self.byte(2)))?;
        let (sets, _) = bytes.as_chunks::<8>();
        sets.iter().find(|set| u16_at(*set, 0) == rtype).map(read_set)
    }

    /// All sets here, by type.
    pub fn sets(&self) -> impl Iterator<Item = (u16, Set)> + use<'a> {
        let first = self.sets_at();
        let bytes = self.zone.bytes.get(first..first + 8 * usize::from(self.byte(2))).unwrap_or(&[]);
        bytes.as_chunks::<8>().0.iter().map(|set| (u16_at(set, 0), read_set(set)))
    }

    /// Offset behind this node and its blocks.
    pub fn end(&self) -> usize {
        let own = self.sets_at() + 8 * usize::from(self.byte(2));
        let last = self.sets().filter_map(|(_, set)| match set {
            Set::Block(block) => Some(block),
            Set::Routed(_) => None,
        });
        last.max().map_or(own, |block| Block::read(&self.zone.bytes, block as usize).end)
    }
}

#[inline]
fn read_set(bytes: &[u8; 8]) -> Set {
    let reference = u32_at(bytes, 4);
    if u16_at(bytes, 2) & set::ROUTED != 0 { Set::Routed(reference) } else { Set::Block(reference) }
}

/// One record set as it stands in a message.
#[derive(Clone, Copy)]
pub struct Block<'a> {
    /// Number of records.
    pub count: u16,
    /// Compression pointers to set: (position, octets of the name's end that it points at).
    pub fixups: &'a [[u8; 4]],
    /// Offset of the node that the fix-ups were made for; 0 where there are none.
    pub node: u32,
    /// Nodes whose addresses belong in the additional section.
    pub additional: &'a [[u8; 4]],
    /// The records.
    pub records: &'a [u8],
    /// Offset behind the block.
    pub end: usize,
}

impl<'a> Block<'a> {
    /// Reads the block at an offset; an empty one where the section ends before it.
    #[inline]
    pub fn read(bytes: &'a [u8], at: usize) -> Self {
        let octets = usize::from(u16_at(bytes, at + 4));
        let fixups_at = at + 8;
        let node_at = fixups_at + 4 * usize::from(u16_at(bytes, at + 2));
        let (node, additional_at) = match node_at - fixups_at {
            0 => (0, node_at),
            _ => (u32_at(bytes, node_at), node_at + 4),
        };
        let records_at = additional_at + 4 * usize::from(u16_at(bytes, at + 6));
        Self {
            count: u16_at(bytes, at),
            fixups: bytes.get(fixups_at..node_at).unwrap_or(&[]).as_chunks::<4>().0,
            node,
            additional: bytes.get(additional_at..records_at).unwrap_or(&[]).as_chunks::<4>().0,
            records: bytes.get(records_at..records_at + octets).unwrap_or(&[]),
            end: records_at + padded(octets),
        }
    }

    /// A fix-up's position in the records and its tail.
    #[inline]
    pub fn fixup(entry: &[u8; 4]) -> (usize, usize) {
        (usize::from(u16_at(entry, 0)), usize::from(u16_at(entry, 2)))
    }

    /// The fix-ups of a part of the records. They stand by position, so that a set of thousands costs no search of all
    /// for each of its records.
    #[inline]
    pub fn fixups_in(&self, part: Range<usize>) -> impl Iterator<Item = (usize, usize)> + use<'a> {
        let first = self.fixups.partition_point(|entry| Self::fixup(entry).0 < part.start);
        let rest = self.fixups.get(first..).unwrap_or(&[]);
        rest.iter().map(Self::fixup).take_while(move |(position, _)| *position < part.end)
    }

    /// The records one by one: where each starts, and the octets from its type on.
    pub fn each(&self) -> impl Iterator<Item = (usize, &'a [u8])> + use<'a> {
        let records = self.records;
        let mut at = 0;
        std::iter::from_fn(move || {
            let rdata = records.get(at + 10..at + 12)?;
            let length = rdata.try_into().map_or(0, u16::from_be_bytes);
            let start = at;
            at += 12 + usize::from(length);
            Some((start, records.get(start + 2..at)?))
        })
    }

    /// The records as (TTL, rdata with its names written out); `owner` is the name that the block stands at.
    pub fn records(&self, owner: &[u8]) -> Vec<(u32, Vec<u8>)> {
        let written_out = |start: usize, record: &[u8]| {
            let ttl = record.get(4..8).and_then(|b| b.try_into().ok()).map_or(0, u32::from_be_bytes);
            let (from, to) = (start + 12, start + 2 + record.len());
            let mut rdata = Vec::with_capacity(record.len());
            let mut at = from;
            for (position, tail) in self.fixups_in(from..to) {
                rdata.extend_from_slice(self.records.get(at..position).unwrap_or(&[]));
                rdata.extend_from_slice(owner.get(owner.len().saturating_sub(tail)..).unwrap_or(&[]));
                at = position + 2;
            }
            rdata.extend_from_slice(self.records.get(at..to).unwrap_or(&[]));
            (ttl, rdata)
        };
        self.each().map(|(start, record)| written_out(start, record)).collect()
    }
}

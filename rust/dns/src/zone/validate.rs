//! Checks a whole section before anything is answered from it.

use edgeplane_base::Faults;

use super::section::{HEADER, MAGIC, MAGIC_SEEDED, SLOT, header, padded, set, u16_at, u32_at, u64_at};
use super::view::{Block, Routed};
use crate::wire::Name;
use crate::wire::name::labels;

type Check<T> = Result<T, &'static str>;

/// The routed sets of a section in which every offset, length and name is right.
pub(super) fn validate(bytes: &[u8]) -> Result<Vec<Routed>, Faults> {
    let section = Section { bytes, apex: apex(bytes).map_err(fault)?, starts: Vec::new() };
    section.check().map_err(fault)
}

fn fault(what: &'static str) -> Faults {
    Faults::one("zone section", what)
}

fn apex(bytes: &[u8]) -> Check<&[u8]> {
    let seeded = match bytes.first_chunk() {
        Some(&MAGIC) => false,
        Some(&MAGIC_SEEDED) => true,
        _ => return Err("it does not start as a zone section of this release"),
    };
    if seeded != (u64_at(bytes, header::SEED) != 0) {
        return Err("its seed does not fit its first octets");
    }
    if u32_at(bytes, header::LENGTH) as usize != bytes.len() {
        return Err("its length is not the one that it was written with");
    }
    let len = bytes.get(header::APEX).copied().map_or(0, usize::from);
    let apex = bytes.get(HEADER..HEADER + len).ok_or("it ends inside the zone's name")?;
    let whole = Name::wire_len(apex) == Some(len);
    let labels_right = bytes.get(header::APEX + 1).copied().map(usize::from) == Some(labels(apex).count());
    if whole && labels_right { Ok(apex) } else { Err("the zone's name is malformed") }
}

struct Section<'a> {
    bytes: &'a [u8],
    apex: &'a [u8],
    /// A bit for each multiple of four at which a node starts.
    starts: Vec<u64>,
}

impl Section<'_> {
    fn check(mut self) -> Check<Vec<Routed>> {
        let nodes = u32_at(self.bytes, header::NODES) as usize;
        let end = u32_at(self.bytes, header::NODES_END) as usize;
        if nodes != HEADER + padded(self.apex.len()) || end > self.bytes.len() {
            return Err("its nodes are not where they belong");
        }
        self.starts = vec![0; end / 256 + 1];
        let names = self.nodes(nodes, end)?;
        if names != u32_at(self.bytes, header::NAMES) {
            return Err("it has another number of names than it says");
        }
        self.additional(nodes, end)?;
        self.negative()?;
        self.table(names)?;
        self.routed()
    }

    fn nodes(&mut self, mut at: usize, end: usize) -> Check<u32> {
        let mut names = 0;
        let routed = u32_at(self.bytes, header::ROUTED_COUNT);
        let mut next_routed = 0;
        while at < end {
            let head: [u8; 4] =
                self.bytes.get(at..at + 4).and_then(|b| b.try_into().ok()).ok_or("a node is cut off")?;
            let [len, _, sets, depth] = head;
            let name = self.bytes.get(at + 4..at + 4 + usize::from(len)).ok_or("a name is cut off")?;
            self.check_name(name, depth)?;
            if names == 0 && len != 0 {
                return Err("the first node is not the apex");
            }
            if let Some(word) = self.starts.get_mut(at / 256) {
                *word |= 1 << (at / 4 % 64);
            }
            let list = at + 4 + padded(name.len());
            let mut next = list + 8 * usize::from(sets);
            for entry in (list..next).step_by(8) {
                let reference = u32_at(self.bytes, entry + 4);
                if u16_at(self.bytes, entry + 2) & set::ROUTED != 0 {
                    if reference != next_routed {
                        return Err("a routed set has a wrong number");
                    }
                    next_routed += 1;
                } else if reference as usize == next {
                    next = self.block(next, end, len)?;
                } else {
                    return Err("a record set is not where it belongs");
                }
            }
            at = next;
            names += 1;
        }
        if at != end || next_routed != routed {
            return Err("its nodes do not end where they should");
        }
        Ok(names)
    }

    fn check_name(&self, name: &[u8], depth: u8) -> Check<()> {
        let count = labels(name).count();
        let whole = labels(name).map(|label| label.len() + 1).sum::<usize>() == name.len();
        let lower = !name.iter().any(u8::is_ascii_uppercase);
        let short = name.len() + self.apex.len() <= 255 && labels(name).all(|label| label.len() < 64);
        let max = self.bytes.get(header::APEX + 2).copied().unwrap_or(0);
        if whole && lower && short && count == usize::from(depth) && depth <= max {
            Ok(())
        } else {
            Err("a name is malformed")
        }
    }

    /// Checks one block; returns the offset behind it.
    fn block(&self, at: usize, end: usize, owner_len: u8) -> Check<usize> {
        let block = Block::read(self.bytes, at);
        let octets = usize::from(u16_at(self.bytes, at + 4));
        if !at.is_multiple_of(4) || block.end > end || block.records.len() != octets {
            return Err("a record set is cut off");
        }
        let mut seen = 0;
        let mut behind = 0;
        for (start, record) in block.each() {
            seen += 1;
            behind = start + 2 + record.len();
        }
        if seen != block.count || behind != octets || seen == 0 {
            return Err("a record set has other records than it says");
        }
        let longest = usize::from(owner_len) + self.apex.len();
        let mut from = 0;
        for (position, tail) in block.fixups.iter().map(Block::fixup) {
            if position < from || position + 2 > octets || tail > longest || tail < 1 {
                return Err("a compression pointer is out of place");
            }
            from = position + 2;
        }
        Ok(block.end)
    }

    fn is_node(&self, offset: u32) -> bool {
        let at = offset as usize;
        at.is_multiple_of(4) && self.starts.get(at / 256).is_some_and(|word| word >> (at / 4 % 64) & 1 == 1)
    }

    /// Additional nodes can be checked only when all nodes are known.
    fn additional(&self, mut at: usize, end: usize) -> Check<()> {
        while at < end {
            let len = self.bytes.get(at).copied().map_or(0, usize::from);
            let sets = self.bytes.get(at + 2).copied().map_or(0, usize::from);
            let list = at + 4 + padded(len);
            at = list + 8 * sets;
            for entry in (list..list + 8 * sets).step_by(8) {
                if u16_at(self.bytes, entry + 2) & set::ROUTED == 0 {
                    let block = Block::read(self.bytes, at);
                    self.links(&block)?;
                    at = block.end;
                }
            }
        }
        Ok(())
    }

    fn links(&self, block: &Block<'_>) -> Check<()> {
        let known = block.additional.iter().all(|entry| self.is_node(u32_at(entry, 0)));
        if known { Ok(()) } else { Err("a record set names a node that is none") }
    }

    fn negative(&self) -> Check<()> {
        let at = u32_at(self.bytes, header::NEGATIVE) as usize;
        self.block(at, self.bytes.len(), 0)?;
        let block = Block::read(self.bytes, at);
        if block.count == 1 { self.links(&block) } else { Err("its SOA is malformed") }
    }

    fn table(&self, names: u32) -> Check<()> {
        let table = u32_at(self.bytes, header::TABLE) as usize;
        let slots = u32_at(self.bytes, header::SLOTS) as usize;
        if slots <= names as usize
            || slots.checked_mul(SLOT).and_then(|len| len.checked_add(table)) != Some(self.bytes.len())
        {
            return Err("its hash table is not where it belongs");
        }
        let slots = self.bytes.get(table..).unwrap_or(&[]).as_chunks::<SLOT>().0;
        let used = slots.iter().map(|slot| u32_at(slot, 4)).filter(|node| *node != 0);
        let mut count = 0;
        for node in used {
            count += 1;
            if !self.is_node(node) {
                return Err("its hash table names a node that is none");
            }
        }
        if count == names { Ok(()) } else { Err("its hash table lacks names") }
    }

    fn routed(&self) -> Check<Vec<Routed>> {
        let mut at = u32_at(self.bytes, header::ROUTED) as usize;
        let count = u32_at(self.bytes, header::ROUTED_COUNT);
        let mut routed = Vec::new();
        let mut behind = 0;
        for _ in 0..count {
            let node = u32_at(self.bytes, at);
            let candidates = usize::from(u16_at(self.bytes, at + 6));
            let doc = u32_at(self.bytes, at + 8) as usize;
            let doc = doc..doc.saturating_add(u32_at(self.bytes, at + 12) as usize);
            let list = self.bytes.get(at + 16..at + 16 + 4 * candidates).ok_or("its routed sets are cut off")?;
            if !self.is_node(node) || self.bytes.get(doc.clone()).is_none() {
                return Err("a routed set is malformed");
            }
            let owner_len = self.bytes.get(node as usize).copied().unwrap_or(0);
            let blocks: Vec<u32> = list.as_chunks::<4>().0.iter().map(|block| u32::from_le_bytes(*block)).collect();
            for block in blocks.iter().map(|block| *block as usize).filter(|block| *block != 0) {
                // One behind the other: a block that is named a thousand times would be checked as often.
                if block < behind {
                    return Err("the record sets of a routed set are out of order");
                }
                behind = self.block(block, self.bytes.len(), owner_len)?;
                self.links(&Block::read(self.bytes, block))?;
            }
            routed.push(Routed { node, rtype: u16_at(self.bytes, at + 4), doc, blocks });
            at += 16 + 4 * candidates;
        }
        Ok(routed)
    }
}

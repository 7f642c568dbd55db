//! The hash table of a section's names while it is made.

use super::section::{SLOT, first_slot, seeded_hash, tag};

/// A table in which every name is found after few steps, whoever chose the names.
pub(super) struct Table {
    /// Seed of the hash; 0 where the names stand well without one.
    pub seed: u64,
    /// (tag, offset of the node); the offset 0 is a free slot.
    entries: Vec<(u32, u32)>,
}

impl Table {
    /// The table of the nodes at these offsets of a section. A slot and a third for each name: short probe sequences at
    /// 11 octets a name. Seeds are drawn from the section itself, so that the same zone gives the same octets; whoever
    /// chooses names for one of them draws others by it.
    pub fn build(section: &[u8], nodes: &[u32]) -> Self {
        let slots = nodes.len() * 4 / 3 + 1;
        let plain = Self::fill(section, nodes, slots, 0);
        plain.unwrap_or_else(|| {
            let mut seeds = blake3::Hasher::new().update(section).finalize_xof();
            let mut drawn = [0; 8];
            loop {
                seeds.fill(&mut drawn);
                let seed = u64::from_le_bytes(drawn).max(1);
                if let Some(table) = Self::fill(section, nodes, slots, seed) {
                    return table;
                }
            }
        })
    }

    /// The table under a seed; `None` as soon as a search in it would be long.
    fn fill(section: &[u8], nodes: &[u32], slots: usize, seed: u64) -> Option<Self> {
        let longest = longest_run(slots);
        let mut table = Self { seed, entries: vec![(0, 0); slots] };
        for &node in nodes {
            let hash = seeded_hash(seed, name_at(section, node));
            let free = table.run(hash).take(longest + 1).position(|(_, offset)| offset == 0)?;
            let slot = (first_slot(hash, slots as u32) as usize + free) % slots;
            *table.entries.get_mut(slot)? = (tag(hash), node);
        }
        (table.longest() <= longest).then_some(table)
    }

    /// The slots in the order in which a hash is looked for.
    fn run(&self, hash: u64) -> impl Iterator<Item = (u32, u32)> {
        let first = first_slot(hash, self.entries.len() as u32) as usize;
        let (before, from) = self.entries.split_at_checked(first).unwrap_or_default();
        from.iter().chain(before).copied()
    }

    /// Most taken slots side by side; a run goes on from the last slot to the first.
    fn longest(&self) -> usize {
        let (mut longest, mut run) = (0, 0);
        for &(_, node) in self.entries.iter().chain(&self.entries) {
            run = if node == 0 { 0 } else { run + 1 };
            longest = longest.max(run);
        }
        longest
    }

    /// The node of a name without the apex.
    pub fn find(&self, section: &[u8], name: &[u8]) -> Option<u32> {
        let mut taken = self.run(seeded_hash(self.seed, name)).map(|(_, node)| node).take_while(|&node| node != 0);
        taken.find(|&node| name_at(section, node) == name)
    }

    /// Number of slots.
    pub fn slots(&self) -> usize {
        self.entries.len()
    }

    /// Appends the table to its section.
    pub fn write(&self, section: &mut Vec<u8>) {
        section.reserve_exact(self.entries.len() * SLOT);
        for (tag, node) in &self.entries {
            section.extend_from_slice(&tag.to_le_bytes());
            section.extend_from_slice(&node.to_le_bytes());
        }
    }
}

/// Most taken slots side by side that are borne. In a table three quarters full, chance makes the longest run grow by 18
/// with each doubling of the slots; one of these it makes hardly ever.
fn longest_run(slots: usize) -> usize {
    32 * (slots.ilog2() as usize + 1)
}

/// The name of the node at an offset.
fn name_at(section: &[u8], offset: u32) -> &[u8] {
    let start = offset as usize + 4;
    let len = section.get(offset as usize).copied().map_or(0, usize::from);
    section.get(start..start + len).unwrap_or(&[])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A section of nothing but names, and where each stands.
    fn section(names: &[String]) -> (Vec<u8>, Vec<u32>) {
        let (mut octets, mut nodes) = (vec![0; 64], Vec::new());
        for name in names {
            nodes.push(octets.len() as u32);
            octets.extend([name.len() as u8 + 1, 0, 0, 1, name.len() as u8]);
            octets.extend(name.as_bytes());
        }
        (octets, nodes)
    }

    /// Names whose places without a seed are among the first `of` of a table for `count` names.
    fn chosen(count: usize, of: u32) -> Vec<String> {
        let slots = (count * 4 / 3 + 1) as u32;
        let name = |n: u64| format!("{n:07}");
        let wire = |name: &str| [&[name.len() as u8], name.as_bytes()].concat();
        (0..).map(name).filter(|name| first_slot(seeded_hash(0, &wire(name)), slots) < of).take(count).collect()
    }

    #[test]
    fn names_need_no_seed_unless_they_were_chosen_for_their_places() {
        let ordinary: Vec<String> = (0..20_000).map(|n| format!("host-{n}")).collect();
        let (octets, nodes) = section(&ordinary);
        assert_eq!(Table::build(&octets, &nodes).seed, 0);
        // All at one place, and side by side, each at its own.
        for hostile in [chosen(1_000, 1), chosen(1_000, 1_000)] {
            let (octets, nodes) = section(&hostile);
            let table = Table::build(&octets, &nodes);
            assert!(table.seed != 0 && table.longest() <= longest_run(table.slots()));
            assert_eq!(table.seed, Table::build(&octets, &nodes).seed, "the same zone gives the same octets");
            for (name, node) in hostile.iter().zip(nodes) {
                assert_eq!(table.find(&octets, &[&[7], name.as_bytes()].concat()), Some(node));
            }
            assert_eq!(table.find(&octets, b"\x05other"), None);
        }
    }
}

//! What one plan serves that another does not: for `--diff` and the report of a build.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::routing::doc::GroupDoc;
use crate::wire::{Name, rtype};
use crate::zone::{Node, Routed, Set, Zone};

/// Names listed for a zone at most; the rest is counted.
const MAX_LISTED: usize = 1_000;

/// What changes in one zone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// The zone.
    pub zone: String,
    /// Record sets, as `www.example.net. A`, that come.
    pub added: Vec<String>,
    /// Record sets that go.
    pub removed: Vec<String>,
    /// Record sets that become others.
    pub changed: Vec<String>,
    /// How many more there are than are listed.
    pub more: u64,
}

impl Change {
    fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty() && self.changed.is_empty()
    }
}

/// What changes from `old` to `new`, zone by zone; zones that stay the same are left out.
pub fn diff(old: &[Arc<Zone>], new: &[Arc<Zone>]) -> Vec<Change> {
    let mut pairs: BTreeMap<&[u8], (Option<&Zone>, Option<&Zone>)> = BTreeMap::new();
    old.iter().for_each(|zone| pairs.entry(zone.apex()).or_default().0 = Some(zone));
    new.iter().for_each(|zone| pairs.entry(zone.apex()).or_default().1 = Some(zone));
    let changes = pairs.into_iter().filter(|(_, (old, new))| !same(*old, *new));
    changes.map(|(apex, (old, new))| change(apex, old, new)).filter(|change| !change.is_empty()).collect()
}

fn same(old: Option<&Zone>, new: Option<&Zone>) -> bool {
    old.map(Zone::bytes) == new.map(Zone::bytes)
}

fn change(apex: &[u8], old: Option<&Zone>, new: Option<&Zone>) -> Change {
    let mut change = Change { zone: text(apex), ..Change::default() };
    for (zone, node, rtype, set) in sets(new) {
        match old.and_then(|old| Some((old, old.find(&node.name())?.set(rtype)?))) {
            None => list(&mut change.added, &mut change.more, &node, rtype),
            Some((old, before)) if !same_set(old, before, zone, set, &node) => {
                list(&mut change.changed, &mut change.more, &node, rtype);
            }
            Some(_) => {}
        }
    }
    for (_, node, rtype, _) in sets(old) {
        if new.and_then(|new| new.find(&node.name())?.set(rtype)).is_none() {
            list(&mut change.removed, &mut change.more, &node, rtype);
        }
    }
    change
}

fn sets(zone: Option<&Zone>) -> impl Iterator<Item = (&Zone, Node<'_>, u16, Set)> {
    zone.into_iter().flat_map(|zone| {
        zone.nodes().flat_map(move |node| node.sets().map(move |(rtype, set)| (zone, node, rtype, set)))
    })
}

fn list(names: &mut Vec<String>, more: &mut u64, node: &Node<'_>, rtype: u16) {
    if names.len() < MAX_LISTED {
        names.push(format!("{} {}", text(&node.name()), rtype::to_text(rtype)));
    } else {
        *more += 1;
    }
}

fn text(name: &[u8]) -> String {
    Name::from_wire(name).map_or_else(|error| error.to_string(), |name| name.to_string())
}

fn same_set(old: &Zone, before: Set, new: &Zone, after: Set, node: &Node<'_>) -> bool {
    match (before, after) {
        (Set::Block(before), Set::Block(after)) => same_block(old, before, new, after, node),
        (Set::Routed(before), Set::Routed(after)) => {
            let pair = old.routed().get(before as usize).zip(new.routed().get(after as usize));
            pair.is_some_and(|(before, after)| same_routed(old, before, new, after, node))
        }
        _ => false,
    }
}

fn same_block(old: &Zone, before: u32, new: &Zone, after: u32, node: &Node<'_>) -> bool {
    let (one, other) = (old.block(before), new.block(after));
    if one.records == other.records && one.fixups == other.fixups {
        return true;
    }
    let owner = node.name();
    let sorted = |zone: &Zone, block| {
        let mut records = zone.block_records(block, &owner);
        records.sort();
        records
    };
    sorted(old, before) == sorted(new, after)
}

fn same_routed(old: &Zone, before: &Routed, new: &Zone, after: &Routed, node: &Node<'_>) -> bool {
    let same_doc = match (GroupDoc::unpack(old.doc(before)), GroupDoc::unpack(new.doc(after))) {
        (Ok(before), Ok(after)) => without_places(before) == without_places(after),
        _ => false,
    };
    let same_one = |(&one, &other): (&u32, &u32)| {
        (one == 0) == (other == 0) && (one == 0 || same_block(old, one, new, other, node))
    };
    same_doc && before.blocks.len() == after.blocks.len() && before.blocks.iter().zip(&after.blocks).all(same_one)
}

/// Where a record set is written is nothing that a client sees.
fn without_places(mut doc: GroupDoc) -> GroupDoc {
    doc.candidates.iter_mut().for_each(|candidate| candidate.place.clear());
    doc
}

//! Which zone a name belongs to.

use std::sync::Arc;

use edgeplane_base::Faults;

use super::section::{first_slot, hash};
use super::view::Zone;

/// All zones of a snapshot, found by the end of a name.
#[derive(Default)]
pub struct Zones {
    zones: Vec<Arc<Zone>>,
    /// Open addressing over the hash of the apex: zone number + 1, 0 = free.
    table: Vec<(u64, u32)>,
    /// A bit for each number of labels that some apex has.
    levels: u128,
}

impl Zones {
    /// Indexes the zones; a name can be served once.
    pub fn new(zones: Vec<Arc<Zone>>) -> Result<Self, Faults> {
        let mut index = Self { table: vec![(0, 0); zones.len() * 2 + 1], levels: 0, zones: Vec::new() };
        for zone in zones {
            if index.exact(zone.apex()).is_some() {
                let name = crate::wire::Name::from_wire(zone.apex()).map_or_else(|e| e.to_string(), |n| n.to_string());
                return Err(Faults::one(name, "the zone stands twice in the plan"));
            }
            index.insert(zone);
        }
        Ok(index)
    }

    fn insert(&mut self, zone: Arc<Zone>) {
        let hash = hash(zone.apex());
        let mut slot = self.slot(hash);
        while self.table.get(slot).is_some_and(|(_, number)| *number != 0) {
            slot = (slot + 1) % self.table.len();
        }
        self.levels |= 1 << zone.apex_labels();
        self.zones.push(zone);
        if let Some(entry) = self.table.get_mut(slot) {
            *entry = (hash, self.zones.len() as u32);
        }
    }

    #[inline]
    fn slot(&self, hash: u64) -> usize {
        first_slot(hash, self.table.len() as u32) as usize
    }

    /// The zone with this number.
    #[inline]
    pub fn get(&self, number: u32) -> Option<&Arc<Zone>> {
        self.zones.get(number as usize)
    }

    /// All zones by number.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Zone>> {
        self.zones.iter()
    }

    /// Number of zones.
    pub fn len(&self) -> usize {
        self.zones.len()
    }

    /// Whether nothing is served.
    pub fn is_empty(&self) -> bool {
        self.zones.is_empty()
    }

    /// The zone of exactly this lower-case name.
    #[inline]
    pub fn exact(&self, apex: &[u8]) -> Option<u32> {
        let hash = hash(apex);
        let mut slot = self.slot(hash);
        loop {
            let (stored, number) = *self.table.get(slot)?;
            if number == 0 {
                return None;
            }
            if stored == hash && self.get(number - 1).is_some_and(|zone| zone.apex() == apex) {
                return Some(number - 1);
            }
            slot = if slot + 1 == self.table.len() { 0 } else { slot + 1 };
        }
    }

    /// The deepest zone that a lower-case name lies in. `starts` are the offsets of its labels, leftmost first, the
    /// root's included; the first `skip` of them are not tried.
    #[inline]
    pub fn find(&self, name: &[u8], starts: &[u8], skip: usize) -> Option<u32> {
        let labels = starts.len().checked_sub(1)?;
        for (n, start) in starts.iter().enumerate().skip(skip) {
            if self.levels >> (labels - n) & 1 == 1
                && let Some(number) = self.exact(name.get(usize::from(*start)..)?)
            {
                return Some(number);
            }
        }
        None
    }
}

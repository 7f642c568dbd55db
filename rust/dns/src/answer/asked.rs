//! A query on its way to its answer. Two others are read before its turn comes: what it will need of a zone is on its way from
//! memory meanwhile, and is not waited for then.
//!
//! ```text
//! read: slot of the zone's table ─► approach: node of the name ─► answer
//! ```
//! Neither step decides anything: the answer looks the name up as if nothing had been done, near by then.

use super::resolve::Place;
use crate::plan::Serving;
use crate::wire::query::{self, HEADER};
use crate::wire::{QName, Query, Refused};

/// One query, once it was read.
pub struct Asked {
    pub(super) name: QName,
    pub(super) query: Result<Query, Refused>,
    /// Where its name belongs; none where no zone is served for it.
    pub(super) place: Option<Place>,
}

impl Default for Asked {
    fn default() -> Self {
        Self { name: QName::default(), query: Err(Refused::Silence), place: None }
    }
}

impl Asked {
    /// Reads another query in this one's place, and has the slot of its name brought near.
    #[inline]
    pub fn read(&mut self, packet: &[u8], serving: &Serving) {
        self.query = query::parse(packet, &mut self.name);
        let zones = &serving.snapshot.zones;
        self.place = match &self.query {
            Ok(query) if query.end > HEADER => Place::of(&self.name, query.qtype, zones),
            _ => None,
        };
        if let Some(place) = self.place
            && let Some(zone) = zones.get(place.zone)
        {
            zone.approach_slot(place.hash);
        }
    }

    /// Has the node of its name brought near, once the slot is.
    #[inline]
    pub fn approach(&self, serving: &Serving) {
        if let Some(place) = self.place
            && let Some(zone) = serving.snapshot.zones.get(place.zone)
        {
            zone.approach_node(place.hash);
        }
    }
}

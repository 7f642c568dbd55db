//! Zones as far as plans need them, until the zone room offers its own.

use std::sync::Arc;

/// One zone.
pub struct Zone;

/// The zones of a snapshot.
pub struct Zones(Vec<Arc<Zone>>);

impl Zones {
    /// Zones in the order of their numbers.
    pub fn new(zones: Vec<Arc<Zone>>) -> Self {
        Self(zones)
    }

    /// All zones in the order of their numbers.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Zone>> {
        self.0.iter()
    }
}

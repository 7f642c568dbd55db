//! Plans: from what was configured to what the answering threads read.
//!
//! ```text
//! plan source ─ compile ─► envelope + sections ─ file ─► disk ─ file ─► Snapshot ─ routing.derive ─► Serving
//! ```

mod advice;
mod authority;
mod compile;
mod conflicts;
pub mod diff;
pub mod envelope;
pub mod export;
pub mod file;
mod inputs;
mod sets;
mod settings;
pub mod source;
mod tables;
#[cfg(test)]
mod tests;
mod zone;

use std::sync::Arc;

pub use compile::{Compiled, compile};
pub use envelope::Envelope;
pub use file::{Held, PlanFile};
pub use settings::{QueryLogSettings, RrlSettings, Settings, TcpSettings};
pub use source::PlanSource;

use crate::answer::Guard;
use crate::routing::{Derived, Routing};
use crate::zone::Zones;

/// Everything of one plan that answers are made from; never changes once made. The default serves nothing.
#[derive(Default)]
pub struct Snapshot {
    /// Generation of the plan.
    pub generation: u64,
    /// The zones, found by name.
    pub zones: Zones,
    /// Identifiers of the hosted zones by number; empty for a zone that only a file gives.
    pub zone_ids: Vec<String>,
    /// Groups of record sets with a routing policy, over all zones.
    pub routing: Routing,
    /// What stands between strangers and the zones.
    pub guard: Arc<Guard>,
    /// What the operator set.
    pub settings: Arc<Settings>,
}

/// What the answering threads hold: a snapshot and what health makes of it.
pub struct Serving {
    /// The plan.
    pub snapshot: Arc<Snapshot>,
    /// The plan's routing under the health of now.
    pub derived: Derived,
}

impl Serving {
    /// A snapshot with what `health` makes of it: `health(slot)` is `None` where nothing is known, which counts as healthy.
    pub fn derive(snapshot: Arc<Snapshot>, health: &dyn Fn(u32) -> Option<bool>) -> Self {
        let derived = snapshot.routing.derive(health);
        Self { snapshot, derived }
    }
}

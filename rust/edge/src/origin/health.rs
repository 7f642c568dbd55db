//! What is known of an origin's health: the state of its check, in the table that the checker writes.

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use edgeplane_policy::{HealthState, HealthTable};

/// The health table, once there is one. Read at every choice, without a lock: nothing has to follow it.
#[derive(Debug, Default)]
pub struct Health(ArcSwapOption<HealthTable>);

impl Health {
    /// Reads a table from now on.
    pub fn attach(&self, table: Arc<HealthTable>) {
        self.0.store(Some(table));
    }

    /// The state of a check; unknown where there is no table.
    pub fn state(&self, check: &Check) -> HealthState {
        self.0.load().as_ref().map_or(HealthState::Unknown, |table| table.state(check.slot))
    }
}

/// An origin's health check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// Its id.
    pub id: String,
    /// Its slot in the health table.
    pub slot: u32,
}

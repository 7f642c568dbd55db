//! Record sets with a routing policy: which of a name and type's sets answers a client.
//!
//! ```text
//! zone sections ─ build ─► groups, candidates, order ─ derive (health moved) ─► Derived ─┐
//!                                                        a query's group ─ pick ─────────┴─► blocks and scope
//! ```
//! A candidate is healthy when its own check is (unknown counts as healthy) and, with `EvaluateTargetHealth`, when one
//! candidate of its target is. A policy that finds no healthy candidate treats all as healthy.

mod build;
mod derive;
pub mod doc;
mod explain;
mod group;
mod order;
mod pick;
mod policies;
mod targets;
#[cfg(test)]
mod tests;

pub use derive::Derived;
pub use edgeplane_policy::Client;
pub use explain::{CandidateReport, Explain, GroupReport, policy_name, shown};
pub use group::{Kind, MAX_ALIAS_DEPTH};
pub use pick::Picked;
pub use targets::hidden_targets;

use group::{Candidate, Group, Packed};

/// The groups of all zones.
#[derive(Default)]
pub struct Routing {
    groups: Vec<Group>,
    candidates: Vec<Candidate>,
    /// Where each candidate leads: all that a query needs of it.
    targets: Vec<Packed>,
    /// Number of each zone's first group.
    first: Vec<u32>,
    /// Groups, alias targets before aliases.
    order: Vec<u32>,
}

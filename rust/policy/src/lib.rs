//! Routing policies and the health reader that they share. A policy never sees DNS: it chooses among numbered candidates.
//!
//! ```text
//! health table ─ epoch moves ─► derive(healthy) ─► flat words ─┐
//! client, random ──────────────────────────────────────────────┴─► select ─► Chosen: candidates and scope
//! ```
//! One file a policy. The four that know where a client is share their running part, `ranked`; their own files hold the
//! pure functions that rank candidates when a plan is built.

#[cfg(test)]
mod battery;
pub mod failover;
pub mod geolocation;
pub mod geoproximity;
pub mod health;
pub mod ip_based;
pub mod latency;
pub mod multivalue;
mod policy;
pub mod ranked;
pub mod simple;
pub mod steering;
pub mod weighted;

pub use failover::Failover;
pub use geolocation::GeoLocation;
pub use geoproximity::{GeoProximityLocation, Site};
pub use health::{HealthState, HealthTable};
pub use multivalue::Multivalue;
pub use policy::{CHOSEN_MAX, Chosen, Client, Policy};
pub use ranked::{Ranked, Ranking};
pub use simple::Simple;
pub use steering::{Rankings, Steering};
pub use weighted::Weighted;

//! Locations of record sets and place data → steering tables.
//!
//! ```text
//! record sets ─► Locations (sorted, distinct; key) ─┐
//! geo_database, latency_table, regions ─► Source ───┴─ build ─► Steering: client ranges → positions in Locations
//! cidr_collections ─────────────────────────────────┘
//! ```
//! Groups with one key share one table. A ranking names locations by their position, and the candidate at each location
//! is the group's own affair. All of this runs when a plan is built.

mod build;
mod locations;
mod source;

pub use edgeplane_policy::{GeoLocation, GeoProximityLocation, Ranked, Ranking, Site, Steering};
pub use locations::{Location, Locations};
pub use source::{Collection, Source};

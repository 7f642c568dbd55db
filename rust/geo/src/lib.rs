//! From a client prefix to a place: flat longest-prefix tables, place data, regions.
//!
//! ```text
//! MMDB or CSV ─ mmdb/csv ─► PrefixTable of place index + places ─┐
//! latency CSV ─ latency ──► PrefixTable of row + rows            ├─► rankings (dns/steering) ─► PrefixTable of ranking
//! regions CSV ─ regions ──► region → position                    ┘
//! ```
//! All of this runs when a plan is built; a query sees the last table alone.

mod bytes;
pub mod country;
pub mod csv;
mod described;
pub mod distance;
pub mod latency;
pub mod mmdb;
mod nest;
mod place;
mod prefix;
mod ranges;
pub mod regions;
mod sheet;
pub mod states;
mod table;

pub use bytes::Malformed;
pub use described::{Described, Words};
pub use distance::Position;
pub use latency::LatencyTable;
pub use nest::Nested;
pub use place::{Code, Place, Places};
pub use prefix::Prefix;
pub use regions::Regions;
pub use table::PrefixTable;

//! Presentation format (RFC 1035 section 5, RFC 3597) and zone files.
//!
//! ```text
//! file ─ cursor ─► tokens ─ zonefile ─► owner, TTL, type ─ rdata ─► wire ─► sink
//!                              └ generate: $GENERATE                  ▲
//!                                                    fields: one line a record type
//! ```

mod apl;
mod cursor;
pub mod fields;
mod generate;
mod loc;
pub mod name;
pub mod rdata;
mod scan;
mod show;
mod structured;
mod ttl;
pub mod write;
pub mod zonefile;

pub use rdata::{rdata_from_text, rdata_to_text};

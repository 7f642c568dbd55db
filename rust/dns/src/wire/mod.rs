//! Bytes ↔ values: names, record types, the query and its options.

pub mod ecs;
pub mod name;
pub mod qname;
pub mod query;
pub mod rcode;
pub mod rdata;
pub mod rtype;

pub use ecs::Ecs;
pub use name::Name;
pub use qname::QName;
pub use query::{Edns, Query, Refused};

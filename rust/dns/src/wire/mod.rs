//! Bytes ↔ values: names, record types, the query, the writer of answers.

pub mod name;
pub mod rdata;
pub mod rtype;

pub use name::Name;

//! HTTP/1.1: a load in a closed loop, and a server that does nothing but write.
//!
//! ```text
//! file of targets ─ targets ─► requests ─ client ─► keep-alive connections ─ response ─► tally ─► one JSON document
//! ```

pub mod client;
mod response;
pub mod server;
mod tally;
mod targets;

//! Authoritative DNS: zones, answers, routing, UDP and TCP service.
//!
//! ```text
//! packet ─ wire ─► query ─ zone/lookup ─► node ─ routing ─► block(s) ─ answer ─► packet, in the same buffer
//! ```

pub mod acl;
pub mod answer;
pub mod cookie;
pub mod error;
pub mod limits;
pub mod message;
pub mod metrics;
pub mod plan;
pub mod querylog;
pub mod routing;
pub mod rrl;
pub mod service;
pub mod steering;
pub mod tcp;
pub mod text;
pub mod udp;
pub mod wire;
pub mod zone;

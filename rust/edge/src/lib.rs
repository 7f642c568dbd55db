//! The HTTP cache at the edge: CloudFront's job.
//!
//! ```text
//! Request ─ distribution, behaviour ─ access ─ key ─ store ─ fresh ─────────────────────► Reply        (no waiting, no Python)
//!                                                      │ not
//!                                                      ▼
//!                               semantics ─ fill (one a key) ─ origin ─► store, and every waiter streams
//! ```

pub mod access;
pub mod behaviour;
pub mod fill;
pub mod origin;
pub mod plan;
pub mod semantics;
pub mod store;

//! The HTTP cache at the edge: CloudFront's job.
//!
//! ```text
//! Request ─ distribution, behaviour ─ access ─ key ─ store ─ fresh ─────────────────────► Reply        (no waiting, no Python)
//!                                                      │ not
//!                                                      ▼
//!                               semantics ─ fill (one a key) ─ origin ─► store, and every waiter streams
//! ```

pub mod access;
pub mod archive;
pub mod behaviour;
pub mod compress;
mod control;
mod course;
mod describe;
pub mod edge;
pub mod fill;
mod inspect;
pub mod limiter;
pub mod limits;
pub mod log;
pub mod metrics;
pub mod object;
pub mod origin;
mod outlook;
pub mod plan;
pub mod semantics;
pub mod service;
pub mod shared;
pub mod store;

pub use edge::Edge;

use std::sync::{Mutex, MutexGuard, PoisonError};

/// A lock whose holder panicked still guards a value that is whole: changes here are single assignments.
pub(crate) fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

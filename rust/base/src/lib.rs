//! Words that every part of edgeplane shares: faults, limits, clock, snapshot cell, counters. No I/O.

pub mod boxed;
pub mod calendar;
pub mod clock;
pub mod fault;
pub mod hex;
pub mod limits;
pub mod metrics;
pub mod random;
pub mod snapshot;

pub use fault::{Fault, Faults};
pub use hex::hex;
pub use limits::Limit;
pub use snapshot::{Reader, SnapshotCell};

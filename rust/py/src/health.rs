//! The health table (docs/ARCHITECTURE.md, "Health table").

use std::os::fd::{AsRawFd, OwnedFd};

use edgeplane_policy::health::{HealthState, HealthTable as Table};
use pyo3::exceptions::PyIndexError;
use pyo3::prelude::*;

use crate::node::owned;

/// One byte a check in memory shared between processes: 0 unknown, 1 healthy, 2 unhealthy.
#[pyclass(frozen, module = "edgeplane._core")]
pub struct HealthTable(Table);

#[pymethods]
impl HealthTable {
    /// A new table with all states unknown.
    #[staticmethod]
    fn create(slots: u32) -> PyResult<Self> {
        Ok(Self(Table::create(slots)?))
    }

    /// The table behind a descriptor, which stays the caller's.
    #[staticmethod]
    fn open(fd: i32) -> PyResult<Self> {
        let fd: OwnedFd = owned(fd)?;
        Ok(Self(Table::open(fd)?))
    }

    /// The descriptor; it is closed with the table.
    #[getter]
    fn fd(&self) -> i32 {
        self.0.fd().as_raw_fd()
    }

    #[getter]
    fn slots(&self) -> u32 {
        self.0.slots()
    }

    /// Moves when states moved.
    #[getter]
    fn epoch(&self) -> u64 {
        self.0.epoch()
    }

    /// When the checker last said that it lives: CLOCK_MONOTONIC in milliseconds.
    #[getter]
    fn heartbeat(&self) -> u64 {
        self.0.heartbeat()
    }

    fn get(&self, slot: u32) -> PyResult<u8> {
        self.check(slot)?;
        Ok(self.0.state(slot) as u8)
    }

    fn set(&self, slot: u32, state: u8) -> PyResult<()> {
        self.check(slot)?;
        if state > HealthState::Unhealthy as u8 {
            return Err(crate::border::wrong(format!("state {state} is none of 0 unknown, 1 healthy, 2 unhealthy")));
        }
        self.0.set(slot, state.into());
        Ok(())
    }

    /// Adds one to the epoch, so that readers derive anew.
    fn publish(&self) -> u64 {
        self.0.bump()
    }

    /// Says that the checker lives.
    fn beat(&self, ms: u64) {
        self.0.set_heartbeat(ms);
    }
}

impl HealthTable {
    fn check(&self, slot: u32) -> PyResult<()> {
        if slot < self.0.slots() {
            return Ok(());
        }
        Err(PyIndexError::new_err(format!("slot {slot}, but the table has {}", self.0.slots())))
    }
}

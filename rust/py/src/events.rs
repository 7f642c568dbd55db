//! What the core says to an operator, for Python's log.

use std::sync::{Mutex, PoisonError};

use edgeplane_node::Event;
use pyo3::prelude::*;

use crate::border::outside;

/// Gathers the core's events and panics from its making on; one a process.
#[pyclass(frozen, module = "edgeplane._core")]
pub struct Events(Mutex<edgeplane_node::Events>);

#[pymethods]
impl Events {
    #[new]
    fn new(py: Python<'_>) -> PyResult<Self> {
        outside(py, || edgeplane_node::Events::collect().map(|events| Self(Mutex::new(events))))
    }

    /// ([(level, target, message)] since the last call, how many were lost). Does not wait.
    fn take(&self) -> (Vec<(&'static str, String, String)>, u64) {
        let (events, lost) = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        let row = |Event { level, target, message }| (level, target, message);
        (events.into_iter().map(row).collect(), lost)
    }
}

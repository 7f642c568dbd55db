//! The memory tier of the edge as a cache of octets. `edgeplane.core.cache` stands in front of it.

use std::sync::Arc;

use edgeplane_edge::store::{Memory, Policy};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::border::wrong;

/// What an object of Python's costs beside the octets it holds: `sys.getsizeof(b"")`.
const HEAD: u64 = 33;

/// Octets by octets, in one shard: a value may fill all of it.
#[pyclass(frozen, module = "edgeplane._core")]
pub struct Cache(Memory<Py<PyBytes>>);

#[pymethods]
impl Cache {
    #[new]
    fn new(capacity: u64, policy: &str) -> PyResult<Self> {
        let names = || Policy::ALL.map(Policy::name).join(", ");
        let policy = Policy::from_name(policy).ok_or_else(|| wrong(format!("\"{policy}\" is none of {}", names())))?;
        if capacity == 0 {
            return Err(wrong("a cache of 0 octets holds nothing"));
        }
        Ok(Self(Memory::sharded(capacity, policy, 1, 1)))
    }

    /// The value that was put in, not a copy.
    #[pyo3(signature = (key, /))]
    fn get(&self, py: Python<'_>, key: &[u8]) -> Option<Py<PyBytes>> {
        self.0.get(key).map(|value| value.clone_ref(py))
    }

    #[pyo3(signature = (key, value, /))]
    fn put(&self, key: &[u8], value: Bound<'_, PyBytes>) -> bool {
        let weight = HEAD + value.as_bytes().len() as u64;
        self.0.insert(key.into(), Arc::new(value.unbind()), weight)
    }

    #[pyo3(signature = (key, /))]
    fn remove(&self, key: &[u8]) -> bool {
        self.0.remove(key).is_some()
    }

    fn clear(&self) {
        self.0.clear();
    }

    /// Neither a hit nor a miss.
    fn __contains__(&self, key: &[u8]) -> bool {
        self.0.peek(key).is_some()
    }

    fn __len__(&self) -> usize {
        self.0.stats().entries as usize
    }

    fn keys<'py>(&self, py: Python<'py>) -> Vec<Bound<'py, PyBytes>> {
        let mut keys: Vec<Box<[u8]>> = Vec::new();
        self.0.for_each(|key, _, _| keys.push(key.into()));
        keys.iter().map(|key| PyBytes::new(py, key)).collect()
    }

    /// Hits, misses, insertions, evictions, refusals, entries, weight.
    fn stats(&self) -> (u64, u64, u64, u64, u64, u64, u64) {
        let s = self.0.stats();
        (s.hits, s.misses, s.insertions, s.evictions, s.refusals, s.entries, s.weight)
    }
}

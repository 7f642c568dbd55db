//! Plans and the node that serves them; documents cross the border as MessagePack.

use std::collections::HashMap;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::time::Duration;

use edgeplane_base::Faults;
use edgeplane_dns::service::Sockets;
use edgeplane_node::{ExplainRequest, pack};
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use serde::Serialize;

use crate::border::{outside, wrong};

/// Runs plans on threads of its own. Every call leaves the interpreter lock.
#[pyclass(frozen, module = "edgeplane._core")]
pub struct Node(edgeplane_node::Node);

#[pymethods]
impl Node {
    #[new]
    fn new(py: Python<'_>) -> PyResult<Self> {
        outside(py, || edgeplane_node::Node::new().map(Self))
    }

    #[pyo3(signature = (path, force = false))]
    fn apply<'py>(&self, py: Python<'py>, path: PathBuf, force: bool) -> PyResult<Bound<'py, PyBytes>> {
        packed(py, || self.0.apply(&path, force))
    }

    /// As `apply`, for a plan that was kept: does without files that the plan names and that cannot be read.
    fn restore<'py>(&self, py: Python<'py>, path: PathBuf) -> PyResult<Bound<'py, PyBytes>> {
        packed(py, || self.0.restore(&path))
    }

    /// Faults for a plan file that is damaged anywhere.
    fn check(&self, py: Python<'_>, path: PathBuf) -> PyResult<()> {
        outside(py, || edgeplane_node::Node::check(&path))
    }

    /// Descriptors stay the caller's.
    fn serve(
        &self,
        py: Python<'_>,
        udp: Vec<i32>,
        tcp: Vec<i32>,
        http: Vec<i32>,
        https: Vec<i32>,
        health_fd: i32,
    ) -> PyResult<()> {
        let all = |numbers: Vec<i32>| numbers.into_iter().map(owned).collect::<PyResult<Vec<_>>>();
        let (health, sockets) = (owned(health_fd)?, Sockets { udp: all(udp)?, tcp: all(tcp)? });
        let web = edgeplane_edge::service::Sockets { http: all(http)?, https: all(https)? };
        outside(py, || {
            self.0.attach_health(health)?;
            self.0.serve_http(web)?;
            self.0.serve(sockets)
        })
    }

    /// A question to the edge, or an order (docs/ARCHITECTURE.md, "Questions to the edge").
    fn edge<'py>(&self, py: Python<'py>, request: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
        let answer = outside(py, || self.0.edge().ask(request))?;
        Ok(PyBytes::new(py, &answer))
    }

    fn stats<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        packed(py, || Ok(self.0.counted()))
    }

    fn status<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        packed(py, || Ok(self.0.status()))
    }

    fn explain<'py>(&self, py: Python<'py>, request: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
        packed(py, || self.0.explain(&ExplainRequest::read(request)?))
    }

    /// Whether all was done within `timeout` seconds.
    fn drain(&self, py: Python<'_>, timeout: f64) -> PyResult<bool> {
        let patience = Duration::try_from_secs_f64(timeout).map_err(wrong)?;
        outside(py, || Ok(self.0.drain(patience)))
    }

    fn stop(&self, py: Python<'_>) -> PyResult<()> {
        outside(py, || {
            self.0.stop();
            Ok(())
        })
    }

    fn reopen_logs(&self, py: Python<'_>) -> PyResult<()> {
        outside(py, || {
            self.0.reopen_logs();
            Ok(())
        })
    }
}

#[pyfunction]
#[pyo3(signature = (source, path, previous = None))]
pub fn build_plan<'py>(
    py: Python<'py>,
    source: &[u8],
    path: PathBuf,
    previous: Option<PathBuf>,
) -> PyResult<Bound<'py, PyBytes>> {
    packed(py, || edgeplane_node::build_plan(source, &path, previous.as_deref()))
}

#[pyfunction]
pub fn plan_diff(py: Python<'_>, old: PathBuf, new: PathBuf) -> PyResult<Bound<'_, PyBytes>> {
    packed(py, || edgeplane_node::diff_plans(&old, &new))
}

#[pyfunction]
pub fn export_zone(py: Python<'_>, path: PathBuf, name: &str) -> PyResult<String> {
    outside(py, || edgeplane_node::export_zone(&path, name))
}

#[pyfunction]
pub fn explain<'py>(py: Python<'py>, path: PathBuf, request: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
    packed(py, || edgeplane_node::explain_plan(&path, &ExplainRequest::read(request)?))
}

/// Name and help of every counter that `Node.stats` reports.
#[pyfunction]
pub fn metrics_help() -> HashMap<&'static str, &'static str> {
    let edge = edgeplane_edge::metrics::HELP.iter().chain(edgeplane_edge::metrics::ACCOUNT_HELP);
    let edge = edge.chain(edgeplane_edge::metrics::STORE_HELP);
    edge.chain(edgeplane_edge::origin::HELP).chain(edgeplane_dns::metrics::HELP).copied().collect()
}

/// A descriptor of our own for one that stays the caller's.
pub fn owned(fd: i32) -> PyResult<OwnedFd> {
    Ok(edgeplane_net::descriptor::duplicate(fd)?)
}

/// What `work` gives, as a MessagePack map.
fn packed<'py, T: Serialize>(
    py: Python<'py>,
    work: impl FnOnce() -> Result<T, Faults> + Send,
) -> PyResult<Bound<'py, PyBytes>> {
    let octets = outside(py, || work().map(|value| pack(&value)))?;
    Ok(PyBytes::new(py, &octets))
}

//! The border: the one function that leaves the interpreter lock, and the one place that turns errors into exceptions.

use edgeplane_base::Faults;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

/// Runs `work` without the interpreter lock; faults become `edgeplane.errors.ContentError`.
pub fn outside<T: Send>(py: Python<'_>, work: impl FnOnce() -> Result<T, Faults> + Send) -> PyResult<T> {
    py.detach(work).map_err(|faults| content_error(py, &faults))
}

/// A `ValueError` for one wrong argument.
pub fn wrong(why: impl ToString) -> PyErr {
    PyValueError::new_err(why.to_string())
}

fn content_error(py: Python<'_>, faults: &Faults) -> PyErr {
    raise(py, faults).unwrap_or_else(|failed| failed)
}

/// `ContentError` with its `faults`; both classes are Python's own.
fn raise(py: Python<'_>, faults: &Faults) -> PyResult<PyErr> {
    let errors = py.import("edgeplane.errors")?;
    let fault = errors.getattr("Fault")?;
    let list = faults.0.iter().map(|f| fault.call1((&f.place, f.line, &f.message))).collect::<PyResult<Vec<_>>>()?;
    Ok(PyErr::from_value(errors.getattr("ContentError")?.call1((list,))?))
}

//! The Python face of edgeplane: the extension module `edgeplane._core`. No logic: values in, values out.

mod border;
mod cache;
mod events;
mod health;
mod message;
mod node;
mod policy;
mod sign;
mod zone;

use mimalloc::MiMalloc;
use pyo3::prelude::*;

/// Of the core alone; the interpreter keeps its own (docs/decision/0021).
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// What Python sees. `edgeplane/_core.pyi` says the same with types.
#[pymodule]
mod _core {
    use super::*;

    #[pymodule_export]
    use super::cache::Cache;
    #[pymodule_export]
    use super::events::Events;
    #[pymodule_export]
    use super::health::HealthTable;
    #[pymodule_export]
    use super::message::{decode, encode, rdata_from_text, rdata_to_text, type_from_text, type_to_text};
    #[pymodule_export]
    use super::node::{Node, build_plan, explain, export_zone, metrics_help, plan_diff};
    #[pymodule_export]
    use super::policy::{PrefixTable, Selector};
    #[pymodule_export]
    use super::sign::{UrlSigner, UrlVerifier, custom_policy};
    #[pymodule_export]
    use super::zone::{Responder, read_zone, read_zone_text};

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}

//! From a plan to running services: builds plan files, applies them, follows health, explains answers.
//!
//! ```text
//! plan source ─ build ─► plan file ─ Node::apply ─► SnapshotCell<Serving> ─► serving threads
//! health table ─ epoch moved ─ follow (a thread of its own) ─┘
//! ```

mod build;
mod events;
mod explain;
mod follow;
mod node;
mod report;

#[cfg(test)]
mod tests;

pub use build::{build_plan, diff_plans, explain_plan, export_zone};
pub use events::{Event, Events};
pub use explain::{ExplainReport, ExplainRequest, Step};
pub use node::Node;
pub use report::{Applied, BuildReport, Counted, Status, ZoneReport, pack};

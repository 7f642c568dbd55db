//! Content codings: a suitable answer is encoded once, when it is fetched, and stored as it will be sent.
//!
//! ```text
//! answer ─ suitable? ─ Vary ─ coding of the key ─ place in the room ─► content read whole ─► encoder thread ─► relabel ─► store
//! ```

mod coding;
mod encoders;
mod head;
mod suitable;

pub use coding::{effort, encode, encode_with};
pub use encoders::{Encoders, Place};
pub use head::{add_vary, has_vary, relabel};
pub use suitable::is_suitable;

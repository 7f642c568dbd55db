//! Where responses are kept: the memory tier, the disk tier, generations. Knows octets, keys and weights, but no HTTP.
//!
//! ```text
//!  key ──► Memory ── Arc<V> ──► answer            Generations: is what was fetched at sequence n still to be served?
//!             │ none                              (asked of hits of both tiers)
//!             ▼                                   Written: was its URI changed since?
//!           Disk ── file, offset, length ──► answer by sendfile, or back into memory
//! ```
//!
//! `order` says which entry leaves first, `shelf` is entries in such an order; both tiers stand on them.

pub mod body;
pub mod disk;
pub mod generations;
pub(crate) mod hash;
pub mod limits;
pub mod memory;
pub mod order;
mod shelf;
pub mod written;

pub use body::hold;
pub use disk::{Disk, DiskHit};
pub use generations::{Generations, Subject};
pub use memory::Memory;
pub use order::Policy;
pub use written::Written;

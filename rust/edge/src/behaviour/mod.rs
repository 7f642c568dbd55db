//! Which behaviour serves a request, and under which key.
//!
//! ```text
//! Viewer (request, connection, place) ─► KeyRules::write       the key in the store
//!                                     ├► ForwardRules::outgoing  what the origin is asked
//!                                     └► ResponseHeaders::apply  what the answer gets and loses
//! ```

pub mod cookies;
pub mod device;
pub mod encodings;
pub mod forward;
pub mod generated;
pub mod key;
pub mod pattern;
pub mod query;
pub mod response_headers;
pub mod selection;
#[cfg(test)]
mod tests;
pub mod viewer;

pub use encodings::{Encoding, Encodings};
pub use forward::{ForwardRules, HeaderRule, Purpose};
pub use generated::Generated;
pub use key::{KeyHeader, KeyRules};
pub use pattern::PathPattern;
pub use response_headers::ResponseHeaders;
pub use selection::Selection;
pub(crate) use viewer::is_trusted;
pub use viewer::{Asked, Viewer};

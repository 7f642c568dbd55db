//! HTTP for the pillars that speak it: what a message is, the server's side of HTTP/1.1 and HTTP/2, the client's side.
//!
//! ```text
//! octets ─ h1, h2 ─► Request ─► Service::ready ─ yes ─► Reply: a prepared head and content, sent with one system call
//!                                    │ no
//!                                    └─► Service::handle(Session): streams, waits, tunnels
//! ```
//! One current-thread runtime a core; nothing here is `Send` that need not be.

pub mod client;
pub mod fields;
mod file;
pub mod h1;
pub mod h2;
pub mod method;
pub mod reply;
pub mod request;
pub mod response;
#[cfg(test)]
mod sample;
pub mod service;

pub use fields::Fields;
pub use method::Method;
pub use reply::{Content, Note, PreparedHead, Reply};
pub use request::{Framing, Request, Scheme, Version};
pub use response::Response;
pub use service::{Connection, Service, Session, SessionError, Tls};

//! TLS, the server's side (RFC 8446, RFC 5246): certificates by name, exchanged while it runs, and the handshake.
//!
//! ```text
//! PEM files ─► Certificates::load, reload ─► table ◄─ chosen by SNI ─ Acceptor::accept ─► TlsStream and Facts
//! a key made at run time ─► put, challenge ─┘                              accept_and_tell ─► and Fingerprints (JA3, JA4)
//! ```
//! What is chosen at a handshake is `Certificates` alone, so that another transport (QUIC) and another source of
//! certificates (ACME) take their part without the other.

mod acceptor;
mod certificates;
mod fingerprint;
mod leaf;
mod table;
#[cfg(test)]
mod tests;

pub use acceptor::{Acceptor, Facts, HandshakeError, Settings};
pub use certificates::{Certificates, Pair};
pub use fingerprint::Fingerprints;

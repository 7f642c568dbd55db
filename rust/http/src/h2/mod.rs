//! HTTP/2, the server's side (RFC 9113).
//!
//! ```text
//! octets ─ wire: meter counts frames ─► crate h2 ─► head: Request ─► Service::ready ─ yes ─► answer, at once, without a task
//!            ▲                                                          │ no
//!            └─ one write for all that one round made ◄─────────────────┴─► a task with a Session
//! ```
//! Crate `h2` knows streams, HPACK and flow control. Its floods are bounded there (CONTINUATION frames, empty DATA
//! frames, streams reset before they were seen or by our own errors) or by `meter` (resets, PING, SETTINGS, PRIORITY,
//! WINDOW_UPDATE, unknown frames); time is watched by `connection`.

mod connection;
mod content;
mod date;
mod head;
mod meter;
mod session;
mod wire;

#[cfg(test)]
mod tests;

pub use connection::{Ended, serve_connection};

use std::time::Duration;

/// What one connection may cost.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Streams open at a time (`SETTINGS_MAX_CONCURRENT_STREAMS`).
    pub streams: u32,
    /// Octets of a request's head, counted as RFC 9113 section 6.5.2 does: name, value and 32 for each field. A larger one
    /// is answered 431.
    pub head: u32,
    /// Octets of content that a client may send ahead of their reader, for a stream and for the connection.
    pub stream_window: u32,
    /// See `stream_window`.
    pub connection_window: u32,
    /// Time for the client's preface.
    pub preface: Duration,
    /// Time without a stream after which the connection is closed.
    pub idle: Duration,
    /// Time that a client may stand still in what it sends or reads; after it, it must keep `rate`.
    pub patience: Duration,
    /// Least octets a second, both ways, averaged over the time that we waited for the client.
    pub rate: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            streams: 128,
            // CloudFront's 20,480, and 64 fields' worth of counting.
            head: 20_480 + 64 * 32,
            stream_window: 128 << 10,
            connection_window: 1 << 20,
            preface: Duration::from_secs(10),
            idle: Duration::from_secs(60),
            patience: Duration::from_secs(30),
            rate: 500,
        }
    }
}

//! HTTP/2, the server's side (RFC 9113).
//!
//! ```text
//! octets ─ wire: meter counts frames ─► crate h2 ─► head: Request ─► Service::ready ─ yes ─► answer, at once, without a task
//!            ▲                                                          │ no
//!            └─ one write for all that one round made ◄─────────────────┴─► a task with a Session
//! ```
//! Crate `h2` knows streams, HPACK and flow control. Its floods are bounded there (CONTINUATION frames, empty DATA
//! frames, streams reset before they were seen or by our own errors) or by `meter` (resets, PING, SETTINGS, PRIORITY,
//! WINDOW_UPDATE, unknown frames, answers that are not read); time is watched by `connection`, memory by `pace`.

mod connection;
mod content;
mod date;
mod head;
mod meter;
mod pace;
mod session;
mod wire;

#[cfg(test)]
mod tests;

pub use connection::{Ended, serve_connection};

use std::time::Duration;

/// What one connection may cost. What HTTP/1.1 knows as well comes from its settings: `Settings::from(&h1)`.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Streams open at a time (`SETTINGS_MAX_CONCURRENT_STREAMS`).
    pub streams: u32,
    /// Octets of a request's head, counted as RFC 9113 section 6.5.2 does: name, value and 32 for each field. A larger one
    /// is answered 431.
    pub head_size: u32,
    /// Octets of a path with its query; a longer one is answered 414.
    pub target_size: usize,
    /// Fields of a request; more are answered 431.
    pub fields: usize,
    /// Octets of a request's content; more are answered 413, or end it with `SessionError::TooLarge`.
    pub content_size: u64,
    /// Octets of content that a client may send ahead of their reader, for a stream.
    pub stream_window: u32,
    /// See `stream_window`; for the connection.
    pub connection_window: u32,
    /// Time for the client's preface.
    pub preface: Duration,
    /// Time without a stream after which the connection is closed.
    pub idle: Duration,
    /// Time that a client may stand still in sending content; after it, it must keep `rate`.
    pub content_grace: Duration,
    /// Time that a client may stand still in reading an answer; after it, it must keep `rate`.
    pub send_grace: Duration,
    /// Least octets a second, both ways, averaged over the time that we waited for the client.
    pub rate: u64,
}

impl From<&crate::h1::Settings> for Settings {
    fn from(shared: &crate::h1::Settings) -> Self {
        let seconds = |seconds: u32| Duration::from_secs(seconds.into());
        Self {
            // Browsers use a hundred; nginx and HAProxy allow as many or fewer.
            streams: 128,
            head_size: (shared.head_size + 32 * shared.fields) as u32,
            target_size: shared.target_size,
            fields: shared.fields,
            content_size: shared.content_size,
            stream_window: 128 << 10,
            connection_window: 1 << 20,
            preface: seconds(shared.head_timeout_s),
            idle: seconds(shared.keep_alive_timeout_s),
            content_grace: seconds(shared.content_grace_s),
            send_grace: seconds(shared.send_grace_s),
            rate: shared.minimum_rate.into(),
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self::from(&crate::h1::Settings::default())
    }
}

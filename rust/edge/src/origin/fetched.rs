//! What a fetch gives: a head, and content that is read piece by piece.

use std::fmt::Display;
use std::sync::Arc;

use bytes::Bytes;
use edgeplane_http::Response;
use edgeplane_http::client::{self, Tunnel};

use super::counters::Counters;
use super::directory::FileContent;
use super::error::OriginError;
use super::told::Told;

/// A response from an origin. Boxed where it is handed on, which is often.
pub struct Fetched {
    /// Status and end-to-end fields, without `Content-Length`; of a 101 all fields.
    pub response: Response,
    /// Octets of the content where they are known before; of what a HEAD asked about.
    pub length: Option<u64>,
    /// The content.
    pub body: Incoming,
    /// How long what took.
    pub timing: Timing,
    /// After 101: the octets both ways.
    pub upgrade: Option<Tunnel>,
    /// Where it comes from, for the log; none before the fetch has ended.
    pub origin: Option<Arc<Told>>,
}

impl Fetched {
    /// Says in the log what went wrong with the content.
    pub fn tell(&self, what: &dyn Display) {
        if let Some(origin) = &self.origin {
            origin.tell(what);
        }
    }
}

/// How long what took.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Timing {
    /// Microseconds until there was a connection, name resolution and TLS included; none where one was kept.
    pub connect_us: Option<u64>,
    /// How many of them passed until the name had addresses.
    pub resolve_us: u64,
    /// Microseconds from the fetch's start to the response's head.
    pub first_octet_us: u64,
    /// Attempts made, 1 or more.
    pub attempts: u8,
}

/// The content of a response.
pub struct Incoming {
    source: Source,
    counters: Arc<Counters>,
}

/// Where content comes from.
pub(super) enum Source {
    None,
    Bytes(Bytes),
    Server(client::Incoming),
    File(Box<FileContent>),
}

impl Incoming {
    pub(super) fn new(source: Source, counters: Arc<Counters>) -> Self {
        Self { source, counters }
    }

    /// The next piece; none at the end. Content that is too short, too late or changed on the way is an error, never an
    /// end, and stays one.
    pub async fn next(&mut self) -> Result<Option<Bytes>, OriginError> {
        let next = match &mut self.source {
            Source::None => Ok(None),
            Source::Bytes(bytes) => Ok(Some(std::mem::take(bytes)).filter(|bytes| !bytes.is_empty())),
            Source::Server(content) => content.next().await.map_err(OriginError::Exchange),
            Source::File(content) => content.next().await,
        };
        match &next {
            Ok(Some(octets)) => self.counters.octets.add(octets.len() as u64),
            Ok(None) => {}
            Err(_) => self.counters.broken.add(1),
        }
        next
    }
}

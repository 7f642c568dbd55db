//! Content on its way out: as much as the client takes, and no more of it in memory than that.

use std::fs::File;
use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use edgeplane_net::reading::is_in_memory;
use h2::{Reason, SendStream};
use tokio::time::{Instant, timeout};

use super::Settings;
use crate::file::{read, read_now};
use crate::{Content, SessionError};

/// A part of a file that leaves in one piece, where it is in memory.
const SMALL: u64 = 32 << 10;
/// Octets of a file read at a time.
const PIECE: u64 = 128 << 10;
/// Octets handed to a stream at a time.
const SHARE: usize = 64 << 10;

/// Octets that are in memory; none: they are not, or they are too many to be copied in one piece.
pub(super) fn at_hand(content: &Content) -> Option<Bytes> {
    match content {
        Content::None => Some(Bytes::new()),
        Content::Bytes(bytes) => Some(bytes.clone()),
        Content::File { file, offset, length } if *length <= SMALL => {
            read_now(file, (*offset, *length as usize), is_in_memory(file))
        }
        Content::File { .. } => None,
    }
}

/// The sending half of a stream, and how slow its client is.
pub(super) struct Outlet {
    stream: SendStream<Bytes>,
    sent: u64,
    waited: Duration,
}

impl Outlet {
    pub fn new(stream: SendStream<Bytes>) -> Self {
        Self { stream, sent: 0, waited: Duration::ZERO }
    }

    /// Octets of content sent.
    pub fn sent(&self) -> u64 {
        self.sent
    }

    /// Sends content, and the end of the stream after it.
    pub async fn send(&mut self, content: &Content, last: bool, settings: &Settings) -> Result<(), SessionError> {
        match content {
            Content::File { file, offset, length } if *length > 0 => {
                self.send_file(file, *offset, *length, last, settings).await
            }
            Content::Bytes(octets) => self.send_bytes(octets.clone(), last, settings).await,
            Content::File { .. } | Content::None => self.send_bytes(Bytes::new(), last, settings).await,
        }
    }

    async fn send_file(
        &mut self,
        file: &Arc<File>,
        mut offset: u64,
        mut length: u64,
        last: bool,
        settings: &Settings,
    ) -> Result<(), SessionError> {
        let in_memory = is_in_memory(file);
        while length > 0 {
            let count = length.min(PIECE);
            let octets = read(file, (offset, count as usize), in_memory).await.map_err(|_| self.break_off(SOURCE))?;
            (offset, length) = (offset + count, length - count);
            self.send_bytes(octets, last && length == 0, settings).await?;
        }
        Ok(())
    }

    async fn send_bytes(&mut self, mut octets: Bytes, last: bool, settings: &Settings) -> Result<(), SessionError> {
        if octets.is_empty() && last {
            return self.end();
        }
        while !octets.is_empty() {
            self.stream.reserve_capacity(octets.len().min(SHARE));
            let room = self.room(settings).await?;
            let piece = octets.split_to(room.min(octets.len()));
            self.sent += piece.len() as u64;
            self.stream.send_data(piece, last && octets.is_empty()).map_err(|_| SessionError::Gone)?;
        }
        Ok(())
    }

    /// Ends the stream.
    pub fn end(&mut self) -> Result<(), SessionError> {
        self.stream.send_data(Bytes::new(), true).map_err(|_| SessionError::Gone)
    }

    /// Waits until the client has room.
    async fn room(&mut self, settings: &Settings) -> Result<usize, SessionError> {
        let ready = self.stream.capacity();
        if ready > 0 {
            return Ok(ready);
        }
        let begun = Instant::now();
        loop {
            let room = timeout(settings.send_grace, poll_fn(|cx| self.stream.poll_capacity(cx))).await;
            match room {
                Ok(Some(Ok(0))) => {}
                Ok(Some(Ok(room))) => {
                    self.waited += begun.elapsed();
                    return if too_slow(self.sent, self.waited, settings.send_grace, settings.rate) {
                        Err(self.slow())
                    } else {
                        Ok(room)
                    };
                }
                Ok(_) => return Err(SessionError::Gone),
                Err(_) => return Err(self.slow()),
            }
        }
    }

    fn slow(&mut self) -> SessionError {
        self.stream.send_reset(Reason::CANCEL);
        SessionError::Slow("reading the answer")
    }

    /// Tells the client that the answer is not whole.
    pub fn break_off(&mut self, why: &'static str) -> SessionError {
        self.stream.send_reset(Reason::INTERNAL_ERROR);
        SessionError::Unsupported(why)
    }

    /// Waits until the client has cancelled the stream or left.
    pub async fn gone(&mut self) {
        let _ = poll_fn(|cx| self.stream.poll_reset(cx)).await;
    }
}

const SOURCE: &str = "the content could not be read";

/// Whether so much in such a time of waiting is below the least rate, once the time of grace is over.
pub(super) fn too_slow(octets: u64, waited: Duration, grace: Duration, rate: u64) -> bool {
    waited > grace && octets < waited.as_secs() * rate
}

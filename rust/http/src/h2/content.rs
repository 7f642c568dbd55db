//! Content on its way out: as much as the client takes, and no more of it in memory than that.

use std::fs::File;
use std::future::poll_fn;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use h2::{Reason, SendStream};
use tokio::time::{Instant, timeout};

use super::Settings;
use crate::{Content, SessionError};

/// A part of a file that is read where it is needed; it lies in the page cache as a rule, and a thread change costs more.
const SMALL: u64 = 32 << 10;
/// Octets of a file read at a time, on a thread that may wait.
const PIECE: u64 = 128 << 10;
/// Octets handed to a stream at a time.
const SHARE: usize = 64 << 10;

/// Octets that are in memory, or can be had without waiting for long; none: they are too many for that.
pub(super) fn at_hand(content: &Content) -> Option<io::Result<Bytes>> {
    match content {
        Content::None => Some(Ok(Bytes::new())),
        Content::Bytes(bytes) => Some(Ok(bytes.clone())),
        Content::File { file, offset, length } if *length <= SMALL => Some(read(file, *offset, *length)),
        Content::File { .. } => None,
    }
}

fn read(file: &File, offset: u64, length: u64) -> io::Result<Bytes> {
    let mut octets = vec![0; length as usize];
    file.read_exact_at(&mut octets, offset)?;
    Ok(octets.into())
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
        if let Content::File { file, offset, length } = content
            && *length > SMALL
        {
            return self.send_file(file, *offset, *length, last, settings).await;
        }
        let octets = at_hand(content).unwrap_or_else(|| Ok(Bytes::new())).map_err(|_| self.break_off(SOURCE))?;
        self.send_bytes(octets, last, settings).await
    }

    async fn send_file(
        &mut self,
        file: &Arc<File>,
        mut offset: u64,
        mut length: u64,
        last: bool,
        settings: &Settings,
    ) -> Result<(), SessionError> {
        while length > 0 {
            let (file, from, count) = (file.clone(), offset, length.min(PIECE));
            let piece = tokio::task::spawn_blocking(move || read(&file, from, count)).await;
            let Ok(Ok(octets)) = piece else { return Err(self.break_off(SOURCE)) };
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

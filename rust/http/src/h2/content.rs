//! Content on its way out: as much as the client takes, and no more of it in memory than that.

use std::fs::File;
use std::future::poll_fn;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Buf, Bytes};
use edgeplane_net::reading::is_in_memory;
use h2::{Reason, SendStream};
use tokio::time::error::Elapsed;
use tokio::time::{Instant, timeout};

use super::Settings;
use super::pace::{Pace, Piece, Place};
use crate::file::{read, read_now};
use crate::{Content, SessionError};

/// A part of a file that leaves in one piece, where it is in memory.
const SMALL: u64 = 32 << 10;
/// Octets handed to a stream at a time.
const SHARE: u64 = 64 << 10;

/// The sending half of a stream, and how slow its client is.
pub(super) struct Outlet {
    stream: SendStream<Piece>,
    pace: Rc<Pace>,
    sent: u64,
    waited: Duration,
}

impl Outlet {
    pub fn new(stream: SendStream<Piece>, pace: Rc<Pace>) -> Self {
        Self { stream, pace, sent: 0, waited: Duration::ZERO }
    }

    /// Octets of content sent.
    pub fn sent(&self) -> u64 {
        self.sent
    }

    /// Sends all there is to send, where it is at hand and the client has room for it; none: it is not, or has not.
    pub fn send_now(&mut self, content: &Content) -> Option<Result<(), SessionError>> {
        let place = match content {
            Content::File { length, .. } if *length <= SMALL => Some(self.pace.place_now(*length as usize)?),
            Content::File { .. } => return None,
            Content::None | Content::Bytes(_) | Content::Pages(_) => None,
        };
        self.stream.reserve_capacity(content.len() as usize);
        if (self.stream.capacity() as u64) < content.len() {
            return None;
        }
        let piece = match (content, place) {
            (Content::Bytes(octets), _) => octets.clone().into(),
            (Content::Pages(pages), _) => Bytes::from(pages.clone()).into(),
            (Content::File { file, offset, length }, Some(place)) => {
                Piece::new(read_now(file, (*offset, *length as usize), is_in_memory(file))?, place)
            }
            _ => Piece::from(Bytes::new()),
        };
        Some(self.hand_over(piece, true))
    }

    /// Sends content, and the end of the stream after it.
    pub async fn send(&mut self, content: &Content, last: bool, settings: &Settings) -> Result<(), SessionError> {
        match content {
            Content::File { file, offset, length } if *length > 0 => {
                self.send_file(file, *offset, *length, last, settings).await
            }
            Content::Bytes(octets) if !octets.is_empty() => self.send_bytes(octets.clone(), last, settings).await,
            Content::Pages(pages) if !pages.is_empty() => self.send_bytes(pages.clone().into(), last, settings).await,
            _ if last => self.end(),
            _ => Ok(()),
        }
    }

    async fn send_bytes(&mut self, mut octets: Bytes, last: bool, settings: &Settings) -> Result<(), SessionError> {
        while !octets.is_empty() {
            let count = self.room(octets.len() as u64, settings).await?;
            let piece = octets.split_to(count as usize);
            self.hand_over(piece.into(), last && octets.is_empty())?;
        }
        Ok(())
    }

    /// Reads no more than the client has room for, and nothing while its streams together hold what they may.
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
            let count = self.room(length, settings).await?;
            let place = self.place(count, settings).await?;
            let octets = read(file, (offset, count as usize), in_memory).await.map_err(|_| self.break_off(SOURCE))?;
            (offset, length) = (offset + count, length - count);
            self.hand_over(Piece::new(octets, place), last && length == 0)?;
        }
        Ok(())
    }

    fn hand_over(&mut self, piece: Piece, last: bool) -> Result<(), SessionError> {
        self.sent += piece.remaining() as u64;
        self.stream.send_data(piece, last).map_err(|_| SessionError::Gone)
    }

    /// Ends the stream.
    pub fn end(&mut self) -> Result<(), SessionError> {
        self.hand_over(Bytes::new().into(), true)
    }

    /// Waits until the client has room for some of so many octets; for how many.
    async fn room(&mut self, wanted: u64, settings: &Settings) -> Result<u64, SessionError> {
        let wanted = wanted.min(SHARE);
        self.stream.reserve_capacity(wanted as usize);
        let mut room = self.stream.capacity() as u64;
        if room == 0 {
            let begun = Instant::now();
            let came = timeout(settings.send_grace, capacity(&mut self.stream)).await;
            room = self.judge(begun, came, settings)?;
        }
        Ok(room.min(wanted))
    }

    /// Waits until what was read before has left, as far as there must be room for so many octets.
    async fn place(&mut self, octets: u64, settings: &Settings) -> Result<Place, SessionError> {
        if let Some(place) = self.pace.place_now(octets as usize) {
            return Ok(place);
        }
        let begun = Instant::now();
        let came = timeout(settings.send_grace, self.pace.place(octets as usize)).await;
        self.judge(begun, came, settings)
    }

    /// What came of waiting for the client; none: it is gone.
    fn judge<T>(
        &mut self,
        begun: Instant,
        came: Result<Option<T>, Elapsed>,
        settings: &Settings,
    ) -> Result<T, SessionError> {
        self.waited += begun.elapsed();
        let slow = too_slow(self.sent, self.waited, settings.send_grace, settings.rate);
        match came {
            Ok(None) => Err(SessionError::Gone),
            Ok(Some(came)) if !slow => Ok(came),
            _ => {
                self.pace.starves();
                self.stream.send_reset(Reason::CANCEL);
                Err(SessionError::Slow("reading the answer"))
            }
        }
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

/// Octets that the client has room for; none: it is gone.
async fn capacity(stream: &mut SendStream<Piece>) -> Option<u64> {
    loop {
        match poll_fn(|cx| stream.poll_capacity(cx)).await {
            Some(Ok(0)) => {}
            Some(Ok(room)) => return Some(room as u64),
            _ => return None,
        }
    }
}

/// Whether so much in such a time of waiting is below the least rate, once the time of grace is over.
pub(super) fn too_slow(octets: u64, waited: Duration, grace: Duration, rate: u64) -> bool {
    waited > grace && octets < waited.as_secs() * rate
}

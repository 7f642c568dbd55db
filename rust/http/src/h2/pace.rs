//! What the streams of a connection share while they send: room in memory, and a tally of answers that are not taken.

use std::cell::Cell;
use std::sync::Arc;

use bytes::{Buf, Bytes};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Octets read from files that wait to be sent, of all streams of a connection together: a file's next piece is read while
/// the one before is on its way, for two streams at once; with many the line is full anyway.
const READ_AHEAD: usize = 256 << 10;

/// Room in memory, given back when dropped.
pub(super) type Place = OwnedSemaphorePermit;

/// See the module.
pub(super) struct Pace {
    room: Arc<Semaphore>,
    starved: Cell<u32>,
}

impl Default for Pace {
    fn default() -> Self {
        Self { room: Arc::new(Semaphore::new(READ_AHEAD)), starved: Cell::new(0) }
    }
}

impl Pace {
    /// Room for so many octets, if there is any now.
    pub fn place_now(&self, octets: usize) -> Option<Place> {
        self.room.clone().try_acquire_many_owned(octets.try_into().ok()?).ok()
    }

    /// Room for so many octets, no more than there can be, as soon as there is any.
    pub async fn place(&self, octets: usize) -> Option<Place> {
        self.room.clone().acquire_many_owned(octets.try_into().ok()?).await.ok()
    }

    /// A client did not take an answer that it asked for.
    pub fn starves(&self) {
        self.starved.set(self.starved.get().saturating_add(1));
    }

    /// How many it did not take since this was asked.
    pub fn starved(&self) -> u32 {
        self.starved.take()
    }
}

/// Content that was handed to crate `h2`, which drops it once it has left or its stream has ended.
pub(super) struct Piece {
    octets: Bytes,
    /// None: the octets are not the connection's own.
    _place: Option<Place>,
}

impl Piece {
    /// Octets that are in memory for this connection alone.
    pub fn new(octets: Bytes, place: Place) -> Self {
        Self { octets, _place: Some(place) }
    }
}

impl From<Bytes> for Piece {
    /// Octets that others hold as well.
    fn from(octets: Bytes) -> Self {
        Self { octets, _place: None }
    }
}

impl Buf for Piece {
    fn remaining(&self) -> usize {
        self.octets.len()
    }

    fn chunk(&self) -> &[u8] {
        &self.octets
    }

    fn advance(&mut self, count: usize) {
        self.octets.advance(count);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_given_back_with_the_piece() {
        let pace = Pace::default();
        let piece = Piece::new(Bytes::from_static(b"file"), pace.place_now(READ_AHEAD).unwrap());
        assert!(pace.place_now(1).is_none());
        drop(piece);
        assert!(pace.place_now(READ_AHEAD).is_some());
    }
}

//! The content of a request to a peer.

use std::task::{Context, Poll, ready};

use bytes::Bytes;
use tokio::sync::mpsc;

/// The content of a request.
#[derive(Debug, Default)]
pub enum Outgoing {
    /// There is none.
    #[default]
    None,
    /// All of it.
    Bytes(Bytes),
    /// It comes piece by piece; made with `Outgoing::stream`.
    Stream(OutgoingStream),
}

/// The receiving half of a stream.
#[derive(Debug)]
pub struct OutgoingStream {
    length: Option<u64>,
    left: Option<u64>,
    pieces: mpsc::Receiver<Piece>,
    ended: bool,
}

#[derive(Debug)]
enum Piece {
    Octets(Bytes),
    End,
}

/// Where the pieces of a stream are put in. Dropped without `end`, it breaks the request off.
#[derive(Debug)]
pub struct OutgoingSender(mpsc::Sender<Piece>);

/// Nobody takes the content any more: the response came before it, or the connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gone;

impl Outgoing {
    /// Content that comes piece by piece, with its length where it is known; without, it is sent chunked. One piece waits
    /// while another is written.
    pub fn stream(length: Option<u64>) -> (OutgoingSender, Self) {
        let (sender, pieces) = mpsc::channel(1);
        (
            OutgoingSender(sender),
            Self::Stream(OutgoingStream { length, left: length, pieces, ended: length == Some(0) }),
        )
    }

    /// The same content once more, where it does not stream.
    pub fn copied(&self) -> Option<Self> {
        match self {
            Self::None => Some(Self::None),
            Self::Bytes(bytes) => Some(Self::Bytes(bytes.clone())),
            Self::Stream(_) => None,
        }
    }

    /// Whether it is known that there is no content.
    pub fn is_none(&self) -> bool {
        self.length() == Some(0)
    }

    /// Its octets in all, where they are known.
    pub(super) fn length(&self) -> Option<u64> {
        match self {
            Self::None => Some(0),
            Self::Bytes(bytes) => Some(bytes.len() as u64),
            Self::Stream(stream) => stream.length,
        }
    }

    /// The next piece; none at the end.
    pub(super) fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, BrokeOff>>> {
        match self {
            Self::None => Poll::Ready(None),
            Self::Bytes(bytes) if bytes.is_empty() => Poll::Ready(None),
            Self::Bytes(bytes) => Poll::Ready(Some(Ok(std::mem::take(bytes)))),
            Self::Stream(stream) => stream.poll_piece(cx),
        }
    }
}

/// Room for one piece.
#[derive(Debug)]
pub struct Room<'s>(mpsc::Permit<'s, Piece>);

impl OutgoingSender {
    /// Waits until there is room for a piece. Whoever waits no longer has lost nothing.
    pub async fn room(&self) -> Result<Room<'_>, Gone> {
        self.0.reserve().await.map(Room).map_err(|_| Gone)
    }

    /// Gives a piece and waits until there is room for another.
    pub async fn send(&self, octets: Bytes) -> Result<(), Gone> {
        self.0.send(Piece::Octets(octets)).await.map_err(|_| Gone)
    }

    /// Says that the content is whole.
    pub async fn end(self) -> Result<(), Gone> {
        self.0.send(Piece::End).await.map_err(|_| Gone)
    }
}

impl Room<'_> {
    /// Fills it.
    pub fn put(self, octets: Bytes) {
        self.0.send(Piece::Octets(octets));
    }

    /// Says in it that the content is whole.
    pub fn end(self) {
        self.0.send(Piece::End);
    }
}

/// The content broke off.
#[derive(Debug)]
pub(super) struct BrokeOff;

impl OutgoingStream {
    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, BrokeOff>>> {
        if self.ended {
            return Poll::Ready(None);
        }
        let piece = ready!(self.pieces.poll_recv(cx));
        Poll::Ready(match piece {
            Some(Piece::Octets(octets)) => Some(self.take(octets)),
            Some(Piece::End) => self.end().map(Err),
            None => {
                self.ended = true;
                Some(Err(BrokeOff))
            }
        })
    }

    /// Counts down a length that was promised; octets beyond it are a fault of who sends them.
    fn take(&mut self, octets: Bytes) -> Result<Bytes, BrokeOff> {
        if let Some(left) = self.left {
            self.left = Some(left.checked_sub(octets.len() as u64).ok_or(BrokeOff)?);
            self.ended = self.left == Some(0);
        }
        Ok(octets)
    }

    fn end(&mut self) -> Option<BrokeOff> {
        self.ended = true;
        self.left.is_some_and(|left| left > 0).then_some(BrokeOff)
    }
}

//! A connection to a peer: its socket, octets on their way in and out, and its timer.

use std::future::poll_fn;
use std::io;
use std::mem::take;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::BytesMut;
use tokio::io::{AsyncReadExt, AsyncWrite};
use tokio::task::unconstrained;

use super::stream::Stream;
use super::watch::Watch;

/// Octets that a read has room for: a small response with its head.
const READ: usize = 8 * 1024;
/// The same where content comes faster than it is read: four TLS records, and what the store writes in one piece.
const LONGEST_READ: usize = 64 * 1024;
/// Memory for requests that a connection keeps while it idles: a browser's head.
const KEPT_OUTPUT: usize = 4 * 1024;

/// The timer's first limit; every exchange sets its own.
const FIRST_WATCH: Duration = Duration::from_secs(30);

/// A connection that is ready for a request.
pub struct Connection {
    pub(super) wire: Box<Wire>,
    pub(super) used: bool,
    address: SocketAddr,
}

impl Connection {
    pub(super) fn new(stream: Stream, address: SocketAddr) -> Self {
        Self { wire: Box::new(Wire::new(stream)), used: false, address }
    }

    /// The peer's address: one of those that were given to `connect`.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Whether it carried an exchange before.
    pub fn was_used(&self) -> bool {
        self.used
    }

    /// Whether it can carry a request now: nothing of a response is left, and the peer neither closed it nor said more than
    /// it was asked.
    pub(super) fn is_ready(&mut self) -> bool {
        self.is_empty() && (!self.wire.stream.is_tls() || self.hears_nothing()) && self.wire.stream.is_silent()
    }

    /// Whether nothing of a response is left, as far as was read.
    pub(super) fn is_empty(&self) -> bool {
        self.wire.input.is_empty()
    }

    /// What TLS has of the peer, beside records that are none of a response. Looks whatever share of the runtime's time its
    /// task has used: else it would take nothing for an answer.
    fn hears_nothing(&mut self) -> bool {
        let looked = &mut Context::from_waker(Waker::noop());
        pin!(unconstrained(poll_fn(|cx| self.wire.poll_fill(cx)))).poll(looked).is_pending()
    }
}

/// What an exchange works on.
pub(super) struct Wire {
    stream: Stream,
    /// What was read and not used yet.
    pub input: BytesMut,
    /// What is to be written.
    pub output: Vec<u8>,
    /// Octets that the next read should have room for.
    room: usize,
    /// Something moved since the timer was asked: it begins anew.
    pub moved: bool,
    watch: Watch,
}

impl Wire {
    fn new(stream: Stream) -> Self {
        let (input, output, watch) = (BytesMut::new(), Vec::new(), Watch::new(FIRST_WATCH));
        Self { stream, input, output, room: READ, moved: true, watch }
    }

    /// Reads behind what was read before; how many octets, 0 at their end.
    pub fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let Self { stream, input, room, .. } = self;
        if input.capacity() - input.len() < READ {
            input.reserve(*room);
        }
        let free = input.capacity() - input.len();
        let read = pin!(stream.read_buf(input)).poll(cx);
        if let Poll::Ready(Ok(count)) = &read {
            *room = match *count {
                count if count == free => (*room * 2).min(LONGEST_READ),
                count if count < *room / 4 => (*room / 2).max(READ),
                _ => *room,
            };
        }
        read
    }

    /// Writes what stands in the output from an octet on; how many octets.
    pub fn poll_write(&mut self, from: usize, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, self.output.get(from..).unwrap_or_default());
        self.moved |= matches!(written, Poll::Ready(Ok(_)));
        written
    }

    /// Sees to it that what was written leaves.
    pub fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    /// Ready when nothing moved for as long as `limit`; to be asked whenever the peer is waited for, so that the clock is
    /// read only then.
    pub fn poll_late(&mut self, limit: Duration, cx: &mut Context<'_>) -> Poll<()> {
        if take(&mut self.moved) {
            self.watch.restart(limit);
        }
        self.watch.poll_expired(cx)
    }

    /// Keeps no more memory than most exchanges need.
    pub fn shrink(&mut self) {
        self.output.shrink_to(KEPT_OUTPUT);
        if self.room > READ {
            (self.input, self.room) = (BytesMut::new(), READ);
        }
    }

    /// The socket, and what was read of it and not used.
    pub fn into_parts(self) -> (Stream, BytesMut) {
        (self.stream, self.input)
    }
}

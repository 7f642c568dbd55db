//! The octets of a connection: counted as they come in, written together as they go out.

use std::cell::{RefCell, RefMut};
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::meter::Meter;

/// Octets collected before they are written: four TLS records, and what rustls takes at a time.
const COLLECT: usize = 64 << 10;

/// What crate `h2` and the connection's own loop both hold. One write goes out for all frames of a round, and nothing is
/// asked of the system twice in a round: the crate flushes after each frame, and reads once more for each request.
pub(super) struct Wire<IO>(Rc<RefCell<State<IO>>>);

struct State<IO> {
    io: IO,
    out: Vec<u8>,
    /// Octets of `out` already written.
    written: usize,
    /// Octets written since the connection began.
    total: u64,
    meter: Meter,
    /// Nothing is left to read in this round; none: there are no rounds yet.
    dry: Option<bool>,
}

impl<IO> Clone for Wire<IO> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<IO: AsyncRead + AsyncWrite + Unpin> Wire<IO> {
    pub fn new(io: IO) -> Self {
        let state = State { io, out: Vec::new(), written: 0, total: 0, meter: Meter::new(), dry: None };
        Self(Rc::new(RefCell::new(state)))
    }

    /// Begins a round: the loop was woken.
    pub fn begin(&self) {
        self.0.borrow_mut().dry = Some(false);
    }

    /// The budgets of frames.
    pub fn meter(&self) -> RefMut<'_, Meter> {
        RefMut::map(self.0.borrow_mut(), |state| &mut state.meter)
    }

    /// Writes what the round made. Pending: the client does not take it.
    pub fn poll_send(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.borrow_mut().poll_send(cx)
    }

    /// Octets written since the connection began.
    pub fn total(&self) -> u64 {
        self.0.borrow().total
    }

    /// Gives memory back, where none is needed now.
    pub fn rest(&self) {
        let mut state = self.0.borrow_mut();
        if state.out.is_empty() {
            state.out = Vec::new();
        }
    }

    /// Reads and drops what still comes, so that the last words reach a client who is sending.
    pub fn poll_discard(&self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let mut octets = [0; 4_096];
        let mut buffer = ReadBuf::new(&mut octets);
        ready!(Pin::new(&mut self.0.borrow_mut().io).poll_read(cx, &mut buffer))?;
        Poll::Ready(Ok(buffer.filled().len()))
    }
}

impl<IO: AsyncRead + AsyncWrite + Unpin> State<IO> {
    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.out.is_empty() {
            return Poll::Ready(Ok(()));
        }
        while let Some(rest) = self.out.get(self.written..).filter(|rest| !rest.is_empty()) {
            let count = ready!(Pin::new(&mut self.io).poll_write(cx, rest))?;
            if count == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.written += count;
            self.total += count as u64;
            self.meter.wrote(count);
        }
        ready!(Pin::new(&mut self.io).poll_flush(cx))?;
        self.out.clear();
        self.written = 0;
        Poll::Ready(Ok(()))
    }

    fn poll_room(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.out.len() >= COLLECT { self.poll_send(cx) } else { Poll::Ready(Ok(())) }
    }
}

impl<IO: AsyncRead + AsyncWrite + Unpin> AsyncRead for Wire<IO> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let state = &mut *self.0.borrow_mut();
        if state.dry == Some(true) || state.meter.exceeded().is_some() {
            return Poll::Pending;
        }
        let before = buffer.filled().len();
        if Pin::new(&mut state.io).poll_read(cx, buffer)?.is_pending() {
            state.dry = state.dry.map(|_| true);
            return Poll::Pending;
        }
        let passed = state.meter.read(buffer.filled().get(before..).unwrap_or_default());
        buffer.set_filled(before + passed);
        if passed == 0 && state.meter.exceeded().is_some() { Poll::Pending } else { Poll::Ready(Ok(())) }
    }
}

impl<IO: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Wire<IO> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        let state = &mut *self.0.borrow_mut();
        ready!(state.poll_room(cx))?;
        state.out.extend_from_slice(octets);
        Poll::Ready(Ok(octets.len()))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let state = &mut *self.0.borrow_mut();
        ready!(state.poll_room(cx))?;
        slices.iter().for_each(|slice| state.out.extend_from_slice(slice));
        Poll::Ready(Ok(slices.iter().map(|slice| slice.len()).sum()))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    /// The round's end flushes; see `poll_send`.
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let state = &mut *self.0.borrow_mut();
        ready!(state.poll_send(cx))?;
        Pin::new(&mut state.io).poll_shutdown(cx)
    }
}

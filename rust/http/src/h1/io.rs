//! The sockets that requests come from.

use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::task::{Context, Poll, ready};

use edgeplane_net::pages::Pages;
use edgeplane_net::sendfile::{send_file, send_more};
use edgeplane_net::socket::Socket;
use edgeplane_net::splice::Splicer;
use tokio::io::{AsyncRead, AsyncWrite, Interest};

use super::limits::{COPY_SIZE, GATHER_SIZE};

/// A stream of octets both ways, and what it can do faster than one octet after the other.
pub trait Io: AsyncRead + AsyncWrite + Unpin + 'static {
    /// Content of at most so many octets is copied behind its head and leaves with it as one piece.
    const COPY: usize;
    /// Whether the next three methods do what they say.
    const SENDS_FILES: bool = false;

    /// Writes octets after which more follows at once.
    fn poll_send_more(&mut self, cx: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        std::pin::Pin::new(self).poll_write(cx, octets)
    }

    /// Writes a part of a file; returns how much of it, 0 where the file is shorter.
    fn poll_send_file(&mut self, _: &mut Context<'_>, _: &File, _: u64, _: usize) -> Poll<io::Result<usize>> {
        Poll::Ready(Err(io::ErrorKind::Unsupported.into()))
    }

    /// Writes octets from the front of some pages, without copying them if that can be; returns how many.
    fn poll_send_pages(&mut self, cx: &mut Context<'_>, pages: &Pages) -> Poll<io::Result<usize>> {
        std::pin::Pin::new(self).poll_write(cx, pages)
    }

    /// Makes the client see an error when the stream is dropped, rather than an end.
    fn break_off(&mut self) {}
}

thread_local! {
    /// Of all connections of a thread; none where the system forbids it.
    static SPLICER: Option<Splicer> = Splicer::new().ok();
}

impl Io for Socket {
    const COPY: usize = COPY_SIZE.default as usize;
    const SENDS_FILES: bool = true;

    fn poll_send_more(&mut self, cx: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        poll_writing(self, cx, |socket| send_more(socket.as_fd(), octets))
    }

    fn poll_send_file(&mut self, cx: &mut Context<'_>, file: &File, at: u64, length: usize) -> Poll<io::Result<usize>> {
        poll_writing(self, cx, |socket| send_file(socket.as_fd(), file, at, length))
    }

    fn poll_send_pages(&mut self, cx: &mut Context<'_>, pages: &Pages) -> Poll<io::Result<usize>> {
        SPLICER.with(|splicer| match splicer.as_ref().filter(|splicer| !splicer.is_spent()) {
            Some(splicer) => poll_writing(self, cx, |socket| splicer.send(socket.as_fd(), pages)),
            None => std::pin::Pin::new(self).poll_write(cx, pages),
        })
    }

    fn break_off(&mut self) {
        let _ = self.set_zero_linger();
    }
}

/// TLS makes records, so content is best in one piece with its head.
impl<T: Io> Io for tokio_rustls::server::TlsStream<T> {
    const COPY: usize = GATHER_SIZE.default as usize;

    fn break_off(&mut self) {
        self.get_mut().0.break_off();
    }
}

fn poll_writing(
    socket: &Socket,
    cx: &mut Context<'_>,
    mut write: impl FnMut(&Socket) -> io::Result<usize>,
) -> Poll<io::Result<usize>> {
    loop {
        ready!(socket.poll_write_ready(cx))?;
        match socket.try_io(Interest::WRITABLE, || write(socket)) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            outcome => return Poll::Ready(outcome),
        }
    }
}

#[cfg(test)]
impl Io for tokio::io::DuplexStream {
    const COPY: usize = 64;
}

//! A TCP socket for the runtime whose calls are no cancellation points.
//!
//! glibc makes recv(2), send(2) and writev(2) places at which a thread may be cancelled (pthreads(7)), and pays for it with
//! two atomic changes a call as soon as a process has a second thread. No thread is ever cancelled here.

use std::io::{self, ErrorKind, IoSlice};
use std::ops::{Deref, DerefMut};
use std::os::fd::{AsRawFd, RawFd};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::TcpStream;

/// The runtime's socket, read and written by plain system calls.
#[derive(Debug)]
pub struct Socket(TcpStream);

impl From<TcpStream> for Socket {
    fn from(stream: TcpStream) -> Self {
        Self(stream)
    }
}

impl Deref for Socket {
    type Target = TcpStream;

    fn deref(&self) -> &TcpStream {
        &self.0
    }
}

impl DerefMut for Socket {
    fn deref_mut(&mut self) -> &mut TcpStream {
        &mut self.0
    }
}

impl Socket {
    /// Whether there is nothing to read now, not even an end. Asks the system: the runtime hears of what came only when it
    /// waits, which a task that goes on does not let it do.
    pub fn is_silent(&self) -> bool {
        let (mut octet, flags) = (0u8, libc::MSG_PEEK | libc::MSG_DONTWAIT);
        let (socket, at) = (self.as_raw_fd(), &raw mut octet);
        // SAFETY: there is room for one octet, which outlives the call; no address is asked for.
        let seen =
            counted(unsafe { libc::syscall(libc::SYS_recvfrom, socket, at, 1usize, flags, NO_ADDRESS, NO_ADDRESS) });
        seen.is_err_and(|error| error.kind() == ErrorKind::WouldBlock)
    }

    /// Makes a call that moves at most so many octets, when the socket is ready for it. One that moved fewer has shown that
    /// there are no more for now: the socket counts as not ready, and nobody asks it only to hear so.
    fn poll_moving(
        &self,
        interest: Interest,
        cx: &mut Context<'_>,
        most: usize,
        mut call: impl FnMut(RawFd) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        loop {
            ready!(if interest.is_readable() { self.poll_read_ready(cx) } else { self.poll_write_ready(cx) })?;
            let mut moved = None;
            let outcome = self.try_io(interest, || {
                let count = *moved.insert(call(self.as_raw_fd())?);
                if (1..most).contains(&count) { Err(ErrorKind::WouldBlock.into()) } else { Ok(()) }
            });
            match (moved, outcome) {
                (Some(count), _) => return Poll::Ready(Ok(count)),
                (None, Err(error)) if error.kind() == ErrorKind::WouldBlock => {}
                (None, outcome) => return Poll::Ready(outcome.map(|()| 0)),
            }
        }
    }
}

impl AsyncRead for Socket {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        // SAFETY: nothing that was initialised is made otherwise: octets are only written.
        let room = unsafe { into.unfilled_mut() };
        let (at, length) = (room.as_mut_ptr(), room.len());
        let count = ready!(self.poll_moving(Interest::READABLE, cx, length, |socket| {
            // SAFETY: the pointer and length are those of the room, which is borrowed for the call; no address is asked for.
            counted(unsafe { libc::syscall(libc::SYS_recvfrom, socket, at, length, 0, NO_ADDRESS, NO_ADDRESS) })
        }))?;
        // SAFETY: the kernel wrote so many octets at the front of the room.
        unsafe { into.assume_init(count) };
        into.advance(count);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Socket {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        let (at, length, flags) = (octets.as_ptr(), octets.len(), libc::MSG_NOSIGNAL);
        self.poll_moving(Interest::WRITABLE, cx, length, |socket| {
            // SAFETY: the pointer and length are those of the octets, which are borrowed for the call; no address is given.
            counted(unsafe { libc::syscall(libc::SYS_sendto, socket, at, length, flags, NO_ADDRESS, 0) })
        })
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let pieces = pieces.get(..MOST_PIECES).unwrap_or(pieces);
        let length = pieces.iter().map(|piece| piece.len()).sum();
        let (at, count) = (pieces.as_ptr(), pieces.len());
        self.poll_moving(Interest::WRITABLE, cx, length, |socket| {
            // SAFETY: an `IoSlice` is laid out as an iovec, and those pointed at are borrowed for the call.
            counted(unsafe { libc::syscall(libc::SYS_writev, libc::c_long::from(socket), at, count) })
        })
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

pub(crate) const NO_ADDRESS: *const libc::sockaddr = std::ptr::null();
/// What writev(2) takes at most (`UIO_MAXIOV`).
const MOST_PIECES: usize = 1024;

fn counted(returned: libc::c_long) -> io::Result<usize> {
    usize::try_from(returned).map_err(|_| io::Error::last_os_error())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    async fn pair() -> (Socket, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let ours = TcpStream::connect(listener.local_addr().unwrap());
        let (ours, theirs) = tokio::join!(ours, listener.accept());
        (ours.unwrap().into(), theirs.unwrap().0)
    }

    fn run(test: impl Future<Output = ()>) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        // Who misses that a socket is ready waits for ever.
        runtime.block_on(async { tokio::time::timeout(Duration::from_secs(30), test).await.unwrap() });
    }

    fn pattern(length: usize) -> Vec<u8> {
        (0..length).map(|n| (n % 251) as u8).collect()
    }

    /// More than both queues hold, so that each side waits for the other.
    const MUCH: usize = 16 << 20;

    #[test]
    fn what_is_written_is_what_the_other_side_reads_and_the_other_way_round() {
        run(async {
            let (mut ours, mut theirs) = pair().await;
            let mut back = Vec::new();
            let send = async {
                ours.write_all(&pattern(MUCH)).await.unwrap();
                ours.shutdown().await.unwrap();
                ours.read_to_end(&mut back).await.unwrap();
            };
            let reflect = async {
                let mut seen = Vec::new();
                theirs.read_to_end(&mut seen).await.unwrap();
                theirs.write_all(&seen).await.unwrap();
                drop(theirs);
                seen
            };
            let ((), seen) = tokio::join!(send, reflect);
            assert!(seen == pattern(MUCH) && back == pattern(MUCH));
        });
    }

    #[test]
    fn pieces_go_in_their_order() {
        run(async {
            let (mut ours, mut theirs) = pair().await;
            let many: Vec<Vec<u8>> = (0..3_000).map(|n| pattern(n % 700)).collect();
            let expected = many.concat();
            let send = async {
                let mut pieces: Vec<IoSlice<'_>> = many.iter().map(|piece| IoSlice::new(piece)).collect();
                let mut left = pieces.as_mut_slice();
                while left.iter().any(|piece| !piece.is_empty()) {
                    let count = ours.write_vectored(left).await.unwrap();
                    assert!(count > 0);
                    IoSlice::advance_slices(&mut left, count);
                }
                drop(ours);
            };
            let mut seen = Vec::new();
            let (_, read) = tokio::join!(send, theirs.read_to_end(&mut seen));
            read.unwrap();
            assert!(seen == expected);
        });
    }

    #[test]
    fn who_reads_in_small_pieces_hears_of_all_that_came_and_of_the_end() {
        run(async {
            let (mut ours, mut theirs) = pair().await;
            let mut room = [0; 4];
            for sent in ["a", "abcd", "abcdefgh", "abcdefghi"] {
                theirs.write_all(sent.as_bytes()).await.unwrap();
                let mut seen = Vec::new();
                while seen.len() < sent.len() {
                    let count = ours.read(&mut room).await.unwrap();
                    seen.extend_from_slice(&room[..count]);
                }
                assert_eq!(seen, sent.as_bytes());
            }
            theirs.write_all(b"last").await.unwrap();
            drop(theirs);
            assert_eq!((ours.read(&mut room).await.unwrap(), ours.read(&mut room).await.unwrap()), (4, 0));
        });
    }

    #[test]
    fn a_socket_is_silent_until_something_comes() {
        run(async {
            let (mut ours, theirs) = pair().await;
            let (mut room, mut theirs) = ([0; 4], theirs.into_std().unwrap());
            assert!(ours.is_silent());
            std::io::Write::write_all(&mut theirs, b"abcde").unwrap();
            assert!(!ours.is_silent(), "before the runtime hears of it");
            assert_eq!(ours.read(&mut room).await.unwrap(), 4);
            assert!(!ours.is_silent(), "there is one more");
            assert_eq!(ours.read(&mut room).await.unwrap(), 1);
            assert!(ours.is_silent());
            drop(theirs);
            assert!(!ours.is_silent(), "the end is something");
        });
    }

    #[test]
    fn a_peer_that_is_gone_is_an_error() {
        run(async {
            let (mut ours, theirs) = pair().await;
            theirs.set_zero_linger().unwrap();
            drop(theirs);
            let error = ours.read(&mut [0; 1]).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::ConnectionReset);
            let error = ours.write(b"x").await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::BrokenPipe);
        });
    }
}

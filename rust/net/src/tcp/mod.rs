//! Taking TCP connections: within caps, and without spinning when descriptors run out.

mod connections;

use std::fs::File;
use std::io;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, timeout};

pub use connections::{Admission, Caps, Connections, Full, Ticket};

/// How long one more connection is waited for at the end: one whose handshake was under way when newcomers were refused
/// is there after a round trip.
const LAST_WAIT: Duration = Duration::from_millis(100);
/// How long the end may take where newcomers are not refused: a listener of the service manager's, which outlives us.
const LAST_CALL: Duration = Duration::from_secs(1);

/// Takes connections from one listener.
///
/// One descriptor is held back: when none is left, it is given up for a moment to take a waiting connection and close
/// it, so that the client learns at once that it cannot be served, and the listener does not stay ready for ever.
pub struct Acceptor {
    listener: TcpListener,
    reserve: Option<File>,
    pause: Duration,
}

/// What came of waiting for a connection.
pub enum Accepted {
    /// A connection and its client's address.
    Connection(TcpStream, SocketAddr),
    /// No descriptor or memory was left; a connection may have been closed.
    Exhausted,
}

impl Acceptor {
    /// For a socket that listens and does not block; `pause` follows when descriptors have run out. To be called
    /// inside a tokio runtime.
    pub fn new(listener: OwnedFd, pause: Duration) -> io::Result<Self> {
        let listener = TcpListener::from_std(listener.into())?;
        Ok(Self { listener, reserve: reserve(), pause })
    }

    /// Waits for a connection. Nothing is lost when the future is dropped.
    pub async fn accept(&mut self) -> Accepted {
        loop {
            match self.listener.accept().await {
                Ok((stream, client)) => {
                    let _ = stream.set_nodelay(true);
                    return Accepted::Connection(stream, client);
                }
                Err(error) if is_exhaustion(&error) => {
                    self.turn_away().await;
                    return Accepted::Exhausted;
                }
                // The client went away, or a fault of the network that belonged to the connection.
                Err(_) => tokio::task::yield_now().await,
            }
        }
    }

    /// Takes what has come by the end, and gives it to `take`: closing a listener would reset what waits in it.
    pub async fn finish(mut self, mut take: impl FnMut(Accepted)) {
        let end = Instant::now() + LAST_CALL;
        while Instant::now() < end {
            match timeout(LAST_WAIT, self.accept()).await {
                Ok(accepted) => take(accepted),
                Err(_) => return,
            }
        }
    }

    async fn turn_away(&mut self) {
        self.reserve = None;
        if let Ok(waiting) = timeout(Duration::ZERO, self.listener.accept()).await {
            drop(waiting);
        }
        self.reserve = reserve();
        tokio::time::sleep(self.pause).await;
    }
}

fn reserve() -> Option<File> {
    File::open("/dev/null").ok()
}

fn is_exhaustion(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::EMFILE | libc::ENFILE | libc::ENOBUFS | libc::ENOMEM))
}

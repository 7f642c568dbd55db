//! A connection to a peer: hyper's sender, what the connection carried, and its timer.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::client::conn::http1::{Builder, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::task::AbortHandle;

use super::stream::{Stream, Traffic};
use super::watch::Watch;
use super::{Failure, Outgoing};

/// Octets that a response's head may have: eight times what nginx reads by default.
pub(super) const HEAD_OCTETS: usize = 65_536;

/// The timer's first limit; every exchange sets its own.
const FIRST_WATCH: Duration = Duration::from_secs(30);

/// A connection that is ready for a request.
pub struct Connection {
    pub(super) sender: SendRequest<Outgoing>,
    pub(super) traffic: Arc<Traffic>,
    pub(super) watch: Watch,
    pub(super) used: bool,
    address: SocketAddr,
    driver: AbortHandle,
}

/// What is given up is closed at once, even where content is still being written.
impl Drop for Connection {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

impl Connection {
    /// Starts HTTP on octets; what drives it is a task of its own, which ends with the connection.
    pub(super) async fn start(stream: Stream, address: SocketAddr) -> Result<Self, Failure> {
        let traffic = stream.traffic.clone();
        let handshake = Builder::new().max_header_size(HEAD_OCTETS).handshake(TokioIo::new(stream)).await;
        let (sender, driver) = handshake.map_err(|_| Failure::Closed)?;
        let driving = tokio::task::spawn_local(async move {
            // What goes wrong is told to the exchange that it went wrong for.
            let _ = driver.with_upgrades().await;
        });
        Ok(Self {
            sender,
            traffic,
            watch: Watch::new(FIRST_WATCH),
            used: false,
            address,
            driver: driving.abort_handle(),
        })
    }

    /// The peer's address: one of those that were given to `connect`.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Whether it carried an exchange before.
    pub fn was_used(&self) -> bool {
        self.used
    }

    /// Whether it can carry a request now.
    pub(super) fn is_ready(&self) -> bool {
        self.sender.is_ready() && !self.sender.is_closed()
    }
}

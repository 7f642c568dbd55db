//! The client's side: HTTP/1.1 connections to origins, kept and used again.
//!
//! ```text
//! Client::kept(peer) ──── a connection that idled ──┐
//! Client::connect(peer, addresses) ─ TCP ─ TLS ─────┴─► Connection ─ exchange(request, content) ─► Received
//!        ▲                                                                                            │ head, Incoming
//!        └──────────────── the connection, when its content was read to the end ◄─────────────────────┘
//! ```
//! Everything belongs to one worker's thread. Names are resolved, and addresses chosen, by the caller: what is connected
//! to is what the caller vetted.

mod body;
mod connection;
mod exchange;
mod failure;
mod framing;
mod head;
mod outgoing;
mod peer;
mod pool;
mod race;
mod sending;
mod stream;
#[cfg(test)]
mod tests;
mod tls;
mod watch;

pub use body::Incoming;
pub use connection::Connection;
pub use exchange::{Call, Failed, Interim, Keep, Received, Tunnel};
pub use failure::{Failure, Waiting};
pub use outgoing::{Gone, Outgoing, OutgoingSender, Room};
pub use peer::{MinimumTls, Peer, Tls};
pub use tls::TlsRoots;

use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use edgeplane_net::socket::Socket;
use tokio::net::TcpStream;

use pool::Pool;
use race::Pace;
use stream::Stream;

/// The client of one worker. Cheap to clone; used inside a `LocalSet`.
#[derive(Clone)]
pub struct Client {
    pool: Rc<Pool>,
    roots: Arc<TlsRoots>,
}

impl Client {
    /// A client without connections, whose TLS trusts these roots.
    pub fn new(roots: Arc<TlsRoots>) -> Self {
        Self { pool: Rc::default(), roots }
    }

    /// A connection to the peer that was kept, the one used last, if its address is still admitted.
    pub fn kept(&self, peer: &Peer, admits: impl Fn(IpAddr) -> bool) -> Option<Connection> {
        self.pool.take(peer, admits)
    }

    /// A new connection to the first of the addresses that takes one, each tried soon after the one before; `timeout` is for
    /// all of it, TLS included.
    pub async fn connect(
        &self,
        peer: &Peer,
        addresses: impl IntoIterator<Item = IpAddr>,
        timeout: Duration,
    ) -> Result<Connection, Failure> {
        let addresses = addresses.into_iter().map(|address| SocketAddr::new(address, peer.port()));
        let pace = Pace::new();
        let connecting = race::first(addresses, &pace, |address| self.connect_one(peer, address, &pace));
        let timed = tokio::time::timeout(timeout, connecting).await;
        timed.unwrap_or(Err(Failure::Timeout(Waiting::Connection)))
    }

    async fn connect_one(&self, peer: &Peer, address: SocketAddr, pace: &Pace) -> Result<Connection, Failure> {
        let tcp = TcpStream::connect(address).await.map_err(|error| Failure::Connect(error.kind()))?;
        pace.connected();
        let _ = tcp.set_nodelay(true);
        let tcp = Socket::from(tcp);
        let stream = match peer.tls() {
            None => Stream::Plain(tcp),
            Some(tls) => Stream::Tls(Box::new(self.roots.handshake(tls, tcp).await?)),
        };
        Ok(Connection::new(stream, address))
    }

    /// Connections that are kept at the moment.
    pub fn idle(&self) -> usize {
        self.pool.len()
    }
}

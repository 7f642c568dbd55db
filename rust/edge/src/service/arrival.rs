//! A connection from its arrival to its protocol.
//!
//! ```text
//! accepted ─ a load balancer's? PROXY protocol ─ a place? ─┬─ HTTP ─────────────────────────────► h1
//!                                                          ├─ HTTPS ─ handshake, ALPN ──────────► h1 · h2
//!                                                          └─ none, and nobody idle on any worker: 503, closed
//! ```

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use edgeplane_http::{Connection, Scheme, h1, h2};
use edgeplane_net::proxy_protocol::{self, Header};
use edgeplane_net::socket::Socket;
use edgeplane_net::tcp::{Full, Ticket};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::spawn_local;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::app::App;
use super::lobby::Lobby;
use super::terms::Terms;
use super::worker::{Stage, reached_once};
use crate::behaviour::is_trusted;
use crate::metrics::Counters;
use crate::shared::Shared;

/// What accepting tasks of a worker share.
pub struct Door {
    /// Which of the workers this is.
    pub number: usize,
    pub app: Rc<App>,
    pub terms: Terms,
    pub stage: watch::Receiver<Stage>,
    pub counters: Arc<Counters>,
    pub shared: Arc<Shared>,
    /// Connections that wait for a place.
    pub newcomers: Lobby,
    /// Connections that are being told to come again.
    pub turned_away: Lobby,
}

/// How long an idle connection that was told to go may take.
const LEAVING: Duration = Duration::from_millis(200);
/// Time for the first request of a connection that comes while the node drains.
const FIRST_REQUEST: Duration = Duration::from_secs(h1::limits::FIRST_REQUEST_S.default);
/// Time for an answer to a connection that has no place.
const TURN_AWAY: Duration = Duration::from_secs(1);
/// What it is told.
const FULL: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: 47\r\n\
retry-after: 1\r\ncache-control: no-store\r\nx-edge-reason: TooManyConnections\r\nconnection: close\r\n\r\n\
503 TooManyConnections: come again in a second\n";

impl Door {
    /// Serves a connection that was accepted.
    pub fn take(self: &Rc<Self>, stream: TcpStream, peer: SocketAddr, scheme: Scheme) {
        let Ok(local) = stream.local_addr() else { return };
        let connection = Connection { client: peer, local, scheme, tls: None };
        let desk = self.clone();
        if self.is_balancer(peer) {
            spawn_local(async move { Box::pin(desk.introduce(stream, connection)).await });
            return;
        }
        match self.place(peer.ip()) {
            Ok(ticket) => self.serve(stream, connection, ticket),
            Err(full) => drop(spawn_local(async move { Box::pin(desk.make_room(stream, connection, full)).await })),
        }
    }

    /// Whether a peer's connections begin with a header; the terms are those of the plan of now from here on.
    fn is_balancer(&self, peer: SocketAddr) -> bool {
        let mut reader = self.app.plan.borrow_mut();
        let plan = reader.get();
        self.terms.follow(plan);
        !plan.proxy_protocol.is_empty() && is_trusted(peer.ip(), &plan.proxy_protocol)
    }

    /// Reads who the client is, and goes on with that.
    async fn introduce(self: Rc<Self>, mut stream: TcpStream, connection: Connection) {
        let patience = Duration::from_secs(self.terms.head_timeout_s().into());
        let connection = match proxy_protocol::read(&mut stream, patience).await {
            Ok(Header::Proxied { client, local }) => Connection { client, local, ..connection },
            Ok(Header::Local) => connection,
            Err(error) => {
                tracing::debug!("no PROXY protocol from {}: {error:?}", connection.client);
                return self.counters.proxy_protocol_failed.add(1);
            }
        };
        match self.place(connection.client.ip()) {
            Ok(ticket) => self.serve(stream, connection, ticket),
            Err(full) => self.make_room(stream, connection, full).await,
        }
    }

    /// A place for a client, if there is one. It is never taken away again: which connections are idle is known to the
    /// terms, without a word to the table for each request.
    fn place(&self, client: IpAddr) -> Result<Ticket, Full> {
        self.shared.connections.admit_busy(client)
    }

    /// Has an idle connection leave, where that helps; else turns this one away.
    async fn make_room(self: Rc<Self>, stream: TcpStream, connection: Connection, full: Full) {
        let place = match full {
            Full::Node => self.vacated(connection.client.ip()).await,
            Full::Prefix => None,
        };
        match place {
            Some(ticket) => {
                self.counters.connections_evicted.add(1);
                self.serve(stream, connection, ticket);
            }
            None => self.turn_away(stream, connection.scheme).await,
        }
    }

    /// The place of a connection that was idle, of this worker's or of another's.
    async fn vacated(&self, client: IpAddr) -> Option<Ticket> {
        let _waiting = self.newcomers.enter()?;
        if !self.terms.close_idlest() && !self.shared.neighbours.close_idlest(self.number).await {
            return None;
        }
        let end = Instant::now() + LEAVING;
        loop {
            let left = self.shared.connections.left();
            match self.place(client) {
                Err(Full::Node) if timeout_at(end, left).await.is_ok() => {}
                place => return place.ok(),
            }
        }
    }

    /// Over HTTP says why, to a few at a time.
    async fn turn_away(&self, mut stream: TcpStream, scheme: Scheme) {
        self.counters.connections_refused.add(1);
        if scheme == Scheme::Https {
            return;
        }
        if let Some(_told) = self.turned_away.enter() {
            let _ = timeout(TURN_AWAY, say_full(&mut stream)).await;
        }
    }

    fn serve(self: &Rc<Self>, stream: TcpStream, connection: Connection, ticket: Ticket) {
        self.counters.connections_accepted.add(1);
        self.counters.connections_open.add(1);
        let (desk, place) = (self.clone(), (ticket, Open(self.counters.clone())));
        let stream = Socket::from(stream);
        match connection.scheme {
            Scheme::Http => {
                spawn_local(h1::serve_connection(stream, connection, self.app.clone(), self.terms.http1(), place));
            }
            Scheme::Https => {
                spawn_local(async move {
                    let _place = place;
                    desk.secure(stream, connection).await;
                });
            }
        }
    }

    /// Waits until a connection of HTTP/2 is to end. One that has just come may ask first: told to leave before its first
    /// request, a client would not make it.
    fn drained(&self) -> impl Future<Output = ()> + use<> {
        let stage = self.stage.clone();
        async move {
            if *stage.borrow() >= Stage::Draining {
                sleep(FIRST_REQUEST).await;
            }
            reached_once(stage, Stage::Draining).await;
        }
    }

    /// Shakes hands, and serves what was agreed on. Boxed, so that neither keeps the room of the others while it idles.
    async fn secure(&self, stream: Socket, connection: Connection) {
        let tells = self.app.plan.borrow_mut().get().fingerprints;
        let secured = match tells {
            true => Box::pin(self.shared.tls.accept_and_tell(stream)).await,
            false => Box::pin(self.shared.tls.accept(stream)).await,
        };
        let Ok((stream, facts)) = secured else { return self.counters.tls_failed.add(1) };
        self.counters.tls_handshakes.add(1);
        self.counters.tls_resumed.add(facts.resumed.into());
        let http2 = facts.http2;
        let connection = Connection { tls: Some(facts.into()), ..connection };
        if http2 {
            let (settings, guest) = self.terms.http2();
            Box::pin(h2::serve_connection(stream, connection, &self.app, &settings, guest, self.drained())).await;
        } else {
            Box::pin(h1::serve_connection(stream, connection, self.app.clone(), self.terms.http1(), ())).await;
        }
    }
}

/// Reads what came of the request first: a close with octets unread would take the answer away.
async fn say_full(stream: &mut TcpStream) -> io::Result<()> {
    let mut unread = [0; 4096];
    let _ = stream.read(&mut unread).await?;
    stream.write_all(FULL).await?;
    stream.shutdown().await
}

/// A connection that counts as open.
struct Open(Arc<Counters>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.connections_open.add(u64::MAX);
        if std::thread::panicking() {
            self.0.panics.add(1);
        }
    }
}

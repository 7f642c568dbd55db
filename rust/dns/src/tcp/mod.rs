//! DNS over TCP (RFC 7766): one thread, one runtime, any number of listeners and connections.
//!
//! ```text
//! listener ─ Acceptor ─ caps ─► connection ─ frames ─► handler (a query in place → its answer) ─► one write
//! ```
//! Answers go out in the order of their queries: each is made at once, so none has a reason to overtake another.

mod connection;
mod frames;

use std::cell::RefCell;
use std::io;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use edgeplane_net::tcp::{Accepted, Acceptor, Admission, Caps, Connections};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::{JoinSet, LocalSet};

use crate::limits;
use crate::metrics::{Counters, take_one};
use crate::plan::TcpSettings;
use connection::Connection;

/// Octets of the buffer that a handler reads the query from and writes its answer to.
pub const ANSWER_SIZE: usize = limits::TCP_ANSWER_SIZE.default as usize;

/// Turns the query in the first `len` octets of the buffer into its answer and returns the answer's length; 0 = silence.
pub trait Handler: FnMut(&mut [u8], usize, SocketAddr) -> usize + 'static {}

impl<F: FnMut(&mut [u8], usize, SocketAddr) -> usize + 'static> Handler for F {}

/// A handler whose type is not known where it is handed on.
pub type BoxedHandler = Box<dyn FnMut(&mut [u8], usize, SocketAddr) -> usize>;

/// Where a service is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Taking connections and queries.
    Serving,
    /// Taking no connections; answering what has come, then closing.
    Draining,
    /// Closing everything as it is.
    Ended,
}

/// What all TCP threads of a service share.
pub struct Shared {
    connections: Arc<Connections>,
    idle_ms: AtomicU64,
}

impl Shared {
    /// Under the settings.
    pub fn new(settings: &TcpSettings) -> Arc<Self> {
        let idle_ms = AtomicU64::new(u64::from(settings.idle_timeout_s) * 1000);
        Arc::new(Self { connections: Connections::new(caps(settings)), idle_ms })
    }

    /// Changes the settings; connections that are open keep their time-out until their next query.
    pub fn set(&self, settings: &TcpSettings) {
        self.connections.set_caps(caps(settings));
        self.idle_ms.store(u64::from(settings.idle_timeout_s) * 1000, Relaxed);
    }

    fn idle(&self) -> Duration {
        Duration::from_millis(self.idle_ms.load(Relaxed))
    }
}

/// What the connections of one thread share.
struct Desk<H> {
    handler: RefCell<H>,
    /// Where octets are read to, and where queries become answers; never held across a wait.
    scratch: RefCell<Box<[u8]>>,
    shared: Arc<Shared>,
    counters: Arc<Counters>,
    stage: watch::Receiver<Stage>,
}

/// Serves until the stage is `Draining` and all connections are done, or `Ended`. Blocks the thread; `counters` is
/// written by this thread alone.
///
/// Errors: the runtime or a listener cannot be set up.
pub fn run(
    listeners: Vec<OwnedFd>,
    shared: Arc<Shared>,
    counters: Arc<Counters>,
    stage: watch::Receiver<Stage>,
    handler: impl Handler,
) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
    LocalSet::new().block_on(&runtime, serve(listeners, shared, counters, stage, handler))
}

async fn serve(
    listeners: Vec<OwnedFd>,
    shared: Arc<Shared>,
    counters: Arc<Counters>,
    mut stage: watch::Receiver<Stage>,
    handler: impl Handler,
) -> io::Result<()> {
    let scratch = RefCell::new(vec![0; ANSWER_SIZE].into_boxed_slice());
    let desk = Rc::new(Desk { handler: RefCell::new(handler), scratch, shared, counters, stage: stage.clone() });
    let mut doors = JoinSet::new();
    for listener in listeners {
        let acceptor = Acceptor::new(listener, Duration::from_millis(limits::TCP_ACCEPT_PAUSE_MS.default))?;
        doors.spawn_local(door(acceptor, desk.clone()));
    }
    tokio::select! {
        () = reached(&mut stage, Stage::Ended) => doors.shutdown().await,
        () = async { while doors.join_next().await.is_some() {} } => {}
    }
    Ok(())
}

/// Waits for the stage; a sender that is gone counts as the end.
async fn reached(stage: &mut watch::Receiver<Stage>, wanted: Stage) {
    let _ = stage.wait_for(|stage| *stage >= wanted).await;
}

/// Takes connections from one listener until it is time to drain, those that wait in it by then too; waits for all of them.
async fn door<H: Handler>(mut acceptor: Acceptor, desk: Rc<Desk<H>>) {
    let mut stage = desk.stage.clone();
    let mut open = JoinSet::new();
    loop {
        tokio::select! {
            biased;
            () = reached(&mut stage, Stage::Draining) => break,
            Some(_) = open.join_next() => {}
            accepted = acceptor.accept() => take(accepted, &desk, &mut open),
        }
    }
    acceptor.finish(|accepted| take(accepted, &desk, &mut open)).await;
    while open.join_next().await.is_some() {}
}

fn take<H: Handler>(accepted: Accepted, desk: &Rc<Desk<H>>, open: &mut JoinSet<()>) {
    match accepted {
        Accepted::Connection(stream, client) => admit(stream, client, desk, open),
        Accepted::Exhausted => desk.counters.tcp_refused.add(1),
    }
}

fn admit<H: Handler>(stream: TcpStream, client: SocketAddr, desk: &Rc<Desk<H>>, open: &mut JoinSet<()>) {
    let ticket = match desk.shared.connections.admit(client.ip()) {
        Admission::Taken(ticket) => ticket,
        Admission::TakenFromIdle(ticket) => {
            desk.counters.tcp_evicted.add(1);
            ticket
        }
        Admission::Refused => return desk.counters.tcp_refused.add(1),
    };
    desk.counters.tcp_accepted.add(1);
    let place = OpenGauge::new(&desk.counters);
    let connection = Connection::new(stream, client, ticket, desk.clone());
    open.spawn_local(async move {
        let _place = place;
        connection.serve().await;
    });
}

/// Counts a connection as open for as long as it lives, however it ends.
struct OpenGauge(Arc<Counters>);

impl OpenGauge {
    fn new(counters: &Arc<Counters>) -> Self {
        counters.tcp_open.add(1);
        Self(counters.clone())
    }
}

impl Drop for OpenGauge {
    fn drop(&mut self) {
        take_one(&self.0.tcp_open);
    }
}

fn caps(settings: &TcpSettings) -> Caps {
    Caps {
        total: settings.connections as usize,
        per_prefix: settings.connections_per_prefix as usize,
        ipv4_prefix: limits::TCP_IPV4_PREFIX.default as u8,
        ipv6_prefix: limits::TCP_IPV6_PREFIX.default as u8,
    }
}

#[cfg(test)]
mod tests;

//! The DNS service of one process: threads on sockets, from start to drain.
//!
//! ```text
//! start ─► one thread a UDP socket, pinned ─┐
//!       └► one thread for all TCP sockets ──┴─ drain: answer what came ─► stop
//! ```

mod answers;
mod log;

use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use edgeplane_base::SnapshotCell;
use edgeplane_net::listen;
use edgeplane_net::worker::{Workers, cores};
use tokio::sync::watch;

use crate::error::Error;
use crate::metrics::{Counters, Totals};
use crate::plan::Settings;
use crate::tcp::{self, BoxedHandler, Stage};
pub use answers::Answers;
pub use log::{LogObserver, Slot};

/// How long ending by force waits for threads and the query log.
const LAST_PATIENCE: Duration = Duration::from_secs(2);

/// What makes answers: called once for each serving thread, and again after a panic.
pub trait Answering: Send + Sync + 'static {
    /// Serves one UDP socket until `stop` is set; looks at it at least every half second.
    fn serve_udp(&self, socket: OwnedFd, seat: Seat, stop: Arc<AtomicBool>);

    /// What answers queries over TCP.
    fn tcp_handler(&self, seat: Seat) -> BoxedHandler;
}

/// What a serving thread is given.
#[derive(Clone)]
pub struct Seat {
    /// Number of the thread, for the query log.
    pub thread: usize,
    /// The thread's own counters.
    pub counters: Arc<Counters>,
    /// The query log; read through a `Reader`.
    pub log: Arc<SnapshotCell<Slot>>,
}

/// Sockets to serve on, bound by whoever starts the service.
#[derive(Default)]
pub struct Sockets {
    /// UDP: a thread each.
    pub udp: Vec<OwnedFd>,
    /// TCP, listening.
    pub tcp: Vec<OwnedFd>,
}

/// A running service.
pub struct Service {
    workers: Workers,
    stage: watch::Sender<Stage>,
    counters: Vec<Arc<Counters>>,
    tcp: Arc<tcp::Shared>,
    log: Arc<SnapshotCell<Slot>>,
}

impl Service {
    /// Sets up the sockets and starts the threads.
    ///
    /// Errors: settings that are wrong, a descriptor that is not what it should be, a thread that cannot be started.
    pub fn start(answering: Arc<impl Answering>, sockets: Sockets, settings: &Settings) -> Result<Self, Error> {
        let threads = sockets.udp.len() + 1;
        let mut service = Self {
            workers: Workers::default(),
            stage: watch::Sender::new(Stage::Serving),
            counters: (0..threads).map(|_| Arc::default()).collect(),
            tcp: tcp::Shared::new(&settings.tcp),
            log: Arc::new(SnapshotCell::new(log::open(settings, threads, &None)?)),
        };
        // The TCP thread has number 0.
        service.start_tcp(answering.clone(), sockets.tcp)?;
        let cores = cores();
        for (n, socket) in sockets.udp.into_iter().enumerate() {
            let core = n.checked_rem(cores.len()).and_then(|n| cores.get(n).copied());
            service.start_udp(answering.clone(), n + 1, core, socket)?;
        }
        Ok(service)
    }

    /// Replaces what follows from the settings and is not part of a snapshot: query log, limits of TCP. Nothing changes
    /// when they are wrong.
    pub fn configure(&self, settings: &Settings) -> Result<(), Error> {
        let next = log::open(settings, self.counters.len(), &self.log.load())?;
        self.log.publish(Arc::new(next));
        self.tcp.set(&settings.tcp);
        self.log.collect();
        Ok(())
    }

    /// Sums of all counters.
    pub fn totals(&self) -> Totals {
        self.log.collect();
        let mut totals = Totals::of(self.counters.iter().map(|counters| &**counters));
        totals.panics += self.workers.panics();
        totals
    }

    /// Opens the query log's file anew: after it was moved away.
    pub fn reopen_logs(&self) {
        if let Some(log) = &*self.log.load() {
            log.reopen();
        }
    }

    /// Takes nothing new, answers what has come, closes; whether all threads were done within `patience`.
    pub fn drain(&mut self, patience: Duration) -> bool {
        self.stage.send_replace(Stage::Draining);
        self.workers.stop();
        self.workers.join(patience)
    }

    /// Ends everything at once; after a drain, what the drain could not wait for.
    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        self.workers.stop();
        self.stage.send_replace(Stage::Ended);
        self.workers.join(LAST_PATIENCE);
        if let Some(log) = &*self.log.load() {
            log.stop(LAST_PATIENCE);
        }
    }

    fn seat(&self, thread: usize) -> Seat {
        let counters = self.counters.get(thread).cloned().unwrap_or_default();
        Seat { thread, counters, log: self.log.clone() }
    }

    fn start_udp(
        &mut self,
        answering: Arc<impl Answering>,
        thread: usize,
        core: Option<usize>,
        socket: OwnedFd,
    ) -> Result<(), Error> {
        let socket = listen::adopt_udp(socket).map_err(Error::system("set up a UDP socket"))?;
        let (name, seat) = (format!("dns-udp-{thread}"), self.seat(thread));
        let serve = move |stop: &Arc<AtomicBool>| match socket.try_clone() {
            Ok(socket) => answering.serve_udp(socket, seat.clone(), stop.clone()),
            Err(error) => tracing::error!(%error, "a UDP thread cannot go on: no descriptor left"),
        };
        self.workers.spawn(&name, core, serve).map_err(Error::system(format!("start thread {name}")))
    }

    fn start_tcp(&mut self, answering: Arc<impl Answering>, sockets: Vec<OwnedFd>) -> Result<(), Error> {
        let sockets: Vec<OwnedFd> = sockets
            .into_iter()
            .map(|socket| listen::adopt_tcp(socket).map_err(Error::system("set up a TCP socket")))
            .collect::<Result<_, _>>()?;
        if sockets.is_empty() {
            return Ok(());
        }
        let (seat, shared, stage) = (self.seat(0), self.tcp.clone(), self.stage.subscribe());
        let serve = move |_: &Arc<AtomicBool>| {
            let handler = answering.tcp_handler(seat.clone());
            let done =
                sockets.iter().map(OwnedFd::try_clone).collect::<Result<_, _>>().and_then(|sockets| {
                    tcp::run(sockets, shared.clone(), seat.counters.clone(), stage.clone(), handler)
                });
            if let Err(error) = done {
                tracing::error!(%error, "the TCP thread ended");
            }
        };
        self.workers.spawn("dns-tcp", None, serve).map_err(Error::system("start thread dns-tcp"))
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.end();
    }
}

#[cfg(test)]
mod tests;

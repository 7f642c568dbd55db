//! The running edge: one thread a core, each with its own listeners, runtime, pools and counters; one store for all.
//!
//! ```text
//! listeners ─► worker: accept ─ PROXY protocol, TLS ─► http::{h1, h2} ─► App::ready      a hit: no waiting
//!                                                                    └─► App::handle     everything else
//! ```

mod account;
mod app;
mod arrival;
mod aside;
mod encode;
mod exchange;
mod fetch;
mod find;
mod hit;
mod interim;
mod ledger;
pub mod lines;
mod lobby;
mod notice;
mod page;
pub(crate) mod part;
mod pass;
mod render;
pub mod room;
mod route;
mod send;
mod sink;
pub(crate) mod slices;
mod terms;
mod tunnel;
mod watch;
mod worker;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

use edgeplane_net::listen::{adopt_tcp, local_address};
use edgeplane_net::worker::{Workers, cores};

use crate::metrics::Totals;
use crate::shared::Shared;
use worker::{Signals, Station};

/// Sockets that listen and were bound by somebody else: for each worker those it takes connections from.
#[derive(Default)]
pub struct Sockets {
    /// Plain HTTP.
    pub http: Vec<OwnedFd>,
    /// HTTP over TLS.
    pub https: Vec<OwnedFd>,
}

impl Sockets {
    /// Set up as workers need them: they listen and do not block.
    fn adopted(self) -> io::Result<Self> {
        let all = |sockets: Vec<OwnedFd>| sockets.into_iter().map(adopt_tcp).collect::<io::Result<Vec<_>>>();
        Ok(Self { http: all(self.http)?, https: all(self.https)? })
    }

    /// How many sockets share the first address: one a worker.
    fn on_one_address(&self) -> usize {
        let addresses = |sockets: &[OwnedFd]| sockets.iter().map(local_address).collect::<Result<Vec<_>, _>>();
        let both = [&self.http, &self.https].map(|sockets| addresses(sockets).unwrap_or_default());
        let shared = |all: &Vec<_>| all.iter().filter(|&address| Some(address) == all.first()).count();
        both.iter().map(shared).max().unwrap_or(0).max(1)
    }
}

/// The workers of one node.
pub struct Service {
    workers: Workers,
    count: usize,
    signals: Arc<Signals>,
    shared: Arc<Shared>,
}

/// How often draining looks whether all is done.
const LOOK: Duration = Duration::from_millis(10);

impl Service {
    /// Starts as many workers as one address has sockets; socket `n` of each kind goes to worker `n % workers`.
    pub fn start(shared: Arc<Shared>, sockets: Sockets) -> io::Result<Self> {
        let sockets = sockets.adopted()?;
        let count = sockets.on_one_address();
        let signals = Arc::new(Signals::default());
        let (mut workers, cores) = (Workers::default(), Arc::<[usize]>::from(cores()));
        for (number, station) in stations(sockets, count).into_iter().enumerate() {
            let (shared, signals) = (shared.clone(), signals.clone());
            let (counters, all) = (shared.counters.enlist(), cores.clone());
            let core = number.checked_rem(cores.len()).and_then(|number| cores.get(number).copied());
            workers.spawn(&format!("edgeplane-http-{number}"), core, move |stop| {
                worker::run(&shared, &counters, &station, &signals, &all, stop);
            })?;
        }
        Ok(Self { workers, count, signals, shared })
    }

    /// Counters since the start.
    pub fn totals(&self) -> Totals {
        self.shared.counters.totals()
    }

    /// The same by name, with those of origins and of the store.
    pub fn counters(&self) -> BTreeMap<&'static str, u64> {
        let mut counters = self.shared.counters.named();
        counters.extend(self.shared.store());
        *counters.entry("panics").or_default() += self.workers.panics();
        counters
    }

    /// Takes no new connection from now on but those that wait in the listeners.
    pub fn begin_drain(&self) {
        self.signals.drain();
    }

    /// Takes no new connection and answers what has come; whether all connections have ended within `patience`. Tunnels,
    /// which have no end of their own, are not waited for.
    pub fn drain(&self, patience: Duration) -> bool {
        self.begin_drain();
        let end = Instant::now() + patience;
        while self.is_answering() {
            if Instant::now() >= end {
                return false;
            }
            std::thread::sleep(LOOK);
        }
        true
    }

    fn is_answering(&self) -> bool {
        // In this order: what is taken last counts as open by the time that its worker is done.
        let takes = self.signals.done() < self.count;
        let totals = self.totals();
        takes || totals.connections_open > totals.tunnels_open
    }

    /// Ends all threads.
    pub fn stop(mut self) {
        self.signals.stop();
        self.workers.stop();
        self.workers.join(Duration::from_secs(5));
    }
}

fn stations(sockets: Sockets, count: usize) -> Vec<Station> {
    let mut stations: Vec<Station> = (0..count).map(|_| Station::default()).collect();
    let mut share = |sockets: Vec<OwnedFd>, list: fn(&mut Station) -> &mut Vec<OwnedFd>| {
        for (number, socket) in sockets.into_iter().enumerate() {
            if let Some(station) = stations.get_mut(number % count) {
                list(station).push(socket);
            }
        }
    };
    share(sockets.http, |station| &mut station.http);
    share(sockets.https, |station| &mut station.https);
    stations
}

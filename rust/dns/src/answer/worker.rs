//! What one serving thread owns, and who it talks to.

use std::net::IpAddr;
use std::sync::Arc;

use edgeplane_base::clock::Clock;
use edgeplane_base::random::Random;

use super::{Asked, Outcome};
use crate::cookie::CookieState;
use crate::metrics::Counters;
use crate::plan::Serving;
pub use crate::querylog::Transport;
use crate::wire::{QName, Query};

/// Who asks.
#[derive(Debug, Clone, Copy)]
pub struct Peer {
    /// Source address.
    pub address: IpAddr,
    /// How the query came.
    pub transport: Transport,
}

/// An answered query, as an observer sees it.
pub struct Seen<'a> {
    /// What it was answered from.
    pub serving: &'a Serving,
    /// The name asked for, lower case, in wire form.
    pub qname: &'a [u8],
    /// The query.
    pub query: &'a Query,
    /// Who asked.
    pub peer: &'a Peer,
    /// What was answered.
    pub outcome: &'a Outcome,
    /// Milliseconds since the Unix epoch.
    pub now_ms: u64,
}

/// Sees every answered query; where a log is wanted, one stands here.
pub trait Observer: Send {
    /// A query was answered.
    fn answered(&mut self, seen: &Seen<'_>);
}

/// One thread's scratch space, counters and clocks.
pub struct Worker {
    /// The thread's own counters.
    pub counters: Arc<Counters>,
    /// The query in hand of who answers one at a time.
    pub(super) asked: Option<Box<Asked>>,
    pub(super) target: QName,
    pub(super) random: Random,
    /// Wall clock in seconds and milliseconds.
    pub(super) now_s: u32,
    wall_ms: u64,
    /// Monotonic clock.
    pub(super) now_ms: u64,
    clock: Arc<dyn Clock>,
    observer: Option<Box<dyn Observer>>,
}

impl Worker {
    /// A worker that counts into `counters` and reads `clock` when told to.
    pub fn new(counters: Arc<Counters>, clock: Arc<dyn Clock>, random: Random) -> Self {
        let mut worker = Self {
            counters,
            asked: None,
            target: QName::default(),
            random,
            now_s: 0,
            wall_ms: 0,
            now_ms: 0,
            clock,
            observer: None,
        };
        worker.tick();
        worker
    }

    /// The same worker, watched.
    pub fn observed(mut self, observer: Box<dyn Observer>) -> Self {
        self.observer = Some(observer);
        self
    }

    /// Reads the clocks; once a batch is enough.
    #[inline]
    pub fn tick(&mut self) {
        self.now_ms = self.clock.monotonic_ms();
        self.wall_ms = self.clock.wall_ms();
        self.now_s = (self.wall_ms / 1000) as u32;
    }

    #[inline]
    pub(super) fn began(&self, peer: &Peer) {
        self.counters.query(peer.transport == Transport::Tcp, peer.address.is_ipv6()).add(1);
    }

    #[inline]
    pub(super) fn ended(&mut self, serving: &Serving, name: &QName, query: &Query, peer: &Peer, outcome: &Outcome) {
        if outcome.len > 0 {
            self.counters.response(outcome.rcode).add(1);
        }
        if let Some(edns) = &query.edns {
            if edns.ecs.is_some() {
                self.counters.queries_ecs.add(1);
            }
            let cookies = match outcome.cookie {
                Some(CookieState::Good) => &self.counters.cookies_good,
                Some(CookieState::ClientOnly) => &self.counters.cookies_client_only,
                Some(_) => &self.counters.cookies_bad,
                None => &self.counters.cookies_absent,
            };
            cookies.add(1);
        }
        if let Some(observer) = &mut self.observer {
            observer.answered(&Seen { serving, qname: name.wire(), query, peer, outcome, now_ms: self.wall_ms });
        }
    }
}

//! What one serving thread owns, and who it talks to.

use std::net::IpAddr;
use std::sync::Arc;

use edgeplane_base::clock::Clock;
use edgeplane_base::random::Random;

use super::Outcome;
use crate::cookie::CookieState;
use crate::metrics::Counters;
use crate::wire::{QName, Query};

/// How a query came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// One datagram.
    Udp,
    /// A message of a stream.
    Tcp,
}

/// Who asks.
#[derive(Debug, Clone, Copy)]
pub struct Peer {
    /// Source address.
    pub address: IpAddr,
    /// How the query came.
    pub transport: Transport,
}

/// Sees every answered query; where a log is wanted, one stands here.
pub trait Observer: Send {
    /// A query in `buffer` was answered; `sent` octets go out, 0 where the answer is held back.
    fn answered(&mut self, message: &[u8], qname: &[u8], query: &Query, peer: &Peer, outcome: &Outcome, now_s: u32);
}

/// One thread's scratch space, counters and clocks.
pub struct Worker {
    /// The thread's own counters.
    pub counters: Arc<Counters>,
    pub(super) qname: QName,
    pub(super) target: QName,
    pub(super) random: Random,
    pub(super) now_s: u32,
    pub(super) now_ms: u64,
    clock: Arc<dyn Clock>,
    observer: Option<Box<dyn Observer>>,
}

impl Worker {
    /// A worker that counts into `counters` and reads `clock` when told to.
    pub fn new(counters: Arc<Counters>, clock: Arc<dyn Clock>, random: Random) -> Self {
        let mut worker = Self {
            counters,
            qname: QName::default(),
            target: QName::default(),
            random,
            now_s: 0,
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
        self.now_s = self.clock.wall_s() as u32;
    }

    #[inline]
    pub(super) fn began(&self, peer: &Peer) {
        self.counters.query(peer.transport == Transport::Tcp, peer.address.is_ipv6()).add(1);
    }

    #[inline]
    pub(super) fn ended(&mut self, buffer: &[u8], query: &Query, peer: &Peer, outcome: &Outcome, sent: usize) {
        if sent > 0 {
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
            let message = buffer.get(..sent).unwrap_or(&[]);
            observer.answered(message, self.qname.wire(), query, peer, outcome, self.now_s);
        }
    }
}

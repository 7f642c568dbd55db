//! Serving threads that answer from a snapshot.

use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use edgeplane_base::random::Random;
use edgeplane_base::{Reader, SnapshotCell};
use edgeplane_net::clock::CoarseClock;
use edgeplane_net::listen;

use super::{Answering, LogObserver, Seat};
use crate::answer::{Peer, Transport, Worker, respond};
use crate::plan::Serving;
use crate::tcp::BoxedHandler;
use crate::udp;

/// Pause before a socket that failed for good is tried again.
const AFTER_FAILURE: Duration = Duration::from_secs(1);

/// Answers from what a cell holds at the moment.
pub struct Answers {
    cell: Arc<SnapshotCell<Serving>>,
    clock: Arc<CoarseClock>,
}

impl Answers {
    /// Answers from the cell.
    pub fn new(cell: Arc<SnapshotCell<Serving>>) -> Self {
        Self { cell, clock: Arc::new(CoarseClock) }
    }

    fn worker(&self, seat: &Seat) -> Worker {
        let observer = LogObserver::new(seat.thread, seat.log.clone(), seat.counters.clone());
        Worker::new(seat.counters.clone(), self.clock.clone(), Random::from_process()).observed(Box::new(observer))
    }
}

impl Answering for Answers {
    fn serve_udp(&self, socket: OwnedFd, seat: Seat, stop: Arc<AtomicBool>) {
        let wildcard = listen::local_address(&socket).is_ok_and(|address| address.ip().is_unspecified());
        let mut serving = Reader::new(self.cell.clone());
        let mut worker = self.worker(&seat);
        while let Err(error) = udp::run(&socket, wildcard, &mut serving, &mut worker, &stop) {
            tracing::error!(%error, "a UDP socket fails; trying again");
            std::thread::sleep(AFTER_FAILURE);
        }
    }

    fn tcp_handler(&self, seat: Seat) -> BoxedHandler {
        let (cell, mut worker) = (self.cell.clone(), self.worker(&seat));
        Box::new(move |buffer, len, client: SocketAddr| {
            worker.tick();
            let peer = Peer { address: client.ip().to_canonical(), transport: Transport::Tcp };
            cell.with(|serving| respond(&mut worker, serving, buffer, len, &peer))
        })
    }
}

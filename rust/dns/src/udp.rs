//! DNS over UDP: one thread, one socket, batches answered in place.

use std::io;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use edgeplane_base::Reader;
use edgeplane_net::udp::UdpBatch;

use crate::answer::{Peer, Transport, Worker, respond};
use crate::limits;
use crate::plan::Serving;

/// Datagrams a system call.
pub const BATCH: usize = limits::BATCH_WIDTH.default as usize;

/// Answers until `stop` is set. The socket's receive time-out says how soon that is seen and how long an idle thread
/// holds a snapshot that was replaced. Errors of the socket end the loop.
pub fn run(
    socket: &impl AsFd,
    wildcard: bool,
    serving: &mut Reader<Serving>,
    worker: &mut Worker,
    stop: &Arc<AtomicBool>,
) -> io::Result<()> {
    let mut batch = UdpBatch::new(BATCH, wildcard);
    while !stop.load(Ordering::Relaxed) {
        let count = batch.receive(socket.as_fd())?;
        let current = serving.get();
        worker.tick();
        for n in 0..count {
            let (buffer, len, address) = batch.slot(n);
            let peer = Peer { address, transport: Transport::Udp };
            let answer = respond(worker, current, buffer, len, &peer);
            batch.reply(n, answer);
        }
        batch.send(socket.as_fd());
    }
    Ok(())
}

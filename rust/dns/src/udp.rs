//! DNS over UDP: one thread, one socket, batches answered in place.

use std::io;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use edgeplane_base::Reader;
use edgeplane_net::udp::{UdpBatch, Wait};

use crate::answer::{Peer, Transport, Worker, respond};
use crate::limits;
use crate::plan::Serving;

/// Datagrams a system call.
pub const BATCH: usize = limits::BATCH_WIDTH.default as usize;
/// Failures side by side after which a socket counts as broken.
const MAX_FAILURES: u32 = 100;
/// Pause after a failure such as ENOMEM, which passes.
const AFTER_FAILURE: Duration = Duration::from_millis(10);
/// Batches that are still answered after `stop`: more than a socket's queue holds.
const LAST_BATCHES: usize = 4_096;

/// Answers until `stop` is set and what had come by then is answered. The socket's receive time-out says how soon that
/// is seen and how long an idle thread holds a snapshot that was replaced. Ends with an error when receiving goes on
/// failing.
pub fn run(
    socket: &impl AsFd,
    wildcard: bool,
    serving: &mut Reader<Serving>,
    worker: &mut Worker,
    stop: &Arc<AtomicBool>,
) -> io::Result<()> {
    let mut batch = UdpBatch::new(BATCH, wildcard);
    let mut failures = 0;
    while !stop.load(Ordering::Relaxed) {
        match batch.receive(socket.as_fd(), Wait::ForOne) {
            Ok(count) => {
                failures = 0;
                answer(&mut batch, count, socket, serving.get(), worker);
            }
            Err(error) if failures == MAX_FAILURES => return Err(error),
            Err(_) => {
                failures += 1;
                worker.counters.receive_errors.add(1);
                std::thread::sleep(AFTER_FAILURE);
            }
        }
    }
    for _ in 0..LAST_BATCHES {
        match batch.receive(socket.as_fd(), Wait::No) {
            Ok(0) | Err(_) => break,
            Ok(count) => answer(&mut batch, count, socket, serving.get(), worker),
        }
    }
    Ok(())
}

#[inline]
fn answer(batch: &mut UdpBatch, count: usize, socket: &impl AsFd, serving: &Serving, worker: &mut Worker) {
    worker.tick();
    for n in 0..count {
        let (buffer, len, address) = batch.slot(n);
        let peer = Peer { address, transport: Transport::Udp };
        let answer = respond(worker, serving, buffer, len, &peer);
        batch.reply(n, answer);
    }
    let lost = batch.send(socket.as_fd());
    if lost > 0 {
        worker.counters.send_errors.add(lost as u64);
    }
}

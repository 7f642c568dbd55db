//! DNS over UDP: one thread, one socket, batches answered in place.

use std::io;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use edgeplane_base::Reader;
use edgeplane_net::udp::{UdpBatch, Wait};

use crate::answer::{Asked, Peer, Transport, Worker, respond_to};
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
    let mut ahead = Ahead::default();
    let mut failures = 0;
    while !stop.load(Ordering::Relaxed) {
        match batch.receive(socket.as_fd(), Wait::ForOne) {
            Ok(count) => {
                failures = 0;
                answer(&mut batch, count, socket, serving.get(), worker, &mut ahead);
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
            Ok(count) => answer(&mut batch, count, socket, serving.get(), worker, &mut ahead),
        }
    }
    Ok(())
}

/// The queries that were read and are not answered yet, each in the place of its number's lowest bits.
#[derive(Default)]
struct Ahead([Asked; PLACES]);

/// A power of two; of three queries at a time one is read, one approached, one answered.
const PLACES: usize = 4;

impl Ahead {
    #[inline]
    #[allow(clippy::indexing_slicing)] // Below PLACES by the mask.
    fn at(&mut self, number: usize) -> &mut Asked {
        &mut self.0[number & (PLACES - 1)]
    }
}

#[inline]
fn answer(
    batch: &mut UdpBatch,
    count: usize,
    socket: &impl AsFd,
    serving: &Serving,
    worker: &mut Worker,
    ahead: &mut Ahead,
) {
    worker.tick();
    for newest in 0..count + 2 {
        if newest < count {
            let (buffer, len, _) = batch.slot(newest);
            ahead.at(newest).read(buffer.get(..len).unwrap_or(&[]), serving);
        }
        if (1..=count).contains(&newest) {
            ahead.at(newest - 1).approach(serving);
        }
        if let Some(n) = newest.checked_sub(2) {
            let asked = ahead.at(n);
            let (buffer, _, address) = batch.slot(n);
            let peer = Peer { address, transport: Transport::Udp };
            let answer = respond_to(asked, worker, serving, buffer, &peer);
            batch.reply(n, answer);
        }
    }
    let lost = batch.send(socket.as_fd());
    if lost > 0 {
        worker.counters.send_errors.add(lost as u64);
    }
}

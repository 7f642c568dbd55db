//! The query log: serving threads put entries into rings, one thread writes them as lines.
//!
//! ```text
//! thread ─ Logger.log ─► ring of fixed size ─┐
//! thread ─ Logger.log ─► ring of fixed size ─┴─► writer thread ─► file or pipe
//! ```
//! A serving thread never waits, never wakes anyone and never calls the system: what finds no room is counted.

mod entry;
mod writer;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use edgeplane_base::random::Random;

use crate::error::Error;
use crate::limits;
use crate::plan::QueryLogSettings;
pub use entry::{Entry, MAX_ZONE_ID, Transport};

/// What the threads around a query log tell its writer.
#[derive(Default)]
struct Orders {
    reopen: AtomicBool,
    /// Write what is there, then end.
    stop: AtomicBool,
    /// End even if the sink stands still.
    abandon: AtomicBool,
}

/// A running query log.
pub struct QueryLog {
    orders: Arc<Orders>,
    writer: JoinHandle<()>,
}

/// A serving thread's end of the log.
pub struct Logger {
    ring: SyncSender<Entry>,
    /// Entries are taken when 32 random bits are below this.
    threshold: u64,
    random: Random,
}

/// Whether an entry was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Logged {
    /// It will be written.
    Taken,
    /// It is not in the sample.
    NotSampled,
    /// The ring is full: count it.
    Dropped,
}

impl QueryLog {
    /// Starts the writer and returns one logger for each of `threads` serving threads.
    ///
    /// `location` names this node in each line, `-` where it has no name. A file that cannot be opened is reported in
    /// the log of the process and tried again; meanwhile entries are dropped and counted.
    pub fn start(settings: &QueryLogSettings, location: &str, threads: usize) -> Result<(Self, Vec<Logger>), Error> {
        let (loggers, rings): (Vec<_>, Vec<_>) =
            (0..threads).map(|n| ring(settings.sample, Random::from_process(), n)).unzip();
        let orders = Arc::new(Orders::default());
        let mut writer = writer::Writer::new(PathBuf::from(&settings.path), location, rings);
        let heard = orders.clone();
        let writer = std::thread::Builder::new()
            .name("dns-query-log".into())
            .spawn(move || run(&mut writer, &heard))
            .map_err(Error::system("start the query log's thread"))?;
        Ok((Self { orders, writer }, loggers))
    }

    /// Opens the file anew at the writer's next round: after it was moved away.
    pub fn reopen(&self) {
        self.orders.reopen.store(true, Relaxed);
    }

    /// Writes what the rings hold and ends; gives up after `patience` where the sink stands still.
    pub fn stop(self, patience: Duration) {
        self.orders.stop.store(true, Relaxed);
        let end = Instant::now() + patience;
        while !self.writer.is_finished() && Instant::now() < end {
            std::thread::sleep(Duration::from_millis(limits::QUERY_LOG_PAUSE_MS.default));
        }
        self.orders.abandon.store(true, Relaxed);
    }
}

impl Logger {
    /// Hands in an entry if it is in the sample; `entry` is called only then. Does not wait.
    #[inline]
    pub fn log(&mut self, entry: impl FnOnce() -> Entry) -> Logged {
        if self.random.next_u64() >> 32 >= self.threshold {
            return Logged::NotSampled;
        }
        match self.ring.try_send(entry()) {
            Ok(()) => Logged::Taken,
            Err(_) => Logged::Dropped,
        }
    }
}

fn ring(sample: f64, mut random: Random, thread: usize) -> (Logger, Receiver<Entry>) {
    let (sender, receiver) = sync_channel(limits::QUERY_LOG_RING.default as usize);
    let threshold = (sample.clamp(0.0, 1.0) * 2f64.powi(32)) as u64;
    let random = Random::seeded(random.next_u64().wrapping_add(thread as u64));
    (Logger { ring: sender, threshold, random }, receiver)
}

fn run(writer: &mut writer::Writer, orders: &Orders) {
    loop {
        let stopping = orders.stop.load(Relaxed);
        if orders.reopen.swap(false, Relaxed) {
            writer.reopen();
        }
        let moved = writer.round(Instant::now());
        if orders.abandon.load(Relaxed) || stopping && !(moved || writer.waits()) {
            return;
        }
        if !moved {
            std::thread::sleep(Duration::from_millis(limits::QUERY_LOG_PAUSE_MS.default));
        }
    }
}

#[cfg(test)]
mod tests;

//! The query log: serving threads put entries into rings, one thread writes them as lines.
//!
//! ```text
//! thread ─ QueryLog.log ─► ring of fixed size ─┐
//! thread ─ QueryLog.log ─► ring of fixed size ─┴─► writer thread ─► file or pipe
//! ```
//! A serving thread never waits, never wakes anyone and never calls the system: what finds no room is counted.

mod entry;
mod writer;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::mpsc::{SyncSender, sync_channel};
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

/// A running query log; dropped, it writes what it holds and ends by itself.
pub struct QueryLog {
    settings: QueryLogSettings,
    /// Entries are taken when 32 random bits are below this.
    threshold: u64,
    rings: Vec<SyncSender<Entry>>,
    orders: Arc<Orders>,
    writer: JoinHandle<()>,
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
    /// Starts the writer, with one ring for each of `threads` serving threads.
    ///
    /// `location` names this node in each line, `-` where it has no name. A file that cannot be opened is reported in
    /// the log of the process and tried again; meanwhile entries are dropped and counted.
    pub fn start(settings: &QueryLogSettings, location: &str, threads: usize) -> Result<Self, Error> {
        let (rings, ends) = (0..threads).map(|_| sync_channel(limits::QUERY_LOG_RING.default as usize)).unzip();
        let orders = Arc::new(Orders::default());
        let mut writer = writer::Writer::new(PathBuf::from(&settings.path), location, ends);
        let heard = orders.clone();
        let writer = std::thread::Builder::new()
            .name("dns-query-log".into())
            .spawn(move || run(&mut writer, &heard))
            .map_err(Error::system("start the query log's thread"))?;
        let threshold = (settings.sample.clamp(0.0, 1.0) * 2f64.powi(32)) as u64;
        Ok(Self { settings: settings.clone(), threshold, rings, orders, writer })
    }

    /// What it was started with.
    pub fn settings(&self) -> &QueryLogSettings {
        &self.settings
    }

    /// Hands in an entry from the serving thread of that number, if it is in the sample; `entry` is called only then.
    /// Does not wait.
    #[inline]
    pub fn log(&self, thread: usize, random: &mut Random, entry: impl FnOnce() -> Entry) -> Logged {
        if random.next_u64() >> 32 >= self.threshold {
            return Logged::NotSampled;
        }
        let taken = self.rings.get(thread).is_some_and(|ring| ring.try_send(entry()).is_ok());
        if taken { Logged::Taken } else { Logged::Dropped }
    }

    /// Opens the file anew at the writer's next round: after it was moved away.
    pub fn reopen(&self) {
        self.orders.reopen.store(true, Relaxed);
    }

    /// Writes what the rings hold and ends; gives up after `patience` where the sink stands still.
    pub fn stop(&self, patience: Duration) {
        self.orders.stop.store(true, Relaxed);
        let end = Instant::now() + patience;
        while !self.writer.is_finished() && Instant::now() < end {
            std::thread::sleep(Duration::from_millis(limits::QUERY_LOG_PAUSE_MS.default));
        }
        self.orders.abandon.store(true, Relaxed);
    }
}

impl Drop for QueryLog {
    fn drop(&mut self) {
        self.orders.stop.store(true, Relaxed);
    }
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

//! Logs of lines: serving threads put entries into rings, one thread writes them to a file or pipe.
//!
//! ```text
//! thread ─ Ring.offer ─► ring of fixed size ─┐
//! thread ─ Ring.offer ─► ring of fixed size ─┴─► writer thread ─ Format ─► file or pipe
//! ```
//! A serving thread never waits, never wakes anyone and never calls the system: what finds no room it may count, and the
//! writer says so.

mod sample;
mod writer;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

use edgeplane_base::Limit;

pub use sample::Sample;
pub use writer::Writer;

/// Entries that wait in one ring.
pub const RING: Limit = Limit {
    name: "log ring",
    default: 4_096,
    min: 1,
    max: 1 << 20,
    unit: "entries",
    why: "80 ms at 50,000 requests a second, 20 ms at 200,000 queries; what does not fit is counted",
};
/// Octets that wait in one ring.
pub const RING_OCTETS: Limit = Limit {
    name: "log ring octets",
    default: 4 << 20,
    min: 65_536,
    max: 1 << 30,
    unit: "octets",
    why: "a ring full of ordinary requests; long ones must not take the memory of the store",
};
/// Octets of lines that wait for a sink that does not take them.
pub const BUFFER: Limit = Limit {
    name: "log buffer",
    default: 65_536,
    min: 4_096,
    max: 1 << 24,
    unit: "octets",
    why: "the size of a pipe: more would only hide that the reader stands still",
};
/// Pause of the writer when nothing is there.
pub const PAUSE_MS: Limit = Limit {
    name: "log pause",
    default: 5,
    min: 1,
    max: 1_000,
    unit: "milliseconds",
    why: "a fraction of what fills a ring; waking the writer would cost the serving thread a system call",
};

/// Pause between two words about entries that found no room.
pub const TELL_S: Limit = Limit {
    name: "log drops told",
    default: 10,
    min: 1,
    max: 3_600,
    unit: "seconds",
    why: "soon enough to act on, and six lines a minute while a reader stands still",
};

/// How entries become lines. Runs on the writer's thread.
pub trait Format: Send + 'static {
    /// What becomes a line.
    type Entry: Send + 'static;

    /// What stands at the head of a file: whole lines, or nothing.
    fn head(&self) -> String {
        String::new()
    }

    /// Adds a line, its end included.
    fn line(&self, entry: &Self::Entry, lines: &mut String);

    /// Says in the log of the process what is wrong with the sink (`cannot be opened; …`), and of which log it is.
    fn warn(&self, trouble: &str, path: &Path, error: &io::Error);

    /// Says in the log of the process that so many entries found no room since it last said so.
    fn lost(&self, entries: u64, path: &Path);
}

/// A running log; dropped, it writes what it holds and ends by itself.
pub struct LineLog<F: Format> {
    orders: Arc<Orders>,
    joining: Arc<Joining<F::Entry>>,
    writer: JoinHandle<()>,
}

/// Rings that the writer is to look at from now on.
type Joining<E> = Mutex<Vec<Receiving<E>>>;

/// What the threads around a log tell its writer.
#[derive(Default)]
struct Orders {
    reopen: AtomicBool,
    /// Write what is there, then end.
    stop: AtomicBool,
    /// End even if the sink stands still.
    abandon: AtomicBool,
}

/// One thread's end of a log.
pub struct Ring<E> {
    entries: SyncSender<(usize, E)>,
    waiting: Arc<AtomicUsize>,
    lost: Arc<AtomicU64>,
}

/// The writer's end of a ring.
struct Receiving<E> {
    entries: Receiver<(usize, E)>,
    waiting: Arc<AtomicUsize>,
    /// Entries that found no room since the writer last looked.
    lost: Arc<AtomicU64>,
}

impl<E> Ring<E> {
    fn new() -> (Self, Receiving<E>) {
        let (sender, receiver) = sync_channel(RING.default as usize);
        let (waiting, lost) = (Arc::<AtomicUsize>::default(), Arc::<AtomicU64>::default());
        let ring = Self { entries: sender, waiting: waiting.clone(), lost: lost.clone() };
        (ring, Receiving { entries: receiver, waiting, lost })
    }

    /// Hands in an entry that takes so many octets; whether there was room. Does not wait.
    #[inline]
    pub fn offer(&self, entry: E, octets: usize) -> bool {
        let taken = self.waiting.load(Relaxed) + octets <= RING_OCTETS.default as usize && self.put(entry, octets);
        if !taken {
            self.lost.fetch_add(1, Relaxed);
        }
        taken
    }

    fn put(&self, entry: E, octets: usize) -> bool {
        self.waiting.fetch_add(octets, Relaxed);
        let taken = self.entries.try_send((octets, entry)).is_ok();
        if !taken {
            self.waiting.fetch_sub(octets, Relaxed);
        }
        taken
    }
}

impl<E> Receiving<E> {
    /// The next entry. `Disconnected`: nothing is there, and nothing will come.
    fn take(&self) -> Result<E, TryRecvError> {
        let (octets, entry) = self.entries.try_recv()?;
        self.waiting.fetch_sub(octets, Relaxed);
        Ok(entry)
    }
}

impl<F: Format> LineLog<F> {
    /// Starts the writer, on a thread of that name. A file that cannot be opened is reported in the log of the process
    /// and tried again; meanwhile entries find no room.
    pub fn start(thread: &str, path: PathBuf, format: F) -> io::Result<Self> {
        let (orders, joining) = (Arc::<Orders>::default(), Arc::<Joining<F::Entry>>::default());
        let (heard, rings) = (orders.clone(), joining.clone());
        let writer =
            Builder::new().name(thread.into()).spawn(move || run(Writer::new(path, format), &rings, &heard))?;
        Ok(Self { orders, joining, writer })
    }

    /// A ring for one more thread.
    pub fn ring(&self) -> Ring<F::Entry> {
        let (ring, end) = Ring::new();
        self.joining.lock().unwrap_or_else(PoisonError::into_inner).push(end);
        ring
    }

    /// Opens the file anew at the writer's next round: after it was moved away.
    pub fn reopen(&self) {
        self.orders.reopen.store(true, Relaxed);
    }

    /// Whether the writer has ended: entries find no room any more.
    pub fn is_finished(&self) -> bool {
        self.writer.is_finished()
    }

    /// Writes what the rings hold and ends; gives up after `patience` where the sink stands still.
    pub fn stop(&self, patience: Duration) {
        self.orders.stop.store(true, Relaxed);
        let end = Instant::now() + patience;
        while !self.is_finished() && Instant::now() < end {
            std::thread::sleep(Duration::from_millis(PAUSE_MS.default));
        }
        self.orders.abandon.store(true, Relaxed);
    }
}

impl<F: Format> Drop for LineLog<F> {
    fn drop(&mut self) {
        self.orders.stop.store(true, Relaxed);
    }
}

fn run<F: Format>(mut writer: Writer<F>, joining: &Joining<F::Entry>, orders: &Orders) {
    loop {
        let stopping = orders.stop.load(Relaxed);
        writer.join(&mut joining.lock().unwrap_or_else(PoisonError::into_inner));
        if orders.reopen.swap(false, Relaxed) {
            writer.reopen();
        }
        let moved = writer.round(Instant::now());
        if orders.abandon.load(Relaxed) || stopping && !(moved || writer.waits()) {
            return writer.tell();
        }
        if !moved {
            std::thread::sleep(Duration::from_millis(PAUSE_MS.default));
        }
    }
}

#[cfg(test)]
mod tests;

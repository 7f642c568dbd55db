//! The access log: one line for each request that was answered.
//!
//! ```text
//! worker ─ Entry ─► Ring ─┐
//! worker ─ Entry ─► Ring ─┴─► one thread ─ 33 fields or JSON ─► file or pipe
//! ```
//! A request never waits for it: an entry that finds no room is counted in `access_log_dropped`.

mod columns;
mod entry;
mod format;
mod result;
#[cfg(test)]
mod tests;

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, Weak};
use std::time::Duration;

use edgeplane_base::random::Random;
use edgeplane_net::linelog::{LineLog, Ring, Sample};

pub use entry::{Answer, Entry, Octets, Server, Text, Times};
pub use result::ResultType;

use crate::plan::settings::AccessLog as Settings;
use format::Format;

/// What `x-edge-location` says; empty: nothing.
pub type Location = String;

/// How long the end of a log waits for its sink.
const PATIENCE: Duration = Duration::from_secs(1);

/// A running log.
pub struct Log {
    settings: Settings,
    location: Location,
    lines: LineLog<Format>,
}

/// One worker's end of it.
pub struct Pen {
    log: Weak<Log>,
    sample: Sample,
    ring: Ring<Entry>,
}

impl Log {
    /// Starts it.
    pub fn start(settings: &Settings, location: &str) -> io::Result<Self> {
        let format = Format { form: settings.format, location: location.into() };
        let lines = LineLog::start("edge-access-log", settings.path.clone(), format)?;
        Ok(Self { settings: settings.clone(), location: location.into(), lines })
    }

    /// A pen for one more worker.
    pub fn pen(self: &Arc<Self>) -> Pen {
        let sample = Sample::new(self.settings.sample);
        Pen { log: Arc::downgrade(self), sample, ring: self.lines.ring() }
    }
}

impl Pen {
    fn is_of(&self, log: &Arc<Log>) -> bool {
        self.log.as_ptr() == Arc::as_ptr(log)
    }

    /// Whether the next request is written down.
    #[inline]
    pub fn samples(&self, random: &mut Random) -> bool {
        self.sample.takes(random)
    }

    /// Writes it down; whether there was room.
    pub fn write(&self, entry: Entry) -> bool {
        let weight = entry.weight();
        self.ring.offer(entry, weight)
    }
}

/// The log of now, which a plan may change.
#[derive(Default)]
pub struct Desk(Mutex<Option<Arc<Log>>>);

impl Desk {
    /// Follows the settings of a plan, and where it is; the log before, if there is another one now. It still takes entries,
    /// and ends once it is dropped. One that cannot be started is reported.
    #[must_use]
    pub fn configure(&self, settings: Option<&Settings>, location: &str) -> Option<Arc<Log>> {
        let mut now = self.now();
        if now.as_ref().map(|log| (&log.settings, &*log.location)) == settings.map(|settings| (settings, location)) {
            return None;
        }
        let told = |error: &io::Error| tracing::error!("the access log cannot be started: {error}");
        let started = settings.and_then(|settings| Log::start(settings, location).inspect_err(told).ok());
        std::mem::replace(&mut *now, started.map(Arc::new))
    }

    /// A worker's pen, if there is a log: the one that it holds, while the log stays the same. Each has a ring of its own.
    pub fn pen(&self, held: Option<Pen>) -> Option<Pen> {
        let now = self.now();
        let log = now.as_ref()?;
        Some(held.filter(|pen| pen.is_of(log)).unwrap_or_else(|| log.pen()))
    }

    /// Opens the file anew: after it was moved away.
    pub fn reopen(&self) {
        if let Some(log) = &*self.now() {
            log.lines.reopen();
        }
    }

    /// Writes what is there and ends.
    pub fn stop(&self) {
        let log = self.now().take();
        if let Some(log) = log {
            log.lines.stop(PATIENCE);
        }
    }

    fn now(&self) -> MutexGuard<'_, Option<Arc<Log>>> {
        crate::lock(&self.0)
    }
}

//! The query log: serving threads put entries into rings, one thread writes them as lines (`net::linelog`).
//!
//! A serving thread never waits, never wakes anyone and never calls the system: what finds no room is counted.

mod entry;

use std::io;
use std::path::Path;
use std::time::Duration;

use edgeplane_base::random::Random;
use edgeplane_net::linelog::{Format, LineLog, Ring, Sample};

use crate::error::Error;
use crate::plan::QueryLogSettings;
pub use entry::{Entry, MAX_ZONE_ID, Transport};

/// A running query log; dropped, it writes what it holds and ends by itself.
pub struct QueryLog {
    settings: QueryLogSettings,
    sample: Sample,
    /// One for each serving thread.
    rings: Vec<Ring<Entry>>,
    lines: LineLog<Lines>,
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
        let lines = LineLog::start("dns-query-log", settings.path.clone().into(), Lines::new(location))
            .map_err(Error::system("start the query log's thread"))?;
        let rings = (0..threads).map(|_| lines.ring()).collect();
        Ok(Self { settings: settings.clone(), sample: Sample::new(settings.sample), rings, lines })
    }

    /// What it was started with.
    pub fn settings(&self) -> &QueryLogSettings {
        &self.settings
    }

    /// Hands in an entry from the serving thread of that number, if it is in the sample; `entry` is called only then.
    /// Does not wait.
    #[inline]
    pub fn log(&self, thread: usize, random: &mut Random, entry: impl FnOnce() -> Entry) -> Logged {
        if !self.sample.takes(random) {
            return Logged::NotSampled;
        }
        let taken = self.rings.get(thread).is_some_and(|ring| ring.offer(entry(), size_of::<Entry>()));
        if taken { Logged::Taken } else { Logged::Dropped }
    }

    /// Opens the file anew at the writer's next round: after it was moved away.
    pub fn reopen(&self) {
        self.lines.reopen();
    }

    /// Writes what the rings hold and ends; gives up after `patience` where the sink stands still.
    pub fn stop(&self, patience: Duration) {
        self.lines.stop(patience);
    }
}

/// How this log's lines look.
struct Lines {
    /// The node, as one word.
    location: String,
}

impl Lines {
    fn new(location: &str) -> Self {
        let location = if location.is_empty() { "-" } else { location };
        Self { location: location.replace(char::is_whitespace, "_") }
    }
}

impl Format for Lines {
    type Entry = Entry;

    fn line(&self, entry: &Entry, lines: &mut String) {
        entry.write_line(&self.location, lines);
    }

    fn warn(&self, trouble: &str, path: &Path, error: &io::Error) {
        tracing::warn!(path = %path.display(), %error, "the query log {trouble}");
    }

    fn lost(&self, entries: u64, path: &Path) {
        tracing::warn!(path = %path.display(), entries, "the query log takes lines too slowly; some were dropped");
    }
}

#[cfg(test)]
mod tests;

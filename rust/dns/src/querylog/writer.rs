//! The writer's side: rings → lines → a file or pipe that may refuse.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use super::Entry;
use crate::limits;

/// Pause between tries to open a file that could not be opened.
const RETRY: Duration = Duration::from_secs(1);

/// Turns entries into lines and hands them to the sink as far as it takes them.
pub struct Writer {
    path: PathBuf,
    location: String,
    rings: Vec<Receiver<Entry>>,
    sink: Option<File>,
    retry_at: Option<Instant>,
    /// Lines made but not written; the first may be cut where the sink took its beginning.
    pending: String,
    written: usize,
}

impl Writer {
    /// A writer that opens its file in its first round.
    pub fn new(path: PathBuf, location: &str, rings: Vec<Receiver<Entry>>) -> Self {
        let location = if location.is_empty() { "-" } else { location };
        Self {
            path,
            location: location.replace(char::is_whitespace, "_"),
            rings,
            sink: None,
            retry_at: None,
            pending: String::new(),
            written: 0,
        }
    }

    /// Closes the file; the next round opens it anew.
    pub fn reopen(&mut self) {
        (self.sink, self.retry_at) = (None, None);
    }

    /// Whether lines wait that a sink could take.
    pub fn waits(&self) -> bool {
        self.sink.is_some() && self.written < self.pending.len()
    }

    /// Moves what can be moved without waiting; whether anything moved.
    pub fn round(&mut self, now: Instant) -> bool {
        self.open(now);
        let gathered = self.gather();
        self.flush() || gathered
    }

    /// Takes entries while there is room for lines; leaves the rest in the rings, whose owners count what they drop.
    fn gather(&mut self) -> bool {
        let before = self.pending.len();
        let room = limits::QUERY_LOG_BUFFER.default as usize;
        for ring in &self.rings {
            while self.pending.len() < room {
                let Ok(entry) = ring.try_recv() else { break };
                entry.write_line(&self.location, &mut self.pending);
            }
        }
        self.pending.len() > before
    }

    fn flush(&mut self) -> bool {
        let (Some(sink), Some(rest)) = (&mut self.sink, self.pending.as_bytes().get(self.written..)) else {
            return false;
        };
        if rest.is_empty() {
            return false;
        }
        match sink.write(rest) {
            Ok(taken) => self.taken(taken),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => return false,
            Err(error) => self.lost(&error),
        }
        true
    }

    fn taken(&mut self, octets: usize) {
        self.written += octets;
        if self.written >= self.pending.len() {
            self.pending.clear();
            self.written = 0;
        }
    }

    /// Gives up a sink that failed; a line that it took in part is not continued elsewhere.
    fn lost(&mut self, error: &io::Error) {
        tracing::warn!(path = %self.path.display(), %error, "the query log cannot be written; trying to open it anew");
        let next_line = self.pending.as_bytes().iter().skip(self.written).position(|&octet| octet == b'\n');
        if self.written > 0 {
            self.taken(next_line.map_or(self.pending.len(), |at| at + 1));
        }
        self.sink = None;
        self.retry_at = Some(Instant::now() + RETRY);
    }

    fn open(&mut self, now: Instant) {
        if self.sink.is_some() || self.retry_at.is_some_and(|at| now < at) {
            return;
        }
        // A pipe without a reader must not hold the writer: not waiting is asked for here and has no effect on files.
        let mut options = OpenOptions::new();
        options.append(true).create(true).mode(0o640).custom_flags(libc::O_NONBLOCK);
        match options.open(&self.path) {
            Ok(file) => self.sink = Some(file),
            Err(error) => {
                if self.retry_at.is_none() {
                    tracing::warn!(path = %self.path.display(), %error, "the query log cannot be opened; trying again every second");
                }
                self.retry_at = Some(now + RETRY);
            }
        }
    }
}

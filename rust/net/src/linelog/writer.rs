//! The writer's side: rings → lines → a file or pipe that may refuse.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::mpsc::TryRecvError;
use std::time::{Duration, Instant};

use super::{BUFFER, Format, Receiving, Ring, TELL_S};

/// Pause between tries to open a file that could not be opened.
const RETRY: Duration = Duration::from_secs(1);

/// Turns entries into lines and hands them to the sink as far as it takes them. Whoever has one drives it, round by round:
/// `LineLog` on a thread of its own.
pub struct Writer<F: Format> {
    path: PathBuf,
    format: F,
    rings: Vec<Receiving<F::Entry>>,
    sink: Option<File>,
    retry_at: Option<Instant>,
    /// Lines made but not written; the first may be cut where the sink took its beginning.
    pending: String,
    written: usize,
    /// Entries that found no room, of which nothing was said yet.
    lost: u64,
    told_at: Option<Instant>,
}

impl<F: Format> Writer<F> {
    /// A writer that opens its file in its first round.
    pub fn new(path: PathBuf, format: F) -> Self {
        Self {
            path,
            format,
            rings: Vec::new(),
            sink: None,
            retry_at: None,
            pending: String::new(),
            written: 0,
            lost: 0,
            told_at: None,
        }
    }

    /// A ring that it empties.
    pub fn ring(&mut self) -> Ring<F::Entry> {
        let (ring, end) = Ring::new();
        self.rings.push(end);
        ring
    }

    /// Takes more rings.
    pub(super) fn join(&mut self, rings: &mut Vec<Receiving<F::Entry>>) {
        self.rings.append(rings);
    }

    /// Closes the file; the next round opens it anew. A line is not continued in another file.
    pub fn reopen(&mut self) {
        self.flush();
        self.cut();
        (self.sink, self.retry_at) = (None, None);
    }

    /// Whether lines wait that a sink could take.
    pub fn waits(&self) -> bool {
        self.sink.is_some() && self.written < self.pending.len()
    }

    /// How many rings it looks at.
    #[cfg(test)]
    pub fn rings(&self) -> usize {
        self.rings.len()
    }

    /// Moves what can be moved without waiting; whether anything moved.
    pub fn round(&mut self, now: Instant) -> bool {
        self.open(now);
        let gathered = self.gather();
        if self.told_at.is_none_or(|at| now.saturating_duration_since(at) >= Duration::from_secs(TELL_S.default)) {
            self.told_at = (self.lost > 0).then_some(now);
            self.tell();
        }
        self.flush() || gathered
    }

    /// Says how many entries found no room, if there were any.
    pub(super) fn tell(&mut self) {
        if self.lost > 0 {
            self.format.lost(std::mem::take(&mut self.lost), &self.path);
        }
    }

    /// Takes entries while there is room for lines; leaves the rest in the rings, whose owners count what they drop. Each
    /// round begins at another ring: where there is never room for all, each has its turn. Rings that have ended go.
    fn gather(&mut self) -> bool {
        let Self { rings, format, pending, lost, .. } = self;
        let before = pending.len();
        if !rings.is_empty() {
            rings.rotate_left(1);
        }
        rings.retain(|ring| {
            let has_more = drain(ring, format, pending);
            *lost += ring.lost.swap(0, Relaxed);
            has_more
        });
        pending.len() > before
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

    /// Gives up a sink that failed.
    fn lost(&mut self, error: &io::Error) {
        self.format.warn("cannot be written; trying to open it anew", &self.path, error);
        self.cut();
        self.sink = None;
        self.retry_at = Some(Instant::now() + RETRY);
    }

    /// Leaves out the rest of a line whose beginning was written.
    fn cut(&mut self) {
        let written = self.pending.as_bytes().get(..self.written).unwrap_or_default();
        if written.last().is_some_and(|&octet| octet != b'\n') {
            let rest = self.pending.as_bytes().get(self.written..).unwrap_or_default();
            let next_line = rest.iter().position(|&octet| octet == b'\n');
            self.taken(next_line.map_or(rest.len(), |at| at + 1));
        }
    }

    fn open(&mut self, now: Instant) {
        if self.sink.is_some() || self.retry_at.is_some_and(|at| now < at) {
            return;
        }
        // A pipe without a reader must not hold the writer: not waiting is asked for here and has no effect on files.
        let mut options = OpenOptions::new();
        options.append(true).create(true).mode(0o640).custom_flags(libc::O_NONBLOCK);
        match options.open(&self.path) {
            Ok(file) => self.opened(file),
            Err(error) => {
                if self.retry_at.is_none() {
                    self.format.warn("cannot be opened; trying again every second", &self.path, &error);
                }
                self.retry_at = Some(now + RETRY);
            }
        }
    }

    /// An empty file, or a pipe, gets its head before everything that waits.
    fn opened(&mut self, file: File) {
        if file.metadata().is_ok_and(|metadata| metadata.len() == 0) {
            self.pending.replace_range(..self.written, &self.format.head());
            self.written = 0;
        }
        self.sink = Some(file);
    }
}

/// Makes lines of what a ring holds, while there is room for them; whether more may come from it.
fn drain<F: Format>(ring: &Receiving<F::Entry>, format: &F, lines: &mut String) -> bool {
    while lines.len() < BUFFER.default as usize {
        match ring.take() {
            Ok(entry) => format.line(&entry, lines),
            Err(why) => return why == TryRecvError::Empty,
        }
    }
    true
}

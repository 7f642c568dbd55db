//! The invalidations on disk: appended one by one, each with a checksum, and written anew when the file has grown.
//!
//! ```text
//! head: "EDGEGENS" · u32 format · u64 length of head and records · 8 octets of the head's blake3
//! records: u32 length · 8 octets of the payload's blake3 · payload (MessagePack of `Record`)
//! ```
//! Integers are little-endian. A log that is damaged or cut off anywhere says nothing about what it lost, so that
//! everything counts as invalid then. What stands after the length was being written when the process ended; nobody was
//! told that it was done.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use edgeplane_net::lock::try_lock;
use serde::{Deserialize, Serialize};

use super::rules::{Draft, Rules};
use super::{Scope, State};
use crate::store::limits::INVALIDATION_LOG;

const MAGIC: &[u8; 12] = b"EDGEGENS\x01\0\0\0";
const CHECKSUM: usize = 8;
const HEAD: usize = MAGIC.len() + 8 + CHECKSUM;

/// Numbers passed over at a start: more than could have been given out without reaching the disk.
const GAP: u64 = 1 << 20;

/// No count comes so far: it starts below 2⁵² and goes on by ones and gaps.
const NEVER: u64 = 1 << 63;

/// The open log.
pub struct Log {
    path: PathBuf,
    /// None after a fault: the next invalidation writes the file anew.
    file: Option<File>,
    length: u64,
    written_anew: u64,
    _lock: File,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum Record<'a> {
    /// What holds at the file's start.
    Start { floor: u64, latest: u64 },
    /// One invalidation.
    Scope {
        sequence: u64,
        #[serde(borrow)]
        distribution: Cow<'a, str>,
        kind: Kind,
        #[serde(borrow, with = "serde_bytes")]
        text: Cow<'a, [u8]>,
    },
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum Kind {
    All,
    Exact,
    Prefix,
    Tag,
}

impl Log {
    /// The log, what it says, and its latest number; `first` is where a new one starts. Where the disk takes
    /// nothing the log goes, and what it said holds until the next start.
    pub fn open(path: &Path, first: u64) -> io::Result<(Self, State, u64)> {
        let lock = private().create(true).truncate(false).open(path.with_extension("lock"))?;
        if !try_lock(&lock)? {
            return Err(io::Error::new(io::ErrorKind::WouldBlock, "another process has the log of invalidations"));
        }
        let (state, latest) = match fs::read(path) {
            Ok(octets) => recover(path, &octets, first),
            Err(error) if error.kind() == io::ErrorKind::NotFound => fresh(first),
            Err(error) => return Err(error),
        };
        let mut log = Self { path: path.to_owned(), file: None, length: 0, written_anew: 0, _lock: lock };
        if let Err(error) = log.write_anew(&state, latest).or_else(|_| log.write_over(&state, latest)) {
            log.give_up(&error);
        }
        Ok((log, state, latest))
    }

    /// Adds an invalidation; `state` already has it. False where it is not on disk.
    pub fn append(&mut self, distribution: &str, scopes: &[Scope], sequence: u64, state: &State) -> bool {
        let outcome = if self.length < INVALIDATION_LOG.default.max(2 * self.written_anew) && self.file.is_some() {
            self.write_more(scopes.iter().flat_map(|scope| frame(&record(distribution, scope, sequence))).collect())
        } else {
            self.write_anew(state, sequence)
        };
        outcome.inspect_err(|error| self.give_up(error)).is_ok()
    }

    fn write_more(&mut self, octets: Vec<u8>) -> io::Result<()> {
        let Some(file) = &self.file else { return Err(io::ErrorKind::NotFound.into()) };
        file.write_all_at(&octets, self.length)?;
        self.length += octets.len() as u64;
        file.write_all_at(&head(self.length), 0)?;
        file.sync_data()
    }

    /// Replaces the file by one that says the same in fewer records.
    fn write_anew(&mut self, state: &State, latest: u64) -> io::Result<()> {
        let octets = snapshot(state, latest);
        let temporary = self.path.with_extension("new");
        let mut file = private().create(true).truncate(true).open(&temporary)?;
        file.write_all(&octets)?;
        file.sync_all()?;
        fs::rename(&temporary, &self.path)?;
        if let Some(folder) = self.path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            File::open(folder)?.sync_all()?;
        }
        self.length = octets.len() as u64;
        self.written_anew = self.length;
        self.file = Some(file);
        Ok(())
    }

    /// As `write_anew`, in the place of the file that is there, which a full disk has room for. Cut off in the middle, it is
    /// damaged, and everything counts as invalid.
    fn write_over(&mut self, state: &State, latest: u64) -> io::Result<()> {
        let octets = snapshot(state, latest);
        let file = private().open(&self.path)?;
        file.write_all_at(&octets, 0)?;
        file.sync_data()?;
        self.length = octets.len() as u64;
        self.written_anew = self.length;
        self.file = Some(file);
        Ok(())
    }

    #[cfg(test)]
    pub fn forget_file(&mut self) {
        self.file = None;
    }

    /// Without a log, a restart takes everything for invalid: better than one that leaves an invalidation out.
    fn give_up(&mut self, error: &io::Error) {
        self.file = None;
        let removed = fs::remove_file(&self.path);
        let known = removed.is_ok() || removed.is_err_and(|error| error.kind() == io::ErrorKind::NotFound);
        tracing::error!(path = %self.path.display(), %error, removed = known, "invalidations cannot be kept on disk");
    }
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).mode(0o600);
    options
}

fn fresh(first: u64) -> (State, u64) {
    (State { floor: first, ..State::default() }, first)
}

/// What a log says; after damage, a state in which everything before is invalid.
fn recover(path: &Path, octets: &[u8], first: u64) -> (State, u64) {
    let mut reading = Reading::default();
    let whole = reading.read_all(octets).is_some();
    if whole && (1..NEVER).contains(&reading.latest) {
        let latest = reading.latest + GAP;
        return (State::from_drafts(reading.floor, reading.drafts), latest);
    }
    tracing::error!(path = %path.display(), "the log of invalidations is damaged: all that was kept before is invalid");
    fresh(first)
}

/// What was read so far.
#[derive(Default)]
struct Reading {
    floor: u64,
    latest: u64,
    drafts: HashMap<Box<str>, Draft>,
}

impl Reading {
    fn read_all(&mut self, octets: &[u8]) -> Option<()> {
        let mut rest = records(octets)?;
        while !rest.is_empty() {
            let (length, after) = rest.split_first_chunk::<4>()?;
            let (checksum, after) = after.split_first_chunk::<CHECKSUM>()?;
            let (payload, after) = after.split_at_checked(u32::from_le_bytes(*length) as usize)?;
            (checksum_of(payload) == *checksum).then_some(())?;
            self.take(rmp_serde::from_slice(payload).ok()?);
            rest = after;
        }
        Some(())
    }

    fn take(&mut self, record: Record<'_>) {
        match record {
            Record::Start { floor, latest } => {
                self.floor = floor;
                self.latest = self.latest.max(latest);
            }
            Record::Scope { sequence, distribution, kind, text } => {
                let scope = match kind {
                    Kind::All => Scope::All,
                    Kind::Exact => Scope::Exact(text.as_ref().into()),
                    Kind::Prefix => Scope::Prefix(text.as_ref().into()),
                    Kind::Tag => Scope::Tag(text.as_ref().into()),
                };
                let draft = self.drafts.entry(distribution.into()).or_insert_with(|| Draft::of(&Rules::default()));
                draft.add(&scope, sequence);
                self.latest = self.latest.max(sequence);
            }
        }
    }
}

pub(super) fn snapshot(state: &State, latest: u64) -> Vec<u8> {
    let mut octets = vec![0; HEAD];
    octets.extend(frame(&Record::Start { floor: state.floor, latest }));
    for (distribution, rules) in &state.distributions {
        for (scope, sequence) in rules.scopes() {
            octets.extend(frame(&record(distribution, &scope, sequence)));
        }
    }
    let head = head(octets.len() as u64);
    octets.iter_mut().zip(head).for_each(|(to, from)| *to = from);
    octets
}

fn head(length: u64) -> Vec<u8> {
    let mut head = [&MAGIC[..], &length.to_le_bytes()].concat();
    head.extend(checksum_of(&head));
    head
}

/// The records behind a head that is whole; none where less is there than it says.
fn records(octets: &[u8]) -> Option<&[u8]> {
    let (_, rest) = octets.split_at_checked(MAGIC.len())?;
    let (length, _) = rest.split_first_chunk::<8>()?;
    let length = u64::from_le_bytes(*length);
    octets.strip_prefix(&head(length)[..])?;
    octets.get(HEAD..usize::try_from(length).ok()?)
}

fn record<'a>(distribution: &'a str, scope: &'a Scope, sequence: u64) -> Record<'a> {
    let (kind, text): (Kind, &[u8]) = match scope {
        Scope::All => (Kind::All, b""),
        Scope::Exact(text) => (Kind::Exact, text),
        Scope::Prefix(text) => (Kind::Prefix, text),
        Scope::Tag(text) => (Kind::Tag, text),
    };
    Record::Scope { sequence, distribution: distribution.into(), kind, text: text.into() }
}

fn frame(record: &Record<'_>) -> Vec<u8> {
    // Of its own types MessagePack refuses none; an empty record would be taken for damage, never for nothing.
    let payload = rmp_serde::to_vec(record).unwrap_or_default();
    let mut octets = (payload.len() as u32).to_le_bytes().to_vec();
    octets.extend(checksum_of(&payload));
    octets.extend(payload);
    octets
}

fn checksum_of(payload: &[u8]) -> [u8; CHECKSUM] {
    let mut checksum = [0; CHECKSUM];
    checksum.iter_mut().zip(blake3::hash(payload).as_bytes()).for_each(|(to, &from)| *to = from);
    checksum
}

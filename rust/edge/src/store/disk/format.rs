//! A file of the disk tier: the content first, so that it can stream in and leave page by page, then what is known of it.
//!
//! ```text
//! content · key · meta · footer
//! footer: u64 content length · u32 key length · u32 meta length · 32 blake3 of the content
//!         · 32 blake3 of key, meta and the rest of this footer · u32 format · "EDGEBODY"
//! ```
//! Integers are little-endian. The marks stand at the very end: a file that was cut off anywhere has none.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use crate::store::limits::{DISK_KEY, DISK_META};

const MAGIC: &[u8; 8] = b"EDGEBODY";
const FORMAT: u32 = 1;
const FOOTER: usize = 8 + 4 + 4 + 32 + 32 + 4 + 8;
/// Read at once from a file's end: footer, key and meta of most objects.
const GLANCE: u64 = 4_096;

/// A blake3 checksum.
pub type Checksum = [u8; 32];

/// What follows the content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tail {
    /// The whole key.
    pub key: Vec<u8>,
    /// The caller's own description.
    pub meta: Vec<u8>,
    /// Octets of content.
    pub length: u64,
    /// Of the content.
    pub checksum: Checksum,
}

/// What is wrong with a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Damage {
    /// It is none of ours, or cut off.
    Unknown,
    /// Of another format.
    Outdated,
    /// Its checksum does not fit.
    Corrupted,
}

/// A file that could not be read, or not be trusted.
#[derive(Debug)]
pub enum Unreadable {
    /// The system said no.
    System(io::Error),
    /// The file is damaged.
    Damaged(Damage),
}

impl From<io::Error> for Unreadable {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => Self::Damaged(Damage::Unknown),
            _ => Self::System(error),
        }
    }
}

impl From<Damage> for Unreadable {
    fn from(damage: Damage) -> Self {
        Self::Damaged(damage)
    }
}

impl Tail {
    /// The octets to write after the content.
    pub fn encode(&self) -> Vec<u8> {
        let mut octets = Vec::with_capacity(self.key.len() + self.meta.len() + FOOTER);
        octets.extend_from_slice(&self.key);
        octets.extend_from_slice(&self.meta);
        octets.extend_from_slice(&self.length.to_le_bytes());
        octets.extend_from_slice(&(self.key.len() as u32).to_le_bytes());
        octets.extend_from_slice(&(self.meta.len() as u32).to_le_bytes());
        octets.extend_from_slice(&self.checksum);
        let checksum = seal(&octets, FORMAT);
        octets.extend_from_slice(&checksum);
        octets.extend_from_slice(&FORMAT.to_le_bytes());
        octets.extend_from_slice(MAGIC);
        octets
    }

    /// The tail of a file, checked against its own checksum and the file's length; the content is not looked at.
    pub fn read(file: &File) -> Result<Self, Unreadable> {
        Self::read_behind(file, |footer| footer.length)
    }

    /// As `read`, of a file of news: a tail alone, of content that is in another file.
    pub fn read_news(file: &File) -> Result<Self, Unreadable> {
        Self::read_behind(file, |_| 0)
    }

    /// Whether both describe the same content under the same key.
    pub fn is_about_same(&self, other: &Self) -> bool {
        (&self.key, self.length, self.checksum) == (&other.key, other.length, other.checksum)
    }

    fn read_behind(file: &File, content: impl FnOnce(&Footer) -> u64) -> Result<Self, Unreadable> {
        let file_length = file.metadata()?.len();
        let glance = read_end(file, file_length, GLANCE.min(file_length))?;
        let footer = Footer::parse(&glance)?;
        let tail = footer.tail_length();
        if content(&footer).checked_add(tail) != Some(file_length) {
            return Err(Damage::Corrupted.into());
        }
        let octets = match tail.checked_sub(glance.len() as u64) {
            None | Some(0) => glance,
            Some(_) => read_end(file, file_length, tail)?,
        };
        let octets = octets.get(octets.len().saturating_sub(tail as usize)..).ok_or(Damage::Corrupted)?;
        Ok(footer.check(octets)?)
    }
}

/// Octets that a tail adds to the content.
pub fn tail_length(key: &[u8], meta: &[u8]) -> u64 {
    (key.len() + meta.len() + FOOTER) as u64
}

struct Footer {
    length: u64,
    key_length: usize,
    meta_length: usize,
    checksum: Checksum,
    sealed: Checksum,
}

impl Footer {
    fn parse(octets: &[u8]) -> Result<Self, Damage> {
        let rest = octets.strip_suffix(MAGIC).ok_or(Damage::Unknown)?;
        let (rest, format) = rest.split_last_chunk::<4>().ok_or(Damage::Unknown)?;
        if u32::from_le_bytes(*format) != FORMAT {
            return Err(Damage::Outdated);
        }
        Self::fields(rest).ok_or(Damage::Corrupted)
    }

    fn fields(rest: &[u8]) -> Option<Self> {
        let (rest, sealed) = rest.split_last_chunk::<32>()?;
        let (rest, checksum) = rest.split_last_chunk::<32>()?;
        let (rest, meta_length) = rest.split_last_chunk::<4>()?;
        let (rest, key_length) = rest.split_last_chunk::<4>()?;
        let (_, length) = rest.split_last_chunk::<8>()?;
        let (key_length, meta_length) = (u32::from_le_bytes(*key_length), u32::from_le_bytes(*meta_length));
        // A length that nobody wrote must not ask for memory.
        let taken = u64::from(key_length) <= DISK_KEY.max && u64::from(meta_length) <= DISK_META.max;
        taken.then_some(Self {
            length: u64::from_le_bytes(*length),
            key_length: key_length as usize,
            meta_length: meta_length as usize,
            checksum: *checksum,
            sealed: *sealed,
        })
    }

    fn tail_length(&self) -> u64 {
        (self.key_length + self.meta_length + FOOTER) as u64
    }

    /// From exactly the tail's octets.
    fn check(self, octets: &[u8]) -> Result<Tail, Damage> {
        let covered = octets.get(..octets.len().saturating_sub(32 + 4 + 8)).ok_or(Damage::Corrupted)?;
        if seal(covered, FORMAT) != self.sealed {
            return Err(Damage::Corrupted);
        }
        let (key, rest) = covered.split_at_checked(self.key_length).ok_or(Damage::Corrupted)?;
        let meta = rest.get(..self.meta_length).ok_or(Damage::Corrupted)?;
        Ok(Tail { key: key.to_vec(), meta: meta.to_vec(), length: self.length, checksum: self.checksum })
    }
}

fn seal(covered: &[u8], format: u32) -> Checksum {
    *blake3::Hasher::new().update(covered).update(&format.to_le_bytes()).update(MAGIC).finalize().as_bytes()
}

fn read_end(file: &File, file_length: u64, octets: u64) -> io::Result<Vec<u8>> {
    let mut buffer = vec![0; octets as usize];
    file.read_exact_at(&mut buffer, file_length - octets)?;
    Ok(buffer)
}

/// The content of a file while it is compared with its checksum, piece by piece.
pub struct Checking {
    hasher: blake3::Hasher,
    offset: u64,
    length: u64,
    checksum: Checksum,
}

/// Read at once while checking: fits a core's second-level cache, and blake3 hashes wide.
const PIECE: usize = 131_072;

impl Checking {
    /// Of a file with this tail.
    pub fn new(tail: &Tail) -> Self {
        Self { hasher: blake3::Hasher::new(), offset: 0, length: tail.length, checksum: tail.checksum }
    }

    /// Reads on for about so many octets, and returns how many it were; `outcome` says when it is over.
    pub fn step(&mut self, file: &File, octets: u64) -> io::Result<u64> {
        let start = self.offset;
        let end = self.length.min(start.saturating_add(octets));
        let mut buffer = vec![0; PIECE.min((end - start) as usize)];
        while self.offset < end {
            let wanted = buffer.len().min((end - self.offset) as usize);
            let piece = buffer.get_mut(..wanted).unwrap_or_default();
            file.read_exact_at(piece, self.offset)?;
            self.hasher.update(piece);
            self.offset += wanted as u64;
        }
        Ok(self.offset - start)
    }

    /// Whether the content is the one that was written; none before all of it was read.
    pub fn outcome(&self) -> Option<bool> {
        (self.offset == self.length).then(|| *self.hasher.finalize().as_bytes() == self.checksum)
    }
}

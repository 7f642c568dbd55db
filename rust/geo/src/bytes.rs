//! A prefix table as octets, for plan files.
//!
//! `u32 IPv4 ranges · u32 IPv6 ranges · IPv4 starts (4 octets each) · IPv4 values (4) · IPv6 starts (16) · IPv6 values (4)`,
//! little-endian. The first-level index is not written: it is made again when the table is read.

use std::fmt;

use crate::PrefixTable;
use crate::ranges::{Ranges, Word};

/// Octets that are not what `to_bytes` writes; the reason in a few words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Malformed(pub &'static str);

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for Malformed {}

impl PrefixTable {
    /// The table as octets.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(8 + self.v4.len() * 8 + self.v6.len() * 20);
        out.extend_from_slice(&(self.v4.len() as u32).to_le_bytes());
        out.extend_from_slice(&(self.v6.len() as u32).to_le_bytes());
        write(&self.v4, &mut out);
        write(&self.v6, &mut out);
        out
    }

    /// The table that `to_bytes` wrote. Any other octets give an error, never a panic or a table that is not sorted.
    pub fn from_bytes(octets: &[u8]) -> Result<Self, Malformed> {
        let mut rest = octets;
        let (n4, n6) = (count(&mut rest)?, count(&mut rest)?);
        let (v4, v6) = (read(&mut rest, n4)?, read(&mut rest, n6)?);
        if !rest.is_empty() {
            return Err(Malformed("octets follow the prefix table"));
        }
        Ok(Self { v4, v6 })
    }
}

fn write<W: Word>(ranges: &Ranges<W>, out: &mut Vec<u8>) {
    ranges.iter().for_each(|(start, _)| start.write(out));
    ranges.iter().for_each(|(_, value)| value.write(out));
}

fn count(rest: &mut &[u8]) -> Result<usize, Malformed> {
    let words: Vec<u32> = words(rest, 1)?;
    words.first().map(|&n| n as usize).ok_or(Malformed("the prefix table is cut short"))
}

fn read<W: Word>(rest: &mut &[u8], count: usize) -> Result<Ranges<W>, Malformed> {
    let starts = words(rest, count)?;
    let values = words(rest, count)?;
    Ranges::checked(starts, values).map_err(Malformed)
}

/// Takes `count` numbers off the front; the length is checked before anything is allocated.
fn words<W: Word>(rest: &mut &[u8], count: usize) -> Result<Vec<W>, Malformed> {
    let short = Malformed("the prefix table is cut short");
    let length = count.checked_mul(W::SIZE).ok_or(short)?;
    let (octets, after) = rest.split_at_checked(length).ok_or(short)?;
    *rest = after;
    Ok(octets.chunks_exact(W::SIZE).filter_map(W::read).collect())
}

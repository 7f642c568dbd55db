//! Chunked content (RFC 9112 section 7.1), read strictly: CRLF alone ends a line, a size is hexadecimal digits alone.

use super::head::{field, is_value, line};
use super::limits::{CHUNK_EXTENSION, CHUNK_EXTENSIONS, TRAILERS};

/// How far a content was read.
#[derive(Debug)]
pub(crate) struct Chunked {
    place: Place,
    /// Octets of extensions that may still come.
    extensions: usize,
    /// Octets of the trailer section that may still come.
    trailers: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Size,
    Data(u64),
    DataEnd,
    Trailers,
    End,
}

const LONGEST_SIZE: usize = 16;
/// No content is as long; a size near 2^64 is meant to overflow somebody's sum.
const LARGEST: u64 = 1 << 48;
const MALFORMED: &str = "a chunk is malformed";

impl Chunked {
    pub fn new() -> Self {
        let (extensions, trailers) = (CHUNK_EXTENSIONS.default as usize, TRAILERS.default as usize);
        Self { place: Place::Size, extensions, trailers }
    }

    /// Whether the last chunk and the trailer section were read.
    pub fn is_end(&self) -> bool {
        self.place == Place::End
    }

    /// Takes what it can from the front of `octets` and adds the data to `data`; returns how many octets were used.
    pub fn decode(&mut self, octets: &[u8], data: &mut Vec<u8>) -> Result<usize, &'static str> {
        let mut used = 0;
        while let Some(count) = self.step(octets.get(used..).unwrap_or_default(), data)? {
            used += count;
        }
        Ok(used)
    }

    /// One line or one run of data; none where more octets are needed, or no more are taken.
    fn step(&mut self, octets: &[u8], data: &mut Vec<u8>) -> Result<Option<usize>, &'static str> {
        match self.place {
            Place::Size => self.size(octets),
            Place::Data(left) => Ok(self.data(left, octets, data)),
            Place::DataEnd => self.data_end(octets),
            Place::Trailers => self.trailer(octets),
            Place::End => Ok(None),
        }
    }

    fn size(&mut self, octets: &[u8]) -> Result<Option<usize>, &'static str> {
        let longest = LONGEST_SIZE + CHUNK_EXTENSION.default as usize;
        let Some((line, used)) = whole_line(octets, longest)? else { return Ok(None) };
        let end = line.iter().position(|octet| !octet.is_ascii_hexdigit()).unwrap_or(line.len());
        let (digits, extension) = line.split_at_checked(end).ok_or(MALFORMED)?;
        self.place = match hexadecimal(digits).ok_or(MALFORMED)? {
            0 => Place::Trailers,
            size if size > LARGEST => return Err(MALFORMED),
            size => Place::Data(size),
        };
        if !extension.is_empty() && (extension.first() != Some(&b';') || !is_value(extension)) {
            return Err(MALFORMED);
        }
        self.extensions = self.extensions.checked_sub(extension.len()).ok_or("too many chunk extensions")?;
        Ok(Some(used))
    }

    fn data(&mut self, left: u64, octets: &[u8], data: &mut Vec<u8>) -> Option<usize> {
        let run = octets.get(..usize::try_from(left).unwrap_or(usize::MAX).min(octets.len())).unwrap_or_default();
        data.extend_from_slice(run);
        self.place = match left - run.len() as u64 {
            0 => Place::DataEnd,
            left => Place::Data(left),
        };
        (!run.is_empty()).then_some(run.len())
    }

    fn data_end(&mut self, octets: &[u8]) -> Result<Option<usize>, &'static str> {
        match octets {
            [b'\r', b'\n', ..] => {
                self.place = Place::Size;
                Ok(Some(2))
            }
            [] | [b'\r'] => Ok(None),
            _ => Err(MALFORMED),
        }
    }

    /// A line of the trailer section, which is dropped.
    fn trailer(&mut self, octets: &[u8]) -> Result<Option<usize>, &'static str> {
        let Some((line, used)) = whole_line(octets, self.trailers)? else { return Ok(None) };
        self.trailers = self.trailers.checked_sub(used).ok_or("too many trailers")?;
        if line.is_empty() {
            self.place = Place::End;
        } else {
            field(line).map_err(|refusal| refusal.why)?;
        }
        Ok(Some(used))
    }
}

/// A line without its end, and how long it was with it; none where its end is missing.
fn whole_line(octets: &[u8], longest: usize) -> Result<Option<(&[u8], usize)>, &'static str> {
    match line(octets, 0).map_err(|refusal| refusal.why)? {
        Some((line, _)) if line.len() > longest => Err("a line of chunked content is too long"),
        None if octets.len() > longest + 1 => Err("a line of chunked content is too long"),
        found => Ok(found),
    }
}

fn hexadecimal(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() || digits.len() > LONGEST_SIZE {
        return None;
    }
    u64::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

//! Memory for one long content: whole pages, written once, which another gets as soon as nobody holds them.
//!
//! What was written is not changed while anybody may see it: not by whoever holds a part, and not by the kernel, which may
//! hold pages that are on their way to a client (`splice`) longer than we do.

mod room;
mod runs;

use std::io;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use bytes::Bytes;

use self::room::Room;

/// What is held for a content beside its pages: two blocks of the allocator, 8 octets of the kernel's for each page, and its
/// part of what tells free pages.
const OVERHEAD: u64 = 192;
const PAGE: u64 = 4_096;
/// How often content is sent before it is popular. So many copies cost about what lending once does, by which the next owner
/// gets new pages, so that no content costs much more than twice what it has to (decision 0020).
const POPULAR: usize = 8;

#[derive(Debug)]
struct Memory {
    room: Room,
    /// Octets sent from it, counted until it is popular.
    sent: AtomicUsize,
}

/// Pages that are filled from the front. Others may read what is already there meanwhile.
#[derive(Debug)]
pub struct Growing {
    memory: Arc<Memory>,
    length: usize,
}

impl Growing {
    /// Room for `most` octets; memory is taken as it fills. `ENOMEM` where the system has none, or no more mappings
    /// (vm.max_map_count).
    pub fn new(most: u64) -> io::Result<Self> {
        let most = usize::try_from(most).map_err(|_| io::Error::from(io::ErrorKind::OutOfMemory))?;
        Ok(Self { memory: Arc::new(Memory { room: Room::new(most)?, sent: 0.into() }), length: 0 })
    }

    /// Adds octets at the end; all, or none where there is no room (`StorageFull`).
    pub fn write(&mut self, octets: &[u8]) -> io::Result<()> {
        if octets.len() > self.memory.room.octets() - self.length {
            return Err(io::ErrorKind::StorageFull.into());
        }
        // SAFETY: the room behind `length` was just seen to be large enough, this is the only writer (`&mut`, no clones), and
        // parts that were lent end before `length`.
        unsafe { self.memory.room.start().add(self.length).copy_from_nonoverlapping(octets.as_ptr(), octets.len()) };
        self.length += octets.len();
        Ok(())
    }

    /// Octets written.
    pub fn length(&self) -> u64 {
        self.length as u64
    }

    /// What was written so far; it stays as it is while more is written.
    pub fn written(&self) -> Pages {
        Pages { memory: self.memory.clone(), start: 0, length: self.length }
    }

    /// All, once nothing more comes: room that was not used is given back.
    pub fn finish(&mut self) -> Pages {
        // SAFETY: this is the only writer, which wrote so much and will not write beyond; parts that were lent end before it.
        unsafe { self.memory.room.shorten(self.length) };
        self.written()
    }
}

/// A part of what was written. Cheap to clone; while one is left, all of the pages stay.
#[derive(Debug, Clone)]
pub struct Pages {
    memory: Arc<Memory>,
    start: usize,
    length: usize,
}

impl Pages {
    /// One piece after the other, `length` octets in all.
    pub fn hold<'a>(length: u64, pieces: impl IntoIterator<Item = &'a [u8]>) -> io::Result<Self> {
        let mut pages = Growing::new(length)?;
        pieces.into_iter().try_for_each(|piece| pages.write(piece))?;
        Ok(pages.finish())
    }

    /// A part of it, of at most `length` octets; what lies beyond its end is left out.
    #[must_use]
    pub fn slice(&self, start: usize, length: usize) -> Self {
        let start = start.min(self.length);
        let length = length.min(self.length - start);
        Self { memory: self.memory.clone(), start: self.start + start, length }
    }

    /// Leaves out `count` octets at the front.
    pub fn advance(&mut self, count: usize) {
        let count = count.min(self.length);
        (self.start, self.length) = (self.start + count, self.length - count);
    }

    /// Whether so much of the whole was sent that its pages are better lent to the kernel than copied.
    #[inline]
    pub fn is_popular(&self) -> bool {
        self.memory.sent.load(Relaxed) / POPULAR >= self.memory.room.octets()
    }

    /// Says that `count` octets were sent.
    #[inline]
    pub fn count_sent(&self, count: usize) {
        if !self.is_popular() {
            self.memory.sent.fetch_add(count, Relaxed);
        }
    }

    /// Says that the kernel is about to get some of these pages, and may hold them longer than anybody here.
    #[inline]
    pub(crate) fn lend(&self) {
        self.memory.room.lend();
    }
}

impl Deref for Pages {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        // SAFETY: so much was written before, is never written again, and stays mapped as long as `memory` is held.
        unsafe { std::slice::from_raw_parts(self.memory.room.start().add(self.start), self.length) }
    }
}

impl AsRef<[u8]> for Pages {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl From<Pages> for Bytes {
    fn from(pages: Pages) -> Self {
        Self::from_owner(pages)
    }
}

/// Octets of memory that pages with so much content take.
pub fn weight(length: u64) -> u64 {
    length.div_ceil(PAGE) * PAGE + OVERHEAD
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_holds_its_pieces_in_order() {
        let all = Pages::hold(11, [&b"one"[..], b"", b" and two"]).unwrap();
        assert_eq!((&*all, &*all.slice(4, 3), &*all.slice(8, 9)), (&b"one and two"[..], &b"and"[..], &b"two"[..]));
        assert_eq!((&*all.slice(11, 1), &*Pages::hold(0, []).unwrap()), (&b""[..], &b""[..]));
        assert_eq!(Bytes::from(all), "one and two");
    }

    #[test]
    fn what_is_left_out_at_the_front_shortens() {
        let mut part = Pages::hold(6, [&b"012345"[..]]).unwrap().slice(1, 4);
        part.advance(2);
        assert_eq!(&*part, b"34");
        part.advance(3);
        assert_eq!(&*part, b"");
    }

    #[test]
    fn there_is_no_writing_beyond_the_room() {
        let mut pages = Growing::new(5).unwrap();
        pages.write(b"123").unwrap();
        assert_eq!(pages.write(b"456").unwrap_err().kind(), io::ErrorKind::StorageFull);
        pages.write(b"45").unwrap();
        assert_eq!((pages.length(), &*pages.written()), (5, &b"12345"[..]));
        assert!(pages.write(b"6").is_err() && Growing::new(u64::MAX).is_err());
    }

    #[test]
    fn a_reader_follows_the_writer_and_what_was_lent_stays() {
        let mut pages = Growing::new(1 << 20).unwrap();
        pages.write(b"first").unwrap();
        let first = pages.written();
        pages.write(b", then").unwrap();
        let all = pages.finish();
        assert!(pages.write(b"x").is_err(), "the room was given back");
        drop(pages);
        assert_eq!((&*first, &*all), (&b"first"[..], &b"first, then"[..]));
        assert_eq!(first.as_ptr(), all.as_ptr(), "what was lent is what is kept");
    }

    #[test]
    fn what_is_sent_eight_times_is_popular() {
        let all = Pages::hold(10_000, [&[1; 10_000][..]]).unwrap();
        for _ in 0..4 {
            all.slice(5_000, 5_000).count_sent(5_000);
            all.count_sent(10_000);
        }
        assert!(!all.is_popular());
        all.clone().count_sent(20_000);
        assert!(all.is_popular() && all.slice(1, 1).is_popular());
        assert!(!Growing::new(10_000).unwrap().written().is_popular());
    }

    #[test]
    fn weight_counts_whole_pages() {
        assert_eq!(weight(4_096) - weight(1), 0);
        assert_eq!(weight(4_097) - weight(4_096), PAGE);
    }
}

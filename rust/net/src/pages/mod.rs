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
pub use self::room::page_size;

/// What is held for a content beside its pages: two blocks of the allocator, 8 octets of the kernel's for each page, and its
/// part of what tells free pages.
const OVERHEAD: u64 = 192;
/// How often content is sent before it is popular. So many copies cost about what lending once does, by which the next owner
/// gets new pages, so that no content costs much more than twice what it has to (decision 0020).
const POPULAR: usize = 6;
/// Content up to this length gets pages with memory as soon as its length is known, longer content as it comes: what an
/// origin only promises holds little memory.
const SOON: usize = 64 << 10;
/// First room of content whose length nobody tells, and how many times as long the next ones are.
const FIRST: usize = 512 << 10;
const LONGER: usize = 8;

/// What holds some pages together.
#[derive(Debug)]
struct Memory {
    room: Room,
    /// Octets sent from it, counted until it is popular.
    sent: AtomicUsize,
}

impl Memory {
    fn new(room: Room) -> Arc<Self> {
        Arc::new(Self { room, sent: 0.into() })
    }
}

/// Pages that are filled from the front. Others may read what is already there meanwhile.
#[derive(Debug)]
pub struct Growing {
    memory: Arc<Memory>,
    length: usize,
    most: usize,
}

impl Growing {
    /// For `length` octets. `ENOMEM` where the system has no room.
    pub fn new(length: u64) -> io::Result<Self> {
        let most = addressable(length)?;
        let room = if most <= SOON { Room::warm(most) } else { Room::new(most) };
        Ok(Self { memory: Memory::new(room?), length: 0, most })
    }

    /// For nobody knows how many octets, `most` of them. `ENOMEM` where the system has no room.
    pub fn up_to(most: u64) -> io::Result<Self> {
        let most = addressable(most)?;
        Ok(Self { memory: Memory::new(Room::new(most.min(FIRST))?), length: 0, most })
    }

    /// Adds octets at the end; all, or none where there is no room (`StorageFull`, or `ENOMEM` of the system).
    pub fn write(&mut self, octets: &[u8]) -> io::Result<()> {
        let length = self.length + octets.len();
        if length > self.most {
            return Err(io::ErrorKind::StorageFull.into());
        }
        if length > self.memory.room.octets() {
            self.grow(length)?;
        }
        let room = &self.memory.room;
        // SAFETY: the room was just seen to be large enough, this is the only writer (`&mut`, no clones), and parts that were
        // lent to readers end before `length`.
        unsafe { room.start().add(self.length).copy_from_nonoverlapping(octets.as_ptr(), octets.len()) };
        room.set_written(length);
        self.length = length;
        Ok(())
    }

    /// Moves into a longer room. Who reads parts of what was written has them in the old one.
    fn grow(&mut self, needed: usize) -> io::Result<()> {
        let octets = needed.max(self.memory.room.octets().saturating_mul(LONGER)).min(self.most);
        let mut longer = Self { memory: Memory::new(Room::new(octets)?), length: 0, most: self.most };
        longer.write(&self.written())?;
        *self = longer;
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
        self.most = self.length;
        // SAFETY: this is the only writer, which wrote so much and will not write beyond; parts that were lent end before it.
        unsafe { self.memory.room.shorten(self.length) };
        self.written()
    }
}

fn addressable(octets: u64) -> io::Result<usize> {
    usize::try_from(octets).map_err(|_| io::ErrorKind::OutOfMemory.into())
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
        let most = addressable(length)?;
        let mut pages = Growing { memory: Memory::new(Room::warm(most)?), length: 0, most };
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

    /// Whether its pages are better lent to the kernel than copied: so much of the whole was sent, or nobody gets them next.
    #[inline]
    pub fn is_popular(&self) -> bool {
        let Memory { room, sent } = &*self.memory;
        room.is_own() || sent.load(Relaxed) / POPULAR >= room.octets()
    }

    /// Says that `count` octets were sent.
    #[inline]
    pub fn count_sent(&self, count: usize) {
        if !self.is_popular() {
            self.memory.sent.fetch_add(count, Relaxed);
        }
    }

    /// Whether the kernel got some of these pages.
    pub fn is_lent(&self) -> bool {
        self.memory.room.is_lent()
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
    length.next_multiple_of(page_size() as u64) + OVERHEAD
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
    fn content_of_unknown_length_moves_on_and_its_readers_stay() {
        let (mut pages, piece) = (Growing::up_to(6 << 20).unwrap(), [5; 100_000]);
        let mut parts = Vec::new();
        while pages.length() + 100_000 <= 6 << 20 {
            pages.write(&piece).unwrap();
            parts.push(pages.written());
        }
        assert_eq!(pages.write(&piece).unwrap_err().kind(), io::ErrorKind::StorageFull);
        let all = pages.finish();
        assert!(parts.iter().chain([&all]).all(|part| part.iter().all(|octet| *octet == 5)));
        assert_eq!((all.len(), parts.last().map(|part| part.len())), (6_200_000, Some(6_200_000)));
    }

    #[test]
    fn what_is_sent_often_is_popular() {
        let all = Pages::hold(10_000, [&[1; 10_000][..]]).unwrap();
        for _ in 1..POPULAR {
            all.slice(5_000, 5_000).count_sent(5_000);
            all.clone().count_sent(5_000);
        }
        assert!(!all.is_popular());
        all.count_sent(10_000);
        assert!(all.is_popular() && all.slice(1, 1).is_popular());
        assert!(!Growing::new(10_000).unwrap().written().is_popular());
        assert!(Growing::new(100 << 20).unwrap().written().is_popular(), "nobody gets its pages next");
    }

    #[test]
    fn weight_counts_whole_pages() {
        let page = page_size() as u64;
        assert_eq!((weight(page) - weight(1), weight(page + 1) - weight(page)), (0, page));
    }
}

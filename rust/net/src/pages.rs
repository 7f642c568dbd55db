//! Memory for one long content: whole pages, written once, which go back to the system as soon as nobody holds them.
//!
//! What was written is never changed, and a page that was given back is never used again under the same contents: the kernel
//! may hold pages that are on their way to a client (`splice`) longer than we do, without seeing anything else in them.

use std::io;
use std::ops::Deref;
use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use bytes::Bytes;

/// What the kernel and we hold for a content beside its pages: their mapping (about 200 octets, and 8 for each page of 4 KiB),
/// its place in a tree, and two blocks of the allocator.
const OVERHEAD: u64 = 640;
const PAGE: u64 = 4_096;

/// Pages that are filled from the front. Others may read what is already there meanwhile.
#[derive(Debug)]
pub struct Growing {
    memory: Arc<Mapping>,
    length: usize,
}

impl Growing {
    /// Room for `most` octets; memory is taken as it fills. `ENOMEM` where the system has none, or no more mappings
    /// (vm.max_map_count).
    pub fn new(most: u64) -> io::Result<Self> {
        let most = usize::try_from(most).map_err(|_| io::Error::from(io::ErrorKind::OutOfMemory))?;
        Ok(Self { memory: Arc::new(Mapping::new(most)?), length: 0 })
    }

    /// Adds octets at the end; all, or none where there is no room (`StorageFull`).
    pub fn write(&mut self, octets: &[u8]) -> io::Result<()> {
        if octets.len() > self.memory.room.load(Relaxed) - self.length {
            return Err(io::ErrorKind::StorageFull.into());
        }
        // SAFETY: the room behind `length` was just seen to be large enough, this is the only writer (`&mut`, no clones), and
        // parts that were lent end before `length`.
        unsafe { self.memory.start.as_ptr().add(self.length).copy_from_nonoverlapping(octets.as_ptr(), octets.len()) };
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
        self.memory.shorten(self.length);
        self.written()
    }
}

/// A part of what was written. Cheap to clone; while one is left, all of the pages stay.
#[derive(Debug, Clone)]
pub struct Pages {
    memory: Arc<Mapping>,
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
}

impl Deref for Pages {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        // SAFETY: so much was written before, is never written again, and stays mapped as long as `memory` is held.
        unsafe { std::slice::from_raw_parts(self.memory.start.as_ptr().add(self.start), self.length) }
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

/// Memory of this process alone. `room`: octets that may be written, in whole pages mapped; only `Growing` changes it, and it
/// never falls below what was lent.
#[derive(Debug)]
struct Mapping {
    start: NonNull<u8>,
    room: AtomicUsize,
}

// SAFETY: the mapping belongs to this value alone; `Growing` and `Pages` say who may touch which part of it.
unsafe impl Send for Mapping {}
// SAFETY: as above: through a shared reference nothing of it is read or written.
unsafe impl Sync for Mapping {}

impl Mapping {
    fn new(room: usize) -> io::Result<Self> {
        let room = room.max(1);
        let (access, kind) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
        // SAFETY: a new mapping at an address of the kernel's choice; nothing that exists is replaced.
        let start = unsafe { libc::mmap(std::ptr::null_mut(), room, access, kind | libc::MAP_NORESERVE, -1, 0) };
        if start == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let start = NonNull::new(start.cast()).ok_or(io::ErrorKind::OutOfMemory)?;
        Ok(Self { start, room: room.into() })
    }

    /// Gives back the room behind the first `length` octets, as far as it is whole pages.
    fn shorten(&self, length: usize) {
        let (room, length) = (self.room.load(Relaxed), length.max(1));
        let kept = length.next_multiple_of(page_size());
        let is_done = kept >= room || {
            // SAFETY: these whole pages lie within the mapping, and behind all that was ever written or lent.
            unsafe { libc::munmap(self.start.as_ptr().add(kept).cast(), room - kept) == 0 }
        };
        if is_done {
            self.room.store(length, Relaxed);
        }
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: so much of it is still mapped, and no reference outlives `self`.
        unsafe { libc::munmap(self.start.as_ptr().cast(), *self.room.get_mut()) };
    }
}

fn page_size() -> usize {
    // SAFETY: takes no pointer.
    usize::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).unwrap_or(PAGE as usize)
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
    fn weight_counts_whole_pages() {
        assert_eq!(weight(4_096) - weight(1), 0);
        assert_eq!(weight(4_097) - weight(4_096), PAGE);
    }
}

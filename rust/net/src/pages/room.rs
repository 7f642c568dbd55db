//! Memory in whole pages, for contents of some length. The system counts mappings (vm.max_map_count) and makes each of a
//! page when it is first written to (more than a µs), so that contents share large mappings, and pages are used again.
//!
//! Pages that were lent to the kernel, on their way to a client, may be there still when nobody here holds them. These are
//! renewed before anybody else gets them: the system puts others in their place.

use std::io;
use std::ptr::{NonNull, with_exposed_provenance_mut};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::runs::Runs;

/// Length of a mapping that is shared: address space, no memory.
const SHARED: usize = 64 << 20;
/// What is longer has a mapping of its own.
const LONGEST: usize = 8 << 20;
/// Memory that is kept for the next content although nobody holds it.
const WARM: usize = 8 << 20;

/// Pages for one content. What is in them before they are written to is anything.
#[derive(Debug)]
pub struct Room {
    start: NonNull<u8>,
    octets: AtomicUsize,
    kind: Kind,
    is_lent: AtomicBool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A mapping of its own.
    Own,
    /// Of a shared mapping, without memory before it is written to.
    New,
    /// Of a shared mapping, written to before.
    Warm,
}

// SAFETY: the pages belong to this value alone; it reads and writes none of them itself.
unsafe impl Send for Room {}
// SAFETY: as above.
unsafe impl Sync for Room {}

impl Room {
    /// For so many octets; memory is taken as they are written. `ENOMEM` where the system has none.
    pub fn new(octets: usize) -> io::Result<Self> {
        let octets = octets.max(1);
        let (start, kind) =
            if octets > LONGEST { (map(octets)?, Kind::Own) } else { free().take(octets.div_ceil(page_size()))? };
        Ok(Self { start, octets: octets.into(), kind, is_lent: false.into() })
    }

    #[inline]
    pub fn start(&self) -> *mut u8 {
        self.start.as_ptr()
    }

    /// Octets that may be written from the start on.
    #[inline]
    pub fn octets(&self) -> usize {
        self.octets.load(Relaxed)
    }

    /// Says that the kernel is about to get pages of it. Whoever holds it then drops it later, so that its end sees this.
    #[inline]
    pub fn lend(&self) {
        if !self.is_lent.load(Relaxed) {
            self.is_lent.store(true, Relaxed);
        }
    }

    /// Gives back what lies behind the first `length` octets, as far as it is whole pages.
    ///
    /// # Safety
    ///
    /// Nothing behind them was ever written, lent or read, nor will be.
    pub unsafe fn shorten(&self, length: usize) {
        let (octets, length) = (self.octets(), length.max(1));
        let kept = length.next_multiple_of(page_size());
        if kept < octets {
            // SAFETY: the caller says that nobody uses these pages, and `octets` forgets them below.
            unsafe { self.give(kept, octets - kept, self.kind) };
        }
        self.octets.store(length, Relaxed);
    }

    /// Gives back `octets` from `at` on, of which the first starts a page.
    ///
    /// # Safety
    ///
    /// Nobody here uses them any more. `New`: nobody has written to them; `Warm`: the kernel has none of them.
    unsafe fn give(&self, at: usize, octets: usize, kind: Kind) {
        // SAFETY: `at` lies within the pages of this room.
        let start = unsafe { self.start.add(at) };
        let is_given = match kind {
            Kind::Own => false,
            Kind::New => free().give(start, octets, kind),
            // SAFETY: the caller's pages. Those that find no place as they are become new ones.
            Kind::Warm => {
                free().give(start, octets, kind)
                    || unsafe { renew(start, octets) } && free().give(start, octets, Kind::New)
            }
        };
        if !is_given {
            // SAFETY: as above. Should it fail, they stay as they are and are nobody's.
            unsafe { libc::munmap(start.as_ptr().cast(), octets) };
        }
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        let (octets, is_lent) = (self.octets(), *self.is_lent.get_mut());
        // SAFETY: nobody else here knows of these pages; those that were lent are renewed first.
        unsafe {
            match self.kind {
                Kind::Own => self.give(0, octets, Kind::Own),
                Kind::New | Kind::Warm if !is_lent => self.give(0, octets, Kind::Warm),
                Kind::New | Kind::Warm if renew(self.start, octets) => self.give(0, octets, Kind::New),
                Kind::New | Kind::Warm => self.give(0, octets, Kind::Own),
            }
        }
    }
}

/// Pages of shared mappings that nobody holds, by their number in the address space.
struct Free {
    new: Runs,
    warm: Runs,
}

static FREE: Mutex<Free> = Mutex::new(Free { new: Runs::new(), warm: Runs::new() });

fn free() -> MutexGuard<'static, Free> {
    FREE.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Free {
    /// Takes so many pages, of a new mapping where none has them.
    fn take(&mut self, pages: usize) -> io::Result<(NonNull<u8>, Kind)> {
        let (first, kind) = if let Some(first) = self.warm.take(pages) {
            (first, Kind::Warm)
        } else if let Some(first) = self.new.take(pages) {
            (first, Kind::New)
        } else {
            (self.grow(pages)?, Kind::New)
        };
        let start = NonNull::new(with_exposed_provenance_mut(first * page_size()));
        Ok((start.ok_or(io::ErrorKind::OutOfMemory)?, kind))
    }

    /// Makes a new mapping, and takes so many pages of it.
    fn grow(&mut self, pages: usize) -> io::Result<usize> {
        let start = map(SHARED)?;
        // Of a huge page the system gets nothing back before all of it is free. A kernel without them refuses.
        // SAFETY: the whole of a mapping that nobody uses yet.
        unsafe { libc::madvise(start.as_ptr().cast(), SHARED, libc::MADV_NOHUGEPAGE) };
        let first = start.as_ptr().expose_provenance() / page_size();
        self.new.give(first + pages, SHARED / page_size() - pages);
        Ok(first)
    }

    /// Whether there was a place for them.
    fn give(&mut self, start: NonNull<u8>, octets: usize, kind: Kind) -> bool {
        let (first, pages) = (start.addr().get() / page_size(), octets.div_ceil(page_size()));
        let runs = if kind == Kind::Warm { &mut self.warm } else { &mut self.new };
        if kind == Kind::Warm && runs.pages() + pages > WARM / page_size() {
            return false;
        }
        runs.give(first, pages);
        true
    }
}

/// Makes pages as new: whoever holds them beside us keeps them as they are, and the system puts others in their place.
///
/// # Safety
///
/// Nobody here uses what is in them any more.
unsafe fn renew(start: NonNull<u8>, octets: usize) -> bool {
    // SAFETY: the caller's pages.
    unsafe { libc::madvise(start.as_ptr().cast(), octets, libc::MADV_DONTNEED) == 0 }
}

fn map(octets: usize) -> io::Result<NonNull<u8>> {
    let (access, kind) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
    // SAFETY: a new mapping at an address of the kernel's choice; nothing that exists is replaced.
    let start = unsafe { libc::mmap(std::ptr::null_mut(), octets, access, kind | libc::MAP_NORESERVE, -1, 0) };
    if start == libc::MAP_FAILED {
        return Err(io::Error::last_os_error());
    }
    NonNull::new(start.cast()).ok_or_else(|| io::ErrorKind::OutOfMemory.into())
}

fn page_size() -> usize {
    // SAFETY: takes no pointer.
    usize::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).unwrap_or(4_096)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fill(room: &Room, octet: u8) {
        // SAFETY: the room has so many octets, and nobody borrows them.
        unsafe { room.start().write_bytes(octet, room.octets()) }
    }

    fn is_full_of(room: &Room, octet: u8) -> bool {
        // SAFETY: so many octets were filled, and nobody writes to them meanwhile.
        unsafe { std::slice::from_raw_parts(room.start(), room.octets()) }.iter().all(|seen| *seen == octet)
    }

    #[test]
    fn rooms_are_one_s_own() {
        for round in 0..10usize {
            let rooms: Vec<_> = (1..60).map(|n| Room::new(n * 577 * (round % 7 + 1)).unwrap()).collect();
            rooms.iter().enumerate().for_each(|(n, room)| fill(room, n as u8));
            assert!(rooms.iter().enumerate().all(|(n, room)| is_full_of(room, n as u8)));
        }
    }

    #[test]
    fn what_is_left_over_is_another_s() {
        for length in [0, 1, page_size(), page_size() + 1] {
            let room = Room::new(LONGEST).unwrap();
            // SAFETY: nothing was written.
            unsafe { room.shorten(length) };
            assert_eq!(room.octets(), length.max(1));
            fill(&room, 9);
            let others: Vec<_> = (0..100).map(|_| Room::new(LONGEST / 100).unwrap()).collect();
            others.iter().for_each(|other| fill(other, 1));
            assert!(is_full_of(&room, 9));
        }
    }

    #[test]
    fn a_long_one_has_its_own() {
        let room = Room::new(LONGEST + 1).unwrap();
        assert_eq!(room.kind, Kind::Own);
        fill(&room, 1);
        // SAFETY: what was written behind is not read again.
        unsafe { room.shorten(1) };
        assert_eq!(room.octets(), 1);
    }
}

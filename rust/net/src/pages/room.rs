//! Memory in whole pages, for contents of some length. The system counts mappings (vm.max_map_count) and makes each page when
//! it is first written to (more than a µs), so that contents share large mappings, and pages are used again.
//!
//! Pages that were lent to the kernel, on their way to a client, may be there still when nobody here holds them. These are
//! renewed before anybody else gets them: the system puts others in their place.

use std::io;
use std::ptr::{NonNull, with_exposed_provenance_mut};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use super::runs::Runs;

/// Length of a mapping that is shared, and what its address is a multiple of.
const SHARED: usize = 64 << 20;
/// What is longer has a mapping of its own.
const LONGEST: usize = SHARED / 2;
/// Memory that is kept for the next content although nobody holds it.
const WARM: usize = 8 << 20;

/// Pages for one content. What is in them before they are written to is anything.
#[derive(Debug)]
pub struct Room {
    start: NonNull<u8>,
    octets: AtomicUsize,
    /// Octets at the front that were written to.
    written: AtomicUsize,
    is_lent: AtomicBool,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A mapping of its own.
    Own,
    /// Of a shared mapping, without memory before it is written to.
    New,
    /// Of a shared mapping, with memory.
    Warm,
}

// SAFETY: the pages belong to this value alone; it reads and writes none of them itself.
unsafe impl Send for Room {}
// SAFETY: as above.
unsafe impl Sync for Room {}

impl Room {
    /// For so many octets, which come by and by: memory is taken as they do. `ENOMEM` where the system has none.
    pub fn new(octets: usize) -> io::Result<Self> {
        Self::take(octets.max(1), false)
    }

    /// For so many octets, which come soon: with memory, where there is some that nobody holds.
    pub fn warm(octets: usize) -> io::Result<Self> {
        Self::take(octets.max(1), true)
    }

    fn take(octets: usize, may_be_warm: bool) -> io::Result<Self> {
        let shared = if octets > LONGEST { None } else { free().take(octets.div_ceil(page_size()), may_be_warm) };
        let (start, kind) = match shared {
            Some(taken) => taken,
            None => (map(octets)?, Kind::Own),
        };
        Ok(Self { start, octets: octets.into(), written: 0.into(), is_lent: false.into(), kind })
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

    /// Says that so many octets at the front are written to.
    #[inline]
    pub fn set_written(&self, octets: usize) {
        self.written.store(octets, Relaxed);
    }

    /// Says that the kernel is about to get pages of it. Whoever holds it then drops it later, so that its end sees this.
    #[inline]
    pub fn lend(&self) {
        if !self.is_lent() {
            self.is_lent.store(true, Relaxed);
        }
    }

    /// Whether the kernel got pages of it.
    #[inline]
    pub fn is_lent(&self) -> bool {
        self.is_lent.load(Relaxed)
    }

    /// Whether it costs nothing to lend, for its pages are nobody else's afterwards.
    #[inline]
    pub fn is_own(&self) -> bool {
        self.kind == Kind::Own
    }

    /// Gives back what lies behind the first `length` octets, as far as it is whole pages.
    ///
    /// # Safety
    ///
    /// Nothing behind them was ever written, lent or read by who has this room, nor will be.
    pub unsafe fn shorten(&self, length: usize) {
        let (octets, kept) = (whole(self.octets()), whole(length.max(1)));
        if kept < octets {
            // SAFETY: these whole pages lie within this room, and the caller says that nobody uses them.
            unsafe {
                let behind = self.start.add(kept);
                match self.kind {
                    // Where there are too many mappings for one more hole, all stays until the end.
                    Kind::Own if !unmap(behind, octets - kept) => return,
                    Kind::Own => {}
                    Kind::New => give_new(behind, octets - kept),
                    Kind::Warm => give_used(behind, octets - kept, false),
                }
            }
        }
        self.octets.store(length.max(1), Relaxed);
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        let (octets, written) = (whole(self.octets()), whole(*self.written.get_mut()));
        // SAFETY: nobody else here knows of these pages, and what was not written to was not lent.
        unsafe {
            match self.kind {
                Kind::Own => {
                    unmap(self.start, octets);
                }
                Kind::New => {
                    give_new(self.start.add(written), octets - written);
                    give_used(self.start, written, self.is_lent());
                }
                Kind::Warm => give_used(self.start, octets, self.is_lent()),
            }
        }
    }
}

/// Gives back pages of a shared mapping that have no memory, and the mapping with the last of them.
///
/// # Safety
///
/// `start` and `octets` are those of whole pages that a room had, and nobody uses them.
unsafe fn give_new(start: NonNull<u8>, octets: usize) {
    if octets > 0
        && let Some(mapping) = free().give_new(start.addr().get() / page_size(), octets / page_size())
    {
        // SAFETY: nobody holds any of its pages, and nobody can find it any more.
        unsafe { unmap(mapping, SHARED) };
    }
}

/// Gives back pages of a shared mapping that have memory.
///
/// # Safety
///
/// As for `give_new`; the kernel has none of them unless they are lent.
unsafe fn give_used(start: NonNull<u8>, octets: usize, is_lent: bool) {
    let is_kept = !is_lent && free().keep_warm(start.addr().get() / page_size(), octets / page_size());
    if is_kept || octets == 0 {
        return;
    }
    // SAFETY: the caller's pages. Where they cannot be renewed, they are nobody's from now on.
    unsafe {
        match renew(start, octets) {
            true => give_new(start, octets),
            false => {
                unmap(start, octets);
            }
        }
    }
}

/// Pages of shared mappings that nobody holds, by their number in the address space.
struct Free {
    new: Runs,
    warm: Runs,
}

static FREE: LazyLock<Mutex<Free>> = LazyLock::new(|| {
    let block = SHARED / page_size();
    Mutex::new(Free { new: Runs::new(block), warm: Runs::new(block) })
});

fn free() -> MutexGuard<'static, Free> {
    FREE.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Free {
    /// Takes so many pages, of a new mapping where none has them; none where the system gives none so long.
    fn take(&mut self, pages: usize, may_be_warm: bool) -> Option<(NonNull<u8>, Kind)> {
        let warm = may_be_warm.then(|| self.warm.take(pages)).flatten();
        let (first, kind) = match warm {
            Some(first) => (first, Kind::Warm),
            None => (self.new.take(pages).or_else(|| self.grow(pages))?, Kind::New),
        };
        Some((address(first)?, kind))
    }

    /// Makes a new mapping, and takes so many pages of it.
    fn grow(&mut self, pages: usize) -> Option<usize> {
        let start = map_aligned().ok()?;
        // Of a huge page the system gets nothing back before all of it is free. A kernel without them refuses.
        // SAFETY: the whole of a mapping that nobody uses yet.
        unsafe { libc::madvise(start.as_ptr().cast(), SHARED, libc::MADV_NOHUGEPAGE) };
        let first = start.as_ptr().expose_provenance() / page_size();
        self.new.give(first + pages, SHARED / page_size() - pages);
        Some(first)
    }

    /// Takes pages back; the mapping that they were the last of.
    fn give_new(&mut self, first: usize, pages: usize) -> Option<NonNull<u8>> {
        let (first, pages) = self.new.give(first, pages);
        if pages < SHARED / page_size() {
            return None;
        }
        self.new.remove(first, pages);
        address(first)
    }

    /// Keeps pages as they are; false where so many are kept already.
    fn keep_warm(&mut self, first: usize, pages: usize) -> bool {
        let has_place = self.warm.pages() + pages <= WARM / page_size();
        if has_place && pages > 0 {
            self.warm.give(first, pages);
        }
        has_place
    }
}

/// Of a page of a shared mapping, which exposed where it lies.
fn address(page: usize) -> Option<NonNull<u8>> {
    NonNull::new(with_exposed_provenance_mut(page * page_size()))
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

/// A shared mapping.
fn map_aligned() -> io::Result<NonNull<u8>> {
    let start = map(2 * SHARED)?;
    let before = start.addr().get().next_multiple_of(SHARED) - start.addr().get();
    // SAFETY: both ends lie within a mapping that nobody uses yet, and what is kept lies between them.
    unsafe {
        let kept = start.add(before);
        let is_trimmed = (before == 0 || unmap(start, before)) && unmap(kept.add(SHARED), SHARED - before);
        if is_trimmed { Ok(kept) } else { Err(io::ErrorKind::OutOfMemory.into()) }
    }
}

/// # Safety
///
/// Nobody uses these pages.
unsafe fn unmap(start: NonNull<u8>, octets: usize) -> bool {
    // SAFETY: the caller's pages.
    unsafe { libc::munmap(start.as_ptr().cast(), octets) == 0 }
}

fn whole(octets: usize) -> usize {
    octets.next_multiple_of(page_size())
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

/// Octets of a page of this system.
pub fn page_size() -> usize {
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

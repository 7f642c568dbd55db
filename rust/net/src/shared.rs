//! Memory that processes share: a sealed memfd, mapped for reading and writing.

use std::ffi::CStr;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU8, AtomicU64};

/// A file that could shrink would end its readers with SIGBUS; sealed, nobody can change its size again.
const SEALS: libc::c_int = libc::F_SEAL_SHRINK | libc::F_SEAL_GROW | libc::F_SEAL_SEAL;
const WORD: usize = size_of::<u64>();

/// Words (`u64`), then octets, that other processes may read and write at the same time.
///
/// The two parts never overlap, and all access is atomic. Dropping it ends the mapping; the memory lives as long as any
/// process holds the descriptor or a mapping.
#[derive(Debug)]
pub struct SharedMemory {
    fd: OwnedFd,
    start: NonNull<u8>,
    words: usize,
    bytes: usize,
}

// SAFETY: the mapping belongs to this value alone and is only ever accessed through atomics.
unsafe impl Send for SharedMemory {}
// SAFETY: as above: shared access is atomic.
unsafe impl Sync for SharedMemory {}

impl SharedMemory {
    /// New memory, all zero, sealed against a change of size. `name` is seen in `/proc/PID/fd`.
    pub fn create(name: &CStr, words: usize, bytes: usize) -> io::Result<Self> {
        let length = words.checked_mul(WORD).and_then(|octets| octets.checked_add(bytes));
        let fd = sealed_file(name, length.ok_or_else(|| invalid("the shared memory would be too large"))?)?;
        Self::map(fd, words, bytes)
    }

    /// Memory that another process made, seen as `words` words and the rest octets. `InvalidData` when the descriptor
    /// is no sealed memory or is too short.
    pub fn open(fd: OwnedFd, words: usize) -> io::Result<Self> {
        // SAFETY: F_GET_SEALS takes no argument and touches no memory of ours.
        let seals = unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_GET_SEALS) };
        if seals == -1 || seals & SEALS != SEALS {
            return Err(invalid("the descriptor is not memory sealed against a change of size"));
        }
        let length = file_length(&fd)?;
        let bytes = words.checked_mul(WORD).and_then(|header| length.checked_sub(header));
        let bytes = bytes.ok_or_else(|| invalid("the shared memory is too short"))?;
        Self::map(fd, words, bytes)
    }

    /// The words at the front.
    pub fn words(&self) -> &[AtomicU64] {
        // SAFETY: the mapping is page-aligned, holds `words` words, and lives as long as `self`.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr().cast(), self.words) }
    }

    /// The octets after the words.
    pub fn bytes(&self) -> &[AtomicU8] {
        // SAFETY: the mapping holds `bytes` octets after the words, and lives as long as `self`.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr().add(self.words * WORD).cast(), self.bytes) }
    }

    /// The descriptor, closed on exec unless the caller duplicates it.
    pub fn fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }

    fn length(&self) -> usize {
        self.words * WORD + self.bytes
    }

    /// Maps a file whose length was checked and can no longer change.
    fn map(fd: OwnedFd, words: usize, bytes: usize) -> io::Result<Self> {
        let length = words * WORD + bytes;
        let access = libc::PROT_READ | libc::PROT_WRITE;
        // SAFETY: a new shared mapping at an address of the kernel's choice; nothing that exists is replaced.
        let start = unsafe { libc::mmap(std::ptr::null_mut(), length, access, libc::MAP_SHARED, fd.as_raw_fd(), 0) };
        if start == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let start = NonNull::new(start.cast()).ok_or_else(|| invalid("the shared memory is mapped at address zero"))?;
        Ok(Self { fd, start, words, bytes })
    }
}

impl Drop for SharedMemory {
    fn drop(&mut self) {
        // SAFETY: `start` and the length are those of the mapping that `map` made; no reference outlives `self`.
        unsafe { libc::munmap(self.start.as_ptr().cast(), self.length()) };
    }
}

fn invalid(message: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, message)
}

/// An anonymous file of this length with its size sealed.
fn sealed_file(name: &CStr, length: usize) -> io::Result<OwnedFd> {
    // SAFETY: `name` is a C string; the call touches no other memory.
    let fd = checked(unsafe { libc::memfd_create(name.as_ptr(), libc::MFD_CLOEXEC | libc::MFD_ALLOW_SEALING) })?;
    // SAFETY: the kernel just made this descriptor and nobody else owns it.
    let fd = unsafe { OwnedFd::from_raw_fd(fd) };
    let length = libc::off_t::try_from(length).map_err(|_| invalid("the shared memory would be too large"))?;
    // SAFETY: plain system calls on a descriptor that we own.
    checked(unsafe { libc::ftruncate(fd.as_raw_fd(), length) })?;
    // SAFETY: as above.
    checked(unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_ADD_SEALS, SEALS) })?;
    Ok(fd)
}

fn file_length(fd: &OwnedFd) -> io::Result<usize> {
    let length = std::fs::File::from(fd.try_clone()?).metadata()?.len();
    usize::try_from(length).map_err(|_| invalid("the shared memory is too large"))
}

fn checked(outcome: libc::c_int) -> io::Result<libc::c_int> {
    if outcome == -1 { Err(io::Error::last_os_error()) } else { Ok(outcome) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::Ordering;

    fn reopened(memory: &SharedMemory, words: usize) -> io::Result<SharedMemory> {
        SharedMemory::open(memory.fd().try_clone_to_owned()?, words)
    }

    #[test]
    fn two_mappings_see_one_memory() {
        let first = SharedMemory::create(c"test", 2, 5).unwrap();
        let second = reopened(&first, 2).unwrap();
        assert_eq!((second.words().len(), second.bytes().len()), (2, 5));
        first.words()[1].store(u64::MAX, Ordering::Release);
        first.bytes()[4].store(7, Ordering::Release);
        assert_eq!(second.words()[1].load(Ordering::Acquire), u64::MAX);
        let octets: Vec<u8> = second.bytes().iter().map(|octet| octet.load(Ordering::Acquire)).collect();
        assert_eq!(octets, [0, 0, 0, 0, 7], "words and octets do not overlap");
        drop(first);
        assert_eq!(second.bytes()[4].load(Ordering::Acquire), 7, "the memory outlives its maker");
    }

    #[test]
    fn the_size_cannot_change() {
        let memory = SharedMemory::create(c"test", 1, 100).unwrap();
        let file = std::fs::File::from(memory.fd().try_clone_to_owned().unwrap());
        assert!(file.set_len(0).is_err() && file.set_len(10_000).is_err());
    }

    #[test]
    fn memory_that_could_shrink_is_refused() {
        let refused = |fd: OwnedFd| SharedMemory::open(fd, 1).unwrap_err().kind() == io::ErrorKind::InvalidData;
        // SAFETY: the name is a C string and the new descriptor has one owner.
        let unsealed = unsafe { OwnedFd::from_raw_fd(libc::memfd_create(c"test".as_ptr(), libc::MFD_ALLOW_SEALING)) };
        std::fs::File::from(unsealed.try_clone().unwrap()).set_len(4096).unwrap();
        assert!(refused(unsealed));
        assert!(refused(std::fs::File::open("/dev/null").unwrap().into()));
        assert!(refused(std::fs::File::open("/proc/self/exe").unwrap().into()));
    }

    #[test]
    fn memory_shorter_than_its_header_is_refused() {
        let memory = SharedMemory::create(c"test", 1, 7).unwrap();
        assert!(reopened(&memory, 1).is_ok());
        assert_eq!(reopened(&memory, 2).unwrap_err().kind(), io::ErrorKind::InvalidData);
        assert_eq!(reopened(&memory, usize::MAX).unwrap_err().kind(), io::ErrorKind::InvalidData);
    }
}

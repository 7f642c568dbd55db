//! Reading files: behind what a buffer holds already, into memory that nobody has to fill with zeroes first; and large ones
//! without keeping a CPU from those who answer.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::AsRawFd;
use std::os::unix::fs::FileExt;
use std::path::Path;

/// Octets that one call takes of a file that may be large. Where a kernel takes a CPU from nobody within a system call
/// (PREEMPT_NONE, PREEMPT_VOLUNTARY), 64 MiB in one are 20 ms in which nothing else runs there.
const PIECE: usize = 256 << 10;

/// A whole file. Errors are those of std::fs::read.
pub fn whole(path: &Path) -> io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    let expected = usize::try_from(file.metadata()?.len()).unwrap_or(0);
    let mut octets = Vec::new();
    octets.try_reserve_exact(expected)?;
    while file.by_ref().take(PIECE as u64).read_to_end(&mut octets)? > 0 {}
    Ok(octets)
}

/// Fills `octets` with those of a file from `offset` on. `UnexpectedEof`: the file has fewer.
pub fn fill(file: &File, offset: u64, octets: &mut [u8]) -> io::Result<()> {
    let starts = (offset..).step_by(PIECE);
    octets.chunks_mut(PIECE).zip(starts).try_for_each(|(piece, at)| file.read_exact_at(piece, at))
}

/// Whether a file lives in memory, so that reading it waits for no disk: only such files know seals (`F_GET_SEALS`, fcntl(2)).
pub fn is_in_memory(file: &File) -> bool {
    // SAFETY: a plain system call on a descriptor that is open for it.
    unsafe { libc::fcntl(file.as_raw_fd(), libc::F_GET_SEALS) != -1 }
}

/// Adds up to `length` octets of a file from `offset` on, as many as one call brings; how many, 0: the file ends there.
pub fn append(file: &File, offset: u64, length: usize, octets: &mut Vec<u8>) -> io::Result<usize> {
    read(file, offset, length, octets, 0)
}

/// The same with what is in memory already. `WouldBlock` when the disk would have to be waited for; `Unsupported` when the
/// file system cannot tell.
pub fn append_resident(file: &File, offset: u64, length: usize, octets: &mut Vec<u8>) -> io::Result<usize> {
    read(file, offset, length, octets, libc::RWF_NOWAIT)
}

fn read(file: &File, offset: u64, length: usize, octets: &mut Vec<u8>, flags: libc::c_int) -> io::Result<usize> {
    let offset = libc::off_t::try_from(offset).map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?;
    octets.reserve(length);
    let vector = libc::iovec { iov_base: octets.spare_capacity_mut().as_mut_ptr().cast(), iov_len: length };
    // SAFETY: the one vector lies within the spare memory just reserved, which is borrowed for the call.
    let read = unsafe { libc::preadv2(file.as_raw_fd(), &raw const vector, 1, offset, flags) };
    let count = usize::try_from(read).map_err(|_| io::Error::last_os_error())?;
    // SAFETY: the kernel filled so many octets of what was reserved.
    unsafe { octets.set_len(octets.len() + count) };
    Ok(count)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::os::fd::FromRawFd;

    fn memory_file(octets: &[u8]) -> File {
        // SAFETY: the name is a C string; a descriptor that the call returns is new and belongs to nobody else.
        let mut file = unsafe {
            let fd = libc::memfd_create(c"test".as_ptr(), libc::MFD_CLOEXEC);
            assert!(fd != -1);
            File::from_raw_fd(fd)
        };
        file.write_all(octets).unwrap();
        file
    }

    #[test]
    fn what_is_larger_than_a_piece_is_read_whole() {
        for length in [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE + 7] {
            let content: Vec<u8> = (0..length).map(|n| (n % 251) as u8).collect();
            let file = memory_file(&content);
            let path = format!("/proc/self/fd/{}", file.as_raw_fd());
            assert!(whole(Path::new(&path)).unwrap() == content, "{length}");
            let from = length / 3;
            let mut rest = vec![0; length - from];
            fill(&file, from as u64, &mut rest).unwrap();
            assert!(rest == content[from..], "{length}");
            rest.push(0);
            assert_eq!(
                fill(&file, from as u64, &mut rest).unwrap_err().kind(),
                io::ErrorKind::UnexpectedEof,
                "{length}"
            );
        }
        assert_eq!(whole(Path::new("/nowhere/at/all")).unwrap_err().kind(), io::ErrorKind::NotFound);
        assert!(!whole(Path::new("/proc/self/status")).unwrap().is_empty(), "a file that says it has no octets");
    }

    #[test]
    fn octets_of_a_file_come_behind_those_that_are_there() {
        let file = memory_file(b"0123456789");
        let mut octets = b"before ".to_vec();
        assert_eq!(append(&file, 2, 3, &mut octets).unwrap(), 3);
        assert_eq!(append(&file, 8, 100, &mut octets).unwrap(), 2);
        assert_eq!(append(&file, 10, 100, &mut octets).unwrap(), 0);
        assert_eq!(append(&file, 0, 0, &mut octets).unwrap(), 0);
        assert!(append(&file, u64::MAX, 1, &mut octets).is_err());
        assert_eq!(octets, b"before 23489");
    }

    #[test]
    fn what_fails_leaves_the_octets_as_they_were() {
        let mut octets = b"before".to_vec();
        assert!(append(&File::open("/").unwrap(), 0, 10, &mut octets).is_err());
        assert_eq!(octets, b"before");
    }

    #[test]
    fn a_file_on_disk_is_told_from_one_in_memory() {
        let (disk, memory) = (std::env::current_exe().unwrap(), memory_file(b"1"));
        let disk = File::open(disk).unwrap();
        assert!(is_in_memory(&memory) && !is_in_memory(&disk));
        let mut octets = Vec::new();
        match append_resident(&disk, 1, 3, &mut octets) {
            Ok(count) => assert_eq!((count, &octets[..]), (3, &b"ELF"[..])),
            Err(error) => assert!(matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Unsupported)),
        }
    }
}

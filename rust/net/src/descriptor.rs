//! Descriptors that came in as numbers: by inheritance, or from a caller who keeps the original.

use std::io;
use std::os::fd::{FromRawFd, OwnedFd, RawFd};

/// A duplicate of the descriptor with this number, closed on exec. `EBADF` when there is none.
pub fn duplicate(number: RawFd) -> io::Result<OwnedFd> {
    // SAFETY: F_DUPFD_CLOEXEC touches no memory of ours, and refuses a number that is not open.
    let copy = unsafe { libc::fcntl(number, libc::F_DUPFD_CLOEXEC, 0) };
    if copy < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the kernel has just made this descriptor, and nobody else knows it.
    Ok(unsafe { OwnedFd::from_raw_fd(copy) })
}

#[cfg(test)]
mod tests {
    use super::duplicate;
    use std::io::{Read, Write};
    use std::os::fd::AsRawFd;
    use std::os::unix::net::UnixStream;

    #[test]
    fn a_duplicate_outlives_the_original() {
        let (mut ours, theirs) = UnixStream::pair().unwrap();
        let mut copy = UnixStream::from(duplicate(theirs.as_raw_fd()).unwrap());
        drop(theirs);
        copy.write_all(b"x").unwrap();
        ours.read_exact(&mut [0]).unwrap();
        assert_eq!(duplicate(-1).unwrap_err().raw_os_error(), Some(libc::EBADF));
    }
}

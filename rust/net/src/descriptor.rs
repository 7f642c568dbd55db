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

/// How many descriptors this process may hold (RLIMIT_NOFILE, the soft limit).
pub fn limit() -> io::Result<u64> {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: `limit` is a valid place to write to and outlives the call.
    match unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) } {
        0 => Ok(limit.rlim_cur),
        _ => Err(io::Error::last_os_error()),
    }
}

#[cfg(test)]
mod tests {
    use super::{duplicate, limit};
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

    #[test]
    fn the_limit_is_the_kernels() {
        let limits = std::fs::read_to_string("/proc/self/limits").unwrap();
        let line = limits.lines().find(|line| line.starts_with("Max open files")).unwrap();
        assert_eq!(line.split_ascii_whitespace().nth(3), Some(&*limit().unwrap().to_string()));
    }
}

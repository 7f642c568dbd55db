//! A lock that a process holds on a file as long as it has the file open.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;

/// Locks the file for this opening alone (`flock`(2)); false where someone else holds it. Never waits.
///
/// The lock ends with the last descriptor of this opening, so also when the process is killed.
pub fn try_lock(file: &File) -> io::Result<bool> {
    // SAFETY: flock takes a descriptor, which `file` keeps open, and touches no memory of ours.
    let outcome = unsafe { libc::flock(file.as_raw_fd(), libc::LOCK_EX | libc::LOCK_NB) };
    if outcome == 0 {
        return Ok(true);
    }
    let error = io::Error::last_os_error();
    if error.kind() == io::ErrorKind::WouldBlock { Ok(false) } else { Err(error) }
}

#[cfg(test)]
mod tests {
    use super::try_lock;
    use std::fs::File;

    #[test]
    fn one_opening_at_a_time() {
        let path = std::env::temp_dir().join(format!("edgeplane-lock-{}", std::process::id()));
        let (first, second) = (File::create(&path).unwrap(), File::create(&path).unwrap());
        assert!(try_lock(&first).unwrap() && try_lock(&first).unwrap(), "the holder may ask again");
        assert!(!try_lock(&second).unwrap());
        drop(first);
        assert!(try_lock(&second).unwrap());
        std::fs::remove_file(path).unwrap();
    }
}

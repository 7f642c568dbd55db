//! Octets in a file without a name, so that they can leave by `sendfile`: written once, then sealed.

use std::ffi::CStr;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsRawFd, FromRawFd};
use std::sync::Arc;

/// Neither length nor octets can change any more: who sends it needs to fear nothing.
const SEALS: libc::c_int = libc::F_SEAL_WRITE | libc::F_SEAL_SHRINK | libc::F_SEAL_GROW | libc::F_SEAL_SEAL;

/// What the kernel holds for one file beside its pages: inode, directory entry, open file (about 600, 200 and 250 octets
/// on a 64-bit kernel).
const OVERHEAD: u64 = 1_050;
const PAGE: u64 = 4_096;

/// A file in memory that grows until it is sealed. Others may read what is already there meanwhile.
#[derive(Debug)]
pub struct MemoryFile {
    file: Arc<File>,
    length: u64,
}

impl MemoryFile {
    /// An empty one; `name` is seen in `/proc/PID/fd`. `EMFILE` where descriptors are used up.
    pub fn new(name: &CStr) -> io::Result<Self> {
        // SAFETY: `name` is a C string; the call touches no other memory.
        let fd = unsafe { libc::memfd_create(name.as_ptr(), libc::MFD_CLOEXEC | libc::MFD_ALLOW_SEALING) };
        if fd == -1 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the kernel just made this descriptor and nobody else owns it.
        let file = unsafe { File::from_raw_fd(fd) };
        Ok(Self { file: Arc::new(file), length: 0 })
    }

    /// Adds octets at the end.
    pub fn write(&mut self, octets: &[u8]) -> io::Result<()> {
        (&*self.file).write_all(octets)?;
        self.length += octets.len() as u64;
        Ok(())
    }

    /// Octets written.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// The file, for reading at positions (`read_at`, `sendfile` with an offset) below `length`.
    pub fn file(&self) -> &Arc<File> {
        &self.file
    }

    /// Makes it unchangeable.
    pub fn seal(self) -> io::Result<Arc<File>> {
        // SAFETY: a plain system call on a descriptor that we own.
        match unsafe { libc::fcntl(self.file.as_raw_fd(), libc::F_ADD_SEALS, SEALS) } {
            -1 => Err(io::Error::last_os_error()),
            _ => Ok(self.file),
        }
    }
}

/// A sealed file with these octets, one piece after the other.
pub fn create<'a>(name: &CStr, pieces: impl IntoIterator<Item = &'a [u8]>) -> io::Result<Arc<File>> {
    let mut file = MemoryFile::new(name)?;
    pieces.into_iter().try_for_each(|piece| file.write(piece))?;
    file.seal()
}

/// Octets of memory that a file of this length holds.
pub fn weight(length: u64) -> u64 {
    length.div_ceil(PAGE) * PAGE + OVERHEAD
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::FileExt;

    #[test]
    fn it_holds_its_pieces_in_order() {
        let file = create(c"test", [&b"one"[..], b"", b" and two"]).unwrap();
        let mut octets = [0; 11];
        file.read_exact_at(&mut octets, 0).unwrap();
        assert_eq!((&octets, file.metadata().unwrap().len()), (b"one and two", 11));
    }

    #[test]
    fn nobody_changes_it_once_it_is_sealed() {
        let file = create(c"test", [&b"octets"[..]]).unwrap();
        assert!(file.write_all_at(b"x", 0).is_err() && file.write_all_at(b"x", 6).is_err());
        assert!(file.set_len(5).is_err() && file.set_len(7).is_err());
    }

    #[test]
    fn a_reader_follows_the_writer() {
        let mut growing = MemoryFile::new(c"test").unwrap();
        growing.write(b"first").unwrap();
        let reader = growing.file().clone();
        let mut octets = [0; 5];
        reader.read_exact_at(&mut octets, 0).unwrap();
        assert_eq!(&octets, b"first");
        growing.write(b", then").unwrap();
        assert_eq!(growing.length(), 11);
        let sealed = growing.seal().unwrap();
        assert!(Arc::ptr_eq(&sealed, &reader), "what was lent is what is kept");
    }

    #[test]
    fn weight_counts_whole_pages() {
        assert_eq!(weight(4_096) - weight(1), 0);
        assert_eq!(weight(4_097) - weight(4_096), PAGE);
    }
}

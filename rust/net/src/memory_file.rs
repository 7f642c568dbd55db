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
    use crate::sendfile::{send_file, send_more};
    use std::io::{IoSlice, Read};
    use std::net::{TcpListener, TcpStream};
    use std::os::fd::AsFd;
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

    /// Nanoseconds that this thread has run.
    fn processor_time() -> u64 {
        let schedule = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
        schedule.split(' ').next().unwrap().parse().unwrap()
    }

    /// Microseconds that sender and receiver run for a response of this length.
    fn microseconds(length: usize, send: impl Fn(&TcpStream, &[u8], &File, &[u8]), rounds: usize) -> (f64, f64) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (server, _) = listener.accept().unwrap();
        let (head, body) = (vec![b'h'; 300], vec![b'b'; length]);
        let file = create(c"test", [&body[..]]).unwrap();
        let reader = std::thread::spawn(move || {
            let (start, mut buffer) = (processor_time(), vec![0; 262_144]);
            let mut left = rounds * (300 + length);
            while left > 0 {
                left -= client.read(&mut buffer).unwrap();
            }
            processor_time() - start
        });
        let start = processor_time();
        (0..rounds).for_each(|_| send(&server, &head, &file, &body));
        let sent = processor_time() - start;
        let each = |nanoseconds: u64| nanoseconds as f64 / 1e3 / rounds as f64;
        (each(sent), each(reader.join().unwrap()))
    }

    fn by_sendfile(socket: &TcpStream, head: &[u8], file: &File, body: &[u8]) {
        let mut sent = send_more(socket.as_fd(), head).unwrap() - head.len();
        while sent < body.len() {
            sent += send_file(socket.as_fd(), file, sent as u64, body.len() - sent).unwrap();
        }
    }

    fn by_writev(mut socket: &TcpStream, head: &[u8], _file: &File, body: &[u8]) {
        let mut sent = socket.write_vectored(&[IoSlice::new(head), IoSlice::new(body)]).unwrap();
        while sent < head.len() + body.len() {
            sent += socket.write(&body[sent - head.len()..]).unwrap();
        }
    }

    #[test]
    #[ignore = "a measurement"]
    fn sendfile_beside_writev() {
        for kib in [4, 16, 32, 64, 128, 256, 1_024] {
            let best = |send: fn(&TcpStream, &[u8], &File, &[u8])| {
                let runs = (0..9).map(|_| microseconds(kib << 10, send, (32 << 10) / kib));
                runs.reduce(|a, b| (a.0.min(b.0), a.1.min(b.1))).unwrap()
            };
            let (file, octets) = (best(by_sendfile), best(by_writev));
            println!("{kib:>5} KiB, µs of sender and receiver: sendfile {file:.1?}, writev {octets:.1?}");
        }
    }
}

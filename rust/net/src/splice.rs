//! Pages of memory into a socket without copying them: vmsplice(2) puts them into a pipe, splice(2) moves them on.

use std::cell::Cell;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use crate::pages::Pages;

/// Octets that the pipe is to hold, in pages of 4 KiB; what an ordinary process may ask for (fs.pipe-max-size).
const ROOM: libc::c_int = 1 << 20;

/// A pipe that is empty whenever nobody sends.
#[derive(Debug)]
pub struct Splicer {
    from: OwnedFd,
    into: OwnedFd,
    nowhere: File,
    /// Octets were left in the pipe that would be the next client's.
    is_spent: Cell<bool>,
}

impl Splicer {
    /// A new one, after a trial: some sandboxes forbid it. `EMFILE` where descriptors are used up; it takes three.
    pub fn new() -> io::Result<Self> {
        let mut ends = [-1; 2];
        // SAFETY: `ends` has room for the two descriptors, and outlives the call.
        if unsafe { libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC | libc::O_NONBLOCK) } == -1 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the kernel just made these descriptors and nobody else owns them.
        let [from, into] = ends.map(|end| unsafe { OwnedFd::from_raw_fd(end) });
        // A smaller pipe costs more system calls, no more.
        // SAFETY: a plain system call on a descriptor that we own.
        let _ = unsafe { libc::fcntl(into.as_raw_fd(), libc::F_SETPIPE_SZ, ROOM) };
        let nowhere = File::options().write(true).open("/dev/null")?;
        let splicer = Self { from, into, nowhere, is_spent: Cell::new(false) };
        splicer.empty(splicer.put(b"x")?)?;
        Ok(splicer)
    }

    /// Whether it sends no more, because its pipe could not be emptied.
    #[inline]
    pub fn is_spent(&self) -> bool {
        self.is_spent.get()
    }

    /// Sends octets from the front of `pages`, as many as go at once; how many went, at least one. `WouldBlock` when a socket
    /// that does not block has no room, `BrokenPipe` from one that is spent. Their memory may be in use by the system for a
    /// while after that.
    pub fn send(&self, socket: BorrowedFd<'_>, pages: &Pages) -> io::Result<usize> {
        if self.is_spent() {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        pages.lend();
        let put = self.put(pages)?;
        let more = if put < pages.len() { libc::SPLICE_F_MORE } else { 0 };
        let sent = self.move_on(socket, put, more);
        let gone = *sent.as_ref().unwrap_or(&0);
        self.empty(put - gone).inspect_err(|_| self.is_spent.set(true))?;
        sent
    }

    /// Puts octets into the pipe, as many as find room. What they are later is what arrives: see `Pages`.
    fn put(&self, octets: &[u8]) -> io::Result<usize> {
        let vector = libc::iovec { iov_base: octets.as_ptr().cast_mut().cast(), iov_len: octets.len() };
        // SAFETY: the one vector describes `octets`, which are borrowed for the call and only read. The kernel goes on with
        // their pages, not their address.
        let put = unsafe {
            libc::syscall(libc::SYS_vmsplice, self.into.as_raw_fd(), &raw const vector, 1usize, libc::SPLICE_F_NONBLOCK)
        };
        usize::try_from(put).map_err(|_| io::Error::last_os_error())
    }

    fn move_on(&self, to: BorrowedFd<'_>, length: usize, flags: libc::c_uint) -> io::Result<usize> {
        let (nowhere, flags) = (std::ptr::null_mut::<libc::loff_t>(), flags | libc::SPLICE_F_NONBLOCK);
        // SAFETY: both descriptors are open for the call; there are no offsets.
        let moved = unsafe {
            libc::syscall(libc::SYS_splice, self.from.as_raw_fd(), nowhere, to.as_raw_fd(), nowhere, length, flags)
        };
        usize::try_from(moved).map_err(|_| io::Error::last_os_error())
    }

    /// Takes out what found no room.
    fn empty(&self, mut left: usize) -> io::Result<()> {
        while left > 0 {
            match self.move_on(self.nowhere.as_fd(), left, 0) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => left = left.saturating_sub(count),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;
    use std::net::{TcpListener, TcpStream};
    use std::time::Duration;

    const LENGTH: usize = 5_000_000;

    fn pair() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        client.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        (listener.accept().unwrap().0, client)
    }

    fn pattern(length: usize) -> Vec<u8> {
        (0..length).map(|n| (n % 251) as u8).collect()
    }

    fn pages(octets: &[u8]) -> Pages {
        Pages::hold(octets.len() as u64, [octets]).unwrap()
    }

    #[test]
    fn pages_arrive_whole_however_little_goes_at_once() {
        let (server, mut client) = pair();
        server.set_nonblocking(true).unwrap();
        let (splicer, expected) = (Splicer::new().unwrap(), pattern(LENGTH));
        let (mut left, mut seen) = (pages(&expected).slice(3, LENGTH), vec![0; LENGTH - 3]);
        let (mut at, mut full) = (0, 0);
        while at < seen.len() {
            match splicer.send(server.as_fd(), &left) {
                Ok(sent) => left.advance(sent),
                Err(error) => {
                    assert_eq!(error.kind(), io::ErrorKind::WouldBlock, "{error}");
                    full += 1;
                    at += client.read(&mut seen[at..]).unwrap();
                }
            }
            if left.is_empty() {
                client.read_exact(&mut seen[at..]).unwrap();
                at = seen.len();
            }
        }
        assert!(full > 0, "the socket was never full");
        assert!(seen == expected[3..]);
    }

    #[test]
    fn what_is_on_its_way_stays_as_it_was_when_its_memory_is_used_again() {
        let splicer = Splicer::new().unwrap();
        let (clients, contents): (Vec<_>, Vec<_>) = (0..40).map(|n| (pair(), pages(&[n; 65_536]))).unzip();
        for ((server, _), content) in clients.iter().zip(contents) {
            let mut sent = 0;
            while sent < content.len() {
                sent += splicer.send(server.as_fd(), &content.slice(sent, usize::MAX)).unwrap();
            }
        }
        let others: Vec<_> = (0..400).map(|_| pages(&[200; 65_536])).collect();
        for (n, (_, mut client)) in clients.into_iter().enumerate() {
            let mut seen = vec![0; 65_536];
            client.read_exact(&mut seen).unwrap();
            assert!(seen == [n as u8; 65_536], "{n}, beside {} others", others.len());
        }
    }

    #[test]
    fn a_client_that_left_is_an_error_and_the_next_one_gets_nothing_of_it() {
        let (server, client) = pair();
        let splicer = Splicer::new().unwrap();
        drop(client);
        let all = pages(&[1; 65_536]);
        assert!((0..100).any(|_| splicer.send(server.as_fd(), &all).is_err()));
        let (server, mut client) = pair();
        splicer.send(server.as_fd(), &pages(b"next")).unwrap();
        drop(server);
        let mut seen = Vec::new();
        client.read_to_end(&mut seen).unwrap();
        assert_eq!(seen, b"next");
    }

    #[test]
    fn what_cannot_be_taken_out_again_is_nobody_s() {
        let (server, _client) = pair();
        server.set_nonblocking(true).unwrap();
        let mut splicer = Splicer::new().unwrap();
        splicer.nowhere = File::open("/dev/null").unwrap();
        let all = pages(&pattern(LENGTH));
        let full = (0..1_000).find_map(|_| splicer.send(server.as_fd(), &all).err()).unwrap();
        assert_ne!(full.kind(), io::ErrorKind::WouldBlock, "{full}");
        let (server, mut client) = pair();
        assert!(splicer.is_spent() && splicer.send(server.as_fd(), &pages(b"next")).is_err());
        drop(server);
        let mut seen = Vec::new();
        client.read_to_end(&mut seen).unwrap();
        assert_eq!(seen, b"");
    }
}

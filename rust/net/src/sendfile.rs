//! Content that leaves a file without passing through the process.

use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

use crate::socket::NO_ADDRESS;

/// Sends `length` octets of a file from `offset` on, or fewer, by sendfile(2). Returns how many went; 0: the file ends before
/// `offset`. `WouldBlock` when a socket that does not block has no room.
pub fn send_file(socket: BorrowedFd<'_>, file: &File, offset: u64, length: usize) -> io::Result<usize> {
    let mut offset = libc::off_t::try_from(offset).map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?;
    // SAFETY: both descriptors are open for the call, and `offset` is a valid place that outlives it.
    let sent = unsafe { libc::sendfile(socket.as_raw_fd(), file.as_raw_fd(), &raw mut offset, length) };
    usize::try_from(sent).map_err(|_| io::Error::last_os_error())
}

/// Sends octets after which more follows at once, so that the kernel puts both into one packet (`MSG_MORE`, send(2)).
pub fn send_more(socket: BorrowedFd<'_>, octets: &[u8]) -> io::Result<usize> {
    let flags = libc::MSG_MORE | libc::MSG_NOSIGNAL;
    // SAFETY: the descriptor is open for the call, the pointer and length are those of `octets`, and no address is given.
    let sent = unsafe {
        libc::syscall(libc::SYS_sendto, socket.as_raw_fd(), octets.as_ptr(), octets.len(), flags, NO_ADDRESS, 0)
    };
    usize::try_from(sent).map_err(|_| io::Error::last_os_error())
}

/// Reads from a file what is in memory already (preadv2(2) with `RWF_NOWAIT`). `WouldBlock` when the disk would have to be
/// waited for; `Unsupported` when the file system cannot tell, as for memory files on older kernels.
pub fn read_resident(file: &File, octets: &mut [u8], offset: u64) -> io::Result<usize> {
    let offset = libc::off_t::try_from(offset).map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?;
    let vector = libc::iovec { iov_base: octets.as_mut_ptr().cast(), iov_len: octets.len() };
    // SAFETY: the one vector describes `octets`, which is borrowed for the call.
    let read = unsafe { libc::preadv2(file.as_raw_fd(), &raw const vector, 1, offset, libc::RWF_NOWAIT) };
    usize::try_from(read).map_err(|_| io::Error::last_os_error())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::net::{TcpListener, TcpStream};
    use std::os::fd::AsFd;

    fn pair() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        (listener.accept().unwrap().0, client)
    }

    fn file(octets: &[u8]) -> File {
        let path = std::env::temp_dir().join(format!("edgeplane-sendfile-{}-{}", std::process::id(), octets.len()));
        let mut file = File::options().read(true).write(true).create(true).truncate(true).open(&path).unwrap();
        std::fs::remove_file(path).unwrap();
        file.write_all(octets).unwrap();
        file
    }

    #[test]
    fn head_and_file_arrive_in_order_and_the_end_of_the_file_is_told() {
        let (server, mut client) = pair();
        let file = file(b"0123456789");
        assert_eq!(send_more(server.as_fd(), b"head:").unwrap(), 5);
        assert_eq!(send_file(server.as_fd(), &file, 3, 4).unwrap(), 4);
        assert_eq!(send_file(server.as_fd(), &file, 8, 100).unwrap(), 2);
        assert_eq!(send_file(server.as_fd(), &file, 10, 100).unwrap(), 0);
        assert!(send_file(server.as_fd(), &file, u64::MAX, 1).is_err());
        drop(server);
        let mut seen = String::new();
        client.read_to_string(&mut seen).unwrap();
        assert_eq!(seen, "head:345689");
    }

    #[test]
    fn what_was_just_written_is_in_memory() {
        let mut octets = [0; 4];
        match read_resident(&file(b"abcdefg"), &mut octets, 2) {
            Ok(count) => assert_eq!((count, &octets), (4, b"cdef")),
            Err(error) => assert_eq!(error.kind(), io::ErrorKind::Unsupported, "{error}"),
        }
    }

    #[test]
    fn a_full_socket_says_so() {
        let (server, _client) = pair();
        server.set_nonblocking(true).unwrap();
        let file = file(&vec![7; 1 << 20]);
        let outcome = (0..1000).find_map(|_| send_file(server.as_fd(), &file, 0, 1 << 20).err()).unwrap();
        assert_eq!(outcome.kind(), io::ErrorKind::WouldBlock);
    }
}

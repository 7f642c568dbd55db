//! Which sockets can be read or written: epoll(7), level-triggered.

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

/// A set of sockets, each under a number of the caller's.
pub struct Poll {
    epoll: OwnedFd,
    events: Vec<libc::epoll_event>,
    ready: usize,
}

impl Poll {
    /// Tells of at most `width` sockets at once.
    pub fn new(width: usize) -> io::Result<Self> {
        // SAFETY: takes no pointer; a descriptor that it returns is new and belongs to nobody else.
        let epoll = unsafe {
            let fd = libc::epoll_create1(libc::EPOLL_CLOEXEC);
            if fd < 0 {
                return Err(io::Error::last_os_error());
            }
            OwnedFd::from_raw_fd(fd)
        };
        Ok(Self { epoll, events: vec![libc::epoll_event { events: 0, u64: 0 }; width.max(1)], ready: 0 })
    }

    /// Takes a socket in, to be told when it can be read. It leaves when it is closed.
    pub fn add(&self, socket: &impl AsRawFd, number: usize) -> io::Result<()> {
        self.control(libc::EPOLL_CTL_ADD, socket, number, libc::EPOLLIN)
    }

    /// Tells from now on when the socket can be written, or again when it can be read.
    pub fn watch(&self, socket: &impl AsRawFd, number: usize, writable: bool) -> io::Result<()> {
        self.control(libc::EPOLL_CTL_MOD, socket, number, if writable { libc::EPOLLOUT } else { libc::EPOLLIN })
    }

    fn control(&self, what: i32, socket: &impl AsRawFd, number: usize, events: i32) -> io::Result<()> {
        let mut event = libc::epoll_event { events: events as u32, u64: number as u64 };
        // SAFETY: both descriptors are open while they are borrowed; `event` lives until the call returns.
        let result = unsafe { libc::epoll_ctl(self.epoll.as_raw_fd(), what, socket.as_raw_fd(), &raw mut event) };
        if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
    }

    /// Waits at most so many milliseconds, 0 for not at all, -1 without end; returns how many sockets are ready.
    pub fn wait(&mut self, milliseconds: i32) -> io::Result<usize> {
        let (fd, width) = (self.epoll.as_raw_fd(), self.events.len() as i32);
        // SAFETY: the pointer and the length describe `events`, which lives until the call returns.
        let ready = unsafe { libc::epoll_wait(fd, self.events.as_mut_ptr(), width, milliseconds) };
        self.ready = match usize::try_from(ready).map_err(|_| io::Error::last_os_error()) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => 0,
            other => other?,
        };
        Ok(self.ready)
    }

    /// The number of ready socket `index`.
    pub fn number(&self, index: usize) -> Option<usize> {
        self.events.get(..self.ready)?.get(index).map(|event| event.u64 as usize)
    }
}

//! Many datagrams with one system call. All unsafe code of this crate is here and in `poll`.

use socket2::Socket;
use std::io;
use std::mem::zeroed;
use std::os::fd::AsRawFd;
use std::ptr::null_mut;

/// Room for one datagram; larger answers are cut, and show as mismatches.
const SLOT: usize = 2048;

/// Moves the calling thread (and all it starts) to one CPU.
pub fn pin(cpu: Option<usize>) -> io::Result<()> {
    let Some(cpu) = cpu else { return Ok(()) };
    if cpu >= libc::CPU_SETSIZE as usize {
        return Err(io::Error::other("no such CPU"));
    }
    // SAFETY: an all-zero cpu_set_t is the empty set; CPU_SET is given an index inside it; the pointer and the length
    // describe that set, which lives until the call returns.
    let result = unsafe {
        let mut set: libc::cpu_set_t = zeroed();
        libc::CPU_SET(cpu, &mut set);
        libc::sched_setaffinity(0, size_of::<libc::cpu_set_t>(), &set)
    };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Path MTU discovery off, and no trust in ICMP that says a packet was too large: as the DNS server does it.
pub fn omit_path_mtu(socket: &Socket) -> io::Result<()> {
    let value: libc::c_int = libc::IP_PMTUDISC_OMIT;
    // SAFETY: the pointer and the length describe `value`, which lives until the call returns.
    let result = unsafe {
        let (level, name) = (libc::IPPROTO_IP, libc::IP_MTU_DISCOVER);
        libc::setsockopt(socket.as_raw_fd(), level, name, (&raw const value).cast(), size_of_val(&value) as u32)
    };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Sends packets that lie in one piece of memory, over a connected socket.
pub struct Sender {
    iovecs: Vec<libc::iovec>,
    headers: Vec<libc::mmsghdr>,
}

impl Sender {
    /// For at most `width` packets at once.
    pub fn new(width: usize) -> Self {
        Self { iovecs: Vec::with_capacity(width), headers: Vec::with_capacity(width) }
    }

    /// Sends the given ranges of `bytes`; returns how many left before the first that failed, or its error.
    pub fn send(
        &mut self,
        socket: &Socket,
        bytes: &[u8],
        packets: impl Iterator<Item = std::ops::Range<usize>>,
    ) -> io::Result<usize> {
        self.iovecs.clear();
        self.headers.clear();
        self.iovecs.extend(
            packets
                .filter_map(|range| bytes.get(range))
                .map(|packet| libc::iovec { iov_base: packet.as_ptr().cast_mut().cast(), iov_len: packet.len() }),
        );
        self.headers.extend(self.iovecs.iter_mut().map(|iovec| header(iovec, null_mut())));
        let (fd, count) = (socket.as_raw_fd(), self.headers.len() as u32);
        // SAFETY: each header points to one element of `iovecs`, which no longer moves, and that to a part of `bytes`,
        // which is borrowed until the call returns and is only read by it.
        let sent = unsafe { libc::sendmmsg(fd, self.headers.as_mut_ptr(), count, libc::MSG_DONTWAIT) };
        usize::try_from(sent).map_err(|_| io::Error::last_os_error())
    }
}

/// Receives packets into memory of its own, with the senders' addresses.
pub struct Receiver {
    bytes: Vec<u8>,
    // The headers hold pointers into the two below, which are never resized.
    _iovecs: Vec<libc::iovec>,
    _addresses: Vec<libc::sockaddr_storage>,
    headers: Vec<libc::mmsghdr>,
    filled: usize,
}

impl Receiver {
    /// For at most `width` packets at once.
    pub fn new(width: usize) -> Self {
        let mut bytes = vec![0u8; width * SLOT];
        // SAFETY: sockaddr_storage is plain data, for which all zero is a value (AF_UNSPEC).
        let mut addresses: Vec<libc::sockaddr_storage> = vec![unsafe { zeroed() }; width];
        let slots = bytes.chunks_exact_mut(SLOT);
        let mut iovecs: Vec<libc::iovec> =
            slots.map(|slot| libc::iovec { iov_base: slot.as_mut_ptr().cast(), iov_len: SLOT }).collect();
        let pairs = iovecs.iter_mut().zip(addresses.iter_mut());
        let headers = pairs.map(|(iovec, address)| header(iovec, address)).collect();
        Self { bytes, _iovecs: iovecs, _addresses: addresses, headers, filled: 0 }
    }

    /// Takes what is there; waits for the first packet if `wait`. Returns how many came, 0 when none was there.
    pub fn receive(&mut self, socket: &Socket, wait: bool) -> io::Result<usize> {
        let flags = if wait { libc::MSG_WAITFORONE } else { libc::MSG_DONTWAIT };
        for header in self.headers.iter_mut().take(self.filled) {
            header.msg_hdr.msg_namelen = size_of::<libc::sockaddr_storage>() as u32;
        }
        let (fd, count) = (socket.as_raw_fd(), self.headers.len() as u32);
        // SAFETY: each header points to one iovec and one address of this receiver; all are alive, are its own, and
        // their lengths are those of what they point to.
        let received = unsafe { libc::recvmmsg(fd, self.headers.as_mut_ptr(), count, flags, null_mut()) };
        self.filled = usize::try_from(received).unwrap_or(0);
        match usize::try_from(received).map_err(|_| io::Error::last_os_error()) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(0),
            other => other,
        }
    }

    /// Packet `index` of the last batch; empty beyond it.
    pub fn packet(&self, index: usize) -> &[u8] {
        let length = self.headers.get(index).map_or(0, |header| header.msg_len as usize);
        self.bytes.get(index * SLOT..index * SLOT + length.min(SLOT)).unwrap_or(&[])
    }

    /// The packets of the last batch, to be changed in place.
    pub fn packets_mut(&mut self) -> impl Iterator<Item = &mut [u8]> {
        let lengths = self.headers.iter().take(self.filled).map(|header| header.msg_len as usize);
        self.bytes.chunks_exact_mut(SLOT).zip(lengths).filter_map(|(slot, length)| slot.get_mut(..length.min(SLOT)))
    }

    /// Sends every packet of the last batch back to where it came from; one that fails is left out.
    pub fn send_back(&mut self, socket: &Socket) {
        let batch = self.headers.get_mut(..self.filled).unwrap_or(&mut []);
        resize(batch, |header| header.msg_len as usize);
        let mut done = 0;
        while let Some(rest) = batch.get_mut(done..).filter(|rest| !rest.is_empty()) {
            // SAFETY: as in `receive`; the lengths were set to what was received, which is at most what is there.
            let sent = unsafe { libc::sendmmsg(socket.as_raw_fd(), rest.as_mut_ptr(), rest.len() as u32, 0) };
            done += usize::try_from(sent).unwrap_or(0).max(1);
        }
        resize(batch, |_| SLOT);
    }
}

/// Sets the length of each header's one buffer.
fn resize(headers: &mut [libc::mmsghdr], length: impl Fn(&libc::mmsghdr) -> usize) {
    for header in headers {
        let length = length(header).min(SLOT);
        // SAFETY: `msg_iov` points to the element of `_iovecs` that `Receiver::new` gave to this header.
        unsafe { (*header.msg_hdr.msg_iov).iov_len = length };
    }
}

fn header(iovec: &mut libc::iovec, address: *mut libc::sockaddr_storage) -> libc::mmsghdr {
    // SAFETY: mmsghdr is plain data, for which all zero is a value: no buffers, no address, no control data.
    let mut header: libc::mmsghdr = unsafe { zeroed() };
    header.msg_hdr.msg_iov = iovec;
    header.msg_hdr.msg_iovlen = 1;
    if !address.is_null() {
        header.msg_hdr.msg_name = address.cast();
        header.msg_hdr.msg_namelen = size_of::<libc::sockaddr_storage>() as u32;
    }
    header
}

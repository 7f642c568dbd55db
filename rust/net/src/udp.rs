//! Batches of datagrams: many in one system call, answered in the buffers that they came in.
//!
//! ```text
//! receive: recvmmsg, waits for the first ─ slot(n): octets and sender ─ reply(n, len) ─ send: sendmmsg
//! ```

use std::io;
use std::mem::{size_of, zeroed};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::fd::{AsRawFd, BorrowedFd};
use std::ptr::NonNull;

/// Octets of a slot: the largest answer over UDP that may be set.
pub const SLOT: usize = 4096;
/// Room for a destination address with its header.
const CONTROL: usize = 64;

/// Whether receiving waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wait {
    /// For the first datagram, as long as the socket's receive time-out.
    ForOne,
    /// Not at all.
    No,
}

/// One datagram's buffers: what the kernel writes of a query lies in two or three cache lines side by side. A slot is 66 of
/// them long, so that slots begin at different places of a page: at the same one, a batch's queries would drive each other out
/// of the first-level cache, in which a line's place in its page says where it may lie.
#[repr(C, align(64))]
struct Slot {
    vector: libc::iovec,
    address: libc::sockaddr_in6,
    control: Control,
    octets: [u8; SLOT],
}

const _: () = assert!(size_of::<Slot>() == 66 * 64, "slots do not begin at the same place of a page");

#[repr(C, align(8))]
struct Control([u8; CONTROL]);

/// Buffers of one thread for up to `width` datagrams.
///
/// Slots and headers are reached through raw pointers alone, because the headers point into the slots.
pub struct UdpBatch {
    slots: NonNull<Slot>,
    messages: NonNull<libc::mmsghdr>,
    width: usize,
    wildcard: bool,
    received: usize,
}

// SAFETY: the batch owns all that its pointers lead to, and nothing of it is tied to a thread.
unsafe impl Send for UdpBatch {}

impl Drop for UdpBatch {
    fn drop(&mut self) {
        let slots = std::ptr::slice_from_raw_parts_mut(self.slots.as_ptr(), self.width);
        let messages = std::ptr::slice_from_raw_parts_mut(self.messages.as_ptr(), self.width);
        // SAFETY: both came out of boxes of this length in `new` and are given back once.
        unsafe {
            drop(Box::from_raw(slots));
            drop(Box::from_raw(messages));
        }
    }
}

impl UdpBatch {
    /// Buffers for `width` datagrams. `wildcard`: the socket is bound to all addresses and says where each datagram
    /// was sent to (`IP_PKTINFO`), so that the answer leaves from there.
    pub fn new(width: usize, wildcard: bool) -> Self {
        // SAFETY: all-zero octets are valid values of these plain C structures.
        let slots: Box<[Slot]> = (0..width).map(|_| unsafe { zeroed() }).collect();
        // SAFETY: as above.
        let messages: Box<[libc::mmsghdr]> = (0..width).map(|_| unsafe { zeroed() }).collect();
        let mut batch = Self { slots: leak(slots), messages: leak(messages), width, wildcard, received: 0 };
        batch.rearm(width);
        batch
    }

    /// The place of the n-th slot and header.
    #[inline]
    fn place(&self, n: usize) -> (*mut Slot, *mut libc::mmsghdr) {
        assert!(n < self.width, "a batch has {} slots", self.width);
        // SAFETY: `n` is below the number of slots and headers that were allocated.
        unsafe { (self.slots.as_ptr().add(n), self.messages.as_ptr().add(n)) }
    }

    /// Makes the first `count` slots ready to receive.
    fn rearm(&mut self, count: usize) {
        for n in 0..count {
            let (slot, message) = self.place(n);
            // SAFETY: both are valid and only this batch reaches them; no reference to them lives.
            unsafe {
                (*slot).vector = libc::iovec { iov_base: (&raw mut (*slot).octets).cast(), iov_len: SLOT };
                let header = &raw mut (*message).msg_hdr;
                (*header).msg_name = (&raw mut (*slot).address).cast();
                (*header).msg_namelen = size_of::<libc::sockaddr_in6>() as libc::socklen_t;
                (*header).msg_iov = &raw mut (*slot).vector;
                (*header).msg_iovlen = 1;
                if self.wildcard {
                    (*header).msg_control = (&raw mut (*slot).control).cast();
                    (*header).msg_controllen = CONTROL as _;
                }
            }
        }
    }

    /// Takes what is there, at most `width` datagrams. Returns how many came; none when there is nothing to wait for,
    /// the time-out passed or a signal interrupted.
    pub fn receive(&mut self, socket: BorrowedFd<'_>, wait: Wait) -> io::Result<usize> {
        self.rearm(self.received);
        self.received = 0;
        let flags = if wait == Wait::ForOne { libc::MSG_WAITFORONE } else { libc::MSG_DONTWAIT };
        let (fd, width) = (socket.as_raw_fd(), self.width as libc::c_uint);
        // SAFETY: there are `width` headers, whose pointers lead to buffers of the stated lengths that the batch owns.
        let count = unsafe { libc::recvmmsg(fd, self.messages.as_ptr(), width, flags as _, std::ptr::null_mut()) };
        if let Ok(count) = usize::try_from(count) {
            self.received = count;
            return Ok(count);
        }
        self.rearm(self.width);
        let error = io::Error::last_os_error();
        match error.kind() {
            io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted => Ok(0),
            _ => Err(error),
        }
    }

    /// The n-th datagram: its whole slot, its length (0 where it was longer than the slot), and who sent it.
    #[inline]
    pub fn slot(&mut self, n: usize) -> (&mut [u8; SLOT], usize, IpAddr) {
        let (slot, message) = self.place(n);
        // SAFETY: both are valid; the one reference made lives as long as the borrow of the batch.
        unsafe {
            let cut_off = (*message).msg_hdr.msg_flags & libc::MSG_TRUNC != 0;
            let len = if cut_off { 0 } else { (*message).msg_len as usize };
            (&mut (*slot).octets, len, address(&(*slot).address))
        }
    }

    /// Sets the length of the answer in the n-th slot; 0 sends none.
    #[inline]
    pub fn reply(&mut self, n: usize, len: usize) {
        let (slot, _) = self.place(n);
        // SAFETY: the slot is valid and no reference to it lives.
        unsafe { (*slot).vector.iov_len = len.min(SLOT) };
    }

    #[inline]
    fn has_reply(&self, n: usize) -> bool {
        let (slot, _) = self.place(n);
        // SAFETY: the slot is valid and no reference to it lives.
        unsafe { (*slot).vector.iov_len > 0 }
    }

    /// Sends the answers; returns how many the kernel did not take. Never waits.
    pub fn send(&mut self, socket: BorrowedFd<'_>) -> usize {
        let mut lost = 0;
        let mut from = 0;
        while from < self.received {
            if !self.has_reply(from) {
                from += 1;
                continue;
            }
            let run = (from..self.received).take_while(|&n| self.has_reply(n)).count();
            let sent = self.send_run(socket, from, run);
            if sent == 0 {
                lost += 1;
                from += 1;
            }
            from += sent;
        }
        lost
    }

    /// Sends answers that stand side by side; returns how many went.
    fn send_run(&mut self, socket: BorrowedFd<'_>, from: usize, run: usize) -> usize {
        if self.wildcard {
            (from..from + run).for_each(|n| any_interface(self.place(n).0));
        }
        let (fd, (_, first)) = (socket.as_raw_fd(), self.place(from));
        // SAFETY: `from + run` is at most `received`, which is at most the number of headers; each leads to its slot.
        let sent = unsafe { libc::sendmmsg(fd, first, run as libc::c_uint, libc::MSG_DONTWAIT as _) };
        usize::try_from(sent).unwrap_or(0)
    }
}

fn leak<T>(values: Box<[T]>) -> NonNull<T> {
    NonNull::from(Box::leak(values)).cast()
}

/// Who a datagram came from; an IPv4 address stands at the octets of `sin6_flowinfo`. A socket for both families says
/// `::ffff:a.b.c.d`, which is judged as the IPv4 client that it is; the answer goes to the address as the socket has it.
#[inline]
fn address(from: &libc::sockaddr_in6) -> IpAddr {
    if libc::c_int::from(from.sin6_family) == libc::AF_INET {
        IpAddr::V4(Ipv4Addr::from(from.sin6_flowinfo.to_ne_bytes()))
    } else {
        Ipv6Addr::from(from.sin6_addr.s6_addr).to_canonical()
    }
}

/// Leaves the outgoing interface of an IPv4 answer to the routing table; its source stays the address that was asked.
fn any_interface(slot: *mut Slot) {
    // SAFETY: the slot is valid and no reference to it lives; the kernel wrote a header there, or the octets are zero.
    unsafe {
        let header = (&raw mut (*slot).control).cast::<libc::cmsghdr>();
        if (*header).cmsg_level == libc::IPPROTO_IP && (*header).cmsg_type == libc::IP_PKTINFO {
            let info = libc::CMSG_DATA(header).cast::<libc::in_pktinfo>();
            (*info).ipi_ifindex = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use socket2::{Domain, Socket, Type};
    use std::net::{SocketAddr, UdpSocket};
    use std::os::fd::AsFd;
    use std::time::Duration;

    fn waiting(address: &str) -> UdpSocket {
        let socket = UdpSocket::bind(address).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        socket
    }

    #[test]
    fn what_comes_is_answered_in_place_and_the_empty_answer_is_not_sent() {
        let (server, client) = (waiting("127.0.0.1:0"), waiting("127.0.0.1:0"));
        client.connect(server.local_addr().unwrap()).unwrap();
        for octet in 0..5u8 {
            client.send(&vec![octet; 1 + usize::from(octet)]).unwrap();
        }
        let mut batch = UdpBatch::new(4, false);
        let mut seen = 0;
        while seen < 5 {
            let count = batch.receive(server.as_fd(), Wait::ForOne).unwrap();
            for n in 0..count {
                let (slot, len, from) = batch.slot(n);
                assert_eq!(from, IpAddr::from([127, 0, 0, 1]));
                assert_eq!(len, 1 + usize::from(slot[0]));
                let keep = slot[0] != 2;
                slot[len] = 99;
                batch.reply(n, if keep { len + 1 } else { 0 });
            }
            assert_eq!(batch.send(server.as_fd()), 0);
            seen += count;
        }
        assert_eq!(batch.receive(server.as_fd(), Wait::No).unwrap(), 0);
        for expected in [0u8, 1, 3, 4] {
            let mut answer = [0; 16];
            let len = client.recv(&mut answer).unwrap();
            assert_eq!((len, answer[0], answer[len - 1]), (2 + usize::from(expected), expected, 99));
        }
    }

    #[test]
    fn a_socket_on_all_addresses_answers_from_the_one_that_was_asked() {
        for (all, asked) in [("0.0.0.0:0", "127.0.0.77"), ("[::]:0", "::1")] {
            let any: SocketAddr = all.parse().unwrap();
            let server = UdpSocket::from(crate::listen::bind_udp(any).unwrap());
            let client = waiting(if any.is_ipv4() { "127.0.0.1:0" } else { "[::1]:0" });
            // A connected socket takes answers from that one address alone.
            client.connect((asked.parse::<IpAddr>().unwrap(), server.local_addr().unwrap().port())).unwrap();
            let mut batch = UdpBatch::new(2, true);
            for round in 0..3u8 {
                client.send(&[round; 3]).unwrap();
                while batch.receive(server.as_fd(), Wait::ForOne).unwrap() == 0 {}
                batch.reply(0, 3);
                assert_eq!(batch.send(server.as_fd()), 0);
                assert_eq!(client.recv(&mut [0; 9]).unwrap(), 3, "{all}");
            }
        }
    }

    #[test]
    fn an_ipv4_client_of_a_socket_for_both_families_is_seen_as_one_and_answered() {
        let server = Socket::new(Domain::IPV6, Type::DGRAM, None).unwrap();
        server.set_only_v6(false).unwrap();
        server.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        server.bind(&SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0)).into()).unwrap();
        let server = UdpSocket::from(server);
        let client = waiting("127.0.0.1:0");
        client.connect((Ipv4Addr::LOCALHOST, server.local_addr().unwrap().port())).unwrap();
        let mut batch = UdpBatch::new(1, true);
        client.send(b"query").unwrap();
        assert_eq!(batch.receive(server.as_fd(), Wait::ForOne).unwrap(), 1);
        assert_eq!(batch.slot(0).2, IpAddr::V4(Ipv4Addr::LOCALHOST));
        batch.reply(0, 5);
        assert_eq!(batch.send(server.as_fd()), 0);
        assert_eq!(client.recv(&mut [0; 9]).unwrap(), 5);
    }
}

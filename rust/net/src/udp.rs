//! Batches of datagrams: many in one system call, answered in the buffers that they came in.
//!
//! ```text
//! receive: recvmmsg, waits for the first ─ slot(n): octets and sender ─ reply(n, len) ─ send: sendmmsg
//! ```
#![allow(clippy::indexing_slicing)] // Slots are indexed below `width`, which every array here has as its length.

use std::io;
use std::mem::{size_of, zeroed};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::fd::{AsRawFd, BorrowedFd};

/// Octets of a slot: the largest answer over UDP that may be set.
pub const SLOT: usize = 4096;
/// Room for a destination address with its header.
const CONTROL: usize = 64;

#[repr(align(4096))]
#[derive(Clone, Copy)]
struct Slot([u8; SLOT]);

#[repr(align(8))]
#[derive(Clone, Copy)]
struct Control([u8; CONTROL]);

/// Buffers of one thread for up to `width` datagrams.
///
/// The message headers point into the other boxes, whose contents never move.
pub struct UdpBatch {
    slots: Box<[Slot]>,
    addresses: Box<[libc::sockaddr_in6]>,
    controls: Box<[Control]>,
    vectors: Box<[libc::iovec]>,
    messages: Box<[libc::mmsghdr]>,
    wildcard: bool,
    received: usize,
}

// SAFETY: the pointers in `vectors` and `messages` lead into boxes that the batch owns and that move with it.
unsafe impl Send for UdpBatch {}

impl UdpBatch {
    /// Buffers for `width` datagrams. `wildcard`: the socket is bound to all addresses and says where each datagram
    /// was sent to (`IP_PKTINFO`), so that the answer leaves from there.
    pub fn new(width: usize, wildcard: bool) -> Self {
        // SAFETY: all-zero octets are valid values of these plain C structures.
        let (address, message): (libc::sockaddr_in6, libc::mmsghdr) = unsafe { (zeroed(), zeroed()) };
        let empty = libc::iovec { iov_base: std::ptr::null_mut(), iov_len: 0 };
        let mut batch = Self {
            slots: vec![Slot([0; SLOT]); width].into_boxed_slice(),
            addresses: vec![address; width].into_boxed_slice(),
            controls: vec![Control([0; CONTROL]); width].into_boxed_slice(),
            vectors: vec![empty; width].into_boxed_slice(),
            messages: vec![message; width].into_boxed_slice(),
            wildcard,
            received: 0,
        };
        for n in 0..width {
            batch.vectors[n].iov_base = batch.slots[n].0.as_mut_ptr().cast();
            let header = &mut batch.messages[n].msg_hdr;
            header.msg_name = (&raw mut batch.addresses[n]).cast();
            header.msg_iov = &raw mut batch.vectors[n];
            header.msg_iovlen = 1;
        }
        batch.rearm(width);
        batch
    }

    /// Makes the first `count` slots ready to receive again.
    fn rearm(&mut self, count: usize) {
        for n in 0..count {
            self.vectors[n].iov_len = SLOT;
            let header = &mut self.messages[n].msg_hdr;
            header.msg_namelen = size_of::<libc::sockaddr_in6>() as libc::socklen_t;
            if self.wildcard {
                header.msg_control = self.controls[n].0.as_mut_ptr().cast();
                header.msg_controllen = CONTROL as _;
            }
        }
    }

    /// Waits for the first datagram (as long as the socket's receive time-out) and takes what else is there.
    /// Returns how many came; none when the time-out passed or a signal interrupted.
    pub fn receive(&mut self, socket: BorrowedFd<'_>) -> io::Result<usize> {
        self.rearm(self.received);
        self.received = 0;
        let width = self.messages.len() as libc::c_uint;
        // SAFETY: `messages` has `width` headers whose pointers lead to buffers of the stated lengths, all owned by self.
        let count = unsafe {
            libc::recvmmsg(
                socket.as_raw_fd(),
                self.messages.as_mut_ptr(),
                width,
                libc::MSG_WAITFORONE as _,
                std::ptr::null_mut(),
            )
        };
        match usize::try_from(count) {
            Ok(count) => {
                self.received = count;
                Ok(count)
            }
            Err(_) => {
                self.rearm(width as usize);
                let error = io::Error::last_os_error();
                match error.kind() {
                    io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted => Ok(0),
                    _ => Err(error),
                }
            }
        }
    }

    /// The n-th datagram: its whole slot, its length (0 where it was longer than the slot), and who sent it.
    #[inline]
    pub fn slot(&mut self, n: usize) -> (&mut [u8; SLOT], usize, IpAddr) {
        let message = &self.messages[n];
        let cut_off = message.msg_hdr.msg_flags & libc::MSG_TRUNC != 0;
        let len = if cut_off { 0 } else { message.msg_len as usize };
        (&mut self.slots[n].0, len, address(&self.addresses[n]))
    }

    /// Sets the length of the answer in the n-th slot; 0 sends none.
    #[inline]
    pub fn reply(&mut self, n: usize, len: usize) {
        self.vectors[n].iov_len = len.min(SLOT);
    }

    /// Sends the answers; returns how many the kernel did not take. Never waits.
    pub fn send(&mut self, socket: BorrowedFd<'_>) -> usize {
        let mut lost = 0;
        let mut from = 0;
        while from < self.received {
            if self.vectors[from].iov_len == 0 {
                from += 1;
                continue;
            }
            let run = (from..self.received).take_while(|&n| self.vectors[n].iov_len > 0).count();
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
            self.controls[from..from + run].iter_mut().for_each(any_interface);
        }
        // SAFETY: `from + run` is at most `received`, which is at most the number of headers; each leads to its slot.
        let sent = unsafe {
            libc::sendmmsg(
                socket.as_raw_fd(),
                self.messages[from..].as_mut_ptr(),
                run as libc::c_uint,
                libc::MSG_DONTWAIT as _,
            )
        };
        usize::try_from(sent).unwrap_or(0)
    }
}

/// Who a datagram came from; an IPv4 address stands at the octets of `sin6_flowinfo`.
#[inline]
fn address(from: &libc::sockaddr_in6) -> IpAddr {
    if libc::c_int::from(from.sin6_family) == libc::AF_INET {
        IpAddr::V4(Ipv4Addr::from(from.sin6_flowinfo.to_ne_bytes()))
    } else {
        IpAddr::V6(Ipv6Addr::from(from.sin6_addr.s6_addr))
    }
}

/// Leaves the outgoing interface to the routing table; the source address stays the one that was asked.
fn any_interface(control: &mut Control) {
    let octets = &mut control.0;
    let header = size_of::<libc::cmsghdr>();
    let level = i32::from_ne_bytes([octets[8], octets[9], octets[10], octets[11]]);
    if level == libc::IPPROTO_IP {
        octets[header..header + 4].fill(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::UdpSocket;
    use std::os::fd::AsFd;
    use std::time::Duration;

    #[test]
    fn what_comes_is_answered_in_place_and_the_empty_answer_is_not_sent() {
        let server = UdpSocket::bind("127.0.0.1:0").unwrap();
        server.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        let client = UdpSocket::bind("127.0.0.1:0").unwrap();
        client.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        client.connect(server.local_addr().unwrap()).unwrap();
        for octet in 0..5u8 {
            client.send(&vec![octet; 1 + usize::from(octet)]).unwrap();
        }
        let mut batch = UdpBatch::new(4, false);
        let mut seen = 0;
        while seen < 5 {
            let count = batch.receive(server.as_fd()).unwrap();
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
        for expected in [0u8, 1, 3, 4] {
            let mut answer = [0; 16];
            let len = client.recv(&mut answer).unwrap();
            assert_eq!((len, answer[0], answer[len - 1]), (2 + usize::from(expected), expected, 99));
        }
    }
}

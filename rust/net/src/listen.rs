//! Listening sockets: bound here or handed in by a parent, and set up the same way.
//!
//! A parent that binds sockets itself sets SO_REUSEPORT and IPV6_V6ONLY, which count at the bind; the rest is done by
//! `adopt_udp` and `adopt_tcp`, which repeat no harm.

use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsRawFd, OwnedFd};
use std::time::Duration;

use socket2::{Domain, Protocol, Socket, Type};

/// Octets asked for the queue of received datagrams: a stall of 10 ms at 400,000 queries a second.
const RECEIVE_BUFFER: usize = 4 << 20;
/// Octets asked for the queue of sent datagrams (NSD's default).
const SEND_BUFFER: usize = 4 << 20;

/// Octets that may wait in the system until a client has room; without a bound some MiB do, and who reads nothing looks as if
/// he had read them. What is on its way does not count, so that no line is slower for it; one `sendfile` takes as much.
const UNSENT: libc::c_int = 512 << 10;
/// Time in milliseconds after which a client that takes nothing of what waits in the system for it is given up: the
/// process sees no rate once it has handed all over. nginx's send_timeout is as long.
const UNTAKEN: libc::c_int = 60_000;

/// Longest wait for a datagram: how late a thread sees that it should stop, and how long an idle one holds what it no
/// longer needs. gdnsd wakes as often.
const RECEIVE_WAIT: Duration = Duration::from_millis(250);

/// A UDP socket on the address; several of them may share it and get clients by hash (SO_REUSEPORT).
pub fn bind_udp(address: SocketAddr) -> io::Result<OwnedFd> {
    let socket = new_socket(address, Type::DGRAM, Protocol::UDP)?;
    socket.bind(&address.into())?;
    adopt_udp(socket.into())
}

/// A TCP socket that listens, does not block, and may share its address; `backlog` counts connections not yet taken.
pub fn bind_tcp(address: SocketAddr, backlog: i32) -> io::Result<OwnedFd> {
    let socket = new_socket(address, Type::STREAM, Protocol::TCP)?;
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(backlog)?;
    adopt_tcp(socket.into())
}

/// `count` UDP sockets on one address; port 0 is chosen once for all.
pub fn bind_udp_group(address: SocketAddr, count: usize) -> io::Result<Vec<OwnedFd>> {
    let first = bind_udp(address)?;
    let chosen = local_address(&first)?;
    let others = (1..count).map(|_| bind_udp(chosen));
    std::iter::once(Ok(first)).chain(others).take(count).collect()
}

/// Sets up a UDP socket that is already bound: it blocks, but not for long; no path-MTU discovery; large queues; and on
/// a wildcard address the address that each datagram was sent to.
pub fn adopt_udp(fd: OwnedFd) -> io::Result<OwnedFd> {
    let socket = Socket::from(fd);
    expect_type(&socket, Type::DGRAM)?;
    let address = bound_to(&socket)?;
    socket.set_nonblocking(false)?;
    socket.set_read_timeout(Some(RECEIVE_WAIT))?;
    raise_buffers(&socket);
    let (level, mtu_discover, omit, pktinfo) = match address {
        SocketAddr::V4(_) => (libc::IPPROTO_IP, libc::IP_MTU_DISCOVER, libc::IP_PMTUDISC_OMIT, libc::IP_PKTINFO),
        SocketAddr::V6(_) => {
            (libc::IPPROTO_IPV6, libc::IPV6_MTU_DISCOVER, libc::IPV6_PMTUDISC_OMIT, libc::IPV6_RECVPKTINFO)
        }
    };
    set_int(&socket, level, mtu_discover, omit)?;
    if address.ip().is_unspecified() {
        set_int(&socket, level, pktinfo, 1)?;
    }
    Ok(socket.into())
}

/// Sets up a TCP socket that already listens: it does not block, and bounds what the system keeps for each of its
/// connections, which take that from it.
pub fn adopt_tcp(fd: OwnedFd) -> io::Result<OwnedFd> {
    let socket = Socket::from(fd);
    expect_type(&socket, Type::STREAM)?;
    socket.set_nonblocking(true)?;
    set_int(&socket, libc::IPPROTO_TCP, libc::TCP_NOTSENT_LOWAT, UNSENT)?;
    set_int(&socket, libc::IPPROTO_TCP, libc::TCP_USER_TIMEOUT, UNTAKEN)?;
    Ok(socket.into())
}

/// The address a socket is bound to.
pub fn local_address(fd: &OwnedFd) -> io::Result<SocketAddr> {
    bound_to(&socket2::SockRef::from(fd))
}

fn new_socket(address: SocketAddr, kind: Type, protocol: Protocol) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), kind, Some(protocol))?;
    socket.set_reuse_port(true)?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    Ok(socket)
}

fn bound_to(socket: &Socket) -> io::Result<SocketAddr> {
    let not_ip = || io::Error::new(io::ErrorKind::InvalidInput, "the socket is not bound to an IP address");
    socket.local_addr()?.as_socket().ok_or_else(not_ip)
}

fn expect_type(socket: &Socket, kind: Type) -> io::Result<()> {
    if socket.r#type()? == kind {
        return Ok(());
    }
    let wanted = if kind == Type::DGRAM { "a UDP socket" } else { "a TCP socket" };
    Err(io::Error::new(io::ErrorKind::InvalidInput, format!("the descriptor is not {wanted}")))
}

/// Asks for large queues; the system gives what net.core.rmem_max and wmem_max allow, which is no reason to fail.
fn raise_buffers(socket: &Socket) {
    if socket.recv_buffer_size().is_ok_and(|size| size < RECEIVE_BUFFER) {
        let _ = socket.set_recv_buffer_size(RECEIVE_BUFFER);
    }
    if socket.send_buffer_size().is_ok_and(|size| size < SEND_BUFFER) {
        let _ = socket.set_send_buffer_size(SEND_BUFFER);
    }
}

fn set_int(socket: &Socket, level: libc::c_int, option: libc::c_int, value: libc::c_int) -> io::Result<()> {
    let length = size_of_val(&value) as libc::socklen_t;
    // SAFETY: `value` outlives the call and `length` is its size.
    let done = unsafe { libc::setsockopt(socket.as_raw_fd(), level, option, (&raw const value).cast(), length) };
    if done == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{TcpListener, TcpStream, UdpSocket};

    fn get_int(fd: &OwnedFd, level: libc::c_int, option: libc::c_int) -> libc::c_int {
        let (mut value, mut length) = (-1, size_of::<libc::c_int>() as libc::socklen_t);
        // SAFETY: both pointers are to live variables of the sizes told.
        let done = unsafe { libc::getsockopt(fd.as_raw_fd(), level, option, (&raw mut value).cast(), &raw mut length) };
        assert_eq!(done, 0);
        value
    }

    fn address(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    #[test]
    fn udp_sockets_omit_path_mtu_discovery_and_ask_for_the_destination_on_wildcards_alone() {
        for (text, pktinfo) in [("127.0.0.1:0", 0), ("0.0.0.0:0", 1)] {
            let fd = bind_udp(address(text)).unwrap();
            assert_eq!(get_int(&fd, libc::IPPROTO_IP, libc::IP_MTU_DISCOVER), libc::IP_PMTUDISC_OMIT);
            assert_eq!(get_int(&fd, libc::IPPROTO_IP, libc::IP_PKTINFO), pktinfo);
        }
        for (text, pktinfo) in [("[::1]:0", 0), ("[::]:0", 1)] {
            let fd = bind_udp(address(text)).unwrap();
            assert_eq!(get_int(&fd, libc::IPPROTO_IPV6, libc::IPV6_MTU_DISCOVER), libc::IPV6_PMTUDISC_OMIT);
            assert_eq!(get_int(&fd, libc::IPPROTO_IPV6, libc::IPV6_RECVPKTINFO), pktinfo);
            assert_eq!(get_int(&fd, libc::IPPROTO_IPV6, libc::IPV6_V6ONLY), 1);
        }
    }

    #[test]
    fn little_waits_in_the_system_for_a_client_that_reads_nothing() {
        let fd = bind_tcp(address("127.0.0.1:0"), 8).unwrap();
        let client = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        client.set_recv_buffer_size(4096).unwrap();
        client.connect(&local_address(&fd).unwrap().into()).unwrap();
        let (mut stream, _) = TcpListener::from(fd).accept().unwrap();
        stream.set_nonblocking(true).unwrap();
        let mut taken = 0;
        while let Ok(count) = std::io::Write::write(&mut stream, &[0; 1 << 16]) {
            taken += count;
        }
        assert!((UNSENT as usize / 2..UNSENT as usize * 3 / 2).contains(&taken), "{taken}");
        let stream = OwnedFd::from(stream);
        assert_eq!(get_int(&stream, libc::IPPROTO_TCP, libc::TCP_USER_TIMEOUT), UNTAKEN);
    }

    #[test]
    fn a_group_shares_one_port() {
        let group = bind_udp_group(address("127.0.0.1:0"), 3).unwrap();
        let ports: Vec<_> = group.iter().map(|fd| local_address(fd).unwrap().port()).collect();
        assert_eq!(ports.len(), 3);
        assert!(ports.iter().all(|&port| port == ports[0] && port != 0));
        assert!(bind_udp_group(address("127.0.0.1:0"), 0).unwrap().is_empty());
    }

    #[test]
    fn both_families_of_a_wildcard_port_can_be_bound() {
        let ipv6 = bind_tcp(address("[::]:0"), 8).unwrap();
        let port = local_address(&ipv6).unwrap().port();
        bind_tcp(SocketAddr::new("0.0.0.0".parse().unwrap(), port), 8).unwrap();
    }

    #[test]
    fn inherited_sockets_are_set_up_and_mistaken_ones_refused() {
        let udp = UdpSocket::bind("0.0.0.0:0").unwrap();
        let udp = adopt_udp(udp.into()).unwrap();
        assert_eq!(get_int(&udp, libc::IPPROTO_IP, libc::IP_PKTINFO), 1);
        assert!(adopt_tcp(udp).unwrap_err().to_string().contains("not a TCP socket"));
        let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
        let at = tcp.local_addr().unwrap();
        let tcp = TcpListener::from(adopt_tcp(tcp.into()).unwrap());
        assert_eq!(tcp.accept().unwrap_err().kind(), io::ErrorKind::WouldBlock);
        TcpStream::connect(at).unwrap();
        assert!(adopt_udp(tcp.into()).unwrap_err().to_string().contains("not a UDP socket"));
    }
}

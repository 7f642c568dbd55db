//! The life of the workers, on real sockets.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use edgeplane_net::listen::{bind_tcp, local_address};

use super::*;
use crate::Edge;

const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n";

/// Two listeners on one address, for two workers.
fn listeners() -> (SocketAddr, Vec<OwnedFd>) {
    let first = bind_tcp("127.0.0.1:0".parse().unwrap(), 64).unwrap();
    let address = local_address(&first).unwrap();
    (address, vec![first, bind_tcp(address, 64).unwrap()])
}

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream
}

fn heard(mut stream: TcpStream) -> String {
    let mut found = String::new();
    stream.read_to_string(&mut found).unwrap();
    found
}

#[test]
fn what_waits_in_the_listeners_when_a_drain_begins_is_answered() {
    let (address, http) = listeners();
    let asking: Vec<_> = (0..30).map(|_| connect(address)).collect();
    for mut stream in asking.iter().skip(1) {
        stream.write_all(GET).unwrap();
    }
    let edge = Edge::default();
    edge.serve(Sockets { http, https: Vec::new() }).unwrap();
    edge.begin_drain();
    std::thread::sleep(Duration::from_millis(50));
    // The first asks a moment after it came.
    (&asking[0]).write_all(GET).unwrap();
    let said: Vec<_> = asking.into_iter().map(heard).collect();
    assert!(said.iter().all(|said| said.starts_with("HTTP/1.1 ")), "{said:?}");
    // The others may have been answered before their worker heard of the drain.
    assert!(said[0].contains("\r\nconnection: close\r\n"), "{said:?}");
    assert!(edge.drain(Duration::from_secs(20)));
    edge.stop();
}

#[test]
fn a_drain_does_not_wait_for_who_came_and_says_nothing() {
    let (address, http) = listeners();
    let silent = connect(address);
    let edge = Edge::default();
    edge.serve(Sockets { http, https: Vec::new() }).unwrap();
    let begun = Instant::now();
    assert!(edge.drain(Duration::from_secs(20)));
    assert!(begun.elapsed() < Duration::from_secs(5));
    assert_eq!(heard(silent), "");
    edge.stop();
}

//! A whole service on loopback sockets with answers that are echoes.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::sync::atomic::Ordering::Relaxed;

use super::*;
use crate::plan::QueryLogSettings;

const PATIENCE: Duration = Duration::from_secs(30);

/// Echoes; a datagram that begins with `!` makes it panic.
struct Echo;

impl Answering for Echo {
    fn serve_udp(&self, socket: OwnedFd, seat: Seat, stop: Arc<AtomicBool>) {
        let socket = UdpSocket::from(socket);
        socket.set_read_timeout(Some(Duration::from_millis(10))).unwrap();
        let mut buffer = [0; 512];
        while !stop.load(Relaxed) {
            let Ok((len, client)) = socket.recv_from(&mut buffer) else { continue };
            assert_ne!(buffer[0], b'!', "expected by the test");
            seat.counters.query(false, false).add(1);
            socket.send_to(&buffer[..len], client).unwrap();
        }
    }

    fn tcp_handler(&self, seat: Seat) -> BoxedHandler {
        Box::new(move |_, len, _| {
            seat.counters.query(true, false).add(1);
            len
        })
    }
}

fn start() -> (Service, SocketAddr, SocketAddr) {
    let udp = listen::bind_udp_group("127.0.0.1:0".parse().unwrap(), 2).unwrap();
    let tcp = listen::bind_tcp("127.0.0.1:0".parse().unwrap(), 8).unwrap();
    let addresses = (listen::local_address(&udp[0]).unwrap(), listen::local_address(&tcp).unwrap());
    let service = Service::start(Arc::new(Echo), Sockets { udp, tcp: vec![tcp] }, &Settings::default()).unwrap();
    (service, addresses.0, addresses.1)
}

fn udp_client(server: SocketAddr) -> UdpSocket {
    let client = UdpSocket::bind("127.0.0.1:0").unwrap();
    client.connect(server).unwrap();
    client.set_read_timeout(Some(PATIENCE)).unwrap();
    client
}

fn tcp_echo(client: &mut TcpStream) {
    let query = [&[0, 12][..], &[7; 12]].concat();
    client.write_all(&query).unwrap();
    let mut answer = [0; 14];
    client.read_exact(&mut answer).unwrap();
    assert_eq!(answer[..], query);
}

#[test]
fn both_transports_answer_and_are_counted_and_a_drain_ends_all() {
    let (mut service, udp, tcp) = start();
    for n in 0..20 {
        let client = udp_client(udp);
        client.send(&[n; 20]).unwrap();
        assert_eq!(client.recv(&mut [0; 512]).unwrap(), 20);
    }
    let mut client = TcpStream::connect(tcp).unwrap();
    tcp_echo(&mut client);
    let totals = service.totals();
    assert_eq!((totals.queries_udp_ipv4, totals.queries_tcp_ipv4, totals.tcp_open), (20, 1, 1));
    drop(client);
    assert!(service.drain(PATIENCE));
    assert_eq!(service.totals().tcp_open, 0);
    service.stop();
}

#[test]
fn a_thread_that_panics_serves_on() {
    let (service, udp, _) = start();
    let client = udp_client(udp);
    client.send(b"!").unwrap();
    client.send(b"after").unwrap();
    assert_eq!(client.recv(&mut [0; 512]).unwrap(), 5);
    assert_eq!(service.totals().panics, 1);
}

#[test]
fn settings_change_while_serving_and_wrong_ones_change_nothing() {
    let (service, _, tcp) = start();
    let mut settings = Settings::default();
    settings.tcp.connections_per_prefix = 1;
    service.configure(&settings).unwrap();
    let mut first = TcpStream::connect(tcp).unwrap();
    tcp_echo(&mut first);
    assert_eq!(TcpStream::connect(tcp).unwrap().read(&mut [0]).unwrap_or(0), 0, "the prefix is full");
    settings.tcp.connections_per_prefix = 100;
    settings.query_log = Some(QueryLogSettings { path: "x".into(), sample: 1.5 });
    service.configure(&settings).unwrap_err();
    assert_eq!(TcpStream::connect(tcp).unwrap().read(&mut [0]).unwrap_or(0), 0, "still full");
    settings.query_log = None;
    service.configure(&settings).unwrap();
    tcp_echo(&mut TcpStream::connect(tcp).unwrap());
}

#[test]
fn descriptors_of_the_wrong_kind_are_refused() {
    let tcp = listen::bind_tcp("127.0.0.1:0".parse().unwrap(), 8).unwrap();
    let error = Service::start(Arc::new(Echo), Sockets { udp: vec![tcp], tcp: vec![] }, &Settings::default());
    assert!(error.err().unwrap().to_string().contains("not a UDP socket"));
}

#[test]
fn threads_that_answer_from_a_snapshot_end_though_nobody_asks() {
    let serving = crate::plan::Serving::derive(Arc::default(), &|_| None);
    let udp = vec![listen::bind_udp("127.0.0.1:0".parse().unwrap()).unwrap()];
    let answers = Answers::new(Arc::new(edgeplane_base::SnapshotCell::new(serving)));
    let server = listen::local_address(&udp[0]).unwrap();
    let mut service = Service::start(Arc::new(answers), Sockets { udp, tcp: vec![] }, &Settings::default()).unwrap();
    let client = UdpSocket::bind("127.0.0.1:0").unwrap();
    client.set_read_timeout(Some(PATIENCE)).unwrap();
    client.send_to(&[0, 7, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1], server).unwrap();
    assert_eq!(client.recv(&mut [0; 512]).unwrap(), 17, "it runs, and waits for the next query");
    assert!(service.drain(PATIENCE));
}

//! Out of descriptors: clients are turned away, the thread does not spin, and service comes back. (A process of its
//! own, because the limit holds for all threads.)
#![allow(unsafe_code)]

use std::fs::File;
use std::io::Read;
use std::net::TcpStream;
use std::time::Duration;

use edgeplane_net::listen;
use edgeplane_net::tcp::{Accepted, Acceptor};

fn limit_descriptors(count: u64) {
    let limit = libc::rlimit { rlim_cur: count, rlim_max: count };
    // SAFETY: `limit` outlives the call.
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit) }, 0);
}

#[test]
fn clients_are_turned_away_and_service_comes_back() {
    limit_descriptors(64);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let listener = listen::bind_tcp("127.0.0.1:0".parse().unwrap(), 8).unwrap();
        let address = listen::local_address(&listener).unwrap();
        let mut acceptor = Acceptor::new(listener, Duration::from_millis(100)).unwrap();
        let mut clients = [TcpStream::connect(address).unwrap(), TcpStream::connect(address).unwrap()];
        let hoard: Vec<File> = std::iter::from_fn(|| File::open("/dev/null").ok()).take(100).collect();
        assert!(hoard.len() < 64);

        let before = tokio::time::Instant::now();
        assert!(matches!(acceptor.accept().await, Accepted::Exhausted));
        assert_eq!(before.elapsed().as_millis(), 100, "the acceptor waits before the next try");
        assert_eq!(clients[0].read(&mut [0]).unwrap(), 0, "the client learns at once");

        drop(hoard);
        assert!(matches!(acceptor.accept().await, Accepted::Connection(..)));
    });
}

//! The battery: real loopback sockets, a handler that echoes, and a paused clock where time matters.

use std::time::Duration;

use edgeplane_net::listen;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::Instant;

use super::*;

/// A server on a runtime of the test, and what a test needs to steer it.
struct Server {
    address: SocketAddr,
    counters: Arc<Counters>,
    shared: Arc<Shared>,
    stage: watch::Sender<Stage>,
    task: tokio::task::JoinHandle<io::Result<()>>,
}

impl Server {
    fn start(settings: TcpSettings, handler: impl Handler) -> Self {
        let listener = listen::bind_tcp("127.0.0.1:0".parse().unwrap(), 64).unwrap();
        let address = listen::local_address(&listener).unwrap();
        let (counters, shared) = (Arc::<Counters>::default(), Shared::new(&settings));
        let (stage, seen) = watch::channel(Stage::Serving);
        let task = tokio::task::spawn_local(serve(vec![listener], shared.clone(), counters.clone(), seen, handler));
        Self { address, counters, shared, stage, task }
    }

    fn echo() -> Self {
        Self::start(TcpSettings::default(), echo)
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Waits until all connections are closed and returns the counters.
    async fn settled(&self) -> Arc<Counters> {
        while self.counters.tcp_open.get() > 0 || !self.shared.connections.is_empty() {
            tokio::task::yield_now().await;
        }
        self.counters.clone()
    }
}

/// Sets QR and returns the query.
fn echo(buffer: &mut [u8], len: usize, _: SocketAddr) -> usize {
    buffer[2] |= 0x80;
    len
}

/// A header with this id and `extra` octets behind it, in its frame.
fn query(id: u16, extra: usize) -> Vec<u8> {
    let mut message = vec![0; 12 + extra];
    message[..2].copy_from_slice(&id.to_be_bytes());
    [&u16::to_be_bytes(message.len() as u16)[..], &message].concat()
}

async fn answer_id(client: &mut TcpStream) -> Option<u16> {
    let len = client.read_u16().await.ok()?;
    let mut answer = vec![0; len.into()];
    client.read_exact(&mut answer).await.unwrap();
    assert_eq!(answer[2] & 0x80, 0x80);
    Some(u16::from_be_bytes([answer[0], answer[1]]))
}

/// Runs a test on one thread; with a paused clock time passes only while everyone waits.
fn on_runtime(paused: bool, test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(paused).build().unwrap();
    LocalSet::new().block_on(&runtime, test);
}

fn settings(connections: u32, connections_per_prefix: u32) -> TcpSettings {
    TcpSettings { idle_timeout_s: 10, connections, connections_per_prefix }
}

#[test]
fn a_query_sent_one_octet_at_a_time_is_answered() {
    on_runtime(false, async {
        let server = Server::echo();
        let mut client = server.connect().await;
        client.set_nodelay(true).unwrap();
        for octet in query(7, 20) {
            client.write_all(&[octet]).await.unwrap();
            tokio::task::yield_now().await;
        }
        assert_eq!(answer_id(&mut client).await, Some(7));
    });
}

#[test]
fn a_hundred_pipelined_queries_are_answered_in_order() {
    on_runtime(false, async {
        let server = Server::echo();
        let mut client = server.connect().await;
        let all: Vec<u8> = (0..100).flat_map(|id| query(id, 30)).collect();
        client.write_all(&all).await.unwrap();
        for id in 0..100 {
            assert_eq!(answer_id(&mut client).await, Some(id));
        }
    });
}

#[test]
fn after_a_half_close_all_answers_come_and_then_the_end() {
    on_runtime(false, async {
        let server = Server::echo();
        let mut client = server.connect().await;
        client.write_all(&[query(1, 0), query(2, 0), vec![0]].concat()).await.unwrap();
        client.shutdown().await.unwrap();
        assert_eq!(answer_id(&mut client).await, Some(1));
        assert_eq!(answer_id(&mut client).await, Some(2));
        assert_eq!(answer_id(&mut client).await, None);
        assert_eq!(server.settled().await.tcp_timed_out.get(), 0);
    });
}

#[test]
fn a_longest_answer_arrives_whole_and_silence_is_no_frame() {
    on_runtime(false, async {
        let server = Server::start(TcpSettings::default(), |buffer: &mut [u8], _: usize, _: SocketAddr| {
            buffer[2] |= 0x80;
            if buffer[1] == 1 { 0 } else { buffer.len() }
        });
        let mut client = server.connect().await;
        client.write_all(&[query(1, 0), query(2, 0), query(3, 0), query(4, 0)].concat()).await.unwrap();
        for id in [2, 3, 4] {
            assert_eq!(client.read_u16().await.unwrap(), 65_535);
            let mut answer = vec![0; 65_535];
            client.read_exact(&mut answer).await.unwrap();
            assert_eq!(answer[1], id);
        }
    });
}

#[test]
fn an_idle_connection_is_closed_after_its_time_and_a_query_starts_it_anew() {
    on_runtime(true, async {
        let server = Server::echo();
        let mut client = server.connect().await;
        let start = Instant::now();
        tokio::time::sleep(Duration::from_secs(9)).await;
        client.write_all(&query(1, 0)).await.unwrap();
        assert_eq!(answer_id(&mut client).await, Some(1));
        assert_eq!(answer_id(&mut client).await, None);
        assert_eq!(start.elapsed().as_secs(), 19);
        assert_eq!(server.settled().await.tcp_timed_out.get(), 1);
    });
}

#[test]
fn octets_that_make_no_query_do_not_buy_time() {
    on_runtime(true, async {
        let server = Server::echo();
        let mut client = server.connect().await;
        let start = Instant::now();
        for octet in query(1, 100) {
            tokio::time::sleep(Duration::from_secs(1)).await;
            if client.write_all(&[octet]).await.is_err() {
                break;
            }
        }
        assert!((10..=12).contains(&start.elapsed().as_secs()), "{:?}", start.elapsed());
        assert_eq!(server.settled().await.tcp_timed_out.get(), 1);
    });
}

#[test]
fn a_client_that_does_not_read_is_closed() {
    on_runtime(true, async {
        let server = Server::start(TcpSettings::default(), |buffer: &mut [u8], _: usize, _: SocketAddr| buffer.len());
        let mut client = server.connect().await;
        let flood: Vec<u8> = (0..500).flat_map(|id| query(id, 0)).collect();
        while client.write_all(&flood).await.is_ok() {}
        assert_eq!(server.settled().await.tcp_timed_out.get(), 1);
    });
}

#[test]
fn lengths_that_no_query_has_close_after_the_answers_before_them() {
    on_runtime(false, async {
        let server = Server::echo();
        for bad in [0u16, 11, 4097, 65_535] {
            let mut client = server.connect().await;
            client.write_all(&[query(5, 0), bad.to_be_bytes().into()].concat()).await.unwrap();
            assert_eq!(answer_id(&mut client).await, Some(5));
            assert_eq!(answer_id(&mut client).await, None, "{bad}");
        }
        assert_eq!(server.settled().await.dropped_malformed.get(), 4);
    });
}

#[test]
fn a_panic_ends_one_connection_and_is_counted() {
    on_runtime(false, async {
        let server = Server::start(TcpSettings::default(), |buffer: &mut [u8], len: usize, _: SocketAddr| {
            assert_ne!(buffer[1], 2, "expected by the test");
            echo(buffer, len, "127.0.0.1:1".parse().unwrap())
        });
        let (mut first, mut second) = (server.connect().await, server.connect().await);
        first.write_all(&[query(1, 0), query(2, 0), query(3, 0)].concat()).await.unwrap();
        assert_eq!(answer_id(&mut first).await, Some(1));
        assert_eq!(answer_id(&mut first).await, None);
        second.write_all(&query(9, 0)).await.unwrap();
        assert_eq!(answer_id(&mut second).await, Some(9));
        assert_eq!(server.counters.panics.get(), 1);
    });
}

#[test]
fn a_full_prefix_is_refused() {
    on_runtime(false, async {
        let server = Server::start(settings(100, 2), echo);
        let (mut first, _second) = (server.connect().await, server.connect().await);
        let mut third = server.connect().await;
        assert_eq!(answer_id(&mut third).await, None);
        first.write_all(&query(1, 0)).await.unwrap();
        assert_eq!(answer_id(&mut first).await, Some(1));
        assert_eq!((server.counters.tcp_accepted.get(), server.counters.tcp_refused.get()), (2, 1));
        assert_eq!(server.counters.tcp_open.get(), 2);
    });
}

#[test]
fn a_full_node_closes_the_connection_that_waits_longest() {
    on_runtime(false, async {
        let server = Server::start(settings(2, 100), echo);
        let (mut first, mut second) = (server.connect().await, server.connect().await);
        second.write_all(&query(1, 0)).await.unwrap();
        assert_eq!(answer_id(&mut second).await, Some(1));
        first.write_all(&query(2, 0)).await.unwrap();
        assert_eq!(answer_id(&mut first).await, Some(2));
        let mut third = server.connect().await;
        assert_eq!(answer_id(&mut second).await, None);
        for client in [&mut first, &mut third] {
            client.write_all(&query(3, 0)).await.unwrap();
            assert_eq!(answer_id(client).await, Some(3));
        }
        assert_eq!(server.counters.tcp_evicted.get(), 1);
    });
}

#[test]
fn a_drain_answers_what_came_and_closes_everything() {
    on_runtime(false, async {
        let server = Server::echo();
        let (mut busy, mut idle) = (server.connect().await, server.connect().await);
        for client in [&mut busy, &mut idle] {
            client.write_all(&query(0, 0)).await.unwrap();
            assert_eq!(answer_id(client).await, Some(0));
        }
        busy.write_all(&(1..=50).flat_map(|id| query(id, 0)).collect::<Vec<_>>()).await.unwrap();
        server.stage.send(Stage::Draining).unwrap();
        for id in 1..=50 {
            assert_eq!(answer_id(&mut busy).await, Some(id));
        }
        assert_eq!(answer_id(&mut busy).await, None);
        assert_eq!(answer_id(&mut idle).await, None);
        drop((busy, idle));
        server.task.await.unwrap().unwrap();
        assert!(TcpStream::connect(server.address).await.is_err(), "the listener is closed");
    });
}

#[test]
fn what_waits_in_the_listener_when_a_drain_begins_is_answered() {
    on_runtime(false, async {
        let server = Server::echo();
        // Blocks the only thread, so that nothing is taken meanwhile.
        let waiting: Vec<_> = (0..20).map(|_| std::net::TcpStream::connect(server.address).unwrap()).collect();
        for (id, mut client) in (0..).zip(&waiting) {
            std::io::Write::write_all(&mut client, &query(id, 0)).unwrap();
        }
        server.stage.send(Stage::Draining).unwrap();
        for (id, client) in (0..).zip(waiting) {
            client.set_nonblocking(true).unwrap();
            let mut client = TcpStream::from_std(client).unwrap();
            assert_eq!(answer_id(&mut client).await, Some(id));
            assert_eq!(answer_id(&mut client).await, None);
        }
        server.task.await.unwrap().unwrap();
    });
}

#[test]
fn a_drain_waits_for_the_rest_of_a_query() {
    on_runtime(false, async {
        let server = Server::echo();
        let mut client = server.connect().await;
        client.write_all(&query(1, 0)).await.unwrap();
        assert_eq!(answer_id(&mut client).await, Some(1));
        let octets = query(2, 0);
        client.write_all(&octets[..9]).await.unwrap();
        tokio::time::sleep(Duration::from_millis(20)).await;
        server.stage.send(Stage::Draining).unwrap();
        tokio::time::sleep(Duration::from_millis(200)).await;
        client.write_all(&octets[9..]).await.unwrap();
        assert_eq!(answer_id(&mut client).await, Some(2));
        assert_eq!(answer_id(&mut client).await, None);
    });
}

#[test]
fn the_end_waits_for_nobody() {
    on_runtime(false, async {
        let server = Server::echo();
        let mut client = server.connect().await;
        client.write_all(&query(1, 0)).await.unwrap();
        assert_eq!(answer_id(&mut client).await, Some(1));
        server.stage.send(Stage::Ended).unwrap();
        server.task.await.unwrap().unwrap();
        assert_eq!(answer_id(&mut client).await, None);
        assert_eq!(server.counters.tcp_open.get(), 0);
    });
}

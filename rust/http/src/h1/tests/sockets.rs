//! Over TCP: files by sendfile, large content, many connections.

use std::net::SocketAddr;
use std::rc::Rc;

use edgeplane_net::socket::Socket;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{LocalSet, spawn_local};

use super::super::{Settings, Thread, serve_connection};
use super::site::{Site, big, pattern};
use super::{Client, connection};

async fn served(connections: usize) -> (SocketAddr, Rc<Thread>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, thread) = (listener.local_addr().unwrap(), Thread::start(Settings::default()));
    let shared = thread.clone();
    spawn_local(async move {
        for _ in 0..connections {
            let stream = Socket::from(listener.accept().await.unwrap().0);
            spawn_local(serve_connection(stream, connection(), Rc::new(Site::default()), shared.clone(), ()));
        }
    });
    (address, thread)
}

/// On the real clock, because sockets are real.
fn run<T>(test: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    LocalSet::new().block_on(&runtime, test)
}

async fn all(address: SocketAddr, octets: &str) -> Result<String, std::io::Error> {
    let mut client = TcpStream::connect(address).await?;
    client.write_all(octets.as_bytes()).await?;
    let mut seen = Vec::new();
    client.read_to_end(&mut seen).await?;
    Ok(String::from_utf8(seen).unwrap())
}

#[test]
fn content_of_every_kind_arrives_whole() {
    run(async {
        let (address, _) = served(1).await;
        let get = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n");
        let seen = all(address, &[get("/huge"), get("/file"), get("/big"), get("/hit?close")].concat()).await.unwrap();
        let content = String::from_utf8(big().to_vec()).unwrap();
        assert_eq!(seen.matches(&content).count(), 4);
        assert_eq!(seen.len(), 400_000 + super::without_date(&seen).replace(&content, "").len() + 4 * 37);
        assert!(seen.ends_with("hello"));
    });
}

/// Asks for content in pages, of many lengths at once, and reads it in small steps.
async fn ask_for_pages(mut stream: impl AsyncRead + AsyncWrite + Unpin) {
    let lengths = [1, 70, 5_000, 12_285, 12_286, 12_287, 12_288, 1_048_576, 1_048_577, 3_000_000, 2];
    let request = |length| format!("GET /pages?{length} HTTP/1.1\r\nHost: a\r\n\r\n");
    stream.write_all(lengths.map(request).concat().as_bytes()).await.unwrap();
    let (mut seen, expected) = (Vec::new(), pattern(3_000_001));
    for length in lengths {
        let (mut step, end_of_head) =
            (vec![0; 10_000], |seen: &[u8]| seen.windows(4).position(|four| four == b"\r\n\r\n"));
        let mut head = end_of_head(&seen).map(|at| at + 4);
        while head.is_none_or(|head| seen.len() < head + length) {
            let count = stream.read(&mut step).await.unwrap();
            assert!(count > 0, "{length}");
            seen.extend_from_slice(&step[..count]);
            head = head.or_else(|| end_of_head(&seen).map(|at| at + 4));
        }
        let content: Vec<_> = seen.drain(..head.unwrap() + length).skip(head.unwrap()).collect();
        assert!(content == expected[1..=length], "{length}");
    }
    assert!(seen.is_empty());
}

#[test]
fn content_in_pages_arrives_whole() {
    run(async {
        ask_for_pages(TcpStream::connect(served(1).await.0).await.unwrap()).await;
        ask_for_pages(Client::with_room(3_000).stream).await;
    });
}

#[test]
fn an_answer_until_the_close_that_breaks_off_is_an_error() {
    run(async {
        let (address, _) = served(1).await;
        let error = all(address, "GET /broken HTTP/1.0\r\n\r\n").await.unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    });
}

#[test]
fn a_refusal_arrives_although_more_was_sent() {
    run(async {
        let (address, _) = served(1).await;
        let seen = all(address, &format!("GET  / HTTP/1.1\r\n{}", "x".repeat(100_000))).await.unwrap();
        assert!(seen.starts_with("HTTP/1.1 400 "), "{seen}");
    });
}

#[test]
fn a_connection_that_waits_holds_little() {
    let thread = async { Thread::start(Settings::default()) };
    run(async {
        let (_client, server) = (TcpStream::connect(served(1).await.0).await.unwrap(), thread.await);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let _other = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let stream = Socket::from(listener.accept().await.unwrap().0);
        let future = serve_connection(stream, connection(), Rc::new(Site::default()), server, ());
        assert!(size_of_val(&future) <= 320, "{}", size_of_val(&future));
    });
}

#[test]
fn what_a_long_answer_took_is_not_kept() {
    run(async {
        let (_, thread) = served(0).await;
        let mut bench = thread.take_bench();
        bench.output.octets().reserve(80_000);
        thread.give_back(bench);
        assert_eq!(thread.kept(), 1);
        let kept = thread.take_bench().output.octets().capacity();
        assert!(kept <= 20_480, "{kept}");
    });
}

#[test]
fn idle_connections_share_their_buffers() {
    run(async {
        let (address, thread) = served(50).await;
        let mut clients = Vec::new();
        for _ in 0..50 {
            let mut client = TcpStream::connect(address).await.unwrap();
            client.write_all(b"GET /hit HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
            client.read_exact(&mut [0; 86]).await.unwrap();
            clients.push(client);
        }
        assert_eq!(thread.connections(), 50);
        assert!(thread.kept() <= 2, "{}", thread.kept());
        thread.drain();
        thread.drained().await;
    });
}

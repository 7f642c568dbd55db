//! The room as its clients see it: octets in, octets out.

mod chunks;
mod deadlines;
mod framing;
mod malformed;
mod pipelining;
mod sessions;
mod site;
mod sockets;

use std::future::Future;
use std::rc::Rc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::task::{JoinHandle, LocalSet, spawn_local};

use super::{Settings, Thread, serve_connection};
use crate::{Connection, Scheme};
use site::Site;

/// Runs a test on a clock that stands still while anything can be done, and moves to the next deadline when nothing can.
fn run<T>(test: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    LocalSet::new().block_on(&runtime, test)
}

fn connection() -> Connection {
    let address = "127.0.0.1:80".parse().unwrap();
    Connection { client: address, local: address, scheme: Scheme::Http, tls: None }
}

/// A client and the server behind it.
struct Client {
    stream: DuplexStream,
    site: Rc<Site>,
    thread: Rc<Thread>,
    server: JoinHandle<()>,
}

impl Client {
    fn new() -> Self {
        Self::with_room(1 << 20)
    }

    /// With so much room for octets on their way.
    fn with_room(octets: usize) -> Self {
        let (stream, io) = duplex(octets);
        let (site, thread) = (Rc::new(Site::default()), Thread::start(Settings::default()));
        let server = spawn_local(serve_connection(io, connection(), site.clone(), thread.clone(), ()));
        Self { stream, site, thread, server }
    }

    async fn send(&mut self, octets: impl AsRef<[u8]>) {
        // The server may have closed already.
        let _ = self.stream.write_all(octets.as_ref()).await;
    }

    /// Everything until the server closes, or nothing comes for a second.
    async fn receive(&mut self) -> String {
        let (mut seen, mut octets) = (Vec::new(), vec![0; 1 << 16]);
        while let Ok(Ok(1..)) = tokio::time::timeout(Duration::from_millis(900), async {
            let count = self.stream.read(&mut octets).await?;
            seen.extend_from_slice(&octets[..count]);
            std::io::Result::Ok(count)
        })
        .await
        {}
        without_date(&String::from_utf8_lossy(&seen))
    }

    /// What comes for some octets.
    async fn ask(&mut self, octets: impl AsRef<[u8]>) -> String {
        self.send(octets).await;
        self.receive().await
    }

    /// Whether the server closed, in the next three seconds.
    async fn is_closed(&mut self) -> bool {
        matches!(tokio::time::timeout(Duration::from_secs(4), self.stream.read(&mut [0; 1])).await, Ok(Ok(0) | Err(_)))
    }
}

/// Answers without their dates, which are checked to be there.
fn without_date(answers: &str) -> String {
    let is_date = |line: &&str| line.starts_with("date: ");
    assert_eq!(
        answers.lines().filter(is_date).count(),
        answers.matches("HTTP/1.1 ").count() - answers.matches("HTTP/1.1 1").count()
    );
    answers.split_inclusive("\r\n").filter(|line| !is_date(line)).collect()
}

/// One request, its client gone half after it; what comes until the server closes.
fn once(octets: impl AsRef<[u8]>) -> (String, Rc<Site>) {
    run(async {
        let mut client = Client::new();
        client.send(octets).await;
        client.stream.shutdown().await.unwrap();
        (client.receive().await, client.site)
    })
}

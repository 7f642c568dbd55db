//! An origin that does to each connection what its script says.

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// What an origin does next; at a script's end it closes.
#[derive(Debug, Clone)]
pub enum Step {
    /// Reads a request's head.
    Head,
    /// Reads until what came ends so.
    Until(&'static [u8]),
    /// Reads so many octets and forgets them.
    Skip(usize),
    /// Writes.
    Write(Vec<u8>),
    /// Waits.
    Wait(Duration),
    /// Waits for ever.
    Stall,
}

pub fn write(octets: impl AsRef<[u8]>) -> Step {
    Step::Write(octets.as_ref().to_vec())
}

/// An origin, and what it saw.
pub struct Origin {
    pub address: SocketAddr,
    pub connections: Rc<Cell<usize>>,
    pub seen: Rc<RefCell<Vec<u8>>>,
}

impl Origin {
    /// The n-th connection follows the n-th script, later ones the last.
    pub async fn new(scripts: Vec<Vec<Step>>) -> Self {
        Self::at(SocketAddr::from(([127, 0, 0, 1], 0)), scripts).await
    }

    /// The same on an address that nobody listens on yet.
    pub async fn at(address: SocketAddr, scripts: Vec<Vec<Step>>) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (connections, seen) = (Rc::new(Cell::new(0)), Rc::<RefCell<Vec<u8>>>::default());
        let (count, all) = (connections.clone(), seen.clone());
        tokio::task::spawn_local(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let script = scripts[count.get().min(scripts.len() - 1)].clone();
                count.set(count.get() + 1);
                tokio::task::spawn_local(follow(stream, script, all.clone()));
            }
        });
        Self { address, connections, seen }
    }

    /// Answers every request of every connection with the same octets.
    pub async fn always(response: impl AsRef<[u8]>) -> Self {
        let answer = [Step::Head, write(response)];
        Self::new(vec![answer.iter().cycle().take(200).cloned().collect()]).await
    }

    /// Answers one request of each connection and closes.
    pub async fn once(response: impl AsRef<[u8]>) -> Self {
        Self::new(vec![vec![Step::Head, write(response)]]).await
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.seen.borrow()).into_owned()
    }
}

/// A listener whose queue is full: further connections hang, as behind a firewall that drops.
pub struct Hole {
    pub address: SocketAddr,
    _listener: std::os::fd::OwnedFd,
    _filling: JoinSet<()>,
}

impl Hole {
    pub async fn at(address: SocketAddr) -> Self {
        let listener = edgeplane_net::listen::bind_tcp(address, 1).unwrap();
        let address = edgeplane_net::listen::local_address(&listener).unwrap();
        let mut filling = JoinSet::new();
        for _ in 0..4 {
            filling.spawn(async move {
                let _connected = TcpStream::connect(address).await;
                std::future::pending().await
            });
        }
        tokio::task::yield_now().await;
        Self { address, _listener: listener, _filling: filling }
    }
}

async fn follow(mut stream: TcpStream, script: Vec<Step>, seen: Rc<RefCell<Vec<u8>>>) {
    for step in script {
        let done = match step {
            Step::Head => until(&mut stream, b"\r\n\r\n", &seen).await,
            Step::Until(end) => until(&mut stream, end, &seen).await,
            Step::Skip(octets) => skip(&mut stream, octets).await,
            Step::Write(octets) => stream.write_all(&octets).await.is_ok(),
            Step::Wait(time) => {
                tokio::time::sleep(time).await;
                true
            }
            Step::Stall => std::future::pending().await,
        };
        if !done {
            return;
        }
    }
    let _ = stream.shutdown().await;
}

async fn until(stream: &mut TcpStream, end: &[u8], seen: &RefCell<Vec<u8>>) -> bool {
    let start = seen.borrow().len();
    while !seen.borrow()[start..].ends_with(end) {
        let Ok(octet) = stream.read_u8().await else { return false };
        seen.borrow_mut().push(octet);
    }
    true
}

async fn skip(stream: &mut TcpStream, mut octets: usize) -> bool {
    let mut piece = vec![0; 64 * 1024];
    while octets > 0 {
        let most = octets.min(piece.len());
        match stream.read(&mut piece[..most]).await {
            Ok(n) if n > 0 => octets -= n,
            _ => return false,
        }
    }
    true
}

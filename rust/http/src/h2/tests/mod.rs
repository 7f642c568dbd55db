//! The server against crate `h2`'s client, and against frames written by hand.

mod answers;
mod floods;
mod raw;
mod refusals;

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use bytes::Bytes;
use edgeplane_net::pages::Pages;
use h2::client::SendRequest;
use tokio::io::DuplexStream;
use tokio::sync::Notify;
use tokio::task::{JoinHandle, LocalSet, spawn_local};

use super::{Ended, Settings, serve_connection};
use crate::h1::Thread;
use crate::sample;
use crate::service::Sent;
use crate::{Connection, Content, PreparedHead, Reply, Request, Response, Scheme, Service, Session, SessionError};

/// Octets of `/big` and `/file`.
const BIG: usize = 1 << 20;

/// Answers by path, and notes what it sees.
#[derive(Default)]
struct Site {
    seen: RefCell<Vec<Request>>,
    sent: RefCell<Vec<Sent>>,
    refused: RefCell<Vec<(u16, &'static str)>>,
    handled: RefCell<usize>,
    gone: RefCell<usize>,
    errors: RefCell<Vec<SessionError>>,
    release: Notify,
}

fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|n| (n % 251) as u8).collect()
}

impl Service for Site {
    fn ready(&self, request: &Request, _: &Connection, reply: &mut Reply) {
        let whole = |length: usize| Content::File {
            file: sample::file(&pattern(length)),
            offset: 1,
            length: length as u64 - 1,
        };
        reply.content = match request.path.as_str() {
            "/ready" => Content::Bytes("hello".into()),
            "/head" => Content::None,
            "/big" => Content::Bytes(pattern(BIG).into()),
            "/pages" => Content::Pages(Pages::hold(BIG as u64, [&pattern(BIG)[..]]).unwrap()).slice(1, BIG as u64 - 1),
            "/file" => whole(BIG),
            "/small-file" => whole(100),
            "/memory-file" => {
                Content::File { file: sample::memory_file(&pattern(BIG)), offset: 1, length: BIG as u64 - 1 }
            }
            _ => return,
        };
        self.seen.borrow_mut().push(request.clone());
        let fields = [("content-type", "text/plain")].into_iter().collect();
        reply.head = Some(Arc::new(PreparedHead::new(200, fields)));
        reply.field("age", "7");
    }

    fn sent(&self, _: &Request, _: &Connection, _: &Reply, sent: Sent) {
        self.sent.borrow_mut().push(sent);
    }

    fn refused(&self, _: &Connection, status: u16, why: &'static str) {
        self.refused.borrow_mut().push((status, why));
    }

    async fn handle<S: Session>(&self, session: &mut S) {
        *self.handled.borrow_mut() += 1;
        self.seen.borrow_mut().push(session.request().clone());
        if let Err(error) = self.serve(session).await {
            self.errors.borrow_mut().push(error);
        }
    }
}

impl Site {
    async fn serve<S: Session>(&self, session: &mut S) -> Result<(), SessionError> {
        let path = session.request().path.clone();
        let plain = Response::new(200).with("x-path", &path);
        match path.as_str() {
            "/echo" => {
                let mut content = Vec::new();
                while let Some(octets) = session.content().await? {
                    content.extend_from_slice(&octets);
                }
                session.head(&plain, Some(content.len() as u64)).await?;
                session.send(Content::Bytes(content.into())).await?;
                session.end().await
            }
            "/stream" => {
                session.interim(&Response::new(103).with("link", "</a>")).await?;
                session.head(&plain, None).await?;
                for _ in 0..3 {
                    session.send(Content::Bytes("part ".into())).await?;
                }
                session.send(Content::File { file: sample::file(&pattern(BIG)), offset: 0, length: 5 }).await?;
                session.end().await
            }
            "/short" => {
                session.head(&plain, Some(10)).await?;
                session.send(Content::Bytes("only".into())).await?;
                session.end().await
            }
            "/long" => {
                session.head(&plain, Some(3)).await?;
                session.send(Content::Bytes("too much".into())).await
            }
            "/dropped" => {
                session.head(&plain, None).await?;
                session.send(Content::Bytes("begun".into())).await
            }
            "/silent" => Ok(()),
            "/early" => {
                session.head(&plain, Some(2)).await?;
                session.send(Content::Bytes("no".into())).await
            }
            "/wait" => {
                tokio::select! {
                    () = session.gone() => *self.gone.borrow_mut() += 1,
                    () = self.release.notified() => {
                        session.head(&plain, Some(4)).await?;
                        session.send(Content::Bytes("done".into())).await?;
                    }
                }
                Ok(())
            }
            "/tunnel" => {
                assert!(session.tunnel(&plain).await.is_err());
                session.head(&Response::new(501), Some(0)).await
            }
            _ => session.head(&Response::new(404), Some(0)).await,
        }
    }
}

fn connection() -> Connection {
    let address = "192.0.2.1:1".parse().unwrap();
    Connection { client: address, local: address, scheme: Scheme::Https, tls: None }
}

/// A connection that is served in memory.
struct Served {
    site: Rc<Site>,
    thread: Rc<Thread>,
    io: Option<DuplexStream>,
    drain: Rc<Notify>,
    task: JoinHandle<Ended>,
}

fn serve_with(settings: Settings, buffer: usize) -> Served {
    let (theirs, ours) = tokio::io::duplex(buffer);
    let (site, drain) = (Rc::new(Site::default()), Rc::new(Notify::new()));
    let (service, signal) = (site.clone(), drain.clone());
    let thread = Thread::start(crate::h1::Settings::default());
    let guest = thread.guest();
    let task = spawn_local(async move {
        let drain = async move { signal.notified().await };
        serve_connection(ours, connection(), &service, &Rc::new(settings), guest, drain).await
    });
    Served { site, thread, io: Some(theirs), drain, task }
}

fn serve() -> Served {
    serve_with(Settings::default(), 1 << 16)
}

impl Served {
    /// Crate `h2`'s client, with its defaults.
    async fn client(&mut self) -> SendRequest<Bytes> {
        let (client, connection) = h2::client::handshake(self.io.take().unwrap()).await.unwrap();
        spawn_local(async move { drop(connection.await) });
        client.ready().await.unwrap()
    }
}

fn get(path: &str) -> http::Request<()> {
    http::Request::get(format!("https://a.test{path}")).body(()).unwrap()
}

/// Status, fields and content of an answer.
async fn fetch(
    client: &mut SendRequest<Bytes>,
    request: http::Request<()>,
) -> Result<(http::response::Parts, Vec<u8>), h2::Error> {
    let (response, _) = client.clone().ready().await?.send_request(request, true)?;
    whole(response.await?).await
}

async fn whole(response: http::Response<h2::RecvStream>) -> Result<(http::response::Parts, Vec<u8>), h2::Error> {
    let (parts, mut content) = response.into_parts();
    let mut octets = Vec::new();
    while let Some(piece) = content.data().await {
        let piece = piece?;
        content.flow_control().release_capacity(piece.len())?;
        octets.extend_from_slice(&piece);
    }
    Ok((parts, octets))
}

fn run(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let bounded =
        async { tokio::time::timeout(std::time::Duration::from_secs(60), test).await.expect("the test hangs") };
    LocalSet::new().block_on(&runtime, bounded);
}

/// The same, in a time that passes only where all wait.
fn run_paused(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    LocalSet::new().block_on(&runtime, test);
}

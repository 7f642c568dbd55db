//! Answers every GET with a constant, to measure what HTTP/1.1 costs: `constant ADDRESS [OCTETS]`.
//!
//! `/file` sends as many octets from a file, `/pages` from pages of their own, `/session` the same through `Service::handle`.

use std::error::Error;
use std::fs::File;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use edgeplane_http::h1::{Settings, Thread, serve_connection};
use edgeplane_http::{Connection, Content, Fields, PreparedHead, Reply, Request, Response, Scheme, Service, Session};
use edgeplane_net::listen::bind_tcp;
use edgeplane_net::pages::Pages;
use edgeplane_net::socket::Socket;
use edgeplane_net::tcp::{Accepted, Acceptor};
use tokio::task::{LocalSet, spawn_local};

struct Constant {
    head: Arc<PreparedHead>,
    octets: Bytes,
    file: Arc<File>,
    pages: Pages,
}

impl Service for Constant {
    fn ready(&self, request: &Request, _: &Connection, reply: &mut Reply) {
        reply.content = match request.path.as_str() {
            "/session" => return,
            "/file" => Content::File { file: self.file.clone(), offset: 0, length: self.octets.len() as u64 },
            "/pages" => Content::Pages(self.pages.clone()),
            _ => Content::Bytes(self.octets.clone()),
        };
        reply.head = Some(self.head.clone());
    }

    async fn handle<S: Session>(&self, session: &mut S) {
        let length = self.octets.len() as u64;
        let _ = session.head(&Response::new(200).with("content-type", "text/plain"), Some(length)).await;
        let _ = session.send(Content::Bytes(self.octets.clone())).await;
        let _ = session.end().await;
    }
}

async fn serve(listener: OwnedFd, local: SocketAddr, service: Rc<Constant>) -> Result<(), Box<dyn Error>> {
    let mut acceptor = Acceptor::new(listener, Duration::from_millis(100))?;
    let thread = Thread::start(Settings::default());
    loop {
        if let Accepted::Connection(stream, client) = acceptor.accept().await {
            let connection = Connection { client, local, scheme: Scheme::Http, tls: None };
            spawn_local(serve_connection(Socket::from(stream), connection, service.clone(), thread.clone(), ()));
        }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let address = arguments.next().unwrap_or_else(|| "127.0.0.1:8080".into()).parse()?;
    let octets = Bytes::from(vec![b'x'; arguments.next().map_or(Ok(1024), |octets| octets.parse())?]);
    let path = std::env::temp_dir().join(format!("edgeplane-constant-{}", std::process::id()));
    std::fs::write(&path, &octets)?;
    let file = Arc::new(File::open(&path)?);
    std::fs::remove_file(&path)?;
    let fields: Fields = [("content-type", "text/plain"), ("cache-control", "max-age=60")].into_iter().collect();
    let pages = Pages::hold(octets.len() as u64, [&octets[..]])?;
    let service = Rc::new(Constant { head: Arc::new(PreparedHead::new(200, fields)), octets, file, pages });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    LocalSet::new().block_on(&runtime, serve(bind_tcp(address, 1024)?, address, service))
}

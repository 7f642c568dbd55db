//! A constant over TLS and HTTP/2, on one thread: what the server itself costs.
//!
//! `constant_h2 ADDRESS CERTIFICATE KEY [OCTETS]`; `/` is answered at once, everything else by a session that echoes.

use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;

use edgeplane_http::h1::{self, Thread};
use edgeplane_http::h2::{Settings, serve_connection};
use edgeplane_http::{Connection, Content, PreparedHead, Reply, Request, Response, Scheme, Service, Session};
use edgeplane_net::tls::{Acceptor, Certificates, Facts, Pair};
use tokio::net::TcpListener;
use tokio::task::{LocalSet, spawn_local};

struct Constant {
    head: Arc<PreparedHead>,
    content: bytes::Bytes,
}

impl Constant {
    fn new(octets: usize) -> Self {
        let fields = [
            ("content-type", "application/octet-stream"),
            ("etag", "\"65a1c2d3-400\""),
            ("last-modified", "Mon, 02 Feb 2026 10:00:00 GMT"),
            ("cache-control", "max-age=3600"),
            ("x-cache", "Hit from cloudfront"),
        ];
        let head = Arc::new(PreparedHead::new(200, fields.into_iter().collect()));
        Self { head, content: vec![b'x'; octets].into() }
    }
}

impl Service for Constant {
    fn ready(&self, request: &Request, _: &Connection, reply: &mut Reply) {
        if request.path == "/" {
            reply.head = Some(self.head.clone());
            reply.content = Content::Bytes(self.content.clone());
            reply.field("age", "7");
        }
    }

    async fn handle<S: Session>(&self, session: &mut S) {
        let _ = echo(session).await;
    }
}

async fn echo<S: Session>(session: &mut S) -> Result<(), edgeplane_http::SessionError> {
    session.head(&Response::new(200).with("content-type", "application/octet-stream"), None).await?;
    while let Some(octets) = session.content().await? {
        session.send(Content::Bytes(octets)).await?;
    }
    session.end().await
}

fn connection(client: SocketAddr, local: SocketAddr, facts: Facts) -> Connection {
    Connection { client, local, scheme: Scheme::Https, tls: Some(facts.into()) }
}

async fn serve(address: &str, pair: Pair, octets: usize) -> Result<(), Box<dyn std::error::Error>> {
    let (certificates, _) = Certificates::load(&[pair], 0)?;
    let acceptor = Acceptor::new(Arc::new(certificates), &edgeplane_net::tls::Settings::default())?;
    let (service, settings) = (Rc::new(Constant::new(octets)), Rc::new(Settings::default()));
    let thread = Thread::start(h1::Settings::default());
    let listener = TcpListener::bind(address).await?;
    let local = listener.local_addr()?;
    println!("{local}");
    loop {
        let (stream, client) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let (acceptor, service, settings) = (acceptor.clone(), service.clone(), settings.clone());
        let guest = thread.guest();
        spawn_local(async move {
            if let Ok((stream, facts)) = acceptor.accept(stream).await {
                let connection = connection(client, local, facts);
                let drain = std::future::pending();
                let ended = serve_connection(stream, connection, &service, &settings, guest, drain).await;
                if std::env::var_os("ENDS").is_some() {
                    println!("{ended:?}");
                }
            }
        });
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<_> = std::env::args().collect();
    let [_, address, certificate, key, rest @ ..] = &arguments[..] else {
        return Err("constant_h2 ADDRESS CERTIFICATE KEY [OCTETS]".into());
    };
    let octets = rest.first().map_or(Ok(1_024), |octets| octets.parse())?;
    let pair = Pair { certificate: certificate.into(), key: key.into() };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    LocalSet::new().block_on(&runtime, serve(address, pair, octets))
}

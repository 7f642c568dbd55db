//! Fetches from servers on loopback: addresses, attempts, breaker, groups.

mod addresses;
mod attempts;
mod breaking;
mod groups;
#[allow(dead_code, reason = "shared with the client's tests, which use all of it")]
#[path = "../../../../http/src/client/tests/origin.rs"]
mod server;

use std::net::{IpAddr, SocketAddr};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use edgeplane_http::{Fields, Method, Scheme};
use tokio::task::LocalSet;

use super::*;

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// Says what it is told to, one answer after the other; the last for ever.
#[derive(Clone)]
struct Names(Arc<(Mutex<Vec<Vec<IpAddr>>>, AtomicUsize)>);

impl Names {
    fn new(answers: &[&[&str]]) -> Self {
        let parse = |answer: &&[&str]| answer.iter().map(|address| address.parse().unwrap()).collect();
        Self(Arc::new((Mutex::new(answers.iter().map(parse).collect()), AtomicUsize::new(0))))
    }

    fn asked(&self) -> usize {
        self.0.1.load(Ordering::Relaxed)
    }
}

impl Lookup for Names {
    fn lookup(&self, _: &str) -> Looked {
        let asked = self.0.1.fetch_add(1, Ordering::Relaxed);
        let answers = self.0.0.lock().unwrap();
        let answer = answers.get(asked).or(answers.last()).cloned().unwrap_or_default();
        Box::pin(async move { Ok(answer) })
    }
}

/// Workers that share what workers share.
fn workers(count: usize, names: &Names) -> Vec<Origins> {
    let roots = Arc::new(TlsRoots::none().unwrap());
    let shared = Arc::new(Shared::with_lookup(roots, Arc::default(), names.clone()));
    (0..count).map(|_| Origins::new(shared.clone())).collect()
}

fn worker() -> Origins {
    workers(1, &Names::new(&[&["127.0.0.1"]])).remove(0)
}

/// A server by name or address; loopback is allowed.
fn settings(host: &str, port: u16) -> Settings {
    let server = Server::new(host, port, port, ProtocolPolicy::HttpOnly, MinimumTls::Tls12).unwrap();
    let allowed = ["127.0.0.0/8", "::1/128"].map(|range| range.parse().unwrap());
    Settings { vetting: Arc::new(Vetting::new(allowed.to_vec())), ..Settings::new("o", Kind::Server(server)) }
}

fn at(address: SocketAddr) -> Settings {
    settings(&address.ip().to_string(), address.port())
}

/// A port that nobody listens on.
fn nobody() -> SocketAddr {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

fn request(method: Method) -> Request {
    Request { method, path: "/a".into(), ..Request::default() }
}

impl Origins {
    async fn get(&self, settings: &Settings) -> Result<Box<Fetched>, OriginError> {
        self.fetch(settings, &request(Method::Get), Outgoing::None, None).await
    }

    /// Status and content.
    async fn whole(&self, settings: &Settings) -> Result<(u16, Vec<u8>), OriginError> {
        let fetched = self.get(settings).await?;
        Ok((fetched.response.status, read(fetched).await?))
    }
}

async fn read(mut fetched: Box<Fetched>) -> Result<Vec<u8>, OriginError> {
    let mut octets = Vec::new();
    while let Some(piece) = fetched.body.next().await? {
        octets.extend_from_slice(&piece);
    }
    Ok(octets)
}

async fn locally<T>(test: impl Future<Output = T>) -> T {
    LocalSet::new().run_until(test).await
}

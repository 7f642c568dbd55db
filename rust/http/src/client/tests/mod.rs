//! The client against origins that cut, lie, stall and smuggle.

mod content;
mod framing;
mod keeping;
mod origin;
mod outgoing;
mod time;
mod tls;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls::RootCertStore;
use tokio::task::LocalSet;

use super::*;
use crate::{Fields, Method, Request, Response};

const KEEP: Keep = Keep { idle: Duration::from_secs(5), at_most: 4 };
const PATIENCE: Duration = Duration::from_secs(30);

/// A client and one origin.
struct Pair {
    client: Client,
    peer: Arc<Peer>,
    address: SocketAddr,
}

impl Pair {
    fn new(address: SocketAddr) -> Self {
        let client = Client::new(Arc::new(TlsRoots::of(RootCertStore::empty()).unwrap()));
        Self { client, peer: Arc::new(Peer::new("origin.test", address.port(), None)), address }
    }

    async fn connection(&self) -> Connection {
        match self.client.kept(&self.peer, |_| true) {
            Some(kept) => kept,
            None => self.client.connect(&self.peer, [self.address.ip()], PATIENCE).await.unwrap(),
        }
    }

    async fn send(&self, request: &Request, content: Outgoing) -> Result<Received, Failed> {
        let call = Call { peer: &self.peer, request, patience: PATIENCE, keep: KEEP };
        self.client.exchange(self.connection().await, call, content, None).await
    }

    async fn get(&self) -> Result<Received, Failed> {
        self.send(&request(Method::Get), Outgoing::None).await
    }

    /// Status and content, or what failed.
    async fn whole(&self, method: Method) -> Result<(u16, Vec<u8>), Failure> {
        let received = self.send(&request(method), Outgoing::None).await.map_err(|failed| failed.failure)?;
        Ok((received.response.status, read(received).await?))
    }
}

fn request(method: Method) -> Request {
    let fields: Fields = [("Accept", "*/*")].into_iter().collect();
    Request { method, authority: "origin.test".into(), path: "/a".into(), fields, ..Request::default() }
}

async fn read(received: Received) -> Result<Vec<u8>, Failure> {
    let mut content = received.content.unwrap();
    let mut octets = Vec::new();
    while let Some(piece) = content.next().await? {
        assert!(!piece.is_empty(), "an empty piece");
        octets.extend_from_slice(&piece);
    }
    assert_eq!(content.next().await, Ok(None), "an end stays one");
    Ok(octets)
}

/// Runs a test where connections can be driven.
async fn locally<T>(test: impl Future<Output = T>) -> T {
    LocalSet::new().run_until(test).await
}

//! Where content comes from: servers, directories, buckets; pools, time-outs, fail-over.
//!
//! ```text
//! fetch ─┬─ directory ─ open beneath the root ─────────────────────────────────────────────┐
//!        ├─ bucket ─ path, signature ─┐                                                     ├─► Fetched: head, Incoming
//!        └─ server ───────────────────┴─ breaker ─ attempts ─ kept connection, or ──────────┘
//!                                                             name ─ vetting ─ connect to what was vetted
//! ```
//! `Origins` belongs to a worker's thread; `Shared` to the process.

mod attempts;
mod breaker;
mod bucket;
mod choice;
mod counters;
mod credentials;
mod directory;
mod error;
mod fetched;
mod group;
mod health;
mod resolver;
mod settings;
mod shared;
#[cfg(test)]
mod tests;
mod told;
mod vetting;

pub use breaker::{FAILURES, WINDOW};
pub use bucket::{Addressing, Bucket, Signing};
pub use choice::{Choice, Each, MEMBERS};
pub use counters::{Counters, HELP, Totals};
pub use credentials::CredentialsFile;
pub(crate) use directory::has_dot_segments;
pub use edgeplane_http::client::{Interim, MinimumTls, Outgoing, OutgoingSender, TlsRoots, Tunnel};
pub use error::OriginError;
pub use fetched::{Fetched, Incoming, Timing};
pub use health::{Check, Health};
pub use resolver::{Looked, Lookup, SystemLookup};
pub use settings::{
    CONNECTION_ATTEMPTS, CONNECTION_TIMEOUT, Group, KEEPALIVE_TIMEOUT, Kind, ProtocolPolicy, RESPONSE_TIMEOUT, Server,
    Settings, minimum_tls,
};
pub use shared::Shared;
pub use told::Told;
pub use vetting::{Host, Vetting};

use std::cell::RefCell;
use std::sync::Arc;

use edgeplane_base::random::Random;
use edgeplane_http::Request;
use edgeplane_http::client::Client;
use tokio::time::Instant;

/// The origins as one worker reaches them. To be used inside the worker's `LocalSet`.
pub struct Origins {
    shared: Arc<Shared>,
    client: Client,
    random: RefCell<Random>,
    counters: Arc<Counters>,
}

impl Origins {
    /// No connections yet.
    pub fn new(shared: Arc<Shared>) -> Self {
        let client = Client::new(shared.roots.clone());
        Self { shared, client, random: RefCell::new(Random::from_process()), counters: Arc::default() }
    }

    /// This worker's counters; any thread may read them.
    pub fn counters(&self) -> &Arc<Counters> {
        &self.counters
    }

    /// Fetches from one origin. The origin's own is added to the request (see `Settings`); redirects are given back, never
    /// followed. `interim` is called with 102, 103 and the like, before the response.
    pub async fn fetch(
        &self,
        settings: &Settings,
        request: &Request,
        content: Outgoing,
        interim: Option<Interim<'_>>,
    ) -> Result<Box<Fetched>, OriginError> {
        let start = Instant::now();
        self.counters.fetches.add(1);
        let request = settings.with_own(request);
        let fetched = match &settings.kind {
            Kind::Directory(root) => Box::pin(directory::fetch(root, &request, &self.counters)).await.map(Box::new),
            Kind::Bucket(bucket) => {
                Box::pin(self.fetch_from_bucket(settings, bucket, request.into_owned(), content, interim)).await
            }
            Kind::Server(server) => {
                let peer = server.peer(request.scheme);
                self.fetch_from_server(settings, peer, &request, content, interim).await
            }
        };
        self.count(settings, start, fetched)
    }

    fn count(
        &self,
        settings: &Settings,
        start: Instant,
        fetched: Result<Box<Fetched>, OriginError>,
    ) -> Result<Box<Fetched>, OriginError> {
        match fetched {
            Ok(mut fetched) => {
                fetched.origin = Some(settings.told().clone());
                fetched.timing.first_octet_us = start.elapsed().as_micros() as u64;
                self.counters.first_octet_us.add(fetched.timing.first_octet_us);
                Ok(fetched)
            }
            Err(error) => {
                self.counters.failed(&error);
                if error.is_news() {
                    settings.told().tell(&error);
                }
                Err(error)
            }
        }
    }
}

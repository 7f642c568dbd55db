//! What all workers' fetches share: names, trusted roots, health, breakers, one clock.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use edgeplane_http::client::{Peer, TlsRoots};
use tokio::time::Instant;

use super::Settings;
use super::breaker::Breaker;
use super::health::Health;
use super::resolver::{Lookup, Resolver, SystemLookup};

/// Breakers that are remembered for origins which no plan names any more.
const FORGOTTEN: usize = 1_024;

/// One for a process.
pub struct Shared {
    pub(super) resolver: Resolver,
    pub(super) roots: Arc<TlsRoots>,
    /// What is known of the origins' health.
    pub health: Arc<Health>,
    breakers: Mutex<HashMap<Peer, Arc<Breaker>>>,
    start: Instant,
}

impl Shared {
    /// With the system's resolver.
    pub fn new(roots: Arc<TlsRoots>, health: Arc<Health>) -> Self {
        Self::with_lookup(roots, health, SystemLookup)
    }

    /// With a resolver of one's own.
    pub fn with_lookup(roots: Arc<TlsRoots>, health: Arc<Health>, lookup: impl Lookup + 'static) -> Self {
        Self { resolver: Resolver::new(lookup), roots, health, breakers: Mutex::default(), start: Instant::now() }
    }

    /// Milliseconds, for breakers; never 0.
    pub(super) fn now_ms(&self) -> u64 {
        self.start.elapsed().as_millis() as u64 + 1
    }

    /// The breaker of an origin. Origins on the same server share it, and so do an origin's generations.
    pub(super) fn breaker<'a>(&self, settings: &'a Settings, peer: &Peer) -> &'a Breaker {
        settings.breaker.get_or_init(|| {
            let mut breakers = self.breakers.lock().unwrap_or_else(PoisonError::into_inner);
            if breakers.len() >= FORGOTTEN {
                breakers.retain(|_, breaker| Arc::strong_count(breaker) > 1);
            }
            breakers.entry(peer.clone()).or_default().clone()
        })
    }
}

//! Fetching from a server: the breaker, a kept connection or a new one, and again where that is right.

use std::cell::Cell;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use edgeplane_http::client::{Call, Connection, Failed, Failure, Keep, Peer, Received};
use edgeplane_http::{Method, Request};
use tokio::time::Instant;

use super::breaker::{Admission, Breaker};
use super::fetched::Source;
use super::group::reborrowed;
use super::{Fetched, Incoming, Interim, OriginError, Origins, Outgoing, Settings, Timing};

/// Connections that a worker keeps to one peer while they idle.
const KEPT: usize = 128;
/// How long a probe of an open breaker waits for its connection; it has one attempt. What it does not get to in that time, the
/// next one begins with.
const PROBE_TIMEOUT: Duration = Duration::from_secs(1);

/// How long a connection may take, to whichever address, before the breaker counts it as failed; it is waited for all the same.
/// Without this, an origin that drops packets would hold up everybody for a whole time-out before anybody knew.
const SUSPECT: Duration = Duration::from_secs(2);

/// What stays the same over the attempts of a fetch.
struct Terms<'a> {
    settings: &'a Settings,
    breaker: &'a Breaker,
    /// For a probe, which one it is.
    probe: Option<u32>,
    /// Whether the breaker was told of a failure already.
    suspected: Cell<bool>,
    call: Call<'a>,
    attempts: u8,
    connect_timeout: Duration,
}

/// An attempt that failed; the content where nothing of the request was sent.
struct Fallen {
    error: OriginError,
    unsent: Option<Outgoing>,
}

impl<'a> Terms<'a> {
    fn new(settings: &'a Settings, call: Call<'a>, breaker: &'a Breaker, probe: Option<u32>) -> Self {
        let whole = (settings.attempts, settings.connect_timeout);
        let (attempts, connect_timeout) = if probe.is_some() { (1, whole.1.min(PROBE_TIMEOUT)) } else { whole };
        Self { settings, breaker, probe, suspected: Cell::new(false), call, attempts, connect_timeout }
    }

    /// Which of so many addresses an attempt begins with: each with another one, and so does each probe.
    fn first(&self, attempt: u8, addresses: usize) -> usize {
        (self.probe.unwrap_or_default() as usize + usize::from(attempt - 1)) % addresses
    }

    /// The origin took a connection.
    fn succeeded(&self) {
        if self.breaker.succeeded() {
            self.settings.told().tell_closed();
        }
    }

    /// The content for another attempt, where one may be made: nothing was sent, or a GET or HEAD without content was, and
    /// nobody found out meanwhile that the origin is dead.
    fn again(&self, fallen: &mut Fallen, contentless: bool) -> Option<Outgoing> {
        if !fallen.error.is_retryable() || self.breaker.is_open() {
            return None;
        }
        let repeatable = contentless && matches!(self.call.request.method, Method::Get | Method::Head);
        fallen.unsent.take().or_else(|| repeatable.then_some(Outgoing::None))
    }
}

impl Origins {
    pub(super) async fn fetch_from_server(
        &self,
        settings: &Settings,
        peer: &Arc<Peer>,
        request: &Request,
        content: Outgoing,
        interim: Option<Interim<'_>>,
    ) -> Result<Box<Fetched>, OriginError> {
        let breaker = self.shared.breaker(settings, peer);
        let admission = match breaker.is_open() {
            true => breaker.admit(self.shared.now_ms(), &mut self.random.borrow_mut()),
            false => Admission::Closed,
        };
        let probe = match admission {
            Admission::Closed => None,
            Admission::Probe(turn) => Some(turn),
            Admission::Refused => {
                self.counters.breaker_refused.add(1);
                return Err(OriginError::BreakerOpen);
            }
        };
        let keep = Keep { idle: settings.keepalive_timeout, at_most: KEPT };
        let call = Call { peer, request, patience: settings.response_timeout, keep };
        let terms = Terms::new(settings, call, breaker, probe);
        let fetched = self.attempt_all(&terms, content, interim).await;
        if fetched.as_ref().is_err_and(OriginError::counts_for_breaker) {
            self.tell_breaker(&terms);
        }
        fetched
    }

    /// Counts a fetch as failed, once.
    fn tell_breaker(&self, terms: &Terms<'_>) {
        if terms.suspected.replace(true) || terms.probe.is_some() {
            return;
        }
        if terms.breaker.failed(self.shared.now_ms(), &mut self.random.borrow_mut()) {
            self.counters.breaker_opened.add(1);
            terms.settings.told().tell_opened();
        }
    }

    async fn attempt_all(
        &self,
        terms: &Terms<'_>,
        mut content: Outgoing,
        mut interim: Option<Interim<'_>>,
    ) -> Result<Box<Fetched>, OriginError> {
        let contentless = content.is_none();
        let mut attempt = 1;
        loop {
            let mut fallen = match self.attempt(terms, attempt, content, reborrowed(&mut interim)).await {
                Ok(fetched) => return Ok(fetched),
                Err(fallen) => fallen,
            };
            match terms.again(&mut fallen, contentless) {
                Some(again) if attempt < terms.attempts => content = again,
                _ => return Err(fallen.error),
            }
            attempt += 1;
            self.counters.retries.add(1);
        }
    }

    async fn attempt(
        &self,
        terms: &Terms<'_>,
        attempt: u8,
        mut content: Outgoing,
        mut interim: Option<Interim<'_>>,
    ) -> Result<Box<Fetched>, Fallen> {
        let timing = Timing { attempts: attempt, ..Timing::default() };
        if let Some(connection) = self.kept(terms, attempt) {
            let copy = content.copied();
            match self.client.exchange(connection, terms.call, content, reborrowed(&mut interim)).await {
                Ok(received) => {
                    self.counters.reused.add(1);
                    terms.succeeded();
                    return Ok(self.fetched(received, timing));
                }
                Err(failed) => content = after_stale(terms.call.request.method, failed, copy)?,
            }
            self.counters.stale.add(1);
        }
        let start = Instant::now();
        // Boxed, so that who finds a connection does not carry the room for making one.
        let (connection, resolved) = match Box::pin(self.connect_or_suspect(terms, attempt)).await {
            Ok(connected) => connected,
            Err(error) => return Err(Fallen { error, unsent: Some(content) }),
        };
        let connect_us = start.elapsed().as_micros() as u64;
        self.counters.connections.add(1);
        self.counters.connect_us.add(connect_us);
        terms.succeeded();
        let received = self.client.exchange(connection, terms.call, content, interim).await.map_err(Fallen::from)?;
        let resolve_us = resolved.saturating_duration_since(start).as_micros() as u64;
        Ok(self.fetched(received, Timing { connect_us: Some(connect_us), resolve_us, ..timing }))
    }

    /// A connection that idled, for the first attempt: later ones do not trust what was kept.
    fn kept(&self, terms: &Terms<'_>, attempt: u8) -> Option<Connection> {
        let admits = |address| terms.settings.vetting.admits(address);
        if attempt == 1 { self.client.kept(terms.call.peer, admits) } else { None }
    }

    async fn connect_or_suspect(&self, terms: &Terms<'_>, attempt: u8) -> Result<(Connection, Instant), OriginError> {
        let mut connecting = pin!(self.connect(terms, attempt));
        let soon = tokio::time::timeout(SUSPECT, connecting.as_mut()).await;
        if let Ok(connected) = soon {
            return connected;
        }
        self.tell_breaker(terms);
        connecting.await
    }

    /// A new connection to an address that was vetted, and when the addresses were known.
    async fn connect(&self, terms: &Terms<'_>, attempt: u8) -> Result<(Connection, Instant), OriginError> {
        let (peer, until) = (terms.call.peer, Instant::now() + terms.connect_timeout);
        let resolved = tokio::time::timeout_at(until, self.addresses(peer.host())).await;
        let mut addresses = resolved.map_err(|_| OriginError::ResolverTimeout)??;
        let resolved = Instant::now();
        self.vet(terms.settings, &mut addresses)?;
        let first = terms.first(attempt, addresses.len());
        addresses.rotate_left(first);
        let left = until.saturating_duration_since(resolved);
        let connection = self.client.connect(peer, addresses, left).await?;
        self.shared.resolver.prefer(peer.host(), connection.address().ip());
        Ok((connection, resolved))
    }

    async fn addresses(&self, host: &str) -> Result<Vec<IpAddr>, OriginError> {
        if let Ok(address) = host.parse() {
            return Ok(vec![address]);
        }
        let resolved = self.shared.resolver.resolve(host).await;
        resolved.map(|addresses| addresses.to_vec()).map_err(OriginError::Dns)
    }

    /// Leaves the addresses that may be connected to; an error where none is left.
    fn vet(&self, settings: &Settings, addresses: &mut Vec<IpAddr>) -> Result<(), OriginError> {
        let mut refusal = None;
        addresses.retain(|&address| match settings.vetting.check(address) {
            Ok(()) => true,
            Err(why) => {
                refusal = Some(format!("{address} is {why}, and edge.allow_private_origins does not allow it"));
                false
            }
        });
        if !addresses.is_empty() {
            return Ok(());
        }
        self.counters.refused.add(1);
        Err(OriginError::Refused(refusal.unwrap_or_else(|| "the name has no address".to_owned())))
    }

    fn fetched(&self, received: Received, timing: Timing) -> Box<Fetched> {
        let Received { response, length, content, tunnel } = received;
        let source = content.map_or(Source::None, Source::Server);
        let body = Incoming::new(source, self.counters.clone());
        Box::new(Fetched { response, length, body, timing, upgrade: tunnel, origin: None })
    }
}

/// The content to send again when a kept connection turned out to be dead: before anything of a response came, and either
/// nothing was sent, or what was sent may be repeated (RFC 9110 section 9.2.2).
fn after_stale(method: Method, failed: Failed, copy: Option<Outgoing>) -> Result<Outgoing, Fallen> {
    let stale = failed.failure == Failure::Closed && !failed.answered;
    match failed {
        Failed { unsent: Some(content), .. } if stale => Ok(content),
        failed => match copy {
            Some(copy) if stale && method.is_idempotent() => Ok(copy),
            _ => Err(failed.into()),
        },
    }
}

impl From<Failed> for Fallen {
    fn from(failed: Failed) -> Self {
        // A response that began is one: asking again would be asking twice.
        let error = match failed.failure {
            Failure::Closed if failed.answered => Failure::Malformed("its head broke off".into()),
            failure => failure,
        };
        Self { error: error.into(), unsent: failed.unsent }
    }
}

//! An origin as the plan compiled it: `DistributionConfig.Origins[i]`, with everything looked up that can be.

use std::borrow::Cow;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use edgeplane_base::Limit;
use edgeplane_http::client::{MinimumTls, Peer, Tls};
use edgeplane_http::{Fields, Request, Scheme};
use edgeplane_policy::HealthState;

use super::breaker::Breaker;
use super::bucket::Bucket;
use super::choice::{Choice, Each};
use super::health::{Check, Health};
use super::told::Told;
use super::vetting::{Host, Vetting};

/// `ConnectionAttempts`.
pub const CONNECTION_ATTEMPTS: Limit =
    Limit { name: "ConnectionAttempts", default: 3, min: 1, max: 3, unit: "attempts", why: "CloudFront" };
/// `ConnectionTimeout`.
pub const CONNECTION_TIMEOUT: Limit =
    Limit { name: "ConnectionTimeout", default: 10, min: 1, max: 10, unit: "seconds", why: "CloudFront" };
/// `OriginReadTimeout`, `ResponseCompletionTimeout`.
pub const RESPONSE_TIMEOUT: Limit =
    Limit { name: "OriginReadTimeout", default: 30, min: 1, max: 120, unit: "seconds", why: "CloudFront" };
/// `OriginKeepaliveTimeout`.
pub const KEEPALIVE_TIMEOUT: Limit =
    Limit { name: "OriginKeepaliveTimeout", default: 5, min: 1, max: 120, unit: "seconds", why: "CloudFront" };

/// An origin. `fetch` adds what is the origin's own to a request: `path_prefix` before the path, `custom_headers` in
/// place of the request's, a signature for buckets, and the origin's own name where `Request::authority` is empty. Who
/// makes the request (`ForwardRules::outgoing`) does none of that; it sets `Request::scheme` to the viewer's, and
/// `authority` to the viewer's `Host` where that is forwarded.
#[derive(Debug)]
pub struct Settings {
    /// `Id`.
    pub id: String,
    /// What it is.
    pub kind: Kind,
    /// `OriginPath`: empty, or starts with `/` and does not end with one.
    pub path_prefix: String,
    /// `OriginCustomHeaders`.
    pub custom_headers: Fields,
    /// `ConnectionAttempts`.
    pub attempts: u8,
    /// `ConnectionTimeout`, of one attempt: address, connection and TLS.
    pub connect_timeout: Duration,
    /// `OriginReadTimeout`: from the request's end to the response's head, and between two pieces of content.
    pub response_timeout: Duration,
    /// `OriginKeepaliveTimeout`: how long an idle connection is kept.
    pub keepalive_timeout: Duration,
    /// Which addresses may be connected to: `allow_private_origins`.
    pub vetting: Arc<Vetting>,
    /// `OriginHealthChecks`: what says whether it is healthy.
    pub check: Option<Check>,
    /// `OriginWeights`.
    pub weight: Option<u8>,
    /// Id of the distribution, for the log.
    pub distribution: String,
    /// Found on the first fetch; kept by `Shared` over plans.
    pub(super) breaker: OnceLock<Arc<Breaker>>,
    pub(super) told: OnceLock<Arc<Told>>,
}

impl Settings {
    /// An origin with CloudFront's defaults; no private address is allowed.
    pub fn new(id: impl Into<String>, kind: Kind) -> Self {
        Self {
            id: id.into(),
            kind,
            path_prefix: String::new(),
            custom_headers: Fields::new(),
            attempts: CONNECTION_ATTEMPTS.default as u8,
            connect_timeout: Duration::from_secs(CONNECTION_TIMEOUT.default),
            response_timeout: Duration::from_secs(RESPONSE_TIMEOUT.default),
            keepalive_timeout: Duration::from_secs(KEEPALIVE_TIMEOUT.default),
            vetting: Arc::default(),
            check: None,
            weight: None,
            distribution: String::new(),
            breaker: OnceLock::new(),
            told: OnceLock::new(),
        }
    }

    /// What the log says of it.
    pub(super) fn told(&self) -> &Arc<Told> {
        let name = || format!("{}: origin {} ({})", self.distribution, self.id, self.place());
        self.told.get_or_init(|| Arc::new(Told::new(name())))
    }

    /// Where it is, for people: host and port, or a directory.
    pub fn place(&self) -> String {
        match &self.kind {
            Kind::Server(server) => server.peer(Scheme::Http).authority().to_owned(),
            Kind::Directory(path) => path.display().to_string(),
            Kind::Bucket(bucket) => bucket.authority.clone(),
        }
    }

    /// Whether its breaker is open: it failed again and again, and is asked once a window.
    pub fn is_failing(&self) -> bool {
        self.breaker.get().is_some_and(|breaker| breaker.is_open())
    }

    /// The last failure that the log named, and how long ago that was.
    pub fn last_failure(&self) -> Option<(String, Duration)> {
        self.told.get()?.last()
    }

    /// Whether groups count it as healthy: unless its check says otherwise.
    pub fn is_healthy(&self, health: &Health) -> bool {
        self.check.as_ref().is_none_or(|check| health.state(check) != HealthState::Unhealthy)
    }

    /// The request with what is the origin's own.
    pub(super) fn with_own<'r>(&self, request: &'r Request) -> Cow<'r, Request> {
        let mut request = Cow::Borrowed(request);
        if !self.path_prefix.is_empty() && request.path.starts_with('/') {
            request.to_mut().path.insert_str(0, &self.path_prefix);
        }
        for (name, value) in self.custom_headers.iter() {
            request.to_mut().fields.set(name, value);
        }
        request
    }
}

/// Kinds of origins.
#[derive(Debug)]
pub enum Kind {
    /// `CustomOriginConfig`: an HTTP server.
    Server(Server),
    /// `S3OriginConfig` whose `DomainName` is one of `[edge.directories]`; the path is absolute.
    Directory(PathBuf),
    /// `S3OriginConfig` whose `DomainName` is one of `[edge.buckets]`.
    Bucket(Bucket),
}

/// An HTTP server.
#[derive(Debug)]
pub struct Server {
    /// `OriginProtocolPolicy`.
    pub protocol_policy: ProtocolPolicy,
    pub(super) http: Arc<Peer>,
    pub(super) https: Arc<Peer>,
}

impl Server {
    /// From `DomainName`, `HTTPPort`, `HTTPSPort`, `OriginProtocolPolicy` and the minimum of `OriginSSLProtocols`. An error
    /// says why the name cannot be one of a server: empty, not a host, a number in disguise.
    pub fn new(
        domain_name: &str,
        http_port: u16,
        https_port: u16,
        protocol_policy: ProtocolPolicy,
        minimum: MinimumTls,
    ) -> Result<Self, String> {
        let host = Host::parse(domain_name)?;
        let http = Peer::new(host.name(), http_port, None);
        let https = Peer::new(host.name(), https_port, Some(Tls::new(host.name(), minimum)?));
        Ok(Self { protocol_policy, http: Arc::new(http), https: Arc::new(https) })
    }

    /// Whom a request of this viewer's scheme goes to.
    pub(super) fn peer(&self, viewer: Scheme) -> &Arc<Peer> {
        match (self.protocol_policy, viewer) {
            (ProtocolPolicy::HttpsOnly, _) | (ProtocolPolicy::MatchViewer, Scheme::Https) => &self.https,
            _ => &self.http,
        }
    }
}

/// `OriginProtocolPolicy`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum ProtocolPolicy {
    HttpOnly,
    HttpsOnly,
    #[default]
    MatchViewer,
}

impl ProtocolPolicy {
    /// From `http-only`, `https-only`, `match-viewer`.
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "http-only" => Self::HttpOnly,
            "https-only" => Self::HttpsOnly,
            "match-viewer" => Self::MatchViewer,
            _ => return None,
        })
    }
}

/// The lowest version of TLS from `OriginSSLProtocols`. Versions before 1.2 are not spoken any more: where one is listed
/// beside `TLSv1.2`, it is not used; where nothing else is listed, that is an error.
pub fn minimum_tls<'a>(protocols: impl IntoIterator<Item = &'a str>) -> Result<MinimumTls, String> {
    let (mut tls12, mut tls13) = (false, false);
    for name in protocols {
        match name {
            "SSLv3" | "TLSv1" | "TLSv1.1" => {}
            "TLSv1.2" => tls12 = true,
            "TLSv1.3" => tls13 = true,
            _ => return Err(format!("\"{name}\" is none of SSLv3, TLSv1, TLSv1.1, TLSv1.2, TLSv1.3")),
        }
    }
    match (tls12, tls13) {
        (true, _) => Ok(MinimumTls::Tls12),
        (false, true) => Ok(MinimumTls::Tls13),
        (false, false) => Err("TLSv1.2 must be listed: older versions are not spoken any more".to_owned()),
    }
}

/// An origin group (`OriginGroups.Items[i]`).
#[derive(Debug, Clone)]
pub struct Group {
    /// `Id`.
    pub id: String,
    /// `Members`: indexes of `Distribution::origins`, the primary first.
    pub members: Each<usize>,
    /// `FailoverCriteria.StatusCodes`.
    pub status_codes: Vec<u16>,
    /// Who is asked first.
    pub choice: Choice,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_viewers_scheme_chooses_the_peer_where_it_is_matched() {
        for (policy, viewer, port) in [
            (ProtocolPolicy::HttpOnly, Scheme::Https, 80),
            (ProtocolPolicy::HttpsOnly, Scheme::Http, 443),
            (ProtocolPolicy::MatchViewer, Scheme::Http, 80),
            (ProtocolPolicy::MatchViewer, Scheme::Https, 443),
        ] {
            let server = Server::new("Origin.Example.NET", 80, 443, policy, MinimumTls::Tls12).unwrap();
            let peer = server.peer(viewer);
            assert_eq!((peer.host(), peer.port()), ("origin.example.net", port), "{policy:?} {viewer:?}");
        }
    }

    #[test]
    fn old_versions_of_tls_alone_are_refused() {
        assert_eq!(minimum_tls(["TLSv1", "TLSv1.1", "TLSv1.2"]), Ok(MinimumTls::Tls12));
        assert_eq!(minimum_tls(["TLSv1.3"]), Ok(MinimumTls::Tls13));
        assert!(minimum_tls(["SSLv3", "TLSv1"]).is_err());
        assert!(minimum_tls(["TLSv9"]).is_err());
        assert!(minimum_tls([]).is_err());
    }
}

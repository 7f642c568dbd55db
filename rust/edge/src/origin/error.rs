//! Why a fetch failed: whose fault it is, what the viewer is told, what it means for the next fetch.

use std::fmt;
use std::io;

use edgeplane_http::client::{Failure, Waiting};

/// Why there is no response, or no whole one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OriginError {
    /// The origin's name has no address; what the resolver said.
    Dns(String),
    /// None of the origin's addresses may be connected to; which, and why not.
    Refused(String),
    /// The origin failed again and again and is not asked at the moment.
    BreakerOpen,
    /// The exchange with the server failed.
    Exchange(Failure),
    /// A directory's file could not be read.
    File(io::ErrorKind),
    /// A file changed while it was read.
    Changed,
    /// A bucket's credentials cannot be had; why.
    Credentials(String),
    /// The fetch took more time than name resolution was given.
    ResolverTimeout,
}

impl OriginError {
    /// CloudFront's `x-edge-detailed-result-type`; for what CloudFront has no name for, its nearest.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Dns(_) | Self::ResolverTimeout => "OriginDnsError",
            Self::Refused(_) | Self::BreakerOpen => "OriginConnectError",
            Self::Exchange(failure) => failure_name(failure),
            Self::File(_) | Self::Changed => "OriginReadError",
            Self::Credentials(_) => "OriginError",
        }
    }

    /// What a viewer gets where nothing else can be served: 502, 503 or 504 (CloudFront developer guide,
    /// "Troubleshooting error responses").
    pub fn status(&self) -> u16 {
        match self {
            Self::BreakerOpen => 503,
            Self::ResolverTimeout | Self::Exchange(Failure::Timeout(_)) => 504,
            _ => 502,
        }
    }

    /// Whether an origin group goes on to its next member: everything but what the viewer broke.
    pub fn fails_over(&self) -> bool {
        !matches!(self, Self::Exchange(Failure::Content | Failure::Unsendable(_)))
    }

    /// Whether it says that the origin as a whole is dead: nothing was asked of it, because there was no way to. What comes of
    /// a request may be that request's doing, and whoever sends it again and again must not take the origin from all others.
    /// A refusal is our own doing.
    pub fn counts_for_breaker(&self) -> bool {
        matches!(
            self,
            Self::Dns(_)
                | Self::ResolverTimeout
                | Self::Exchange(Failure::Connect(_) | Failure::Tls(_) | Failure::Timeout(Waiting::Connection))
        )
    }

    /// Whether the request, or all of it that there is, came to the origin.
    pub fn was_asked(&self) -> bool {
        use Failure::{Connect, Content, Timeout, Tls, Unsendable};
        match self {
            Self::Dns(_) | Self::ResolverTimeout | Self::Refused(_) | Self::BreakerOpen | Self::Credentials(_) => false,
            Self::Exchange(Connect(_) | Tls(_) | Timeout(Waiting::Connection) | Content | Unsendable(_)) => false,
            Self::Exchange(_) | Self::File(_) | Self::Changed => true,
        }
    }

    /// Whether the log says so: not what a viewer broke, nor that a breaker is open, which was said when it opened.
    pub fn is_news(&self) -> bool {
        *self != Self::BreakerOpen && self.fails_over()
    }

    /// Whether another attempt may help. Whether one may be made depends on the request as well.
    pub fn is_retryable(&self) -> bool {
        matches!(
            self,
            Self::Exchange(
                Failure::Connect(_) | Failure::Closed | Failure::Timeout(Waiting::Connection | Waiting::Head)
            )
        )
    }
}

fn failure_name(failure: &Failure) -> &'static str {
    match failure {
        Failure::Connect(_) | Failure::Tls(_) | Failure::Timeout(Waiting::Connection) => "OriginConnectError",
        Failure::Closed | Failure::Timeout(Waiting::Head) => "OriginCommError",
        Failure::HeadTooBig => "OriginHeaderTooBigError",
        Failure::Malformed(_) => "OriginInvalidResponseError",
        Failure::Broken | Failure::Timeout(Waiting::Content) => "OriginReadError",
        Failure::Content => "ClientCommError",
        Failure::Unsendable(_) => "InvalidRequest",
    }
}

impl From<Failure> for OriginError {
    fn from(failure: Failure) -> Self {
        Self::Exchange(failure)
    }
}

impl fmt::Display for OriginError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dns(why) => write!(f, "the origin's name cannot be resolved: {why}"),
            Self::Refused(why) => write!(f, "the origin may not be connected to: {why}"),
            Self::BreakerOpen => write!(f, "the origin failed again and again and is not asked for a moment"),
            Self::Exchange(failure) => failure.fmt(f),
            Self::File(kind) => write!(f, "the file cannot be read: {kind}"),
            Self::Changed => write!(f, "the file changed while it was read"),
            Self::Credentials(why) => write!(f, "no credentials for the bucket: {why}"),
            Self::ResolverTimeout => write!(f, "the origin's name was not resolved in time"),
        }
    }
}

impl std::error::Error for OriginError {}

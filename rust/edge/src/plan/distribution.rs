//! Distributions and behaviours as the serving threads read them.

use std::sync::Arc;

use edgeplane_geo::Code;
use edgeplane_http::Method;
use edgeplane_sign::Verifier;

pub use super::document::behaviour::ViewerProtocolPolicy;
pub use super::source::Semantics;
use crate::behaviour::pattern::{decoded, normalised};
use crate::behaviour::{ForwardRules, KeyHeader, KeyRules, PathPattern, ResponseHeaders};
use crate::origin::{Group, Settings};
use crate::semantics::Rules;

/// A distribution, compiled.
#[derive(Debug)]
pub struct Distribution {
    /// Its place among its plan's distributions.
    pub number: usize,
    /// Its id; part of every key.
    pub id: String,
    /// Resource path, for people.
    pub path: String,
    /// `id.domain`.
    pub domain_name: String,
    /// Where this host is; empty: nobody says.
    pub location: String,
    /// The field in which origins name tags.
    pub tag_header: String,
    /// The field lines that all its answers have: `Via`, and `X-Amz-Cf-Pop` where the location has a name.
    pub lines: Box<[u8]>,
    /// `Aliases`, in lower case.
    pub aliases: Vec<String>,
    /// `Enabled`.
    pub enabled: bool,
    /// By which rules it caches.
    pub semantics: Semantics,
    /// Whether ranges of what is not kept are fetched in slices.
    pub slices: bool,
    /// Whether HTTP/2 is offered.
    pub http2: bool,
    /// The behaviours in order, the default one last.
    pub behaviours: Vec<Arc<Behaviour>>,
    /// `Origins`.
    pub origins: Vec<Arc<Settings>>,
    /// `OriginGroups`.
    pub groups: Vec<Group>,
    /// `/` and `DefaultRootObject`.
    pub default_root_object: Option<String>,
    /// `CustomErrorResponses`.
    pub custom_errors: Vec<CustomError>,
    /// `Restrictions.GeoRestriction`.
    pub geo_restriction: GeoRestriction,
    /// `Logging.IncludeCookies`.
    pub log_cookies: bool,
}

impl Distribution {
    /// The behaviour of a path and its number: the first whose pattern matches. None only in a distribution that no plan
    /// has: the last one matches everything.
    pub fn behaviour(&self, path: &str) -> Option<(usize, &Arc<Behaviour>)> {
        if let [only] = &self.behaviours[..] {
            return Some((0, only));
        }
        let path = normalised(path);
        self.behaviours.iter().enumerate().find(|(_, behaviour)| behaviour.pattern.matches(&path))
    }

    /// The behaviour of a path as an origin reads it that undoes every escape; none where there are none.
    pub fn behaviour_as_decoded(&self, path: &str) -> Option<&Arc<Behaviour>> {
        let path = decoded(path)?;
        self.behaviours.iter().find(|behaviour| behaviour.pattern.matches_decoded(&path))
    }

    /// The path of the object: that of the default root object for `/`.
    pub fn object_path<'p>(&'p self, path: &'p str) -> &'p str {
        self.default_root_object.as_deref().filter(|_| path == "/").unwrap_or(path)
    }

    /// What stands in for an error, if anything.
    pub fn custom_error(&self, status: u16) -> Option<&CustomError> {
        self.custom_errors.iter().find(|error| error.status == status && error.page.is_some())
    }
}

/// `Via` (RFC 9110 section 7.6.3): the distribution, and where it was met.
pub fn via_line(domain_name: &str, location: &str) -> Vec<u8> {
    let space = if location.is_empty() { "" } else { " " };
    format!("via: 1.1 {domain_name} (edgeplane{space}{location})\r\n").into_bytes()
}

/// `X-Amz-Cf-Pop`; empty for a location without a name.
pub fn pop_line(location: &str) -> Vec<u8> {
    if location.is_empty() { Vec::new() } else { format!("x-amz-cf-pop: {location}\r\n").into_bytes() }
}

/// A cache behaviour, compiled.
#[derive(Debug)]
pub struct Behaviour {
    /// `PathPattern`.
    pub pattern: PathPattern,
    /// `TargetOriginId`.
    pub target: Target,
    /// `AllowedMethods`.
    pub allowed_methods: Methods,
    /// `CachedMethods`.
    pub cached_methods: Methods,
    /// `ViewerProtocolPolicy`.
    pub viewer_protocol_policy: ViewerProtocolPolicy,
    /// By which numbers objects are kept.
    pub rules: Rules,
    /// Whether answers are encoded here: `Compress`, and the cache policy has codings.
    pub compress: bool,
    /// The key.
    pub key: KeyRules,
    /// What the origin is asked.
    pub forward: ForwardRules,
    /// `ResponseHeadersPolicyId`.
    pub response_headers: Option<Arc<ResponseHeaders>>,
    /// `TrustedKeyGroups`; none: no signature is asked for.
    pub trusted: Option<Verifier>,
}

impl Behaviour {
    /// Whether origins or keys have a fingerprint of the client.
    pub fn has_fingerprints(&self) -> bool {
        let in_key = |header: &KeyHeader| matches!(header, KeyHeader::Generated(header) if header.is_fingerprint());
        self.key.headers.iter().any(in_key) || self.forward.generated.iter().any(|header| header.is_fingerprint())
    }

    /// Whether a method may be used. One that nobody here knows is refused by CloudFront; by RFC 9111 (section 4) it is handed
    /// on, where no method that is known is refused.
    #[inline]
    pub fn allows(&self, method: Method) -> bool {
        match method {
            Method::Extension(_) => matches!(self.rules, Rules::Rfc9111(_)) && self.allowed_methods.is_all(),
            known => self.allowed_methods.has(known),
        }
    }
}

/// Where a behaviour's objects come from: an index into the distribution's lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// An origin.
    Origin(usize),
    /// An origin group.
    Group(usize),
}

/// `CustomErrorResponse`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomError {
    /// `ErrorCode`.
    pub status: u16,
    /// `ResponsePagePath` with the status that the viewer sees.
    pub page: Option<(String, u16)>,
}

/// A set of the methods that CloudFront knows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Methods(u8);

impl Methods {
    /// Whether a method is one of them.
    #[inline]
    pub const fn has(self, method: Method) -> bool {
        self.0 & Self::bit(method) != 0
    }

    /// Whether all are.
    pub const fn is_all(self) -> bool {
        self.0 == 0b111_1111
    }

    #[inline]
    const fn bit(method: Method) -> u8 {
        match method {
            Method::Get => 1,
            Method::Head => 1 << 1,
            Method::Post => 1 << 2,
            Method::Put => 1 << 3,
            Method::Delete => 1 << 4,
            Method::Options => 1 << 5,
            Method::Patch => 1 << 6,
            Method::Extension(_) => 0,
        }
    }
}

impl FromIterator<Method> for Methods {
    fn from_iter<I: IntoIterator<Item = Method>>(methods: I) -> Self {
        Self(methods.into_iter().fold(0, |set, method| set | Self::bit(method)))
    }
}

/// `GeoRestriction`: countries (ISO 3166-1).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum GeoRestriction {
    /// Everybody is answered.
    #[default]
    None,
    /// Those are not.
    Block(Vec<Code>),
    /// Only those are.
    Allow(Vec<Code>),
    /// Nobody is: where clients are should be known, and is not.
    Nobody,
}

impl GeoRestriction {
    /// Whether everybody is answered.
    pub fn is_none(&self) -> bool {
        *self == Self::None
    }

    /// Whether somebody in a country is answered; somebody of unknown place is.
    pub fn admits(&self, country: Option<Code>) -> bool {
        match (self, country) {
            (Self::Nobody, _) => false,
            (Self::None, _) | (_, None) => true,
            (Self::Block(countries), Some(country)) => !countries.contains(&country),
            (Self::Allow(countries), Some(country)) => countries.contains(&country),
        }
    }
}

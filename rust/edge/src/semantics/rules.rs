//! The two rule sets and their numbers.

use super::time::DELTA_MAX_S;

/// By which rules a behaviour caches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rules {
    /// CloudFront's: a cache policy's three TTLs, error caching, viewers have no say.
    CloudFront(CloudFrontRules),
    /// RFC 9111 for a shared cache.
    Rfc9111(Rfc9111Rules),
}

/// A cache policy's TTLs and a distribution's error caching (CloudFront developer guide, "Manage how long content stays").
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CloudFrontRules {
    /// `MinTTL`. More than 0 overrides `no-store`, `no-cache` and `private`.
    pub min_ttl_s: u64,
    /// `DefaultTTL`, for responses that say nothing.
    pub default_ttl_s: u64,
    /// `MaxTTL`.
    pub max_ttl_s: u64,
    /// (status, `ErrorCachingMinTTL`); 10 s for a status that is not listed.
    pub error_min_ttl: Vec<(u16, u64)>,
    /// Whether `CachedMethods` has OPTIONS.
    pub caches_options: bool,
    /// Whether any cookie is forwarded; then requests do not wait for one another.
    pub forwards_cookies: bool,
    /// Whether every cookie that is forwarded is in the key; else `Set-Cookie` is for the client alone that asked.
    pub keys_cookies: bool,
}

/// `ErrorCachingMinTTL` where a distribution says nothing.
pub const ERROR_MIN_TTL_S: u64 = 10;

impl Default for CloudFrontRules {
    /// The managed policy CachingOptimized.
    fn default() -> Self {
        Self {
            min_ttl_s: 1,
            default_ttl_s: 86_400,
            max_ttl_s: 31_536_000,
            error_min_ttl: Vec::new(),
            caches_options: false,
            forwards_cookies: false,
            keys_cookies: false,
        }
    }
}

impl CloudFrontRules {
    /// How long an error of this status stays at least, seconds.
    pub fn error_min_ttl_s(&self, status: u16) -> u64 {
        self.error_min_ttl.iter().find(|(listed, _)| *listed == status).map_or(ERROR_MIN_TTL_S, |(_, seconds)| *seconds)
    }
}

impl Rules {
    /// Whether nothing but errors is ever fresh: a `MaxTTL` of 0, as CachingDisabled has it.
    pub fn is_disabled(&self) -> bool {
        matches!(self, Self::CloudFront(rules) if rules.max_ttl_s == 0)
    }

    /// Whether origins may set cookies: CloudFront takes `Set-Cookie` away where it forwards none (developer guide, "Cache
    /// content based on cookies").
    pub fn admits_cookies(&self) -> bool {
        match self {
            Self::CloudFront(rules) => rules.forwards_cookies,
            Self::Rfc9111(_) => true,
        }
    }
}

/// What RFC 9111 leaves to the cache.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rfc9111Rules {
    /// Freshness of a heuristically cacheable response without any information, seconds.
    pub default_ttl_s: u64,
    /// No response is fresh for longer, seconds.
    pub max_ttl_s: u64,
    /// Percent of the time since `Last-Modified` (section 4.2.2).
    pub heuristic_percent: u64,
    /// Heuristic freshness is never longer, seconds.
    pub heuristic_max_s: u64,
    /// How long after its end a response may stand in while the origin cannot be reached, where nothing forbids it
    /// (section 4.2.4), seconds.
    pub disconnected_s: u64,
    /// Whether `Cache-Control` and `Pragma` of requests count (section 5.2.1).
    pub heeds_requests: bool,
    /// How `Age` is read.
    pub age: AgeField,
}

/// How an `Age` field that is not one whole number is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AgeField {
    /// Somebody on the way counts wrongly, so the true age is unknown: the response is stale when it comes, and is
    /// validated. Always allowed, never too old.
    #[default]
    Distrusted,
    /// The first value counts, one that is no number is ignored (the SHOULDs of section 5.1).
    FirstValue,
}

impl Default for Rfc9111Rules {
    fn default() -> Self {
        Self {
            default_ttl_s: 0,
            max_ttl_s: DELTA_MAX_S,
            heuristic_percent: 10,
            heuristic_max_s: 86_400,
            disconnected_s: 86_400,
            heeds_requests: true,
            age: AgeField::Distrusted,
        }
    }
}

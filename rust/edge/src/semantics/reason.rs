//! Why a decision was made, by name.

macro_rules! reasons {
    ($($(#[$doc:meta])+ $variant:ident = $name:literal,)+) => {
        /// Why a decision was made. Names are stable: logs and `Cache-Status` carry them.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Reason {
            $($(#[$doc])+ $variant,)+
        }

        impl Reason {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// Its name: a token in lower case.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }
        }
    };
}

reasons! {
    // What is stored may be used, or could be asked about.
    /// Within its freshness lifetime.
    Fresh = "fresh",
    /// Within it, and `immutable`: a reload asks nobody.
    Immutable = "immutable",
    /// Past its freshness lifetime.
    Expired = "expired",
    /// Stale, within the request's `max-stale`.
    RequestMaxStale = "request-max-stale",
    /// Stale, within the response's `stale-while-revalidate`.
    StaleWhileRevalidate = "stale-while-revalidate",
    /// Stale, within `stale-if-error`.
    StaleIfError = "stale-if-error",
    /// Stale, and the origin cannot be reached.
    Disconnected = "disconnected",
    /// Stale, and the origin answers with an error that is remembered.
    ErrorCaching = "error-caching",
    /// The response says `no-cache`.
    ResponseNoCache = "response-no-cache",
    /// The request says `no-cache`.
    RequestNoCache = "request-no-cache",
    /// Older than the request's `max-age`.
    RequestMaxAge = "request-max-age",
    /// Not fresh for as long as the request's `min-fresh`.
    RequestMinFresh = "request-min-fresh",
    /// Nothing is stored.
    NotStored = "not-stored",
    /// Another variant is stored.
    VaryMismatch = "vary-mismatch",
    /// The request says `only-if-cached`, and nothing can be used.
    OnlyIfCached = "only-if-cached",

    // The request goes past the cache.
    /// The method is not one that is cached.
    Method = "method",
    /// The request has content.
    RequestContent = "request-content",
    /// The request says `no-store`.
    RequestNoStore = "request-no-store",
    /// `If-Match` or `If-Unmodified-Since`: for the origin alone (RFC 9111 section 4.3.2).
    OriginCondition = "origin-condition",

    // A response is kept, or is not.
    /// Its lifetime is said by the response.
    Explicit = "explicit",
    /// An interim response.
    Interim = "interim",
    /// A 304, which updates and is not stored.
    NotModified = "not-modified",
    /// A 206 without one valid `Content-Range`.
    InvalidRange = "invalid-range",
    /// The status speaks of how this request was made: 408, 411, 412, 413, 416, 417, 421, 426, 431.
    RequestsOwn = "requests-own",
    /// `must-understand`, and the status is not understood.
    NotUnderstood = "not-understood",
    /// The response says `no-store`.
    NoStore = "no-store",
    /// `Cache-Control` ends inside quotes: what it hides is unknown.
    Malformed = "malformed",
    /// The response says `private`.
    Private = "private",
    /// The request had `Authorization`, and the response does not allow sharing (RFC 9111 section 3.5).
    Authorization = "authorization",
    /// Neither explicit freshness nor a heuristically cacheable status.
    NoFreshness = "no-freshness",
    /// Never fresh, and nothing to validate it with.
    Useless = "useless",
    /// `Vary: *`.
    VaryStar = "vary-star",
    /// An error status that CloudFront does not cache.
    ErrorStatus = "error-status",
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn names_are_tokens_and_differ() {
        let names: HashSet<_> = Reason::ALL.iter().map(|reason| reason.name()).collect();
        assert_eq!(names.len(), Reason::ALL.len());
        assert!(names.iter().all(|name| name.bytes().all(|octet| octet.is_ascii_lowercase() || octet == b'-')));
    }
}

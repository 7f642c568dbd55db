//! May a stale response stand in for an origin that fails? (RFC 9111 section 4.2.4, RFC 5861 section 4)

use edgeplane_http::Request;

use super::cache_control::RequestDirectives;
use super::time::ms;
use super::{CloudFrontRules, Lifetime, Now, Reason, Rfc9111Rules, Rules, StaleUse, Stored};

/// How the origin failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OriginFailure {
    /// No whole response came: no connection, a time-out, a break.
    Disconnected,
    /// A response with this status.
    Status(u16),
}

impl OriginFailure {
    /// Whether it is a failure of which `stale-if-error` speaks; another status is an answer.
    pub const fn is_error(self) -> bool {
        matches!(self, Self::Disconnected | Self::Status(500 | 502 | 503 | 504))
    }
}

/// Whether what is stored may be sent in spite of the failure, and by which permission.
pub fn on_error(rules: &Rules, request: &Request, stored: &Stored, failure: OriginFailure, now: Now) -> Option<Reason> {
    let lifetime = &stored.lifetime;
    let staleness_ms = lifetime.staleness_ms(now).unwrap_or(0);
    match rules {
        Rules::CloudFront(_) => cloudfront(lifetime, failure, staleness_ms),
        Rules::Rfc9111(rules) => rfc9111(rules, request, stored, failure, staleness_ms),
    }
}

/// Whether a whole answer with this status says what its URI has now, so that what was stored before stands in for nothing any
/// more. Failures, parts, and what only says that this request was wrong or came too often, do not.
pub const fn supersedes(status: u16) -> bool {
    !matches!(status, ..200 | 206 | 304 | 400 | 408 | 411..=413 | 416 | 417 | 421 | 425 | 426 | 429 | 431 | 500..)
}

/// How long the failure of a validation is remembered, so that those who come next get the stale response without asking, seconds.
pub fn error_ttl_s(rules: &Rules, failure: OriginFailure) -> u64 {
    match (rules, failure) {
        (Rules::CloudFront(rules), OriginFailure::Status(status)) => rules.error_min_ttl_s(status),
        (Rules::CloudFront(rules), OriginFailure::Disconnected) => CloudFrontRules::error_min_ttl_s(rules, 504),
        (Rules::Rfc9111(_), _) => 0,
    }
}

/// Any 5xx, unless `stale-if-error` gives a time and that is over: `stale-if-error=0` forbids it.
fn cloudfront(lifetime: &Lifetime, failure: OriginFailure, staleness_ms: u64) -> Option<Reason> {
    let fails = matches!(failure, OriginFailure::Disconnected | OriginFailure::Status(500..));
    match lifetime.stale_if_error_ms {
        _ if !fails => None,
        None => Some(Reason::ErrorCaching),
        Some(window_ms) => (staleness_ms < window_ms).then_some(Reason::StaleIfError),
    }
}

fn rfc9111(
    rules: &Rfc9111Rules,
    request: &Request,
    stored: &Stored,
    failure: OriginFailure,
    staleness_ms: u64,
) -> Option<Reason> {
    let lifetime = &stored.lifetime;
    if !failure.is_error() || lifetime.stale == StaleUse::Never || !stored.vary.admits(request) {
        return None;
    }
    let asked_s = if rules.heeds_requests { RequestDirectives::of(&request.fields).stale_if_error_s } else { None };
    let asked_ms = asked_s.filter(|_| lifetime.stale == StaleUse::Allowed).map(ms);
    if lifetime.stale_if_error_ms.max(asked_ms).is_some_and(|window_ms| staleness_ms < window_ms) {
        return Some(Reason::StaleIfError);
    }
    let unreachable = failure == OriginFailure::Disconnected && lifetime.stale_if_error_ms.is_none();
    let allowed = unreachable && lifetime.stale == StaleUse::Allowed && staleness_ms < ms(rules.disconnected_s);
    allowed.then_some(Reason::Disconnected)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::semantics::sample::{at, get, response, rfc9111, stored};
    use crate::semantics::store;

    const DOWN: OriginFailure = OriginFailure::Disconnected;

    #[test]
    fn by_the_rfc() {
        let error = OriginFailure::Status(503);
        for (said, asked, failure, expected) in [
            ("max-age=2", "", DOWN, Some(Reason::Disconnected)),
            ("max-age=2", "", error, None),
            ("max-age=2, stale-if-error=60", "", DOWN, Some(Reason::StaleIfError)),
            ("max-age=2, stale-if-error=60", "", error, Some(Reason::StaleIfError)),
            ("max-age=2, stale-if-error=60", "", OriginFailure::Status(404), None),
            ("max-age=2, stale-if-error=60", "", OriginFailure::Status(501), None),
            ("max-age=2, stale-if-error=1", "", DOWN, None),
            ("max-age=2, stale-if-error=60, must-revalidate", "", error, None),
            ("max-age=2, must-revalidate", "", DOWN, None),
            ("max-age=2, proxy-revalidate", "", DOWN, None),
            ("max-age=2, s-maxage=2", "", DOWN, None),
            ("max-age=2, no-cache", "", DOWN, None),
            ("s-maxage=2, stale-if-error=60", "", error, Some(Reason::StaleIfError)),
            ("max-age=2", "stale-if-error=60", error, Some(Reason::StaleIfError)),
            ("max-age=2, must-revalidate", "stale-if-error=60", error, None),
            ("s-maxage=2", "stale-if-error=60", error, None),
        ] {
            let kept = stored(&[("Cache-Control", said), ("ETag", "\"a\"")]);
            let request = get(&[("Cache-Control", asked)]);
            assert_eq!(
                on_error(&rfc9111(), &request, &kept, failure, at(5_000)),
                expected,
                "{said} {asked} {failure:?}"
            );
        }
        let kept = stored(&[("Cache-Control", "max-age=2")]);
        assert_eq!(on_error(&rfc9111(), &get(&[]), &kept, DOWN, at(86_402_000)), None, "a day is enough");
    }

    #[test]
    fn what_takes_the_place_of_what_was_stored() {
        for (status, expected) in [
            (103, false),
            (200, true),
            (204, true),
            (206, false),
            (301, true),
            (304, false),
            (400, false),
            (401, true),
            (403, true),
            (404, true),
            (410, true),
            (412, false),
            (416, false),
            (429, false),
            (451, true),
            (500, false),
            (503, false),
            (599, false),
        ] {
            assert_eq!(supersedes(status), expected, "{status}");
        }
    }

    #[test]
    fn by_cloudfront() {
        let rules = Rules::CloudFront(CloudFrontRules { error_min_ttl: vec![(503, 3)], ..CloudFrontRules::default() });
        for (said, failure, expected) in [
            ("max-age=2", DOWN, Some(Reason::ErrorCaching)),
            ("max-age=2", OriginFailure::Status(500), Some(Reason::ErrorCaching)),
            ("max-age=2", OriginFailure::Status(404), None),
            ("no-store", DOWN, Some(Reason::ErrorCaching)),
            ("no-store, stale-if-error=0", DOWN, None),
            ("max-age=2, stale-if-error=60", OriginFailure::Status(503), Some(Reason::StaleIfError)),
            ("max-age=2, stale-if-error=1", OriginFailure::Status(503), None),
        ] {
            let storing = store(&rules, &get(&[]), &response(200, &[("Cache-Control", said)]), at(0), at(0));
            let kept = storing.into_stored().expect(said);
            assert_eq!(on_error(&rules, &get(&[]), &kept, failure, at(5_000)), expected, "{said} {failure:?}");
        }
        assert_eq!((error_ttl_s(&rules, OriginFailure::Status(503)), error_ttl_s(&rules, DOWN)), (3, 10));
    }
}

//! May a stored response be sent, or what has to be done first? (RFC 9111 sections 4 and 5.2.1)

use edgeplane_http::{Method, Request};

use super::cache_control::RequestDirectives;
use super::storing::{has_content, is_cached};
use super::time::ms;
use super::{CacheStatus, Forward, Now, Reason, Rules, StaleUse, Stored};

/// What to do with a request. The client's own conditions do not go to the origin with `Validate` and `Fetch`
/// (`without_conditions`): the answer is to be stored, and `preconditions` then makes the client's answer from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reuse {
    /// Send what is stored: it is fresh, or stale within what the request allows.
    Fresh(Reason),
    /// Send what is stored, and validate it meanwhile.
    StaleWhileRevalidate(Reason),
    /// Ask the origin with `conditions(stored)`.
    Validate(Reason),
    /// Ask the origin without any condition, and store the answer if `store` says so. `Range` with `If-Range` may go along.
    Fetch(Reason),
    /// Hand the request on as it came, with its own conditions, and store nothing.
    Pass(Reason),
    /// Answer 504: the request forbids to ask the origin.
    OnlyIfCached(Reason),
}

impl Reuse {
    /// Why.
    pub const fn reason(self) -> Reason {
        match self {
            Self::Fresh(reason)
            | Self::StaleWhileRevalidate(reason)
            | Self::Validate(reason)
            | Self::Fetch(reason)
            | Self::Pass(reason)
            | Self::OnlyIfCached(reason) => reason,
        }
    }

    /// Its name in logs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fresh(_) => "hit",
            Self::StaleWhileRevalidate(_) => "stale-while-revalidate",
            Self::Validate(_) => "validate",
            Self::Fetch(_) => "fetch",
            Self::Pass(_) => "pass",
            Self::OnlyIfCached(_) => "only-if-cached",
        }
    }

    /// What `Cache-Status` says of it before there is an answer.
    pub fn status(self) -> CacheStatus<'static> {
        CacheStatus { forward: self.forward(), detail: self.detail(), ..CacheStatus::default() }
    }

    /// Why, where `hit` or `fwd` does not say it.
    const fn detail(self) -> Option<Reason> {
        match self.reason() {
            Reason::Fresh | Reason::Immutable | Reason::NotStored | Reason::VaryMismatch | Reason::Method => None,
            reason => Some(reason),
        }
    }

    /// `fwd` of `Cache-Status`; none: the request is not forwarded for its answer.
    pub const fn forward(self) -> Option<Forward> {
        match self {
            Self::Fresh(_) | Self::StaleWhileRevalidate(_) | Self::OnlyIfCached(_) => None,
            Self::Pass(Reason::Method) => Some(Forward::Method),
            Self::Pass(_) => Some(Forward::Bypass),
            Self::Validate(reason) | Self::Fetch(reason) => Some(match reason {
                Reason::NotStored => Forward::UriMiss,
                Reason::VaryMismatch => Forward::VaryMiss,
                Reason::RequestNoCache | Reason::RequestMaxAge | Reason::RequestMinFresh => Forward::Request,
                _ => Forward::Stale,
            }),
        }
    }
}

/// The hit path's other question: does the request ask for nothing but the content? Conditions, ranges and, by RFC 9111,
/// directives need `reuse` and `preconditions`.
#[inline]
pub fn is_plain(rules: &Rules, request: &Request) -> bool {
    let heeds = heeds_requests(rules);
    let get = matches!(request.method, Method::Get | Method::Head);
    get && !request.fields.iter().any(|(name, _)| is_special(name) || (heeds && is_directive(name)))
}

/// Whether a request has conditions or asks for ranges: `preconditions` says what its answer is.
pub fn is_conditional(request: &Request) -> bool {
    request.fields.iter().any(|(name, _)| is_special(name))
}

fn is_special(name: &[u8]) -> bool {
    match name.len() {
        5 => name.eq_ignore_ascii_case(b"range"),
        8 => name.eq_ignore_ascii_case(b"if-match") || name.eq_ignore_ascii_case(b"if-range"),
        13 => name.eq_ignore_ascii_case(b"if-none-match"),
        17 => name.eq_ignore_ascii_case(b"if-modified-since"),
        19 => name.eq_ignore_ascii_case(b"if-unmodified-since"),
        _ => false,
    }
}

fn is_directive(name: &[u8]) -> bool {
    name.eq_ignore_ascii_case(b"cache-control") || name.eq_ignore_ascii_case(b"pragma")
}

fn heeds_requests(rules: &Rules) -> bool {
    matches!(rules, Rules::Rfc9111(rules) if rules.heeds_requests)
}

/// What to do with a request for which nothing is stored.
pub fn miss(rules: &Rules, request: &Request) -> Reuse {
    passes(rules, request).map_or_else(|| ask(None, &wanted(rules, request), Reason::NotStored), Reuse::Pass)
}

/// What to do with a request when this is stored under its key.
pub fn reuse(rules: &Rules, request: &Request, stored: &Stored, now: Now) -> Reuse {
    if let Some(reason) = past(rules, request) {
        return Reuse::Pass(reason);
    }
    let wanted = wanted(rules, request);
    match usable(request, stored, &wanted, now) {
        Ok(reuse) => reuse,
        Err(_) if wanted.no_store => Reuse::Pass(Reason::RequestNoStore),
        Err(reason) => ask(Some(stored), &wanted, reason),
    }
}

fn wanted(rules: &Rules, request: &Request) -> RequestDirectives {
    if heeds_requests(rules) { RequestDirectives::of(&request.fields) } else { RequestDirectives::default() }
}

/// Why a request is none of the cache's business, whatever is stored.
fn past(rules: &Rules, request: &Request) -> Option<Reason> {
    let fields = &request.fields;
    match rules {
        _ if !is_cached(rules, request.method) => Some(Reason::Method),
        _ if has_content(request) => Some(Reason::RequestContent),
        // A cache must not evaluate these; leaving them out would answer where the origin might refuse.
        Rules::Rfc9111(_) if fields.has("if-match") || fields.has("if-unmodified-since") => {
            Some(Reason::OriginCondition)
        }
        _ => None,
    }
}

fn passes(rules: &Rules, request: &Request) -> Option<Reason> {
    past(rules, request).or_else(|| wanted(rules, request).no_store.then_some(Reason::RequestNoStore))
}

fn ask(stored: Option<&Stored>, wanted: &RequestDirectives, reason: Reason) -> Reuse {
    match stored {
        _ if wanted.only_if_cached => Reuse::OnlyIfCached(Reason::OnlyIfCached),
        Some(stored) if reason != Reason::VaryMismatch && stored.has_validator() => Reuse::Validate(reason),
        _ => Reuse::Fetch(reason),
    }
}

/// How the stored response may be sent at once, or why not.
fn usable(request: &Request, stored: &Stored, wanted: &RequestDirectives, now: Now) -> Result<Reuse, Reason> {
    let lifetime = &stored.lifetime;
    if !stored.vary.admits(request) {
        return Err(Reason::VaryMismatch);
    }
    if wanted.no_cache {
        return Err(Reason::RequestNoCache);
    }
    if lifetime.no_cache {
        return Err(Reason::ResponseNoCache);
    }
    match lifetime.staleness_ms(now) {
        None => fresh(stored, wanted, now),
        Some(staleness_ms) => stale(stored, wanted, staleness_ms, now),
    }
}

fn fresh(stored: &Stored, wanted: &RequestDirectives, now: Now) -> Result<Reuse, Reason> {
    let lifetime = &stored.lifetime;
    match wanted {
        _ if is_too_old(stored, wanted, now) && lifetime.immutable => Ok(Reuse::Fresh(Reason::Immutable)),
        _ if is_too_old(stored, wanted, now) => Err(Reason::RequestMaxAge),
        RequestDirectives { min_fresh_s: Some(s), .. } if lifetime.remaining_ms(now) < ms(*s) => {
            Err(Reason::RequestMinFresh)
        }
        _ => Ok(Reuse::Fresh(Reason::Fresh)),
    }
}

fn is_too_old(stored: &Stored, wanted: &RequestDirectives, now: Now) -> bool {
    wanted.max_age_s.is_some_and(|seconds| stored.lifetime.age_ms(now) > ms(seconds))
}

fn stale(stored: &Stored, wanted: &RequestDirectives, staleness_ms: u64, now: Now) -> Result<Reuse, Reason> {
    let lifetime = &stored.lifetime;
    if lifetime.stale == StaleUse::Never || wanted.min_fresh_s.is_some() || is_too_old(stored, wanted, now) {
        return Err(Reason::Expired);
    }
    if lifetime.stale == StaleUse::Allowed && wanted.max_stale_s.is_some_and(|seconds| staleness_ms <= ms(seconds)) {
        return Ok(Reuse::Fresh(Reason::RequestMaxStale));
    }
    if wanted.max_age_s.is_none() && staleness_ms < lifetime.stale_while_revalidate_ms {
        return Ok(Reuse::StaleWhileRevalidate(Reason::StaleWhileRevalidate));
    }
    Err(Reason::Expired)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::semantics::sample::{at, get, rfc9111, stored, stored_for};
    use crate::semantics::{CloudFrontRules, Rfc9111Rules, is_plainly_fresh};
    use edgeplane_http::Framing;
    use proptest::prelude::*;

    const TAG: (&str, &str) = ("ETag", "\"a\"");

    fn after(s: u64, cache_control: &str, asked: &[(&str, &str)]) -> Reuse {
        reuse(&rfc9111(), &get(asked), &stored(&[("Cache-Control", cache_control), TAG]), at(s * 1000))
    }

    #[test]
    fn without_directives_of_the_request() {
        for (s, said, expected) in [
            (59, "max-age=60", Reuse::Fresh(Reason::Fresh)),
            (60, "max-age=60", Reuse::Validate(Reason::Expired)),
            (0, "max-age=60, no-cache", Reuse::Validate(Reason::ResponseNoCache)),
            (0, "max-age=60, no-cache=\"x\"", Reuse::Fresh(Reason::Fresh)),
            (64, "max-age=60, stale-while-revalidate=5", Reuse::StaleWhileRevalidate(Reason::StaleWhileRevalidate)),
            (65, "max-age=60, stale-while-revalidate=5", Reuse::Validate(Reason::Expired)),
            (64, "s-maxage=60, stale-while-revalidate=5", Reuse::StaleWhileRevalidate(Reason::StaleWhileRevalidate)),
            (64, "max-age=60, stale-while-revalidate=5, must-revalidate", Reuse::Validate(Reason::Expired)),
            (64, "max-age=60, stale-while-revalidate=5, proxy-revalidate", Reuse::Validate(Reason::Expired)),
        ] {
            assert_eq!(after(s, said, &[]), expected, "{s} {said}");
        }
    }

    #[test]
    fn with_directives_of_the_request() {
        for (s, said, asked, expected) in [
            (1, "max-age=60", "no-cache", Reuse::Validate(Reason::RequestNoCache)),
            (1, "max-age=60", "max-age=0", Reuse::Validate(Reason::RequestMaxAge)),
            (1, "max-age=60, immutable", "max-age=0", Reuse::Fresh(Reason::Immutable)),
            (1, "max-age=60, immutable", "no-cache", Reuse::Validate(Reason::RequestNoCache)),
            (9, "max-age=60", "max-age=9", Reuse::Fresh(Reason::Fresh)),
            (50, "max-age=60", "min-fresh=10", Reuse::Fresh(Reason::Fresh)),
            (51, "max-age=60", "min-fresh=10", Reuse::Validate(Reason::RequestMinFresh)),
            (70, "max-age=60", "max-stale=10", Reuse::Fresh(Reason::RequestMaxStale)),
            (71, "max-age=60", "max-stale=10", Reuse::Validate(Reason::Expired)),
            (9999, "max-age=60", "max-stale", Reuse::Fresh(Reason::RequestMaxStale)),
            (70, "max-age=60, must-revalidate", "max-stale", Reuse::Validate(Reason::Expired)),
            (70, "s-maxage=60", "max-stale", Reuse::Validate(Reason::Expired)),
            (70, "max-age=60", "max-stale, max-age=65", Reuse::Validate(Reason::Expired)),
            (70, "max-age=60", "only-if-cached", Reuse::OnlyIfCached(Reason::OnlyIfCached)),
            (50, "max-age=60", "only-if-cached", Reuse::Fresh(Reason::Fresh)),
            (50, "max-age=60", "no-store", Reuse::Fresh(Reason::Fresh)),
            (70, "max-age=60", "no-store", Reuse::Pass(Reason::RequestNoStore)),
        ] {
            assert_eq!(after(s, said, &[("Cache-Control", asked)]), expected, "{s} {said} {asked}");
        }
        assert_eq!(after(1, "max-age=60", &[("Pragma", "no-cache")]), Reuse::Validate(Reason::RequestNoCache));
    }

    #[test]
    fn without_a_validator_there_is_nothing_to_ask_but_for_all() {
        let plain = stored(&[("Cache-Control", "max-age=60")]);
        assert_eq!(reuse(&rfc9111(), &get(&[]), &plain, at(61_000)), Reuse::Fetch(Reason::Expired));
        let varied = stored_for(&get(&[("A", "1")]), &[("Cache-Control", "max-age=60"), ("Vary", "A"), TAG]);
        assert_eq!(reuse(&rfc9111(), &get(&[("A", "2")]), &varied, at(0)), Reuse::Fetch(Reason::VaryMismatch));
    }

    #[test]
    fn what_goes_past_and_what_is_missing() {
        let post = Request { method: Method::Post, ..get(&[]) };
        let with_content = Request { framing: Framing::Length(3), ..get(&[]) };
        for (request, expected) in [
            (post, Reuse::Pass(Reason::Method)),
            (with_content, Reuse::Pass(Reason::RequestContent)),
            (get(&[("If-Match", "\"a\"")]), Reuse::Pass(Reason::OriginCondition)),
            (get(&[("Cache-Control", "no-store")]), Reuse::Pass(Reason::RequestNoStore)),
            (get(&[("Cache-Control", "only-if-cached")]), Reuse::OnlyIfCached(Reason::OnlyIfCached)),
            (get(&[("If-None-Match", "\"a\"")]), Reuse::Fetch(Reason::NotStored)),
        ] {
            assert_eq!(miss(&rfc9111(), &request), expected);
        }
    }

    #[test]
    fn cloudfront_does_not_heed_viewers() {
        let rules = Rules::CloudFront(CloudFrontRules::default());
        let kept = stored(&[("Cache-Control", "max-age=60"), TAG]);
        let asked = get(&[
            ("Cache-Control", "no-cache, no-store, only-if-cached"),
            ("Pragma", "no-cache"),
            ("If-Match", "\"b\""),
        ]);
        assert_eq!(reuse(&rules, &asked, &kept, at(1)), Reuse::Fresh(Reason::Fresh));
        assert_eq!(reuse(&rules, &asked, &kept, at(60_000)), Reuse::Validate(Reason::Expired));
        assert_eq!(miss(&rules, &asked), Reuse::Fetch(Reason::NotStored));
    }

    #[test]
    fn plain_requests() {
        for (fields, by_rfc, by_cloudfront) in [
            (&[("Accept", "*/*"), ("Cookie", "a")][..], true, true),
            (&[("Cache-Control", "max-age=0")], false, true),
            (&[("pragma", "no-cache")], false, true),
            (&[("RANGE", "bytes=0-")], false, false),
            (&[("If-None-Match", "\"a\"")], false, false),
            (&[("If-Modified-Since", "x")], false, false),
            (&[("If-Unmodified-Since", "x")], false, false),
            (&[("If-Match", "x")], false, false),
            (&[("If-Range", "x")], false, false),
        ] {
            let cloudfront = Rules::CloudFront(CloudFrontRules::default());
            assert_eq!(
                (is_plain(&rfc9111(), &get(fields)), is_plain(&cloudfront, &get(fields))),
                (by_rfc, by_cloudfront),
                "{fields:?}"
            );
        }
        let deaf = Rules::Rfc9111(Rfc9111Rules { heeds_requests: false, ..Rfc9111Rules::default() });
        assert!(is_plain(&deaf, &get(&[("Cache-Control", "no-cache")])));
    }

    proptest! {
        #[test]
        fn the_hit_path_decides_as_reuse_does(seconds in 0u64..100, then in 0u64..200_000, more in "(|, no-cache|, must-revalidate)") {
            let said = format!("max-age={seconds}{more}");
            let kept = stored(&[("Cache-Control", &said), TAG]);
            let plain = is_plainly_fresh(&kept.lifetime, at(then));
            prop_assert_eq!(plain, reuse(&rfc9111(), &get(&[]), &kept, at(then)) == Reuse::Fresh(Reason::Fresh));
        }
    }
}

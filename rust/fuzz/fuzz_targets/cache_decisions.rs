//! A request and a response → whether it is stored, when it is sent again, what is asked and answered. What is stored can be
//! written down and read; the hit path sends what the long way would send; what the origin confirms stays.
#![no_main]

use edgeplane_edge::semantics::answer::{Multipart, not_modified, partial};
use edgeplane_edge::semantics::etag::EntityTag;
use edgeplane_edge::semantics::{
    Asker, CloudFrontRules, Now, OriginFailure, Precondition, Reason, Reuse, Rfc9111Rules, Rules, Stored, Update,
    age_s, conditions, date, freshen, invalidates, is_plain, is_plainly_fresh, miss, on_error, preconditions, reuse,
    store, update,
};
use edgeplane_fuzz::heads::{exchange, is_quoted};
use edgeplane_http::{Fields, Method, Request, Response};
use libfuzzer_sys::fuzz_target;

/// Milliseconds after a response came.
const LATER: [u64; 6] = [0, 999, 10_000, 3_600_000, 864_000_000, 1 << 45];
const LENGTH: u64 = 100;

fuzz_target!(|data: &[u8]| {
    let Some((request, response)) = exchange(data) else { return };
    for rules in rules() {
        miss(&rules, &request);
        if let Some(stored) = store(&rules, &request, &response, at(0), at(1_500)).into_stored() {
            is_kept(&stored);
            is_sent_again(&rules, &request, &stored);
            is_confirmed(&rules, &request, &stored);
        }
        is_forbidden(&rules, &request, &response);
    }
    let post = Request { method: Method::Post, ..request };
    let targets = invalidates(&post, response.status, &response.fields);
    assert!(targets.iter().all(|target| target.path.starts_with('/')) && targets.is_sorted());
});

fn rules() -> [Rules; 3] {
    let asking = CloudFrontRules { min_ttl_s: 0, caches_options: true, ..CloudFrontRules::default() };
    [Rules::CloudFront(CloudFrontRules::default()), Rules::CloudFront(asking), Rules::Rfc9111(Rfc9111Rules::default())]
}

fn at(monotonic_ms: u64) -> Now {
    Now { monotonic_ms, wall_s: 1_795_305_600 + monotonic_ms / 1_000 }
}

fn is_kept(stored: &Stored) {
    for name in ["age", "connection", "keep-alive", "transfer-encoding", "upgrade"] {
        assert!(!stored.fields.has(name), "{name} is of a connection or of a moment");
    }
    let received = stored.lifetime.received;
    assert!(stored.fields.get("date").and_then(|value| date::parse(value, received.wall_s)).is_some());
    let read: Stored = rmp_serde::from_slice(&rmp_serde::to_vec_named(stored).unwrap()).unwrap();
    assert_eq!(read.placed(received), *stored);
}

fn is_sent_again(rules: &Rules, request: &Request, stored: &Stored) {
    let (mut age, mut was_fresh) = (0, true);
    for now in LATER.map(|ms| at(1_500 + ms)) {
        let (fresh, outcome) = (is_plainly_fresh(&stored.lifetime, now), reuse(rules, request, stored, now));
        if fresh && is_plain(rules, request) && stored.vary.matches(&Asker::outgoing(request)) {
            assert!(matches!(outcome, Reuse::Fresh(_)), "the hit path sends it");
            assert_eq!(preconditions(request, stored, Some(LENGTH)), Precondition::Full);
        }
        assert!(fresh || !matches!(outcome, Reuse::Fresh(Reason::Fresh | Reason::Immutable)));
        assert!(age_s(&stored.lifetime, now) >= age && (was_fresh || !fresh), "nothing grows younger");
        (age, was_fresh) = (age_s(&stored.lifetime, now), fresh);
        on_error(rules, request, stored, OriginFailure::Disconnected, now);
    }
    match preconditions(request, stored, Some(LENGTH)) {
        Precondition::Range(ranges) => {
            assert!(ranges.iter().all(|range| range.first <= range.last && range.last < LENGTH));
            ranges.iter().for_each(|range| assert_eq!(partial(stored, *range, LENGTH).status, 206));
            Multipart::new(stored, &ranges, LENGTH, "BOUNDARY").length();
        }
        Precondition::NotModified => assert!(!not_modified(stored).fields.has("content-length")),
        _ => {}
    }
}

/// What an origin says that knows of nothing newer.
fn is_confirmed(rules: &Rules, request: &Request, stored: &Stored) {
    let conditions = conditions(stored);
    let tag = stored.fields.get("etag").map(|value| EntityTag::parse(value).is_some_and(|tag| is_quoted(&tag)));
    let dated =
        stored.fields.get("last-modified").and_then(|value| date::parse(value, stored.lifetime.received.wall_s));
    let asked = Request { method: Method::Get, fields: conditions, ..Request::default() };
    if !asked.fields.is_empty() && tag.unwrap_or(dated.is_some()) && stored.status < 300 {
        assert_eq!(preconditions(&asked, stored, None), Precondition::NotModified, "we would say so too");
    }
    let same = Response { status: 304, fields: stored.fields.clone() };
    let updated = update(rules, request, stored, &same, at(2_000), at(2_001));
    assert_ne!(updated, Update::Mismatch);
    if let Update::Keep(updated) | Update::UseOnce(updated, _) = &updated {
        assert_eq!(without_date(&updated.fields), without_date(&stored.fields));
    }
    freshen(rules, request, (stored, LENGTH), (&Response { status: 200, ..same }, None), at(2_000), at(2_001));
}

/// In any order: what is kept stays in its place, what comes anew goes to the end.
fn without_date(fields: &Fields) -> Vec<(Vec<u8>, Vec<u8>)> {
    let others = fields.iter().filter(|(name, _)| !name.eq_ignore_ascii_case(b"date"));
    let mut pairs: Vec<_> = others.map(|(name, value)| (name.to_vec(), value.to_vec())).collect();
    pairs.sort();
    pairs
}

/// `no-store` and `private` on a line of their own, whatever stands beside them.
fn is_forbidden(rules: &Rules, request: &Request, response: &Response) {
    let heeded = match rules {
        Rules::CloudFront(rules) => rules.min_ttl_s == 0 && response.status < 400,
        Rules::Rfc9111(_) => !["cdn-cache-control", "surrogate-control"].iter().any(|name| response.fields.has(name)),
    };
    let understood = response
        .fields
        .all("cache-control")
        .any(|line| line.to_ascii_lowercase().windows(15).any(|word| word == b"must-understand"));
    for directive in ["private", "no-store"] {
        let forbidden = response.clone().with("Cache-Control", directive);
        let excused = directive == "no-store" && understood;
        let stored = store(rules, request, &forbidden, at(0), at(0)).into_stored();
        assert!(!heeded || excused || stored.is_none(), "{directive}");
    }
}

//! What is stored, and for how long: tables for both rule sets.

use super::*;
use crate::semantics::sample::{at, date, get, response, rfc9111, stored_for};
use crate::semantics::time::DELTA_MAX_S;
use crate::semantics::{CloudFrontRules, Reuse, Rfc9111Rules, is_plainly_fresh, on_error, reuse};
use proptest::prelude::*;

/// Seconds that it is fresh, or why it is not stored.
fn outcome(rules: &Rules, request: &Request, status: u16, fields: &[(&str, &str)]) -> Result<u64, &'static str> {
    match store(rules, request, &response(status, fields), at(0), at(0)) {
        Storing::Not(reason) => Err(reason.name()),
        stored => Ok(stored.into_stored().expect("stored").lifetime.remaining_ms(at(0)) / 1000),
    }
}

fn by_rfc(status: u16, fields: &[(&str, &str)]) -> Result<u64, &'static str> {
    outcome(&rfc9111(), &get(&[]), status, fields)
}

fn said(cache_control: &str) -> Result<u64, &'static str> {
    by_rfc(200, &[("Cache-Control", cache_control), ("ETag", "\"a\"")])
}

#[test]
fn directives_by_the_rfc() {
    for (cache_control, expected) in [
        ("max-age=60", Ok(60)),
        ("max-age=60, s-maxage=90", Ok(90)),
        ("max-age=99999999999", Ok(DELTA_MAX_S)),
        ("no-store", Err("no-store")),
        ("max-age=60, no-store", Err("no-store")),
        ("private, max-age=60", Err("private")),
        ("private=\"x\", max-age=60", Ok(60)),
        ("max-age=60, no-store, must-understand", Ok(60)),
        ("max-age=60, x=\"y, no-store", Err("malformed")),
        ("no-cache", Ok(0)),
        ("max-age=60, no-cache", Ok(0)),
        ("max-age=0", Ok(0)),
        ("max-age=x", Ok(0)),
        ("", Ok(0)),
    ] {
        assert_eq!(said(cache_control), expected, "{cache_control}");
    }
    assert_eq!(by_rfc(599, &[("Cache-Control", "max-age=60, must-understand")]), Err("not-understood"));
    assert_eq!(by_rfc(599, &[("Cache-Control", "max-age=60")]), Ok(60));
    assert_eq!(by_rfc(200, &[("Cache-Control", "max-age=60"), ("Vary", "A, *")]), Err("vary-star"));
    assert_eq!(by_rfc(200, &[("Cache-Control", "no-store"), ("CDN-Cache-Control", "max-age=9")]), Ok(9));
    assert_eq!(by_rfc(200, &[("Cache-Control", "max-age=5"), ("CDN-Cache-Control", "private")]), Err("private"));
    assert_eq!(by_rfc(200, &[("Cache-Control", "max-age=60"), ("Age", "20")]), Ok(40));
    assert_eq!(by_rfc(200, &[]), Err("useless"));
    assert_eq!(by_rfc(200, &[("Cache-Control", "max-age=0")]), Err("useless"));
    assert_eq!(by_rfc(200, &[("Cache-Control", "max-age=0, stale-while-revalidate=5")]), Ok(0));
    assert_eq!(by_rfc(200, &[("Cache-Control", "no-cache, stale-if-error=5")]), Err("useless"));
}

#[test]
fn statuses_and_guesses_by_the_rfc() {
    let (day_before, now) = (date(-86_400), date(0));
    let modified = [("Last-Modified", day_before.as_str()), ("Date", now.as_str())];
    for status in [200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501] {
        assert_eq!(by_rfc(status, &modified), Ok(8_640), "{status}");
    }
    for status in [201, 202, 302, 303, 307, 400, 403, 500, 502, 503, 504, 599] {
        assert_eq!(by_rfc(status, &modified), Err("no-freshness"), "{status}");
        assert_eq!(by_rfc(status, &[("Cache-Control", "max-age=60")]), Ok(60), "{status}");
        assert_eq!(by_rfc(status, &[modified[0], modified[1], ("Cache-Control", "public")]), Ok(8_640), "{status}");
    }
    for (status, why) in
        [(103, "interim"), (304, "not-modified"), (206, "invalid-range"), (416, "requests-own"), (412, "requests-own")]
    {
        assert_eq!(by_rfc(status, &[("Cache-Control", "max-age=60")]), Err(why), "{status}");
    }
    assert_eq!(by_rfc(200, &[("Last-Modified", &date(-86_400 * 365)), ("Date", &now)]), Ok(86_400), "capped");
    assert_eq!(by_rfc(200, &[modified[0], ("Expires", "0")]), Ok(0), "no guess beside Expires");
    assert_eq!(by_rfc(200, &[("Last-Modified", &date(60)), ("Date", &now)]), Ok(0));
    let kept = Rules::Rfc9111(Rfc9111Rules { default_ttl_s: 7, max_ttl_s: 30, ..Rfc9111Rules::default() });
    assert_eq!(outcome(&kept, &get(&[]), 200, &[]), Ok(7));
    assert_eq!(outcome(&kept, &get(&[]), 200, &[("Cache-Control", "max-age=60")]), Ok(30));
}

#[test]
fn expires_by_the_rfc() {
    let at = |seconds| date(seconds);
    for (fields, expected) in [
        (vec![("Date", at(0)), ("Expires", at(60))], Ok(60)),
        (vec![("Date", at(0)), ("Expires", at(0))], Ok(0)),
        (vec![("Date", at(400)), ("Expires", at(300))], Ok(0)),
        (vec![("Date", at(0)), ("Expires", "0".into())], Ok(0)),
        (vec![("Date", "foo".into()), ("Expires", at(10))], Ok(10)),
        (vec![("Date", at(-10)), ("Expires", at(10)), ("Age", "25".into())], Ok(0)),
        (vec![("Date", at(10)), ("Expires", at(20)), ("Age", "15".into())], Ok(0)),
        (vec![("Date", at(-10)), ("Expires", at(10)), ("Age", "5".into())], Ok(10)),
    ] {
        let fields: Vec<_> =
            fields.iter().map(|(name, value)| (*name, value.as_str())).chain([("ETag", "\"a\"")]).collect();
        assert_eq!(by_rfc(200, &fields), expected, "{fields:?}");
    }
}

#[test]
fn requests_by_the_rfc() {
    let fresh = "max-age=60";
    for (asked, cache_control, expected) in [
        (("Authorization", "x"), "max-age=60", Err("authorization")),
        (("Authorization", "x"), "max-age=60, public", Ok(60)),
        (("Authorization", "x"), "max-age=60, must-revalidate", Ok(60)),
        (("Authorization", "x"), "s-maxage=60", Ok(60)),
        (("Authorization", "x"), "max-age=60, proxy-revalidate", Err("authorization")),
        (("Cache-Control", "no-store"), fresh, Err("request-no-store")),
        (("Cookie", "x"), fresh, Ok(60)),
    ] {
        let answer = [("Cache-Control", cache_control)];
        assert_eq!(outcome(&rfc9111(), &get(&[asked]), 200, &answer), expected, "{asked:?} {cache_control}");
    }
    for (method, expected) in [(Method::Post, Err("method")), (Method::Head, Err("method")), (Method::Get, Ok(60))] {
        let request = Request { method, ..get(&[]) };
        assert_eq!(outcome(&rfc9111(), &request, 200, &[("Cache-Control", fresh)]), expected);
    }
    let with_content = Request { framing: Framing::Chunked, ..get(&[]) };
    assert_eq!(outcome(&rfc9111(), &with_content, 200, &[("Cache-Control", fresh)]), Err("request-content"));
}

#[test]
fn what_is_stored_is_what_may_be_shown() {
    let fields = [
        ("Cache-Control", "max-age=60, no-cache=\"a, B\", private=c"),
        ("A", "1"),
        ("b", "2"),
        ("C", "3"),
        ("D", "4"),
        ("Connection", "x"),
        ("X", "5"),
        ("Age", "6"),
    ];
    let storing = store(&rfc9111(), &get(&[]), &response(200, &fields), at(0), at(0));
    let stored = storing.stored().expect("stored");
    let names: Vec<_> = stored.fields.iter().map(|(name, _)| name).collect();
    assert_eq!(names, [&b"Cache-Control"[..], b"D", b"Date"]);
    assert_eq!(stored.fields.get("date"), Some(date(0).as_bytes()));
}

fn ttl(min_ttl_s: u64, default_ttl_s: u64, max_ttl_s: u64, fields: &[(&str, &str)]) -> Result<u64, &'static str> {
    let rules = CloudFrontRules { min_ttl_s, default_ttl_s, max_ttl_s, ..CloudFrontRules::default() };
    let fields: Vec<_> = fields.iter().copied().chain([("ETag", "\"a\"")]).collect();
    outcome(&Rules::CloudFront(rules), &get(&[]), 200, &fields)
}

#[test]
fn the_ttl_table_of_cloudfront() {
    let cache_control = |value| [("Cache-Control", value)];
    for (min, default, max, value, expected) in [
        (0, 20, 100, "", Ok(20)),
        (30, 20, 100, "", Ok(30)),
        (0, 20, 100, "max-age=50", Ok(50)),
        (0, 20, 100, "max-age=500", Ok(100)),
        (30, 40, 100, "max-age=5", Ok(30)),
        (0, 20, 100, "max-age=50, s-maxage=60", Ok(60)),
        (0, 20, 100, "max-age=0", Ok(0)),
        (0, 20, 100, "no-store", Err("no-store")),
        (0, 20, 100, "private", Err("private")),
        (0, 20, 100, "max-age=50, no-store", Err("no-store")),
        (0, 20, 100, "no-cache", Ok(0)),
        (30, 40, 100, "no-store", Ok(30)),
        (30, 40, 100, "private, max-age=90", Ok(30)),
        (30, 40, 100, "no-cache, max-age=90", Ok(30)),
    ] {
        assert_eq!(ttl(min, default, max, &cache_control(value)), expected, "{min} {default} {max} {value}");
    }
    let (now, later) = (date(0), date(60));
    assert_eq!(ttl(0, 20, 100, &[("Date", &now), ("Expires", &later)]), Ok(60));
    assert_eq!(ttl(30, 20, 100, &[("Date", &now), ("Expires", "0")]), Ok(30));
    assert_eq!(ttl(0, 20, 100, &[("Cache-Control", "max-age=50"), ("Age", "20")]), Ok(30));
    assert_eq!(ttl(10, 20, 100, &[("Cache-Control", "max-age=50"), ("Age", "90")]), Ok(10));
    assert_eq!(ttl(0, 20, 100, &[("CDN-Cache-Control", "max-age=5"), ("Cache-Control", "max-age=7")]), Ok(7));
}

#[test]
fn the_error_table_of_cloudfront() {
    let rules = CloudFrontRules {
        min_ttl_s: 0,
        default_ttl_s: 50,
        max_ttl_s: 100,
        error_min_ttl: vec![(404, 30), (500, 0)],
        ..CloudFrontRules::default()
    };
    let rules = Rules::CloudFront(rules);
    for (status, cache_control, expected) in [
        (404, "", Ok(30)),
        (404, "max-age=5", Ok(30)),
        (404, "max-age=60", Ok(60)),
        (404, "max-age=600", Ok(100)),
        (404, "no-cache", Ok(30)),
        (503, "", Ok(10)),
        (500, "", Err("useless")),
        (500, "max-age=7", Ok(7)),
        (403, "", Err("error-status")),
        (403, "max-age=5", Ok(10)),
        (416, "max-age=5", Err("error-status")),
        (429, "max-age=5", Err("error-status")),
        (302, "", Ok(50)),
    ] {
        let seen = outcome(&rules, &get(&[]), status, &[("Cache-Control", cache_control)]);
        assert_eq!(seen, expected, "{status} {cache_control}");
    }
    for status in [414, 501, 502, 504] {
        assert_eq!(outcome(&rules, &get(&[]), status, &[]), Ok(10), "{status}");
    }
}

#[test]
fn cloudfront_knows_no_vary_but_the_star() {
    let with_min = |min_ttl_s| Rules::CloudFront(CloudFrontRules { min_ttl_s, ..CloudFrontRules::default() });
    let star = response(200, &[("Vary", "*"), ("ETag", "\"a\""), ("Cache-Control", "max-age=60")]);
    let kept = store(&with_min(0), &get(&[]), &star, at(0), at(0)).into_stored().expect("stored");
    assert_eq!(reuse(&with_min(0), &get(&[]), &kept, at(1)), Reuse::Fetch(Reason::VaryMismatch));
    assert!(on_error(&with_min(0), &get(&[]), &kept, crate::semantics::OriginFailure::Disconnected, at(1)).is_some());
    let kept = store(&with_min(1), &get(&[]), &star, at(0), at(0)).into_stored().expect("stored");
    assert_eq!(reuse(&with_min(1), &get(&[("A", "b")]), &kept, at(1)), Reuse::Fresh(Reason::Fresh));
    let options = Request { method: Method::Options, ..get(&[]) };
    let caching = Rules::CloudFront(CloudFrontRules { caches_options: true, ..CloudFrontRules::default() });
    assert_eq!(outcome(&with_min(1), &options, 200, &[]), Err("method"));
    assert_eq!(outcome(&caching, &options, 200, &[]), Ok(86_400));
}

/// The cookie that others get.
fn shared_cookie(rules: &Rules, said: &[(&str, &str)]) -> Option<Vec<u8>> {
    let fields = [said, &[("Set-Cookie", "id=1"), ("ETag", "\"a\"")]].concat();
    let kept = store(rules, &get(&[]), &response(200, &fields), at(0), at(0)).into_stored().expect("stored");
    kept.fields.get("set-cookie").map(<[u8]>::to_vec)
}

#[test]
fn a_cookie_is_its_own_clients_unless_the_key_or_the_origin_says_otherwise() {
    let cloudfront = |forwards_cookies, keys_cookies| {
        Rules::CloudFront(CloudFrontRules { forwards_cookies, keys_cookies, ..CloudFrontRules::default() })
    };
    let lasting = [("Cache-Control", "max-age=60")];
    for said in [&[][..], &lasting] {
        assert_eq!(shared_cookie(&cloudfront(false, false), said), None);
        assert_eq!(shared_cookie(&cloudfront(true, false), said), None);
        assert_eq!(shared_cookie(&cloudfront(true, true), said).as_deref(), Some(&b"id=1"[..]));
    }
    let (modified, expires) = (date(-1_000_000), date(60));
    assert_eq!(shared_cookie(&rfc9111(), &[("Last-Modified", &modified)]), None, "guessed");
    for said in [("Cache-Control", "max-age=60"), ("Cache-Control", "public"), ("Expires", &expires)] {
        assert_eq!(shared_cookie(&rfc9111(), &[said]).as_deref(), Some(&b"id=1"[..]), "{said:?}");
    }
    assert_eq!(shared_cookie(&rfc9111(), &[("Cache-Control", "max-age=60, no-cache=\"Set-Cookie\"")]), None);
}

#[test]
fn a_cookie_of_a_304_is_the_clients_that_asked() {
    for (said, stored) in [("max-age=60", true), ("no-cache", false), ("no-store", false)] {
        let kept = stored_for(
            &get(&[]),
            &[("Cache-Control", said.replace("no-store", "no-cache").as_str()), ("ETag", "\"a\"")],
        );
        let news = response(
            304,
            &[("ETag", "\"a\""), ("Set-Cookie", "id=2"), ("Cache-Control", said), ("Content-Length", "0")],
        );
        let update = crate::semantics::update(&rfc9111(), &get(&[]), &kept, &news, at(1), at(1));
        let updated = update.stored().expect("it is used");
        assert_eq!(updated.fields.has("set-cookie"), stored, "{said}");
        let own = crate::semantics::withheld_cookies(&updated.fields, &news.fields);
        let expected: &[(&str, &str)] = if stored { &[] } else { &[("Set-Cookie", "id=2")] };
        assert_eq!(own, expected.iter().copied().collect(), "{said}");
    }
}

proptest! {
    #[test]
    fn whatever_comes_is_decided_and_ages(
        status in 100u16..600,
        names in proptest::collection::vec("(Cache-Control|CDN-Cache-Control|Expires|Date|Age|Vary|Last-Modified|Content-Range|ETag)", 0..6),
        values in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..30), 6),
        later in 0u64..1 << 50,
    ) {
        let fields: edgeplane_http::Fields = names.iter().zip(&values).collect();
        let answer = Response { status, fields };
        for rules in [rfc9111(), Rules::CloudFront(CloudFrontRules::default())] {
            if let Some(stored) = store(&rules, &get(&[]), &answer, at(0), at(5)).into_stored() {
                prop_assert!(stored.status >= 200 && stored.status != 304);
                prop_assert!(crate::semantics::age_s(&stored.lifetime, at(later)) <= DELTA_MAX_S);
                prop_assert!(stored.fields.has("date") && !stored.fields.has("age"));
                let written = rmp_serde::to_vec_named(&stored).unwrap();
                let read: Stored = rmp_serde::from_slice(&written).unwrap();
                prop_assert!(!is_plainly_fresh(&read.lifetime, at(5)));
                prop_assert_eq!(read.placed(at(5)), stored);
            }
        }
    }
}

//! The order of the checks, and signatures through requests.

use std::net::SocketAddr;

use edgeplane_http::{Connection, Framing, Method, Request, Scheme};
use edgeplane_sign::policy::Custom;
use edgeplane_sign::{Denied, HashAlgorithm, Signed, SigningKey, sign_canned, sign_custom};
use serde_json::{Value, json};

use super::*;
use crate::plan::Plan;
use crate::plan::tests::{behaviour, distribution, load, merged};

const PUBLIC_KEY: &str = include_str!("../../../sign/data/ec-public.pem");
const PRIVATE_KEY: &str = include_str!("../../../sign/data/ec.pem");
const NOW: u64 = 1_000;

/// A plan with the key group `G` of the key `K`, and what the default behaviour and the distribution have besides.
fn plan(default: Value, members: Value) -> Plan {
    let keys = json!({
        "public_keys": [{"id": "K", "path": "K", "config": {"Name": "k", "EncodedKey": PUBLIC_KEY}}],
        "key_groups": [{"id": "G", "path": "G", "config": {"Name": "g", "Items": ["K"]}}],
    });
    let config = merged(json!({"DefaultCacheBehavior": behaviour(default)}), members);
    load(vec![distribution(config)], keys).unwrap()
}

fn request(target: &str) -> Request {
    let (path, query) = target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query.to_owned())));
    Request { authority: "d.example.net".into(), path: path.into(), query, ..Request::default() }
}

fn asked_at(
    plan: &Plan,
    request: &Request,
    scheme: Scheme,
    now_s: u64,
    remembered: &mut Remembered,
) -> Result<Admitted<'static>, Refusal> {
    let client: SocketAddr = "192.0.2.7:4711".parse().unwrap();
    let connection = Connection { client, local: client, scheme, tls: None };
    let distribution = &plan.distributions[0];
    let (_, behaviour) = distribution.behaviour(&request.path).unwrap();
    let viewer = plan.viewer(request, &connection);
    let admitted = check(distribution, behaviour, &viewer, Moment { now_s, plan: plan.serial, remembered })?;
    Ok(Admitted { query: admitted.query.map(|query| query.into_owned().into()), grant: admitted.grant })
}

fn asked(plan: &Plan, request: &Request, scheme: Scheme) -> Result<Admitted<'static>, Refusal> {
    asked_at(plan, request, scheme, NOW, &mut Remembered::default())
}

fn signed_url(target: &str, expires: u64) -> String {
    let key = SigningKey::from_pem(PRIVATE_KEY).unwrap();
    let url = format!("https://d.example.net{target}");
    sign_canned(&key, "K", HashAlgorithm::Sha256, &url, expires).unwrap().url(target)
}

fn signed_custom(resource: &str) -> Signed {
    let key = SigningKey::from_pem(PRIVATE_KEY).unwrap();
    let custom = Custom { resource, date_less_than: 2_000, date_greater_than: None, ip_address: Some("192.0.2.0/24") };
    sign_custom(&key, "K", HashAlgorithm::Sha1, &custom.document()).unwrap()
}

#[test]
fn http_goes_to_https_where_that_is_asked_for() {
    let redirecting = plan(
        json!({"ViewerProtocolPolicy": "redirect-to-https", "AllowedMethods": ["GET", "HEAD", "POST"]}),
        json!({}),
    );
    let mut get = request("/a?b=c");
    get.authority = "d.example.net:8080".into();
    let location = String::from("https://d.example.net/a?b=c");
    assert_eq!(
        asked(&redirecting, &get, Scheme::Http),
        Err(Refusal::Redirect { status: 301, location: location.clone() })
    );
    get.method = Method::Post;
    assert_eq!(asked(&redirecting, &get, Scheme::Http), Err(Refusal::Redirect { status: 307, location }));
    assert!(asked(&redirecting, &get, Scheme::Https).is_ok());
    let strict = plan(json!({"ViewerProtocolPolicy": "https-only"}), json!({}));
    assert_eq!(asked(&strict, &request("/"), Scheme::Http), Err(Refusal::NotHttps));
    let (response, _) = Refusal::Redirect { status: 301, location: "https://x/".into() }.answer();
    assert_eq!((response.status, response.fields.get("location")), (301, Some(&b"https://x/"[..])));
}

#[test]
fn checks_come_in_their_order() {
    let geo = std::env::temp_dir().join(format!("edgeplane-access-{}.csv", std::process::id()));
    std::fs::write(&geo, "prefix,continent,country,subdivision,latitude,longitude\n192.0.2.0/24,EU,FR,,,\n").unwrap();
    let restricted = |kind: &str, enabled: bool| {
        let geography = json!({"Enabled": enabled, "Restrictions": {"GeoRestriction": {"RestrictionType": kind, "Locations": ["FR"]}}});
        let config = merged(
            json!({"DefaultCacheBehavior": behaviour(json!({"ViewerProtocolPolicy": "https-only"}))}),
            geography,
        );
        load(vec![distribution(config)], json!({"settings": {"geo_database": geo}})).unwrap()
    };
    let put = Request { method: Method::Put, ..request("/") };
    assert_eq!(asked(&restricted("blacklist", false), &put, Scheme::Http), Err(Refusal::Disabled));
    assert_eq!(asked(&restricted("blacklist", true), &put, Scheme::Http), Err(Refusal::NotHttps));
    assert_eq!(asked(&restricted("blacklist", true), &put, Scheme::Https), Err(Refusal::Country));
    assert_eq!(asked(&restricted("whitelist", true), &put, Scheme::Https), Err(Refusal::Method));
    let heavy = Request { framing: Framing::Length(1), ..request("/") };
    assert_eq!(asked(&restricted("whitelist", true), &heavy, Scheme::Https), Err(Refusal::ContentWithGet));
    let empty = Request { framing: Framing::Length(0), ..request("/?a") };
    let admitted = asked(&restricted("whitelist", true), &empty, Scheme::Https).unwrap();
    assert_eq!((admitted.query.as_deref(), admitted.grant), (Some("a"), None));
    std::fs::remove_file(&geo).unwrap();
}

#[test]
fn a_method_that_nobody_knows_is_handed_on_by_rfc_9111_where_every_other_is() {
    let all = json!(["GET", "HEAD", "OPTIONS", "PUT", "PATCH", "POST", "DELETE"]);
    let search = Request { method: Method::from_token(b"M-SEARCH").unwrap(), ..request("/") };
    for (semantics, methods, expected) in
        [("rfc9111", &all, true), ("rfc9111", &json!(["GET", "HEAD", "OPTIONS"]), false), ("cloudfront", &all, false)]
    {
        let config = json!({"DefaultCacheBehavior": behaviour(json!({"AllowedMethods": methods}))});
        let one = merged(distribution(config), json!({"semantics": semantics}));
        let asked = asked(&load(vec![one], json!({})).unwrap(), &search, Scheme::Http);
        assert_eq!(asked.err(), (!expected).then_some(Refusal::Method), "{semantics} {methods}");
    }
}

#[test]
fn a_signed_url_opens_and_loses_what_signs_it() {
    let plan = plan(json!({"TrustedKeyGroups": ["G"]}), json!({}));
    let refused = |target: &str| asked(&plan, &request(target), Scheme::Https).unwrap_err();
    let admitted = asked(&plan, &request(&signed_url("/a?size=m", 2_000)), Scheme::Https).unwrap();
    assert_eq!(admitted.query.as_deref(), Some("size=m"));
    assert_eq!(admitted.grant.map(|grant| (grant.expires, grant.key_id)), Some((2_000, "K".into())));
    let bare = asked(&plan, &request(&signed_url("/a", 2_000)), Scheme::Https).unwrap();
    assert_eq!(bare.query, None);
    assert_eq!(refused("/a"), Refusal::Signature(Denied::MissingKey));
    assert_eq!(refused(&signed_url("/a", NOW)), Refusal::Signature(Denied::Expired));
    assert_eq!(refused(&format!("{}&x=1", signed_url("/a", 2_000))), Refusal::Signature(Denied::WrongSignature));
    assert_eq!(refused(&signed_url("/a", 2_000).replace("/a", "/b")), Refusal::Signature(Denied::WrongSignature));
    assert_eq!(refused(&signed_url("/a", 2_000).replace("Id=K", "Id=L")), Refusal::Signature(Denied::UnknownKey));
    let (response, content) = refused("/a").answer();
    assert_eq!((response.status, response.fields.get("x-edge-reason")), (403, Some(&b"missing-key"[..])));
    assert!(String::from_utf8(content).unwrap().contains("<Code>MissingKey</Code>"));
}

#[test]
fn signed_cookies_open_many_urls() {
    let plan = plan(json!({"TrustedKeyGroups": ["G"]}), json!({}));
    let cookies: Vec<String> = signed_custom("https://d.example.net/a/*")
        .cookies()
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let with = |target: &str| {
        let mut request = request(target);
        request.fields.push("Cookie", format!("x=y; {}", cookies.join("; ")));
        asked(&plan, &request, Scheme::Https)
    };
    assert!(with("/a/b").is_ok() && with("/a/c?d=e").is_ok());
    assert_eq!(with("/b").unwrap_err(), Refusal::Signature(Denied::WrongResource));
    assert_eq!(
        with(&signed_url("/b", NOW)).unwrap_err(),
        Refusal::Signature(Denied::Expired),
        "the URL goes before cookies"
    );
}

#[test]
fn what_was_verified_is_remembered_and_still_judged() {
    let plan = plan(json!({"TrustedKeyGroups": ["G"]}), json!({}));
    let signed = signed_custom("https://d.example.net/a/*");
    let mut remembered = Remembered::new(4);
    let mut ask = |target: &str, now_s: u64| {
        asked_at(&plan, &request(&signed.url(target)), Scheme::Https, now_s, &mut remembered)
    };
    for n in 0..10 {
        assert!(ask(&format!("/a/{n}"), NOW).is_ok());
    }
    assert_eq!(ask("/b", NOW).unwrap_err(), Refusal::Signature(Denied::WrongResource));
    assert_eq!(ask("/a/0", 2_000).unwrap_err(), Refusal::Signature(Denied::Expired));
    assert_eq!(remembered.len(), 1, "one signature, however many URLs");
    for n in 0..20 {
        assert!(
            asked_at(&plan, &request(&signed_url(&format!("/{n}"), 2_000)), Scheme::Https, NOW, &mut remembered)
                .is_ok()
        );
        assert!((1..=4).contains(&remembered.len()), "bounded");
    }
    let wrong = signed.url("/a/0").replace("Signature=M", "Signature=N");
    assert!(asked_at(&plan, &request(&wrong), Scheme::Https, NOW, &mut remembered).is_err());
}

#[test]
fn another_plan_believes_nothing_of_the_one_before() {
    let trusting = plan(json!({"TrustedKeyGroups": ["G"]}), json!({}));
    let mut remembered = Remembered::default();
    let asked = request(&signed_url("/a", 2_000));
    assert!(asked_at(&trusting, &asked, Scheme::Https, NOW, &mut remembered).is_ok());
    let other = json!({
        "public_keys": [{"id": "K", "path": "K", "config": {"Name": "k", "EncodedKey": include_str!("../../../sign/data/rsa-public.pem")}}],
        "key_groups": [{"id": "G", "path": "G", "config": {"Name": "g", "Items": ["K"]}}],
    });
    let config = distribution(json!({"DefaultCacheBehavior": behaviour(json!({"TrustedKeyGroups": ["G"]}))}));
    let changed = load(vec![config], other).unwrap();
    let refused = asked_at(&changed, &asked, Scheme::Https, NOW, &mut remembered).unwrap_err();
    assert_eq!(refused, Refusal::Signature(Denied::WrongSignature));
}

#[test]
fn a_grant_of_one_behaviour_is_none_in_another() {
    let keys = json!({
        "public_keys": [
            {"id": "K", "path": "K", "config": {"Name": "k", "EncodedKey": PUBLIC_KEY}},
            {"id": "L", "path": "L", "config": {"Name": "l", "EncodedKey": include_str!("../../../sign/data/rsa-public.pem")}},
        ],
        "key_groups": [
            {"id": "G", "path": "G", "config": {"Name": "g", "Items": ["K"]}},
            {"id": "H", "path": "H", "config": {"Name": "h", "Items": ["L"]}},
        ],
    });
    let first = behaviour(json!({"PathPattern": "/h/*", "TrustedKeyGroups": ["H"]}));
    let config =
        json!({"CacheBehaviors": [first], "DefaultCacheBehavior": behaviour(json!({"TrustedKeyGroups": ["G"]}))});
    let plan = load(vec![distribution(config)], keys).unwrap();
    let signed = signed_custom("https://d.example.net/*");
    let mut remembered = Remembered::default();
    assert!(asked_at(&plan, &request(&signed.url("/a")), Scheme::Https, NOW, &mut remembered).is_ok());
    let refused = asked_at(&plan, &request(&signed.url("/h/a")), Scheme::Https, NOW, &mut remembered).unwrap_err();
    assert_eq!(refused, Refusal::Signature(Denied::UnknownKey));
}

/// `/private/*` and `/@paid/*` ask for signatures, the rest is open but for what its `TrustedKeyGroups` say.
fn partly_private(default: Value) -> Plan {
    let private = behaviour(json!({"PathPattern": "private/*", "TrustedKeyGroups": ["G"]}));
    let paid = behaviour(json!({"PathPattern": "/@paid/*", "TrustedKeyGroups": ["G"]}));
    let open = behaviour(json!({"PathPattern": "open/*"}));
    let accented = behaviour(json!({"PathPattern": "caf%C3%A9/*", "TrustedKeyGroups": ["G"]}));
    plan(default, json!({"CacheBehaviors": [private, paid, open, accented]}))
}

#[test]
fn no_spelling_goes_round_a_behaviour_that_asks_for_signatures() {
    let plan = partly_private(json!({}));
    let asked = |target: &str| asked(&plan, &request(target), Scheme::Https);
    for path in [
        "/private%2Fsecret.pdf",
        "/private%2fsecret.pdf",
        "/%70rivate%2Fsecret.pdf",
        "/%40paid/a.txt",
        "/open/..%2Fprivate/a",
        "/open%2F%2e%2e%2fprivate%2Fa",
        "/private/..%2Fopen/a",
        "/private\\a",
        "/private%5ca",
        "/x\\..\\private\\a",
    ] {
        assert_eq!(asked(path), Err(Refusal::AmbiguousPath), "{path}");
    }
    for path in ["/open/a%2Fb", "/open/a\\b", "/a%2Fb", "/open%2Fa", "/private%252Fa", "/a%20b%"] {
        assert!(asked(path).is_ok(), "{path}: {:?}", asked(path));
    }
    for path in ["/private/a%20b", "/@paid/a%40b", "/caf%C3%A9/a%20b", "/private/a%2Fb"] {
        assert!(asked(&signed_url(path, 2_000)).is_ok(), "{path}: {:?}", asked(&signed_url(path, 2_000)));
        assert_eq!(asked(path), Err(Refusal::Signature(Denied::MissingKey)), "{path}");
    }
}

#[test]
fn nor_does_one_round_a_default_behaviour_that_asks() {
    let plan = partly_private(json!({"TrustedKeyGroups": ["G"]}));
    let asked = |target: &str| asked(&plan, &request(target), Scheme::Https);
    assert!(asked("/open/a%2Fb").is_ok());
    for path in ["/open/..%2Fa", "/open%2Fa"] {
        assert_eq!(asked(path), Err(Refusal::AmbiguousPath), "{path}");
    }
}

#[test]
fn dot_segments_lead_out_of_no_policy() {
    let plan = plan(json!({"TrustedKeyGroups": ["G"]}), json!({}));
    let signed = signed_custom("https://d.example.net/alice/*");
    let asked = |path: &str| asked(&plan, &request(&signed.url(path)), Scheme::Https);
    for path in [
        "/alice/../bob/b.txt",
        "/alice/%2e%2e/bob/b.txt",
        "/alice/%2E./bob/b.txt",
        "/alice/..%2fbob/b.txt",
        "/alice/..%5cbob/b.txt",
        "/alice/..;/bob/b.txt",
        "/alice/./b.txt",
        "/alice/x/..",
    ] {
        assert_eq!(asked(path), Err(Refusal::AmbiguousPath), "{path}");
    }
    for path in ["/alice/a..txt", "/alice/.hidden", "/alice/...", "/alice/a%20b.txt", "/alice/%252e%252e/b.txt"] {
        assert!(asked(path).is_ok(), "{path}");
    }
}

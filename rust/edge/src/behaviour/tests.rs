//! Keys against a definition, and requests to origins as the facts have them.

use std::net::SocketAddr;

use edgeplane_http::{Connection, Framing, Method, Request, Scheme, Tls, Version};
use edgeplane_net::tls::Fingerprints;
use proptest::prelude::*;

use super::forward::{Hop, is_made_here};
use super::*;

const HOP: Hop<'_> = Hop { request_id: "id==", name: "d.edge.example.net" };

fn connection() -> Connection {
    let client: SocketAddr = "192.0.2.7:4711".parse().unwrap();
    let fingerprints = Fingerprints { ja3: "ada70206e40642a3e4461f35503241d5".into(), ja4: "t13d15".into() };
    let tls = Tls { version: "TLSv1.3", cipher: "TLS_AES_128_GCM_SHA256", ..Tls::default() };
    let tls = Tls { fingerprints: Some(fingerprints.into()), ..tls };
    Connection { client, local: client, scheme: Scheme::Https, tls: Some(tls) }
}

fn request(fields: &[(&str, &str)]) -> Request {
    let fields = fields.iter().copied().collect();
    Request {
        authority: "www.example.com".into(),
        path: "/a".into(),
        fields,
        version: Version::Http2,
        ..Request::default()
    }
}

fn names(names: &[&str]) -> Box<[String]> {
    names.iter().map(|name| String::from(*name)).collect()
}

fn key(rules: &KeyRules, request: &Request) -> Vec<u8> {
    let connection = connection();
    let viewer = Viewer::new(request, &connection, &[], None);
    let mut key = Vec::new();
    let asked = Asked { path: &request.path, query: request.query.as_deref() };
    rules.write("d", &viewer, asked, rules.encodings(&viewer), &mut key);
    key
}

/// Everything that a key must tell apart, and nothing else.
fn meaning(rules: &KeyRules, request: &Request) -> impl PartialEq + std::fmt::Debug {
    let takes = |selection: &Selection, name: &str| selection.takes(name.as_bytes());
    let name = |pair: &str| pair.split('=').next().unwrap_or_default().to_owned();
    let pairs = request.query.iter().flat_map(|query| query.split('&'));
    let pairs: Vec<String> = pairs.filter(|pair| takes(&rules.query, &name(pair))).map(String::from).collect();
    let cookie = request.fields.combined("cookie").unwrap_or_default();
    let text = String::from_utf8(cookie).unwrap();
    let all = text.split([';', ',']).map(|cookie| cookie.trim().to_owned()).filter(|cookie| !cookie.is_empty());
    let mut cookies: Vec<(String, String)> = all
        .filter(|cookie| takes(&rules.cookies, &name(cookie)))
        .map(|cookie| cookie.split_once('=').map_or((cookie.clone(), String::new()), |(a, b)| (a.into(), b.into())))
        .collect();
    cookies.sort_by(|a, b| a.0.cmp(&b.0));
    let headers: Vec<Vec<Vec<u8>>> = rules.headers.iter().map(|header| values(header, request)).collect();
    let class = match request.method {
        Method::Get | Method::Head => "get",
        Method::Options => "options",
        _ => "other",
    };
    (class, request.path.clone(), pairs, cookies, headers, rules.encodings.accepted(&request.fields).field())
}

fn values(header: &KeyHeader, request: &Request) -> Vec<Vec<u8>> {
    match header {
        KeyHeader::Sent(name) => request.fields.all(name).map(<[u8]>::to_vec).collect(),
        _ => vec![request.authority.clone().into()],
    }
}

fn selection() -> impl Strategy<Value = Selection> {
    let names = proptest::collection::vec("[ab]", 0..3).prop_map(Vec::into_boxed_slice);
    prop_oneof![
        Just(Selection::None),
        Just(Selection::All),
        names.clone().prop_map(Selection::Listed),
        names.prop_map(Selection::AllExcept),
    ]
}

fn rules() -> impl Strategy<Value = KeyRules> {
    let headers = prop_oneof![
        Just(vec![]),
        Just(vec![KeyHeader::Host]),
        Just(vec![KeyHeader::Sent("x".into()), KeyHeader::Sent("y".into())]),
    ];
    (headers, selection(), selection(), any::<bool>()).prop_map(|(headers, cookies, query, gzip)| KeyRules {
        headers: headers.into(),
        cookies,
        query,
        encodings: Encodings::new(gzip, false),
        signed: false,
    })
}

fn requests() -> impl Strategy<Value = Request> {
    let method = prop_oneof![Just(Method::Get), Just(Method::Head), Just(Method::Options)];
    // Values whose concatenations are alike, so that a key without lengths is found out.
    let field = prop_oneof![
        4 => (Just("x".to_owned()), "1{0,2}"),
        1 => (Just("y".to_owned()), "1{0,2}"),
        1 => (Just("cookie".to_owned()), "([ab]=[12]; )?[abc]=[12]?"),
        1 => (Just("accept-encoding".to_owned()), "gzip|br"),
    ];
    let query = proptest::option::of("([abc](=[12&]?)?&)?[abc](=[12]?)?");
    (method, "/[ab]?", query, proptest::collection::vec(field, 1..4), "[hi]").prop_map(
        |(method, path, query, fields, authority)| Request {
            method,
            path,
            query,
            authority,
            fields: fields.into_iter().collect(),
            ..Request::default()
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]
    #[test]
    fn two_requests_have_one_key_if_and_only_if_they_mean_the_same(
        rules in rules(), a in requests(), other in requests(), differing in 0..8,
    ) {
        let b = match differing {
            0 => Request { method: other.method, ..a.clone() },
            1 => Request { path: other.path, ..a.clone() },
            2 => Request { query: other.query, ..a.clone() },
            3 => other,
            _ => Request { fields: other.fields, ..a.clone() },
        };
        let same = meaning(&rules, &a) == meaning(&rules, &b);
        prop_assert_eq!(key(&rules, &a) == key(&rules, &b), same, "{:?}", (meaning(&rules, &a), meaning(&rules, &b)));
    }
}

#[test]
fn parts_are_told_apart_by_where_they_end() {
    let headers = [KeyHeader::Sent("x".into()), KeyHeader::Sent("y".into())].into();
    let rules = KeyRules { headers, query: Selection::All, cookies: Selection::All, ..KeyRules::default() };
    let asked = |path: &str, query: &str, fields: &[(&str, &str)]| {
        let asked = Request { path: path.into(), query: Some(query.into()), ..request(fields) };
        key(&rules, &asked)
    };
    let pairs = [
        (asked("/a", "", &[("x", "1"), ("x", "1")]), asked("/a", "", &[("x", ""), ("x", "11")])),
        (asked("/a", "", &[("x", "1"), ("y", "1")]), asked("/a", "", &[("x", "1"), ("x", "1")])),
        (asked("/a", "b", &[]), asked("/ab", "", &[])),
        (asked("/a", "", &[("cookie", "a=bc")]), asked("/a", "", &[("cookie", "ab=c")])),
    ];
    for (one, other) in pairs {
        assert_ne!(one, other);
    }
}

#[test]
fn many_cookies_are_sorted_like_few() {
    let rules = KeyRules { cookies: Selection::All, ..KeyRules::default() };
    for count in [2, 31, 32, 33, 200] {
        let cookie = |n: usize| format!("c{n:03}={n}");
        let forward: Vec<String> = (0..count).map(cookie).collect();
        let backward: Vec<String> = (0..count).rev().map(cookie).collect();
        let key = |cookies: &[String]| key(&rules, &request(&[("cookie", &cookies.join("; "))]));
        assert_eq!(key(&forward), key(&backward), "{count}");
        assert_ne!(key(&forward), key(&forward[1..]), "{count}");
    }
}

#[test]
fn cookies_that_sign_are_in_no_key() {
    let rules = KeyRules { cookies: Selection::All, signed: true, ..KeyRules::default() };
    let signed = request(&[("cookie", "a=1; CloudFront-Signature=x; CloudFront-Policy=y")]);
    assert_eq!(key(&rules, &signed), key(&rules, &request(&[("cookie", "a=1")])));
}

#[test]
fn distributions_share_no_object() {
    let (request, connection) = (request(&[]), connection());
    let viewer = Viewer::new(&request, &connection, &[], None);
    let write = |id: &str, path: &str| {
        let mut key = Vec::new();
        KeyRules::default().write(id, &viewer, Asked { path, query: None }, Encodings::NONE, &mut key);
        key
    };
    assert_ne!(write("d", "/a"), write("e", "/a"));
    assert_ne!(write("d", "e/a"), write("de", "/a"));
}

/// What the origin is asked, fields as lines in order of their names.
#[test]
fn all_keys_of_a_uri_say_so() {
    let headers = [KeyHeader::Sent("a".into())].into();
    let queries = Selection::Listed(names(&["q"]));
    let rules = KeyRules { headers, cookies: Selection::All, query: queries, ..KeyRules::default() };
    let uri = |path: &str, query: &str, fields: &[(&str, &str)]| {
        let request = Request { path: path.into(), query: Some(query.into()), ..request(fields) };
        let (key, mut written) = (key(&rules, &request), Vec::new());
        rules.write_uri("d", Asked { path, query: Some(query) }, &mut written);
        assert_eq!(super::key::uri(&key), written);
        written
    };
    let one = uri("/a", "q=1", &[("a", "1")]);
    assert_eq!(one, uri("/a", "q=1&other", &[("a", "2"), ("cookie", "c=1")]));
    assert!(one != uri("/a", "q=2", &[]) && one != uri("/ab", "q=1", &[]));
    assert_eq!(super::key::uri(b"key"), b"key");
}

fn outgoing(rules: &ForwardRules, request: &Request, purpose: Purpose) -> (Request, Vec<String>) {
    let connection = connection();
    let viewer = Viewer::new(request, &connection, &[], None);
    let asked = Asked { path: &request.path, query: request.query.as_deref() };
    let sent = rules.outgoing(&viewer, asked, Encodings::new(true, false), purpose, HOP);
    let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
    let mut lines: Vec<String> =
        sent.fields.iter().map(|(name, value)| format!("{}: {}", text(name).to_lowercase(), text(value))).collect();
    lines.sort();
    (sent, lines)
}

/// What every request to an origin has.
fn usual(more: &[&str]) -> Vec<String> {
    let mut lines: Vec<String> = [
        "accept-encoding: gzip",
        "user-agent: Amazon CloudFront",
        "via: 2.0 d.edge.example.net (CloudFront)",
        "x-amz-cf-id: id==",
        "x-forwarded-for: 192.0.2.7",
    ]
    .iter()
    .filter(|line| !more.iter().any(|other| other.split(':').next() == line.split(':').next()))
    .chain(more)
    .map(|line| String::from(*line))
    .collect();
    lines.sort();
    lines
}

const CURIOUS: [(&str, &str); 22] = [
    ("Accept", "text/html"),
    ("Accept-Encoding", "gzip, br"),
    ("Authorization", "Basic x"),
    ("Cache-Control", "no-cache"),
    ("CloudFront-Viewer-Country", "XX"),
    ("Connection", "keep-alive, X-Hop"),
    ("Content-Type", "text/plain"),
    ("Cookie", "a=1; b=2"),
    ("Expect", "100-continue"),
    ("Host", "www.example.com"),
    ("If-None-Match", "\"x\""),
    ("Keep-Alive", "5"),
    ("Proxy-Authorization", "x"),
    ("Range", "bytes=0-1"),
    ("TE", "trailers"),
    ("Transfer-Encoding", "chunked"),
    ("User-Agent", "curl"),
    ("X-Amz-Cf-Id", "forged"),
    ("X-Custom", "1"),
    ("X-Edge-Location", "forged"),
    ("X-Forwarded-Proto", "ftp"),
    ("X-Hop", "1"),
];

#[test]
fn an_origin_gets_little_unless_policies_say_more() {
    let rules = ForwardRules { encodes: true, ..ForwardRules::default() };
    let mut asked = request(&CURIOUS);
    asked.query = Some("q=1".into());
    let (sent, lines) = outgoing(&rules, &asked, Purpose::Fill);
    assert_eq!(lines, usual(&["cache-control: no-cache"]));
    assert_eq!((sent.authority.as_str(), sent.query, sent.scheme), ("", None, Scheme::Https));
}

#[test]
fn an_origin_that_may_steer_the_cache_is_told_so() {
    let rules = ForwardRules { encodes: true, surrogate: true, ..ForwardRules::default() };
    let asked = request(&[("Surrogate-Capability", "other=\"Surrogate/1.0\"")]);
    let (_, lines) = outgoing(&rules, &asked, Purpose::Fill);
    assert_eq!(lines, usual(&["surrogate-capability: edgeplane=\"Surrogate/1.0\""]));
}

#[test]
fn a_request_that_is_passed_on_keeps_its_content_and_conditions() {
    let rules = ForwardRules { encodes: true, ..ForwardRules::default() };
    let asked = Request { method: Method::Post, framing: Framing::Length(3), ..request(&CURIOUS) };
    let (sent, lines) = outgoing(&rules, &asked, Purpose::Pass);
    let more = [
        "authorization: Basic x",
        "cache-control: no-cache",
        "content-type: text/plain",
        "if-none-match: \"x\"",
        "range: bytes=0-1",
    ];
    assert_eq!(lines, usual(&more));
    assert_eq!((sent.framing, sent.method), (Framing::Length(3), Method::Post));
    let (fill, _) = outgoing(&rules, &asked, Purpose::Fill);
    assert_eq!(fill.framing, Framing::None);
}

#[test]
fn all_viewer_forwards_what_is_the_viewers() {
    let rules = ForwardRules {
        headers: HeaderRule::All,
        cookies: Selection::All,
        query: Selection::All,
        generated: [
            Generated::Country,
            Generated::IsMobile,
            Generated::Tls,
            Generated::Address,
            Generated::Ja3,
            Generated::Ja4,
        ]
        .into(),
        ..ForwardRules::default()
    };
    let mut asked = request(&CURIOUS);
    asked.query = Some("q=1".into());
    let (sent, lines) = outgoing(&rules, &asked, Purpose::Fill);
    let more = [
        "accept-encoding: gzip, br",
        "accept: text/html",
        "authorization: Basic x",
        "cache-control: no-cache",
        "cloudfront-is-mobile-viewer: false",
        "cloudfront-viewer-address: 192.0.2.7:4711",
        "cloudfront-viewer-ja3-fingerprint: ada70206e40642a3e4461f35503241d5",
        "cloudfront-viewer-ja4-fingerprint: t13d15",
        "cloudfront-viewer-tls: TLSv1.3:TLS_AES_128_GCM_SHA256:fullHandshake",
        "content-type: text/plain",
        "cookie: a=1; b=2",
        "user-agent: curl",
        "x-custom: 1",
    ];
    assert_eq!(lines, usual(&more));
    assert_eq!((sent.authority.as_str(), sent.query.as_deref()), ("www.example.com", Some("q=1")));
    let (_, lines) = outgoing(&rules, &Request { reused: true, ..asked.clone() }, Purpose::Fill);
    assert!(lines.contains(&"cloudfront-viewer-tls: TLSv1.3:TLS_AES_128_GCM_SHA256:connectionReused".to_owned()));
    let except = ForwardRules { headers: HeaderRule::AllExcept(names(&["host", "x-custom"])), ..rules };
    let (sent, lines) = outgoing(&except, &asked, Purpose::Fill);
    assert!(sent.authority.is_empty() && !lines.iter().any(|line| line.starts_with("x-custom")));
}

#[test]
fn listed_names_are_forwarded_and_what_signs_is_not() {
    let rules = ForwardRules {
        headers: HeaderRule::Listed(names(&["x-custom"])),
        keyed: names(&["accept"]),
        cookies: Selection::AllExcept(names(&["a"])),
        query: Selection::Listed(names(&["q", "r"])),
        encodes: true,
        signed: true,
        ..ForwardRules::default()
    };
    let fields = [
        ("accept", "x"),
        ("X-CUSTOM", "1"),
        ("x-other", "2"),
        ("cookie", "a=1; CloudFront-Expires=9; c=3"),
        ("cookie", "d=4"),
    ];
    let mut asked = request(&fields);
    asked.query = Some("r=2&s=3&q=1".into());
    let (sent, lines) = outgoing(&rules, &asked, Purpose::Fill);
    assert_eq!(lines, usual(&["accept: x", "x-custom: 1", "cookie: c=3; d=4"]));
    assert_eq!(sent.query.as_deref(), Some("r=2&q=1"));
}

#[test]
fn the_older_form_forwards_what_it_does_not_take_away() {
    let rules =
        ForwardRules { headers: HeaderRule::Older(names(&["referer"])), encodes: true, ..ForwardRules::default() };
    let fields = [
        ("Accept", "x"),
        ("Referer", "r"),
        ("Origin", "o"),
        ("X-Other", "1"),
        ("Authorization", "x"),
        ("User-Agent", "u"),
    ];
    let (sent, lines) = outgoing(&rules, &request(&fields), Purpose::Fill);
    assert_eq!(lines, usual(&["referer: r", "x-other: 1"]));
    assert!(sent.authority.is_empty());
}

#[test]
fn hops_add_themselves_to_the_lists() {
    let fields = [("X-Forwarded-For", "203.0.113.1"), ("x-forwarded-for", "203.0.113.2"), ("Via", "1.1 a")];
    let (_, lines) =
        outgoing(&ForwardRules { encodes: true, ..ForwardRules::default() }, &request(&fields), Purpose::Fill);
    let more =
        ["via: 1.1 a, 2.0 d.edge.example.net (CloudFront)", "x-forwarded-for: 203.0.113.1, 203.0.113.2, 192.0.2.7"];
    assert_eq!(lines, usual(&more));
}

#[test]
fn a_websocket_keeps_its_own_fields() {
    let mut asked = request(&[("Sec-WebSocket-Key", "k"), ("Connection", "Upgrade"), ("Upgrade", "websocket")]);
    asked.upgrade = Some("websocket".into());
    let rules = ForwardRules { encodes: true, ..ForwardRules::default() };
    let (sent, lines) = outgoing(&rules, &asked, Purpose::Pass);
    assert_eq!((sent.upgrade, lines), (Some("websocket".into()), usual(&["sec-websocket-key: k"])));
    assert_eq!(outgoing(&rules, &asked, Purpose::Fill).0.upgrade, None);
}

#[test]
fn every_generated_field_has_a_name() {
    for name in
        ["CloudFront-Viewer-Country", "cloudfront-viewer-tls", "CloudFront-Viewer-ASN", "CloudFront-Is-IOS-Viewer"]
    {
        let header = Generated::from_name(name).unwrap();
        assert!(header.name().eq_ignore_ascii_case(name));
    }
    assert_eq!(Generated::from_name("CloudFront-Other"), None);
    assert!(!Generated::Address.is_for_keys() && Generated::Country.is_for_keys());
    assert!(!Generated::Ja3.is_for_keys() && !Generated::Ja4.is_for_keys());
}

#[test]
fn what_tells_clients_apart_is_what_origins_are_told_of_them_and_the_key_has_not() {
    let generated = [Generated::Country, Generated::IsMobile].into();
    let rules = ForwardRules { generated, headers: HeaderRule::All, encodes: true, ..ForwardRules::default() };
    let none = ForwardRules { encodes: true, ..ForwardRules::default() };
    for (name, by_all, by_none, made) in [
        ("cloudfront-viewer-country", true, false, true),
        ("cloudfront-viewer-city", false, false, true),
        ("cloudfront-viewer-shoe-size", false, false, true),
        ("x-forwarded-for", true, true, true),
        ("via", true, true, true),
        ("x-amz-cf-id", true, true, true),
        ("x-edge-reason", false, false, true),
        ("x-real-ip", false, false, true),
        ("range", false, false, true),
        ("if-none-match", false, false, true),
        ("te", false, false, true),
        ("cookie", false, false, true),
        ("user-agent", true, false, true),
        ("host", true, false, true),
        ("surrogate-capability", true, false, true),
        ("accept-encoding", true, true, true),
        ("accept-language", true, false, false),
        ("cache-control", true, true, false),
    ] {
        let told = (!rules.is_kept_from_origins(name), !none.is_kept_from_origins(name));
        assert_eq!((told, is_made_here(name)), ((by_all, by_none), made), "{name}");
    }
    let headers = [
        KeyHeader::Generated(Generated::Country),
        KeyHeader::Host,
        KeyHeader::Port,
        KeyHeader::Sent("accept".into()),
        KeyHeader::Sent("via".into()),
    ];
    let key = KeyRules { headers: headers.into(), ..KeyRules::default() };
    let names = ["cloudfront-viewer-country", "host", "accept", "via", "cloudfront-viewer-city", "origin"];
    assert_eq!(names.map(|name| key.has_header(name)), [true, true, true, false, false, false]);
}

//! Lines against a reader that splits and decodes them.

use std::collections::BTreeMap;
use std::time::Instant;

use edgeplane_http::service::Tls;
use edgeplane_http::{Connection, Content, Method, PreparedHead, Reply, Request, Response, Scheme, Version};
use edgeplane_net::linelog::Format as _;
use proptest::prelude::*;

use super::columns::NAMES;
use super::*;
use crate::plan::settings::LogFormat;
use edgeplane_net::linelog::Sample;

/// What an analyst's program does: splits at tabs, decodes, and has nothing for `-`.
fn read(line: &str) -> Vec<Option<Vec<u8>>> {
    let line = line.strip_suffix('\n').unwrap();
    let decode = |field: &str| {
        let mut octets = Vec::new();
        let mut rest = field.as_bytes();
        while let Some((&octet, after)) = rest.split_first() {
            let hex = after.get(..2).and_then(|hex| u8::from_str_radix(str::from_utf8(hex).ok()?, 16).ok());
            match (octet, hex) {
                (b'%', Some(decoded)) => {
                    octets.push(decoded);
                    rest = &after[2..];
                }
                _ => {
                    octets.push(octet);
                    rest = after;
                }
            }
        }
        octets
    };
    line.split('\t').map(|field| (field != "-").then(|| decode(field))).collect()
}

fn connection() -> Connection {
    let tls = Tls { version: "TLSv1.3", cipher: "TLS_AES_128_GCM_SHA256", ..Tls::default() };
    let (client, local) = ("192.0.2.7:50123".parse().unwrap(), "127.0.0.1:443".parse().unwrap());
    Connection { client, local, scheme: Scheme::Https, tls: Some(tls) }
}

fn request() -> Request {
    let fields = [
        ("User-Agent", "Mozilla/5.0 (X11; \"quoted\")\t100%"),
        ("Referer", "https://example.net/a b"),
        ("Cookie", "id=1; secret=2"),
        ("X-Forwarded-For", "198.51.100.1, 10.0.0.1"),
    ];
    Request {
        scheme: Scheme::Https,
        version: Version::Http2,
        authority: "www.example.net:8443".into(),
        path: "/a%20b/c".into(),
        query: Some("q=%41&x=1+2".into()),
        fields: fields.into_iter().collect(),
        ..Request::default()
    }
}

fn times() -> Times {
    let begun = Instant::now();
    let after = |ms| begun + Duration::from_millis(ms);
    Times { begun, answered: Some(after(12)), ended: after(1_345), ended_ms: 1_513_152_962_130 }
}

const SERVER: Server<'_> = Server { id: "E1", domain_name: "e1.edge.example.net", cookies: false };
const OCTETS: Octets = Octets { received: 10, sent: 2_048, complete: true };

fn entry(answer: &Answer<'_>) -> Entry {
    Entry::new((&request(), &connection()), SERVER, answer, times(), OCTETS)
}

fn line(form: LogFormat, entry: &Entry) -> String {
    let mut line = String::new();
    format::Format { form, location: "FRA6".into() }.line(entry, &mut line);
    line
}

fn columns(entry: &Entry) -> BTreeMap<&'static str, Option<String>> {
    let fields = read(&line(LogFormat::CloudFront, entry));
    assert_eq!(fields.len(), NAMES.len());
    let text = |field: Option<Vec<u8>>| field.map(|octets| String::from_utf8(octets).unwrap());
    NAMES.into_iter().zip(fields.into_iter().map(text)).collect()
}

#[test]
fn a_reader_gets_every_field_back() {
    let response = Response::new(206)
        .with("content-type", "text/html; charset=utf-8")
        .with("content-range", "bytes 100-299/5000")
        .with("x-amz-cf-id", "origin's")
        .with("x-amz-cf-id", "our-id");
    let head = format::Format { form: LogFormat::CloudFront, location: String::new() }.head();
    assert_eq!(head.lines().next(), Some("#Version: 1.0"));
    assert_eq!(head.lines().nth(1).unwrap().split(' ').skip(1).collect::<Vec<_>>(), NAMES);
    let entry = entry(&Answer::of_response(&response, ResultType::RefreshHit, Some(200)));
    let found = columns(&entry);
    for (name, expected) in [
        ("date", "2017-12-13"),
        ("time", "08:16:02"),
        ("x-edge-location", "FRA6"),
        ("sc-bytes", "2048"),
        ("c-ip", "192.0.2.7"),
        ("cs-method", "GET"),
        ("cs(Host)", "e1.edge.example.net"),
        ("cs-uri-stem", "/a b/c"),
        ("sc-status", "206"),
        ("cs(Referer)", "https://example.net/a b"),
        ("cs(User-Agent)", "Mozilla/5.0 (X11; \"quoted\")\t100%"),
        ("cs-uri-query", "q=A&x=1+2"),
        ("cs(Cookie)", "-"),
        ("x-edge-result-type", "RefreshHit"),
        ("x-edge-request-id", "our-id"),
        ("x-host-header", "www.example.net:8443"),
        ("cs-protocol", "https"),
        ("time-taken", "1.345"),
        ("x-forwarded-for", "198.51.100.1, 10.0.0.1"),
        ("ssl-protocol", "TLSv1.3"),
        ("ssl-cipher", "TLS_AES_128_GCM_SHA256"),
        ("x-edge-response-result-type", "RefreshHit"),
        ("cs-protocol-version", "HTTP/2.0"),
        ("fle-status", "-"),
        ("fle-encrypted-fields", "-"),
        ("c-port", "50123"),
        ("time-to-first-byte", "0.012"),
        ("x-edge-detailed-result-type", "RefreshHit"),
        ("sc-content-type", "text/html; charset=utf-8"),
        ("sc-content-len", "200"),
        ("sc-range-start", "100"),
        ("sc-range-end", "299"),
    ] {
        assert_eq!(found[name].as_deref().unwrap_or("-"), expected, "{name}");
    }
    let received: u64 = found["cs-bytes"].as_ref().unwrap().parse().unwrap();
    assert!((150..300).contains(&received), "{received}");
    let line = line(LogFormat::CloudFront, &entry);
    assert!(line.contains("\t/a%20b/c\t") && line.contains("\tq=%41&x=1+2\t"), "as the client sent them: {line}");
}

#[test]
fn json_has_the_same_fields_without_the_empty_ones() {
    let response = Response::new(200).with("x-amz-cf-id", "our-id");
    let entry = entry(&Answer::of_response(&response, ResultType::Miss, None));
    let found: serde_json::Value = serde_json::from_str(&line(LogFormat::Json, &entry)).unwrap();
    for (name, expected) in [
        ("timestamp(ms)", serde_json::json!(1_513_152_962_130_u64)),
        ("DistributionId", "E1".into()),
        ("cs-uri-stem", "/a%20b/c".into()),
        ("cs(User-Agent)", "Mozilla/5.0 (X11; \"quoted\")\t100%".into()),
        ("sc-status", 200.into()),
        ("time-taken", 1.345.into()),
        ("x-edge-result-type", "Miss".into()),
    ] {
        assert_eq!(found[name], expected, "{name}");
    }
    assert!(found.get("cs(Cookie)").is_none() && found.get("sc-range-start").is_none());
}

#[test]
fn results_and_their_reasons() {
    let own = Response::new(403).with("x-cache", "Error from cloudfront").with("x-edge-reason", "ClientGeoBlocked");
    let theirs = Response::new(404).with("x-edge-reason", "told by the origin");
    let fine = Response::new(200);
    let of = |response, result| Answer::of_response(response, result, None);
    let gone = Octets { complete: false, ..OCTETS };
    for (answer, octets, expected) in [
        (of(&own, ResultType::Error), OCTETS, ["403", "Error", "Error", "ClientGeoBlocked"]),
        (of(&theirs, ResultType::Miss), OCTETS, ["404", "Error", "Error", "Error"]),
        (of(&fine, ResultType::Hit), OCTETS, ["200", "Hit", "Hit", "Hit"]),
        (of(&fine, ResultType::Miss), gone, ["200", "Error", "Miss", "ClientCommError"]),
        (Answer::default(), gone, ["000", "Error", "Error", "ClientCommError"]),
    ] {
        let entry = Entry::new((&request(), &connection()), SERVER, &answer, times(), octets);
        let found = columns(&entry);
        let names = ["sc-status", "x-edge-result-type", "x-edge-response-result-type", "x-edge-detailed-result-type"];
        assert_eq!(names.map(|name| found[name].clone().unwrap()), expected);
    }
}

#[test]
fn hits_say_what_their_own_lines_say() {
    let mut reply = Reply::default();
    let fields = [("x-cache", "Miss from cloudfront"), ("content-type", "text/css")].into_iter().collect();
    reply.head = Some(std::sync::Arc::new(PreparedHead::new(200, fields)));
    reply.content = Content::Bytes("body".into());
    reply.field("x-cache", "Hit from cloudfront");
    reply.field("x-amz-cf-id", "the-id");
    let found = columns(&entry(&Answer::of_reply(&reply)));
    let names = ["x-edge-result-type", "x-edge-request-id", "sc-content-type", "sc-content-len"];
    assert_eq!(names.map(|name| found[name].clone().unwrap()), ["Hit", "the-id", "text/css", "4"]);
}

#[test]
fn cookies_are_written_where_the_distribution_says_so() {
    let server = Server { cookies: true, ..SERVER };
    let entry = Entry::new((&request(), &connection()), server, &Answer::default(), times(), OCTETS);
    assert_eq!(columns(&entry)["cs(Cookie)"].as_deref(), Some("id=1; secret=2"));
}

#[test]
fn what_was_no_request_has_a_line_too() {
    let found = columns(&Entry::refused(&connection(), 400, b"bare line feed", 0));
    assert_eq!(found["cs-method"], None);
    assert_eq!(found["sc-status"].as_deref(), Some("400"));
    assert_eq!(found["x-edge-detailed-result-type"].as_deref(), Some("bare line feed"));
}

#[test]
fn entries_are_of_limited_size() {
    let mut long = request();
    long.path = format!("/{}", "a".repeat(1 << 20));
    long.fields.push("X-Forwarded-For", "b".repeat(1 << 20));
    long.fields.set("Referer", "c".repeat(1 << 20));
    let entry = Entry::new((&long, &connection()), SERVER, &Answer::default(), times(), OCTETS);
    assert!(entry.weight() < 16_384, "{}", entry.weight());
}

#[test]
fn a_log_follows_its_settings_and_is_reopened() {
    let folder = std::env::temp_dir().join(format!("edgeplane-accesslog-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let [first, second, moved] = ["a.log", "b.log", "a.log.1"].map(|name| folder.join(name));
    let settings = |path: &std::path::Path| Settings { path: path.into(), format: LogFormat::CloudFront, sample: 1.0 };
    let await_lines = |path: &std::path::Path, count: usize| {
        let end = Instant::now() + Duration::from_secs(20);
        while std::fs::read_to_string(path).unwrap_or_default().lines().count() < count {
            assert!(Instant::now() < end, "{}", path.display());
            std::thread::yield_now();
        }
    };
    let desk = Desk::default();
    assert!(desk.pen(None).is_none());
    assert!(desk.configure(Some(&settings(&first)), "").is_none());
    let pen = desk.pen(None).unwrap();
    assert!(pen.write(entry(&Answer::default())));
    await_lines(&first, 3);
    std::fs::rename(&first, &moved).unwrap();
    desk.reopen();
    await_lines(&first, 2);
    assert!(pen.write(entry(&Answer::default())));
    await_lines(&first, 3);
    assert!(desk.configure(Some(&settings(&first)), "").is_none(), "nothing new");
    let before = desk.configure(Some(&settings(&second)), "");
    assert!(pen.write(entry(&Answer::default())), "the old one takes entries until it is dropped");
    drop(before);
    await_lines(&first, 4);
    assert!(desk.pen(None).unwrap().write(entry(&Answer::default())));
    desk.stop();
    await_lines(&second, 3);
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn a_worker_keeps_its_pen_while_the_log_stays_the_same() {
    let settings = |sample| Settings { path: "/nonexistent/x".into(), format: LogFormat::Json, sample };
    let desk = Desk::default();
    drop(desk.configure(Some(&settings(1.0)), ""));
    let mut pen = desk.pen(None).unwrap();
    pen.sample = Sample::new(0.125);
    drop(desk.configure(Some(&settings(1.0)), ""));
    let pen = desk.pen(Some(pen)).unwrap();
    assert_eq!(pen.sample, Sample::new(0.125), "the same pen");
    drop(desk.configure(Some(&settings(0.5)), ""));
    let pen = desk.pen(Some(pen)).unwrap();
    assert_eq!(pen.sample, Sample::new(0.5), "another log's");
    drop(desk.configure(None, ""));
    assert!(desk.pen(Some(pen)).is_none());
}

#[test]
fn a_sample_is_its_share() {
    for (sample, expected) in [(0.0, 0..=0), (0.25, 900..=1_100), (1.0, 4_000..=4_000)] {
        let settings = Settings { path: "/nonexistent/x".into(), format: LogFormat::Json, sample };
        let pen = Arc::new(Log::start(&settings, "").unwrap()).pen();
        let mut random = Random::seeded(1);
        let taken = (0..4_000).filter(|_| pen.samples(&mut random)).count();
        assert!(expected.contains(&taken), "{sample}: {taken}");
    }
}

proptest! {
    #[test]
    fn any_octets_of_a_client_come_back(agent in proptest::collection::vec(any::<u8>(), 1..300), path in "/[!-~]{0,40}") {
        let mut odd = request();
        odd.method = Method::Head;
        odd.path = path.clone();
        odd.fields.set("User-Agent", &agent);
        let entry = Entry::new((&odd, &connection()), SERVER, &Answer::default(), times(), OCTETS);
        let text = line(LogFormat::CloudFront, &entry);
        prop_assert!(text.is_ascii());
        prop_assert_eq!(text.matches('\n').count(), 1);
        let fields = read(&text);
        prop_assert_eq!(fields.len(), 33);
        prop_assert_eq!(fields[10].as_deref(), Some(&agent[..]));
        prop_assert_eq!(text.split('\t').nth(7), Some(&path[..]));
        let object: serde_json::Value = serde_json::from_str(&line(LogFormat::Json, &entry)).unwrap();
        prop_assert_eq!(object["cs-uri-stem"].as_str(), Some(&path[..]));
    }
}

//! What is a request, and where it ends.

use proptest::prelude::*;

use super::super::settings::Settings;
use super::super::{head, refusal::Refusal};
use super::{malformed, once};
use crate::Request;

fn read(octets: &[u8]) -> Result<Option<(head::Head, Request)>, Refusal> {
    let mut request = Request::default();
    let head = head::read(octets, &Settings::default(), &mut request, &mut String::new())?;
    Ok(head.map(|head| (head, request)))
}

fn refused(octets: &[u8], status: u16) {
    let name = String::from_utf8_lossy(&octets[..octets.len().min(200)]);
    let (answer, site) = once([octets, b"GET /hit HTTP/1.1\r\nHost: a\r\n\r\n"].concat());
    let start = format!("HTTP/1.1 {status} ");
    assert!(answer.starts_with(&start), "{name:?}: {answer}");
    assert!(answer.ends_with("\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"), "{name:?}: {answer}");
    assert_eq!(answer.matches("HTTP/1.1").count(), 1, "{name:?}: {answer}");
    assert!(site.log.borrow().is_empty(), "{name:?}: {:?}", site.log);
    assert_eq!(site.refused.borrow()[0].0, status, "{name:?}");
}

#[test]
fn what_two_readers_could_read_differently_is_refused() {
    let heads = malformed::heads();
    assert!(heads.len() >= 250, "{}", heads.len());
    heads.iter().for_each(|head| refused(head, 400));
}

#[test]
fn what_is_too_long_too_new_or_unknown_has_its_own_status() {
    malformed::others().iter().for_each(|(status, head)| refused(head, *status));
}

#[test]
fn a_method_that_nobody_knows_is_asked_for_as_it_stands() {
    for token in ["get", "PROPFIND", "M-SEARCH", &"M".repeat(32)] {
        let (_, request) = read(format!("{token} /hit HTTP/1.1\r\nHost: a\r\n\r\n").as_bytes()).unwrap().unwrap();
        assert_eq!((request.method.token(), request.path.as_str()), (token, "/hit"));
    }
    refused(format!("{} /hit HTTP/1.1\r\nHost: a\r\n\r\n", "M".repeat(33)).as_bytes(), 501);
}

#[test]
fn the_largest_head_is_taken() {
    let head = |length: usize| format!("GET /hit HTTP/1.1\r\nHost: a\r\nb: {}\r\n\r\n", "c".repeat(length));
    let overhead = head(0).len();
    assert!(once(head(20_480 - overhead)).0.starts_with("HTTP/1.1 200 "));
    assert!(once(head(20_481 - overhead)).0.starts_with("HTTP/1.1 431 "));
    let target = |length: usize| format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "b".repeat(length - 1));
    assert_eq!(once(target(8192)).1.log.borrow().len(), 1);
    assert_eq!(once(target(8193)).1.refused.borrow()[0].0, 414);
}

#[test]
fn target_and_authority_are_as_they_were_meant() {
    let told = |line: &str, host: &str| {
        let answer = once(format!("GET {line} HTTP/1.1\r\nHost: {host}\r\n\r\n")).0;
        answer.rsplit_once("\r\n\r\n").unwrap().1.to_owned()
    };
    for (line, host, expected) in [
        ("/where", "A.Example", "a.example /where None"),
        ("/where?", "a:80", "a:80 /where Some(\"\")"),
        ("/where?b?c=%20", "[::1]:8080", "[::1]:8080 /where Some(\"b?c=%20\")"),
        ("/where?\u{e4}", "192.0.2.1", "192.0.2.1 /where Some(\"\u{e4}\")"),
        ("http://B:81/where", "b:81", "b:81 /where None"),
        ("HTTPS://b/where?c", "B", "b /where Some(\"c\")"),
        ("/where", "\t a_b.example. ", "a_b.example. /where None"),
    ] {
        assert_eq!(told(line, host), expected);
    }
    let (_, request) = read(b"GET http://b?c HTTP/1.1\r\nHost: b\r\n\r\n").unwrap().unwrap();
    assert_eq!((&*request.path, request.query.as_deref(), &*request.authority), ("/", Some("c"), "b"));
    let (_, request) = read(b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n").unwrap().unwrap();
    assert_eq!(&*request.path, "*");
    let (head, request) = read(b"\r\nGET / HTTP/1.0\r\n\r\n").unwrap().unwrap();
    assert_eq!((head.length, head.keep_alive, &*request.authority), (20, false, ""));
}

#[test]
fn a_connection_stays_as_it_was_asked_to() {
    let stays = |version: &str, connection: &str| {
        let head = format!("GET / HTTP/{version}\r\nHost: a\r\nConnection: {connection}\r\n\r\n");
        read(head.as_bytes()).unwrap().unwrap().0.keep_alive
    };
    for (version, connection, expected) in [
        ("1.1", "", true),
        ("1.1", "close", false),
        ("1.1", "a, Close ,b", false),
        ("1.1", "keep-alive", true),
        ("1.1", "keep-alive, close", false),
        ("1.0", "", false),
        ("1.0", "Keep-Alive", true),
        ("1.0", "keep-alive, close", false),
    ] {
        assert_eq!(stays(version, connection), expected, "{version} {connection}");
    }
}

#[test]
fn an_upgrade_is_one_that_was_asked_for_by_both_fields() {
    let upgrade = |version: &str, fields: &str| {
        let head = format!("GET / HTTP/{version}\r\nHost: a\r\n{fields}\r\n\r\n");
        read(head.as_bytes()).unwrap().unwrap().1.upgrade.map(|token| String::from_utf8(token.to_vec()).unwrap())
    };
    assert_eq!(upgrade("1.1", "Connection: keep-alive, Upgrade\r\nUpgrade: WebSocket").as_deref(), Some("websocket"));
    assert_eq!(upgrade("1.1", "Connection: Upgrade\r\nUpgrade: h2c, websocket").as_deref(), Some("websocket"));
    for (version, fields) in [
        ("1.1", "Upgrade: websocket"),
        ("1.1", "Connection: upgrade"),
        ("1.1", "Connection: upgrade, http2-settings\r\nUpgrade: h2c"),
        ("1.1", "Connection: upgrade\r\nUpgrade: foo"),
        ("1.0", "Connection: upgrade\r\nUpgrade: websocket"),
        ("1.1", "Connection: upgrade\r\nUpgrade: websocket\r\nContent-Length: 1"),
        ("1.1", "Connection: upgrade\r\nUpgrade: websocket\r\nTransfer-Encoding: chunked"),
    ] {
        assert_eq!(upgrade(version, fields), None, "{fields}");
    }
    let delete = b"DELETE / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n";
    assert_eq!(read(delete).unwrap().unwrap().1.upgrade, None, "it begins with GET");
}

#[test]
fn fields_that_connection_names_end_here() {
    let head = b"GET / HTTP/1.1\r\nHost: a\r\nOrigin: b\r\nConnection: close, oRIGIN\r\nTE: trailers\r\nConnection: X, TE\r\nx: c\r\n\r\n";
    let (_, request) = read(head).unwrap().unwrap();
    let names: Vec<_> = request.fields.iter().map(|(name, _)| String::from_utf8_lossy(name).into_owned()).collect();
    assert_eq!(names, ["Host", "Connection", "Connection"]);
}

#[test]
fn fields_are_handed_over_as_they_came() {
    let (_, request) = read(b"GET / HTTP/1.1\r\nHost: a\r\nB:\r\nc:  d e\t \r\nB: \xff\r\n\r\n").unwrap().unwrap();
    let expected: [(&[u8], &[u8]); 4] = [(b"Host", b"a"), (b"B", b""), (b"c", b"d e"), (b"B", b"\xff")];
    assert_eq!(request.fields.iter().collect::<Vec<_>>(), expected);
}

fn token() -> impl Strategy<Value = String> {
    "[!#$%&'*+.^_`|~0-9A-Za-z-]{1,20}".prop_filter("has a meaning", |name| {
        !["host", "expect", "upgrade", "connection", "content-length", "transfer-encoding"]
            .contains(&name.to_ascii_lowercase().as_str())
    })
}

proptest! {
    #[test]
    fn any_octets_are_read_without_a_panic(octets in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = read(&octets);
    }

    #[test]
    fn octets_like_a_head_are_read_without_a_panic(octets in "(GET|POST|\r\n|[ :/?#*\r\n\t,a0-]|http://|HTTP/1\\.[01]|Host: |Content-Length: |Transfer-Encoding: |chunked|Upgrade|\\[::1\\]){0,30}") {
        if let Ok(Some((head, request))) = read(octets.as_bytes()) {
            prop_assert!(head.length <= octets.len() && octets[..head.length].ends_with("\r\n\r\n"));
            prop_assert!(request.path.starts_with('/') || request.path == "*");
        }
    }

    #[test]
    fn what_is_written_is_read(
        path in "/[!\"$-+\\--<>@-~]{0,40}",
        query in prop::option::of("[!\"$->@-~?]{0,40}"),
        fields in prop::collection::vec((token(), "([!-~\u{e4}]([ -~\t]{0,20}[!-~])?)?"), 0..20),
        split in any::<prop::sample::Index>(),
    ) {
        let target = query.as_ref().map_or(path.clone(), |query| format!("{path}?{query}"));
        let mut octets = format!("PUT {target} HTTP/1.1\r\nhost: a\r\n");
        fields.iter().for_each(|(name, value)| octets += &format!("{name}: {value}\r\n"));
        octets += "\r\n";
        prop_assert!(read(&octets.as_bytes()[..split.index(octets.len())]).unwrap().is_none());
        let (head, request) = read(octets.as_bytes()).unwrap().unwrap();
        prop_assert_eq!(head.length, octets.len());
        prop_assert_eq!((request.path, request.query), (path, query));
        let seen: Vec<_> = request.fields.iter().skip(1).map(|(n, v)| (n.to_vec(), v.to_vec())).collect();
        let expected: Vec<_> = fields.into_iter().map(|(n, v)| (n.into_bytes(), v.into_bytes())).collect();
        prop_assert_eq!(seen, expected);
    }
}

//! Where the targets of the edge start from.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use edgeplane_edge::access::Remembered;
use edgeplane_edge::archive::Archive;
use edgeplane_edge::object::{Object, Subject};
use edgeplane_edge::plan::settings;
use edgeplane_edge::semantics::{Now, Rfc9111Rules, Rules, Vary, store};
use edgeplane_edge::store::Generations;
use edgeplane_http::Content;
use edgeplane_net::clock::CoarseClock;
use serde_json::json;

use crate::{gate, heads, sealed, site};

const REQUESTS: [&str; 20] = [
    "GET /a?b=c HTTP/1.1\r\nHost: a.example\r\n\r\n",
    "\r\nHEAD / HTTP/1.0\r\n\r\n",
    "GET /a HTTP/1.0\r\nConnection: keep-alive\r\nHost: a:80\r\n\r\nGET /b HTTP/1.0\r\n\r\n",
    "GET http://A.Example:81/x?y HTTP/1.1\r\nhost: a.example:81\r\n\r\n",
    "DELETE https://[::1]?q HTTP/1.0\r\n\r\n",
    "OPTIONS * HTTP/1.1\r\nHost: [2001:db8::1]:443\r\nConnection: close, x\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c, websocket\r\n\r\n",
    "PUT /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhelloGET /b HTTP/1.1\r\nHost: a\r\n\r\n",
    "POST /a HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\nx",
    "POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;a=\"b\"\r\nhello\r\n00A\r\n0123456789\r\n0\r\nX: y\r\n\r\nGET /b HTTP/1.1\r\nHost: b\r\n\r\n",
    "PATCH /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\nExpect: 100-continue\r\n\r\n0\r\n\r\n",
    "POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n",
    "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "GET /a HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    "GET /a HTTP/1.1\r\nHost: a\r\nA : b\r\n\r\n",
    "GET /a HTTP/1.1\nHost: a\n\n",
    "GET /a HTTP/2.0\r\n\r\n",
    "POST /a HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 1\r\nConnection: host, content-length, expect, x\r\nX: y\r\n\r\nx",
    "GET /a HTTP/1.1\r\nHost: a\r\nUpgrade: x\r\nConnection: upgrade, accept\r\nAccept: b\r\n\r\n",
    "BREW /a HTTP/1.1\r\nHost: a\r\n\r\n",
];

/// Connections of HTTP/1.1, each cut in another way.
pub fn http_requests() -> Vec<Vec<u8>> {
    let long = format!("GET /{} HTTP/1.1\r\nHost: a\r\nB: {}\r\n\r\n", "a".repeat(240), "b".repeat(700));
    let big = format!("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 300\r\n\r\n{}", "c".repeat(300));
    let all = REQUESTS.iter().map(|text| text.to_string()).chain([long, big]);
    let small = (0..9).map(|n| format!("GET /{n} HTTP/1.1\r\nHost: a\r\n\r\n")).collect::<String>();
    all.chain([small]).enumerate().map(|(n, text)| [&[n as u8], text.as_bytes()].concat()).collect()
}

/// What a proxy says of a connection, in version 1 and in version 2 of the PROXY protocol; both addresses are of one family.
pub fn proxy_header(client: SocketAddr, local: SocketAddr) -> [Vec<u8>; 2] {
    let ports = [client.port().to_be_bytes(), local.port().to_be_bytes()].concat();
    let (name, family, addresses) = match (client.ip(), local.ip()) {
        (IpAddr::V4(client), IpAddr::V4(local)) => ("TCP4", 0x11, [client.octets(), local.octets()].concat()),
        (IpAddr::V6(client), IpAddr::V6(local)) => ("TCP6", 0x21, [client.octets(), local.octets()].concat()),
        _ => unreachable!("both are of one family"),
    };
    let line = format!("PROXY {name} {} {} {} {}\r\n", client.ip(), local.ip(), client.port(), local.port());
    [line.into_bytes(), block(0x21, family, &[addresses, ports].concat())]
}

/// Version 2.
fn block(command: u8, family: u8, body: &[u8]) -> Vec<u8> {
    [&b"\r\n\r\n\0\r\nQUIT\n"[..], &[command, family], &(body.len() as u16).to_be_bytes(), body].concat()
}

/// Headers of both versions, and the beginnings of what follows them.
pub fn proxy_headers() -> Vec<Vec<u8>> {
    let pairs = [("192.0.2.1:5000", "198.51.100.2:443"), ("[2001:db8::1]:1", "[::ffff:192.0.2.1]:0")];
    let proxied =
        pairs.into_iter().flat_map(|(client, local)| proxy_header(client.parse().unwrap(), local.parse().unwrap()));
    let others = [
        b"PROXY UNKNOWN\r\n".to_vec(),
        b"PROXY UNKNOWN anything at all\r\n".to_vec(),
        block(0x20, 0, b""),
        block(0x21, 0x31, &[0; 216]),
        block(0x21, 0x11, &[0; 40]),
        block(0x21, 0x11, &[0; 2_032]),
    ];
    proxied.chain(others).map(|header| [&header[..], b"GET / HTTP/1.1\r\n"].concat()).collect()
}

/// Signed URLs, signed cookies, a presigned URL, each when and where it opens; policies to be signed.
pub fn signed_requests() -> Vec<Vec<u8>> {
    let opening = gate::opening().into_iter().enumerate().map(|(n, text)| {
        // The presigned URL comes first, and was good for a day.
        let when = if n == 0 { 1 } else { 2 };
        let (request, moment) = (gate::request(&text).unwrap(), (gate::TIMES[when], gate::CLIENTS[0]));
        assert!(gate::knock(&request, moment, &mut Remembered::default()).is_ok(), "{text}");
        ((n as u8) << 4 | when as u8, text)
    });
    let policies = policies().map(|policy| (2, format!("https://d.example.net/a/b.jpg?size=m\n{policy}")));
    opening.chain(policies).map(|(choice, text)| [&[choice], text.as_bytes()].concat()).collect()
}

fn policies() -> [String; 3] {
    let condition = r#""Condition":{"DateLessThan":{"AWS:EpochTime":1999999999},"DateGreaterThan":{"AWS:EpochTime":5},"IpAddress":{"AWS:SourceIp":"192.0.2.0/24"}}"#;
    [
        format!(r#"{{"Statement":[{{"Resource":"http*://*.example.net/a/?.jpg\\?size=*",{condition}}}]}}"#),
        format!(r#"{{"Statement":{{"Resource":"*",{condition}}}}}"#),
        r#"{"Statement":[{"Condition":{"DateLessThan":{"AWS:EpochTime":2000000001}}}]}"#.to_owned(),
    ]
}

/// Values of fields.
pub fn http_fields() -> Vec<Vec<u8>> {
    [
        "max-age=3600, s-maxage=\"60\", stale-while-revalidate=5, stale-if-error=99999999999",
        "no-cache=\"a, b\", private=c, must-revalidate, immutable\nno-store, must-understand, public",
        "max-stale, min-fresh=5, only-if-cached, x=\"\\\"\", max-age=1",
        "max-age=3600;x;y=\"z\", a=(1 2;q \"x\"), b=?0, c=:YQ==:, d=-1.5, no-store=?1",
        "max-age=600+300;edgeplane, no-store;other, content=\"ESI/1.0\"",
        "bytes=0-0,5-9,-1",
        "bytes=20-, -5",
        "bytes 0-9/10",
        "bytes 0-9/*",
        "\"a,b\", W/\"c\\\", \"\", d, \"e",
        "*",
        "Sun, 06 Nov 1994 08:49:37 GMT",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994",
        "accept-encoding, Accept-Language\n*, cookie",
        "de, en;q=0.5, fr;q=1.000\nno;Q=0",
    ]
    .map(Vec::from)
    .into()
}

const EXCHANGES: [&str; 9] = [
    "GET\nAccept: a\nCookie: b\n\n200\nCache-Control: max-age=60\nVary: accept, cookie\nETag: \"a\"\nAge: 5",
    "GET\nRange: bytes=0-4,-1\nIf-Range: \"a\"\n\n206\nContent-Range: bytes 0-4/10\nETag: \"a\"\nCache-Control: s-maxage=9, stale-if-error=5",
    "GET\nIf-None-Match: W/\"a\", \"b\"\n\n200\nETag: W/\"a\"\nLast-Modified: Sun, 06 Nov 1994 08:49:37 GMT\nDate: Sun, 22 Nov 2026 00:00:00 GMT",
    "GET\nIf-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT\n\n200\nLast-Modified: Sunday, 06-Nov-94 08:49:37 GMT\nExpires: 0",
    "GET\nIf-Match: \"a\"\nCache-Control: max-stale, no-cache\n\n200\nCDN-Cache-Control: max-age=5, no-cache=\"set-cookie\"\nSet-Cookie: a",
    "HEAD\nPragma: no-cache\n\n404\nSurrogate-Control: max-age=5\nVary: *",
    "GET\nAuthorization: x\n\n301\nCache-Control: public, immutable, max-age=1\nLocation: ../c?d\nContent-Location: //example.net/e",
    "OPTIONS\nIf-Unmodified-Since: Sun Nov  6 08:49:37 1994\n\n503\nConnection: x\nX: y\nCache-Control: private=\"z\", stale-while-revalidate=9",
    "GET\nAccept-Language: de;q=0.5, en\n\n200\nContent-Language: en\nVary: accept-language\nCache-Control: max-age=1, must-revalidate",
];

/// Requests and responses.
pub fn cache_exchanges() -> Vec<Vec<u8>> {
    EXCHANGES.map(Vec::from).into()
}

/// Files of the disk tier, and parts of some.
pub fn disk_objects() -> Vec<Vec<u8>> {
    let key = b"d\0GET\0/a";
    let objects = [
        sealed::object([key, b"", b""]),
        sealed::object([key, b"meta", b"content"]),
        sealed::object([b"other", b"", b"x"]),
    ];
    objects.into_iter().chain([b"\x05\0\x09\x01contentmeta".to_vec(), b"\x05\0\x09\0contentmeta".to_vec()]).collect()
}

/// Descriptions of responses on disk.
pub fn disk_descriptions() -> Vec<Vec<u8>> {
    let (key, path) = (b"key", site::path("described"));
    let settings = settings::Disk { path: path.clone(), size: 1 << 30 };
    let archive =
        Archive::open(&settings, Arc::new(CoarseClock), 4, 1 << 16, Arc::default()).unwrap();
    let file = sealed::place(&path, key);
    let describe = |object: Object| {
        let writer = archive.writer(key, &Vary::default()).unwrap();
        assert!(archive.commit(key, writer, &object).is_some());
        let octets = std::fs::read(&file).unwrap();
        let [_, meta, _] = sealed::read_object(&octets).expect("a whole file");
        meta.to_vec()
    };
    objects().into_iter().map(describe).collect()
}

fn objects() -> Vec<Object> {
    let now = Now { monotonic_ms: 0, wall_s: 1_795_305_000 };
    let rules = Rules::Rfc9111(Rfc9111Rules::default());
    let stored = EXCHANGES.iter().filter_map(|text| {
        let (request, response) = heads::exchange(text.as_bytes()).expect("an exchange");
        store(&rules, &request, &response, now, now).into_stored()
    });
    let subject = Arc::new(Subject {
        request_id: "r".into(),
        distribution: "d".into(),
        path: "/a".into(),
        query: Some("b".into()),
        tags: Box::new(["t".into()]),
        mark: Default::default(),
    });
    stored.map(|stored| Object::new(stored, Content::None, 7, subject.clone())).collect()
}

/// Logs of invalidations, and their records each behind its length.
pub fn invalidation_logs() -> Vec<Vec<u8>> {
    let path = site::path("seed-invalidations");
    let last = rmp_serde::to_vec(&json!({"Start": [1, u64::MAX - 5]})).unwrap();
    let mut logs = vec![sealed::log(&[]), sealed::log(&[&last])];
    for paths in [&["/a", "/a/*", "/a?x=1"][..], &["/*", "/b"]] {
        let _ = std::fs::remove_file(&path);
        let generations = Generations::open(&path).unwrap();
        paths.iter().for_each(|path| assert!(generations.invalidate_path("E1", path).unwrap().kept));
        assert!(generations.invalidate_tag("E2", "t").unwrap().kept);
        logs.push(std::fs::read(&path).unwrap());
    }
    let behind_lengths = |log: &Vec<u8>| {
        let records = sealed::read_log(log).expect("a whole log");
        records.iter().flat_map(|record| [&[record.len() as u8][..], record].concat()).collect()
    };
    let records: Vec<Vec<u8>> = logs.iter().map(behind_lengths).collect();
    [logs, records].concat()
}

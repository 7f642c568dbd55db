//! Heads: what crate `h2` read as a `Request`, and answers as it sends them.

use http::header::{CONTENT_LENGTH, COOKIE, DATE, EXPECT, HOST};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use super::date;
use crate::fields::Fields;
use crate::{Content, Framing, Method, Reply, Request, Response, Scheme, Version};

/// Why a request is answered by the server itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Refusal {
    pub status: u16,
    pub why: &'static str,
}

const fn bad(why: &'static str) -> Refusal {
    Refusal { status: 400, why }
}

/// Fills a cleared request. Crate `h2` has refused by then: upper case, repeated, unknown and misplaced pseudo-header
/// fields, fields of a connection, control octets, a `Content-Length` that END_STREAM belies.
pub(super) fn read(head: &Parts, ended: bool, scheme: Scheme, request: &mut Request) -> Result<(), Refusal> {
    request.method =
        Method::from_token(head.method.as_str().as_bytes()).ok_or(Refusal { status: 501, why: "an unknown method" })?;
    request.version = Version::Http2;
    request.scheme = scheme;
    if scheme == Scheme::Https && head.uri.scheme().is_some_and(|named| named.as_str() != "https") {
        return Err(bad(":scheme is not https"));
    }
    read_authority(head, request)?;
    let path = head.uri.path_and_query().ok_or(bad("no :path"))?;
    request.take_path(path.as_str().as_bytes()).map_err(bad)?;
    read_fields(&head.headers, &mut request.fields)?;
    request.expects_continue =
        head.headers.get(EXPECT).is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"100-continue"));
    request.framing = framing(&head.headers, ended)?;
    Ok(())
}

/// `:authority` or `Host`; where there are both, they are the same (RFC 9113 section 8.3.1).
fn read_authority(head: &Parts, request: &mut Request) -> Result<(), Refusal> {
    let mut hosts = head.headers.get_all(HOST).iter();
    let (host, second) = (hosts.next(), hosts.next());
    if second.is_some() {
        return Err(bad("several Host fields"));
    }
    match (head.uri.authority(), host) {
        (Some(authority), Some(host)) if !host.as_bytes().eq_ignore_ascii_case(authority.as_str().as_bytes()) => {
            Err(bad(":authority and Host differ"))
        }
        (Some(authority), _) => request.take_authority(authority.as_str().as_bytes()).map_err(bad),
        (None, Some(host)) => request.take_authority(host.as_bytes()).map_err(bad),
        (None, None) => Err(bad("neither :authority nor Host")),
    }
}

/// All fields; the crumbs of `Cookie` as one (RFC 9113 section 8.2.3).
fn read_fields(headers: &HeaderMap, fields: &mut Fields) -> Result<(), Refusal> {
    for (name, value) in headers {
        let value = value.as_bytes();
        if value.trim_ascii().len() != value.len() {
            return Err(bad("space around a field's value"));
        }
        if name != COOKIE {
            fields.push(name, value);
        }
    }
    let mut crumbs = headers.get_all(COOKIE).iter();
    match (crumbs.next(), crumbs.next()) {
        (None, _) => {}
        (Some(whole), None) => fields.push(COOKIE, whole),
        _ => {
            let crumbs: Vec<_> = headers.get_all(COOKIE).iter().map(HeaderValue::as_bytes).collect();
            fields.push(COOKIE, crumbs.join(&b"; "[..]));
        }
    }
    Ok(())
}

fn framing(headers: &HeaderMap, ended: bool) -> Result<Framing, Refusal> {
    let Some(length) = headers.get(CONTENT_LENGTH) else {
        return Ok(if ended { Framing::None } else { Framing::Chunked });
    };
    let digits =
        length.to_str().ok().filter(|text| !text.is_empty() && text.bytes().all(|octet| octet.is_ascii_digit()));
    let length = digits.and_then(|text| text.parse().ok()).ok_or(bad("Content-Length is not a number"))?;
    Ok(Framing::Length(length))
}

/// The head of a prepared answer; none where a part of it cannot be sent.
pub(super) fn prepared(reply: &Reply) -> Option<http::Response<()>> {
    let head = reply.head.as_ref()?;
    let mut headers = head.http2().clone();
    push_lines(&reply.lines, &mut headers);
    if !matches!(reply.content, Content::None) {
        headers.insert(CONTENT_LENGTH, HeaderValue::from(reply.content.len()));
    }
    respond(head.status, headers)
}

/// The head of any other answer; fields of a connection are left out.
pub(super) fn response(response: &Response, length: Option<u64>) -> Option<http::Response<()>> {
    let mut headers = crate::reply::header_map(&response.fields);
    OF_A_CONNECTION.iter().for_each(|name| drop(headers.remove(*name)));
    if let Some(length) = length {
        headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
    }
    respond(response.status, headers)
}

const OF_A_CONNECTION: [&str; 5] = ["connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"];

fn respond(status: u16, mut headers: HeaderMap) -> Option<http::Response<()>> {
    if status >= 200 {
        headers.entry(DATE).or_insert_with(date::now);
    }
    let mut response = http::Response::new(());
    *response.status_mut() = StatusCode::from_u16(status).ok()?;
    *response.headers_mut() = headers;
    Some(response)
}

/// Adds `name: value` lines, as `Reply::field` writes them.
fn push_lines(mut lines: &[u8], headers: &mut HeaderMap) {
    while let Some(end) = memchr::memchr(b'\r', lines) {
        let (line, rest) = lines.split_at(end);
        lines = rest.get(2..).unwrap_or_default();
        let Some((name, value)) = memchr::memchr(b':', line).and_then(|colon| line.split_at_checked(colon)) else {
            continue;
        };
        let value = HeaderValue::from_bytes(value.get(2..).unwrap_or_default());
        if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name), value) {
            headers.append(name, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::PreparedHead;
    use std::sync::Arc;

    fn parts(uri: &str, fields: &[(&str, &str)]) -> Parts {
        let builder = http::Request::builder().uri(uri);
        let builder = fields.iter().fold(builder, |builder, (name, value)| builder.header(*name, *value));
        builder.body(()).unwrap().into_parts().0
    }

    fn request(uri: &str, fields: &[(&str, &str)]) -> Result<Request, &'static str> {
        let mut request = Request::default();
        read(&parts(uri, fields), true, Scheme::Https, &mut request).map(|()| request).map_err(|refusal| refusal.why)
    }

    #[test]
    fn authority_and_host_are_one() {
        assert_eq!(request("https://A.test:1/b?c", &[]).unwrap().authority, "a.test:1");
        assert_eq!(request("https://a.test/", &[("host", "A.TEST")]).unwrap().authority, "a.test");
        assert_eq!(request("/x", &[("host", "a.test")]).unwrap().authority, "a.test");
        for (uri, fields) in [
            ("https://a.test/", &[("host", "b.test")][..]),
            ("https://a.test/", &[("host", "a.test"), ("host", "a.test")]),
            ("https://a.test/", &[("host", "a.test:443")]),
            ("/", &[]),
            ("https://user@a.test/", &[]),
            ("http://a.test/", &[]),
            ("https://a.test/", &[("x", "y ")]),
        ] {
            assert!(request(uri, fields).is_err(), "{uri} {fields:?}");
        }
    }

    #[test]
    fn crumbs_are_joined() {
        let request = request("https://a.test/", &[("cookie", "a=1"), ("x", "y"), ("cookie", "b=2")]).unwrap();
        assert_eq!(request.fields.all("cookie").collect::<Vec<_>>(), [b"a=1; b=2"]);
        assert_eq!(request.fields.len(), 2);
    }

    #[test]
    fn the_framing_is_that_of_length_and_end() {
        for (fields, ended, expected) in [
            (&[][..], true, Framing::None),
            (&[], false, Framing::Chunked),
            (&[("content-length", "7")], false, Framing::Length(7)),
            (&[("content-length", "0")], true, Framing::Length(0)),
        ] {
            let mut request = Request::default();
            read(&parts("https://a.test/", fields), ended, Scheme::Https, &mut request).unwrap();
            assert_eq!(request.framing, expected);
        }
    }

    #[test]
    fn a_prepared_answer_has_its_own_fields_its_length_and_the_date() {
        let mut reply = Reply::default();
        let fields = [("content-type", "text/plain"), ("vary", "a")].into_iter().collect();
        reply.head = Some(Arc::new(PreparedHead::new(200, fields)));
        reply.content = Content::Bytes("hello".into());
        reply.field("age", "7");
        reply.field("x-empty", "");
        let response = prepared(&reply).unwrap();
        assert_eq!((response.status().as_u16(), response.headers().len()), (200, 6));
        for (name, value) in
            [("content-type", "text/plain"), ("vary", "a"), ("age", "7"), ("x-empty", ""), ("content-length", "5")]
        {
            assert_eq!(response.headers()[name], value);
        }
        assert!(response.headers()["date"].to_str().unwrap().ends_with(" GMT"));
    }

    #[test]
    fn fields_of_a_connection_stay_here() {
        let answer =
            Response::new(103).with("Connection", "x").with("Transfer-Encoding", "chunked").with("Link", "</a>");
        let sent = response(&answer, None).unwrap();
        assert_eq!(sent.headers().iter().collect::<Vec<_>>().len(), 1);
    }
}

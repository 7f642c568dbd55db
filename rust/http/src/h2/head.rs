//! Heads: what crate `h2` read as a `Request`, and answers as it sends them.

use http::header::{AGE, CONTENT_LENGTH, COOKIE, DATE, EXPECT, Entry, HOST};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use super::{Settings, date};
use crate::fields::{Fields, OF_A_CONNECTION};
use crate::h1::{Refusal, Target, bad, digits};
use crate::{Content, Framing, Method, Reply, Request, Response, Scheme, Version};

/// Fields with a value that no other answer has: in the table of HPACK they would take the place of those that come again, and
/// be looked through for each new one.
static ONCE: [HeaderName; 2] = [HeaderName::from_static("x-amz-cf-id"), HeaderName::from_static("server-timing")];

/// Fills a cleared request. Crate `h2` has refused by then: upper case, repeated, unknown and misplaced pseudo-header
/// fields, fields of a connection, control octets, a `Content-Length` that END_STREAM belies.
pub(super) fn read(
    head: &Parts,
    ended: bool,
    scheme: Scheme,
    settings: &Settings,
    request: &mut Request,
    spare: &mut String,
) -> Result<(), Refusal> {
    let method = Method::from_token(head.method.as_str().as_bytes());
    request.method = method.ok_or(Refusal::new(501, "a method that is not served"))?;
    request.version = Version::Http2;
    request.scheme = scheme;
    if scheme == Scheme::Https && head.uri.scheme().is_some_and(|named| *named != http::uri::Scheme::HTTPS) {
        return Err(bad(":scheme is not https"));
    }
    read_target(head, settings, request, spare)?;
    read_fields(&head.headers, settings, &mut request.fields)?;
    let expected = head.headers.get(EXPECT).map(HeaderValue::as_bytes);
    request.expects_continue = expected.is_some_and(|expected| expected.eq_ignore_ascii_case(b"100-continue"));
    request.framing = framing(&head.headers, ended, settings)?;
    Ok(())
}

/// `:path`, and `:authority` or `Host`; where there are both, they are the same (RFC 9113 section 8.3.1).
fn read_target(head: &Parts, settings: &Settings, request: &mut Request, spare: &mut String) -> Result<(), Refusal> {
    let path = head.uri.path_and_query().ok_or(bad("no :path"))?.as_str();
    if path.len() > settings.target_size {
        return Err(Refusal::new(414, "the target is too long"));
    }
    if !path.starts_with(['/', '*']) {
        return Err(bad(":path does not start with /"));
    }
    let mut hosts = head.headers.get_all(HOST).iter().map(HeaderValue::as_bytes);
    let (host, second) = (hosts.next(), hosts.next());
    if second.is_some() {
        return Err(bad("several Host fields"));
    }
    let authority = head.uri.authority().map(|authority| authority.as_str().as_bytes());
    if let (Some(authority), Some(host)) = (authority, host)
        && !authority.eq_ignore_ascii_case(host)
    {
        return Err(bad(":authority and Host differ"));
    }
    Target::read(path.as_bytes(), request.method)?.settle(authority.or(host), request, spare)
}

/// All fields; the crumbs of `Cookie` as one (RFC 9113 section 8.2.3).
fn read_fields(headers: &HeaderMap, settings: &Settings, fields: &mut Fields) -> Result<(), Refusal> {
    if headers.len() > settings.fields {
        return Err(Refusal::new(431, "too many fields"));
    }
    for (name, value) in headers {
        let value = value.as_bytes();
        if let ([b' ' | b'\t', ..], _) | (_, [.., b' ' | b'\t']) = (value, value) {
            return Err(bad("space around a field's value"));
        }
        if name != COOKIE {
            fields.push(name, value);
        }
    }
    let mut crumbs = headers.get_all(COOKIE).iter().map(HeaderValue::as_bytes);
    if let Some(first) = crumbs.next() {
        let join = |joined: Vec<u8>, crumb| [&joined[..], b"; ", crumb].concat();
        fields.push(COOKIE, crumbs.fold(first.to_vec(), join));
    }
    Ok(())
}

fn framing(headers: &HeaderMap, ended: bool, settings: &Settings) -> Result<Framing, Refusal> {
    let Some(length) = headers.get(CONTENT_LENGTH) else {
        return Ok(if ended { Framing::None } else { Framing::Chunked });
    };
    match digits(length.as_bytes()) {
        Some(length) if length > settings.content_size => Err(Refusal::new(413, "the content is too long")),
        Some(length) => Ok(Framing::Length(length)),
        None => Err(bad("Content-Length is not a number")),
    }
}

/// The head of a prepared answer; none where a part of it cannot be sent.
pub(super) fn prepared(reply: &Reply) -> Option<http::Response<()>> {
    let head = reply.head.as_ref()?;
    let mut headers = head.http2();
    push_lines(&reply.lines, &mut headers);
    if headers.get(AGE).is_some_and(HeaderValue::is_empty) {
        headers.remove(AGE);
    }
    match reply.content {
        Content::None if headers.get(CONTENT_LENGTH).is_some_and(HeaderValue::is_empty) => {
            drop(headers.remove(CONTENT_LENGTH))
        }
        Content::None => {}
        // RFC 9110 section 8.6.
        _ if head.status == 204 => drop(headers.remove(CONTENT_LENGTH)),
        _ => drop(headers.insert(CONTENT_LENGTH, HeaderValue::from(reply.content.len()))),
    }
    respond(head.status, headers)
}

/// The head of any other answer; fields of a connection are left out.
pub(super) fn response(response: &Response, length: Option<u64>) -> Option<http::Response<()>> {
    let mut headers = crate::reply::header_map(&response.fields);
    OF_A_CONNECTION.iter().for_each(|name| drop(headers.remove(*name)));
    headers.iter_mut().for_each(|(name, value)| mark(name, value));
    if let Some(length) = length.filter(|_| response.status != 204) {
        headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
    }
    respond(response.status, headers)
}

fn respond(status: u16, mut headers: HeaderMap) -> Option<http::Response<()>> {
    if status >= 200 {
        fill(&mut headers, DATE, date::now());
    }
    let mut response = http::Response::new(());
    *response.status_mut() = StatusCode::from_u16(status).ok()?;
    *response.headers_mut() = headers;
    Some(response)
}

/// Marks a value that is never to be indexed (RFC 7541 section 6.2.3).
fn mark(name: &HeaderName, value: &mut HeaderValue) {
    if ONCE.contains(name) {
        value.set_sensitive(true);
    }
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
        if let (Ok(name), Ok(mut value)) = (HeaderName::from_bytes(name), value) {
            mark(&name, &mut value);
            fill(headers, name, value);
        }
    }
}

/// Puts a field into its empty place, else after the others of its name; a date stays as it is.
fn fill(headers: &mut HeaderMap, name: HeaderName, value: HeaderValue) {
    match headers.entry(name) {
        Entry::Occupied(mut place) if place.get().is_empty() => drop(place.insert(value)),
        Entry::Occupied(place) if *place.key() == DATE => {}
        Entry::Occupied(mut place) => place.append(value),
        Entry::Vacant(place) => drop(place.insert(value)),
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

    fn take(parts: &Parts, ended: bool) -> Result<Request, Refusal> {
        let (mut request, settings) = (Request::default(), Settings::default());
        read(parts, ended, Scheme::Https, &settings, &mut request, &mut String::new()).map(|()| request)
    }

    fn request(uri: &str, fields: &[(&str, &str)]) -> Result<Request, &'static str> {
        take(&parts(uri, fields), true).map_err(|refusal| refusal.why)
    }

    #[test]
    fn what_has_no_content_has_no_length() {
        for (status, expected) in [(200, true), (204, false)] {
            let head = Some(Arc::new(PreparedHead::new(status, Fields::new())));
            let reply = Reply { head, content: Content::Bytes(bytes::Bytes::new()), ..Reply::default() };
            assert_eq!(prepared(&reply).unwrap().headers().contains_key(CONTENT_LENGTH), expected, "{status}");
            let other = response(&Response::new(status), Some(0)).unwrap();
            assert_eq!(other.headers().contains_key(CONTENT_LENGTH), expected, "{status}");
        }
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
            assert_eq!(take(&parts("https://a.test/", fields), ended).unwrap().framing, expected);
        }
    }

    #[test]
    fn what_is_too_large_is_refused_by_its_status() {
        let long = format!("https://a.test/{}", "x".repeat(8_192));
        let names: Vec<_> = (0..101).map(|n| format!("x{n}")).collect();
        let fields: Vec<_> = names.iter().map(|name| (name.as_str(), "y")).collect();
        let huge = [("content-length", "99999999999999")];
        for (parts, status) in
            [(parts(&long, &[]), 414), (parts("https://a.test/", &fields), 431), (parts("https://a.test/", &huge), 413)]
        {
            assert_eq!(take(&parts, false).unwrap_err().status, status);
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
    fn places_that_nobody_fills_are_not_sent_and_what_a_head_says_itself_stays() {
        let bare = Reply { head: Some(Arc::new(PreparedHead::new(304, crate::Fields::new()))), ..Reply::default() };
        let sent = prepared(&bare).unwrap();
        assert_eq!(sent.headers().keys().collect::<Vec<_>>(), ["date"]);
        let said = [("content-length", "12"), ("date", "Sun, 06 Nov 1994 08:49:37 GMT"), ("age", "3")];
        let mut reply =
            Reply { head: Some(Arc::new(PreparedHead::new(200, said.into_iter().collect()))), ..Reply::default() };
        reply.field("vary", "a");
        reply.field("vary", "b");
        let sent = prepared(&reply).unwrap();
        for (name, value) in said {
            assert_eq!(sent.headers().get_all(name).iter().collect::<Vec<_>>(), [value]);
        }
        assert_eq!(sent.headers().get_all("vary").iter().collect::<Vec<_>>(), ["a", "b"]);
    }

    #[test]
    fn what_comes_once_is_kept_out_of_the_table() {
        let via = [("via", "a")].into_iter().collect();
        let mut reply = Reply { head: Some(Arc::new(PreparedHead::new(200, via))), ..Reply::default() };
        reply.field("x-amz-cf-id", "1");
        let fetched = Response::new(200).with("X-Amz-Cf-Id", "origin's").with("Via", "a").with("x-amz-cf-id", "1");
        for sent in [prepared(&reply).unwrap(), response(&fetched, None).unwrap()] {
            assert!(sent.headers().get_all("x-amz-cf-id").iter().all(HeaderValue::is_sensitive));
            assert!(!sent.headers()["via"].is_sensitive() && !sent.headers()["date"].is_sensitive());
        }
    }

    #[test]
    fn fields_of_a_connection_stay_here() {
        let answer =
            Response::new(103).with("Connection", "x").with("Transfer-Encoding", "chunked").with("Link", "</a>");
        let sent = response(&answer, None).unwrap();
        assert_eq!(sent.headers().iter().collect::<Vec<_>>().len(), 1);
    }
}

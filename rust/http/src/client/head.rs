//! Heads: from a request to what hyper sends, from what hyper read to a response that is beyond doubt.

use bytes::{BufMut, Bytes, BytesMut};
use http::header::{CONNECTION, CONTENT_LENGTH, HOST, TRANSFER_ENCODING, UPGRADE};
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderName, HeaderValue, Uri};

use super::{Failure, Outgoing};
use crate::fields::{is_of_a_connection, members};
use crate::{Fields, Method, Request, Response};

/// What hyper sends for a request. `Content-Length`, `Host` and the fields of the connection are made anew.
pub(super) fn outgoing(request: &Request, content: Outgoing) -> Result<http::Request<Outgoing>, Failure> {
    let mut headers = headers(request)?;
    if content.is_none() && matches!(request.method, Method::Post | Method::Put | Method::Patch) {
        headers.insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
    }
    if let Some(token) = &request.upgrade {
        headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(UPGRADE, value(token.clone())?);
    }
    let mut outgoing = http::Request::new(content);
    *outgoing.method_mut() = method(request.method)?;
    *outgoing.uri_mut() = target(request)?;
    *outgoing.headers_mut() = headers;
    Ok(outgoing)
}

fn headers(request: &Request) -> Result<HeaderMap, Failure> {
    let mut headers = HeaderMap::with_capacity(request.fields.len() + 4);
    headers.insert(HOST, value(Bytes::copy_from_slice(request.authority.as_bytes()))?);
    let mut octets = BytesMut::with_capacity(request.fields.weight());
    let nominates = request.fields.has("connection");
    for (name, octets_of_value) in request.fields.iter() {
        if is_made_anew(name) || nominates && is_nominated(&request.fields, name) {
            continue;
        }
        let name = HeaderName::from_bytes(name).map_err(|_| Failure::Unsendable("a field's name"))?;
        octets.put_slice(octets_of_value);
        headers.append(name, value(octets.split().freeze())?);
    }
    Ok(headers)
}

fn value(octets: Bytes) -> Result<HeaderValue, Failure> {
    HeaderValue::from_maybe_shared(octets).map_err(|_| Failure::Unsendable("a field's value"))
}

/// Whether a field belongs to a connection, or is set by who writes the message.
fn is_made_anew(name: &[u8]) -> bool {
    let made = [&b"content-length"[..], b"expect", b"host"];
    is_of_a_connection(name) || made.iter().any(|known| name.eq_ignore_ascii_case(known))
}

/// Whether `Connection` names the field.
fn is_nominated(fields: &Fields, name: &[u8]) -> bool {
    fields.members("connection").any(|member| member.eq_ignore_ascii_case(name))
}

fn method(method: Method) -> Result<http::Method, Failure> {
    Ok(match method {
        Method::Get => http::Method::GET,
        Method::Head => http::Method::HEAD,
        Method::Post => http::Method::POST,
        Method::Put => http::Method::PUT,
        Method::Delete => http::Method::DELETE,
        Method::Options => http::Method::OPTIONS,
        Method::Patch => http::Method::PATCH,
        other => http::Method::from_bytes(other.token().as_bytes()).map_err(|_| Failure::Unsendable("the method"))?,
    })
}

/// The origin form. Octets that the library does not take in a path are percent-encoded, which says the same.
fn target(request: &Request) -> Result<Uri, Failure> {
    let mut octets = BytesMut::with_capacity(request.path.len() + request.query.as_ref().map_or(0, String::len) + 1);
    octets.put_slice(request.path.as_bytes());
    if let Some(query) = &request.query {
        octets.put_u8(b'?');
        octets.put_slice(query.as_bytes());
    }
    let octets = octets.freeze();
    let parsed = PathAndQuery::from_maybe_shared(octets.clone())
        .or_else(|_| PathAndQuery::from_maybe_shared(Bytes::from(percent_encoded(&octets))));
    match parsed {
        Ok(target) if request.path.starts_with('/') || request.path == "*" => Ok(Uri::from(target)),
        _ => Err(Failure::Unsendable("the path")),
    }
}

fn percent_encoded(octets: &[u8]) -> Vec<u8> {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let mut encoded = Vec::with_capacity(octets.len() + 16);
    for &octet in octets {
        let plain = octet.is_ascii_graphic()
            && !matches!(octet, b'<' | b'>' | b'"' | b'`' | b'^' | b'{' | b'|' | b'}' | b'#' | b'\\');
        if plain {
            encoded.push(octet);
        } else {
            let digit = |n: u8| HEX.get(usize::from(n)).copied().unwrap_or_default();
            encoded.extend([b'%', digit(octet >> 4), digit(octet & 15)]);
        }
    }
    encoded
}

/// The response that hyper read, if its framing leaves no doubt, and its `Content-Length`. Fields of the connection are
/// gone, but for those of a 101.
pub(super) fn incoming(asked: &Request, head: &http::response::Parts) -> Result<(Response, Option<u64>), Failure> {
    let status = head.status.as_u16();
    if status > 599 {
        return malformed("its status is above 599");
    }
    let length = content_length(&head.headers)?;
    check_transfer_encoding(&head.headers, length)?;
    if status == 101 {
        check_upgrade(asked, &head.headers)?;
    }
    Ok((Response { status, fields: end_to_end(status, &head.headers) }, length))
}

/// An interim response; its fields are those of the response alone.
pub(super) fn interim(status: u16, headers: &HeaderMap) -> Response {
    Response { status, fields: end_to_end(status, headers) }
}

fn malformed<T>(why: &'static str) -> Result<T, Failure> {
    Err(Failure::Malformed(why.into()))
}

/// The one value of `Content-Length`, however often it is said (RFC 9112 section 6.3).
fn content_length(headers: &HeaderMap) -> Result<Option<u64>, Failure> {
    let mut length = None;
    for value in headers.get_all(CONTENT_LENGTH) {
        for part in value.as_bytes().split(|&octet| octet == b',') {
            let said = decimal(part.trim_ascii());
            if said.is_none() || length.is_some() && length != said {
                return malformed("its Content-Length is no number, or two");
            }
            length = said;
        }
    }
    Ok(length)
}

/// Digits alone: no sign, no space.
fn decimal(octets: &[u8]) -> Option<u64> {
    let digits = !octets.is_empty() && octets.iter().all(u8::is_ascii_digit);
    digits.then(|| std::str::from_utf8(octets).ok()?.parse().ok())?
}

/// `chunked` once, or nothing; never beside `Content-Length`.
fn check_transfer_encoding(headers: &HeaderMap, length: Option<u64>) -> Result<(), Failure> {
    let mut codings = headers.get_all(TRANSFER_ENCODING).iter();
    let Some(coding) = codings.next() else { return Ok(()) };
    if length.is_some() {
        return malformed("it has Transfer-Encoding and Content-Length");
    }
    if codings.next().is_some() || !coding.as_bytes().eq_ignore_ascii_case(b"chunked") {
        return malformed("its Transfer-Encoding is not chunked");
    }
    Ok(())
}

/// A protocol that was not asked for is none that we may pass on.
fn check_upgrade(asked: &Request, headers: &HeaderMap) -> Result<(), Failure> {
    let Some(token) = &asked.upgrade else { return malformed("it switches protocols unasked") };
    let given = headers.get(UPGRADE).is_some_and(|given| given.as_bytes().eq_ignore_ascii_case(token));
    if given { Ok(()) } else { malformed("it switches to another protocol than asked") }
}

fn end_to_end(status: u16, headers: &HeaderMap) -> Fields {
    let mut fields =
        Fields::with_capacity(headers.len(), headers.iter().map(|(n, v)| n.as_str().len() + v.len()).sum());
    let nominates = headers.contains_key(CONNECTION);
    for (name, value) in headers {
        let kept = match status {
            101 => name != CONTENT_LENGTH,
            _ => !(is_made_anew(name.as_str().as_bytes()) || nominates && is_nominated_in(headers, name)),
        };
        if kept {
            fields.push(name.as_str(), value.as_bytes());
        }
    }
    fields
}

fn is_nominated_in(headers: &HeaderMap, name: &HeaderName) -> bool {
    let same = |member: &[u8]| member.eq_ignore_ascii_case(name.as_str().as_bytes());
    headers.get_all(CONNECTION).iter().any(|value| members(value.as_bytes()).any(same))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response(lines: &[(&'static str, &'static str)], status: u16) -> http::response::Parts {
        let mut builder = http::Response::builder().status(status);
        for (name, value) in lines {
            builder = builder.header(*name, *value);
        }
        builder.body(()).unwrap().into_parts().0
    }

    fn judged(lines: &[(&'static str, &'static str)]) -> Result<Option<u64>, Failure> {
        incoming(&Request::default(), &response(lines, 200)).map(|(_, length)| length)
    }

    #[test]
    fn framing_that_can_be_read_twice_is_refused() {
        assert_eq!(judged(&[]), Ok(None));
        assert_eq!(judged(&[("content-length", "7")]), Ok(Some(7)));
        assert_eq!(judged(&[("content-length", "7"), ("content-length", "7")]), Ok(Some(7)));
        assert_eq!(judged(&[("content-length", "7, 7")]), Ok(Some(7)));
        assert_eq!(judged(&[("transfer-encoding", "Chunked")]), Ok(None));
        for lines in [
            &[("content-length", "7"), ("content-length", "8")][..],
            &[("content-length", "7, 8")],
            &[("content-length", "+7")],
            &[("content-length", "-7")],
            &[("content-length", "0x7")],
            &[("content-length", "7 7")],
            &[("content-length", "")],
            &[("content-length", "99999999999999999999")],
            &[("content-length", "7"), ("transfer-encoding", "chunked")],
            &[("transfer-encoding", "chunked"), ("transfer-encoding", "chunked")],
            &[("transfer-encoding", "gzip, chunked")],
            &[("transfer-encoding", "chunked, chunked")],
            &[("transfer-encoding", "xchunked")],
            &[("transfer-encoding", "identity")],
            &[("transfer-encoding", "chunked;q=1")],
            &[("transfer-encoding", "")],
        ] {
            assert!(matches!(judged(lines), Err(Failure::Malformed(_))), "{lines:?}");
        }
    }

    #[test]
    fn fields_of_the_connection_stay_on_it() {
        let lines = [
            ("connection", "close, X-Hop"),
            ("x-hop", "1"),
            ("keep-alive", "timeout=5"),
            ("content-length", "0"),
            ("etag", "\"a\""),
            ("vary", "accept"),
            ("vary", "cookie"),
        ];
        let (response, _) = incoming(&Request::default(), &response(&lines, 200)).unwrap();
        let names: Vec<_> =
            response.fields.iter().map(|(name, _)| String::from_utf8_lossy(name).into_owned()).collect();
        assert_eq!(names, ["etag", "vary", "vary"]);
        let fields: Fields = [("Connection", "x-secret"), ("X-Secret", "1"), ("TE", "trailers"), ("Accept", "*/*")]
            .into_iter()
            .collect();
        let request = Request { path: "/".into(), authority: "a".into(), fields, ..Request::default() };
        let sent = outgoing(&request, Outgoing::None).unwrap();
        let names: Vec<_> = sent.headers().keys().map(HeaderName::as_str).collect();
        assert_eq!(names, ["host", "accept"]);
    }

    #[test]
    fn a_switch_of_protocols_must_have_been_asked_for() {
        let switching = |upgrade: Option<&'static [u8]>, lines: &[(&'static str, &'static str)]| {
            let asked = Request { upgrade: upgrade.map(Bytes::from_static), ..Request::default() };
            incoming(&asked, &response(lines, 101)).is_ok()
        };
        assert!(switching(Some(b"websocket"), &[("upgrade", "WebSocket")]));
        assert!(!switching(None, &[("upgrade", "websocket")]));
        assert!(!switching(Some(b"websocket"), &[("upgrade", "h2c")]));
        assert!(!switching(Some(b"websocket"), &[]));
    }

    #[test]
    fn any_method_that_a_request_may_have_can_be_sent() {
        for token in
            ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "M-SEARCH", "get", "!#$%&'*+-.^_`|~09"]
        {
            let method = Method::from_token(token.as_bytes()).unwrap();
            let request = Request { method, path: "/".into(), authority: "a".into(), ..Request::default() };
            assert_eq!(outgoing(&request, Outgoing::None).unwrap().method().as_str(), token);
        }
    }

    #[test]
    fn any_path_that_a_request_may_have_can_be_sent() {
        let sent = |path: &str, query: Option<&str>| {
            let request = Request { path: path.into(), query: query.map(Into::into), ..Request::default() };
            target(&request).map(|uri| uri.to_string())
        };
        assert_eq!(sent("/a%20b", Some("x=1&y")), Ok("/a%20b?x=1&y".into()));
        assert_eq!(sent("//host/x", None), Ok("//host/x".into()));
        assert_eq!(sent("/a<b>`", None), Ok("/a%3Cb%3E%60".into()));
        assert_eq!(sent("/ä", None), Ok("/ä".into()));
        assert_eq!(sent("/a", Some("")), Ok("/a?".into()));
        assert!(sent("http://x/", None).is_err());
        assert!(sent("", None).is_err());
    }

    #[test]
    fn a_request_that_would_be_two_is_refused() {
        let with = |name: &str, value: &str| {
            let fields = [(name, value)].into_iter().collect();
            let request = Request { path: "/".into(), authority: "a".into(), fields, ..Request::default() };
            outgoing(&request, Outgoing::None).map(drop)
        };
        assert!(with("x", "1\r\nGET / HTTP/1.1").is_err());
        assert!(with("x\r\ny", "1").is_err());
        assert!(with("x y", "1").is_err());
        assert!(with("x", "1").is_ok());
    }
}

//! A request on its way to a peer: its head, then its content as it comes, no faster than the peer takes it.

use std::task::{Context, Poll, ready};

use super::connection::Wire;
use super::{Failure, Outgoing, Peer};
use crate::fields::{is_made_anew, is_token};
use crate::h1::{is_value, push_chunk_size, push_length};
use crate::{Fields, Method, Request};

/// Octets of content that are gathered for a write before it is made; a piece is never divided.
const GATHER: usize = 16 * 1024;

/// What is left of it.
pub(super) struct Sending {
    content: Outgoing,
    is_chunked: bool,
    /// Whether all of it is in the output.
    is_gathered: bool,
    /// Octets of the output that went.
    sent: usize,
    /// Whether nothing went, and no content was taken.
    is_untouched: bool,
}

/// Why the rest of a request cannot be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stopped {
    /// Its content broke off.
    Content,
    /// The peer takes no more of it.
    Peer,
}

impl Sending {
    /// Puts the head into an empty output. `Content-Length`, `Host` and the fields of the connection are made anew.
    pub fn new(request: &Request, peer: &Peer, content: Outgoing, output: &mut Vec<u8>) -> Result<Self, Failure> {
        let length = content.length();
        let host = if request.authority.is_empty() { peer.authority() } else { &request.authority };
        push_head(output, request, host, length)?;
        Ok(Self { content, is_chunked: length.is_none(), is_gathered: false, sent: 0, is_untouched: true })
    }

    /// The content, where nothing of the request was sent.
    pub fn into_unsent(self) -> Option<Outgoing> {
        self.is_untouched.then_some(self.content)
    }

    /// Sends what there is; ready when all of the request went. Not to be asked again then.
    pub fn poll(&mut self, wire: &mut Wire, cx: &mut Context<'_>) -> Poll<Result<(), Stopped>> {
        loop {
            self.gather(&mut wire.output, cx)?;
            if wire.output.is_empty() {
                break;
            }
            match ready!(wire.poll_write(self.sent, cx)) {
                Ok(count @ 1..) => self.went(count, &mut wire.output),
                _ => return Poll::Ready(Err(Stopped::Peer)),
            }
        }
        ready!(wire.poll_flush(cx)).map_err(|_| Stopped::Peer)?;
        if self.is_gathered { Poll::Ready(Ok(())) } else { Poll::Pending }
    }

    fn went(&mut self, count: usize, output: &mut Vec<u8>) {
        self.is_untouched = false;
        self.sent += count;
        if self.sent >= output.len() {
            output.clear();
            self.sent = 0;
        }
    }

    /// Puts content behind what waits in the output, as far as it has come.
    fn gather(&mut self, output: &mut Vec<u8>, cx: &mut Context<'_>) -> Result<(), Stopped> {
        while !self.is_gathered && output.len() < GATHER {
            match self.content.poll_piece(cx) {
                Poll::Ready(Some(Ok(piece))) => {
                    self.is_untouched = false;
                    self.push(output, &piece);
                }
                Poll::Ready(Some(Err(_))) => return Err(Stopped::Content),
                Poll::Ready(None) => self.finish(output),
                Poll::Pending => break,
            }
        }
        Ok(())
    }

    fn push(&self, output: &mut Vec<u8>, piece: &[u8]) {
        // An empty chunk would be the last one.
        if piece.is_empty() {
            return;
        }
        if self.is_chunked {
            push_chunk_size(output, piece.len() as u64);
        }
        output.extend_from_slice(piece);
        if self.is_chunked {
            output.extend_from_slice(b"\r\n");
        }
    }

    fn finish(&mut self, output: &mut Vec<u8>) {
        self.is_gathered = true;
        if self.is_chunked {
            output.extend_from_slice(b"0\r\n\r\n");
        }
    }
}

/// `length` of the content; none: it is sent in chunks.
fn push_head(lines: &mut Vec<u8>, request: &Request, host: &str, length: Option<u64>) -> Result<(), Failure> {
    lines.extend_from_slice(request.method.token().as_bytes());
    lines.push(b' ');
    push_target(lines, request)?;
    lines.extend_from_slice(b" HTTP/1.1\r\n");
    push_field(lines, b"host", host.as_bytes())?;
    push_fields(lines, &request.fields)?;
    match length {
        None => lines.extend_from_slice(b"transfer-encoding: chunked\r\n"),
        Some(0) if !matches!(request.method, Method::Post | Method::Put | Method::Patch) => {}
        Some(length) => push_length(lines, length),
    }
    if let Some(token) = &request.upgrade {
        lines.extend_from_slice(b"connection: upgrade\r\n");
        push_field(lines, b"upgrade", token)?;
    }
    lines.extend_from_slice(b"\r\n");
    Ok(())
}

fn push_fields(lines: &mut Vec<u8>, fields: &Fields) -> Result<(), Failure> {
    let nominates = fields.has("connection");
    for (name, value) in fields.iter() {
        if !(is_made_anew(name) || nominates && is_nominated(fields, name)) {
            push_field(lines, name, value)?;
        }
    }
    Ok(())
}

/// Whether `Connection` names the field.
fn is_nominated(fields: &Fields, name: &[u8]) -> bool {
    fields.members("connection").any(|member| member.eq_ignore_ascii_case(name))
}

/// One line, its name in lower case; refused where it would be another, or two.
fn push_field(lines: &mut Vec<u8>, name: &[u8], value: &[u8]) -> Result<(), Failure> {
    if !is_token(name) {
        return Err(Failure::Unsendable("a field's name"));
    }
    if !is_value(value) {
        return Err(Failure::Unsendable("a field's value"));
    }
    let at = lines.len();
    lines.extend_from_slice(name);
    lines.get_mut(at..).into_iter().for_each(<[u8]>::make_ascii_lowercase);
    lines.extend_from_slice(b": ");
    lines.extend_from_slice(value);
    lines.extend_from_slice(b"\r\n");
    Ok(())
}

/// The origin form.
fn push_target(lines: &mut Vec<u8>, request: &Request) -> Result<(), Failure> {
    if !request.path.starts_with('/') && request.path != "*" {
        return Err(Failure::Unsendable("the path"));
    }
    push_encoded(lines, request.path.as_bytes());
    if let Some(query) = &request.query {
        lines.push(b'?');
        push_encoded(lines, query.as_bytes());
    }
    Ok(())
}

/// Octets that end a target, or that servers do not take in one, are percent-encoded, which says the same.
fn push_encoded(lines: &mut Vec<u8>, octets: &[u8]) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let digit = |n: u8| HEX.get(usize::from(n)).copied().unwrap_or_default();
    if octets.iter().all(is_taken) {
        return lines.extend_from_slice(octets);
    }
    for octet in octets {
        match is_taken(octet) {
            true => lines.push(*octet),
            false => lines.extend([b'%', digit(octet >> 4), digit(octet & 15)]),
        }
    }
}

fn is_taken(octet: &u8) -> bool {
    *octet > b' ' && !matches!(octet, b'<' | b'>' | b'`' | b'#' | 0x7f)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The head that is sent for a request without content.
    fn sent(request: &Request) -> Result<String, Failure> {
        let mut output = Vec::new();
        let peer = Peer::new("peer.example", 80, None);
        Sending::new(request, &peer, Outgoing::None, &mut output).map(|_| String::from_utf8(output).unwrap())
    }

    fn asked(fields: Fields) -> Request {
        Request { path: "/".into(), authority: "a".into(), fields, ..Request::default() }
    }

    #[test]
    fn a_request_without_an_authority_has_the_peers() {
        let head = sent(&Request { path: "/".into(), ..Request::default() }).unwrap();
        assert_eq!(head, "GET / HTTP/1.1\r\nhost: peer.example\r\n\r\n");
    }

    #[test]
    fn fields_of_the_connection_stay_on_it() {
        let fields = [("Connection", "x-secret"), ("X-Secret", "1"), ("TE", "trailers"), ("Accept", "*/*")];
        let head = sent(&asked(fields.into_iter().collect())).unwrap();
        assert_eq!(head, "GET / HTTP/1.1\r\nhost: a\r\naccept: */*\r\n\r\n");
    }

    #[test]
    fn any_method_that_a_request_may_have_can_be_sent() {
        for token in
            ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "M-SEARCH", "get", "!#$%&'*+-.^_`|~09"]
        {
            let method = Method::from_token(token.as_bytes()).unwrap();
            let head = sent(&Request { method, ..asked(Fields::new()) }).unwrap();
            assert!(head.starts_with(&format!("{token} / HTTP/1.1\r\n")), "{head}");
        }
    }

    #[test]
    fn any_path_that_a_request_may_have_can_be_sent() {
        let target = |path: &str, query: Option<&str>| {
            let head = sent(&Request { path: path.into(), query: query.map(Into::into), ..asked(Fields::new()) })?;
            Ok::<_, Failure>(head.split(' ').nth(1).unwrap().to_owned())
        };
        assert_eq!(target("/a%20b", Some("x=1&y")), Ok("/a%20b?x=1&y".into()));
        assert_eq!(target("//host/x", None), Ok("//host/x".into()));
        assert_eq!(target("/a<b>`", None), Ok("/a%3Cb%3E%60".into()));
        assert_eq!(target("/a b\r\n#", Some("\x7f\0")), Ok("/a%20b%0D%0A%23?%7F%00".into()));
        assert_eq!(target("/ä", None), Ok("/ä".into()));
        assert_eq!(target("/a", Some("")), Ok("/a?".into()));
        assert_eq!(target("*", None), Ok("*".into()));
        assert!(target("http://x/", None).is_err());
        assert!(target("", None).is_err());
    }

    #[test]
    fn a_request_that_would_be_two_is_refused() {
        let with = |name: &str, value: &str| sent(&asked([(name, value)].into_iter().collect()));
        assert!(with("x", "1\r\nGET / HTTP/1.1").is_err());
        assert!(with("x\r\ny", "1").is_err());
        assert!(with("x y", "1").is_err());
        assert!(with("", "1").is_err());
        assert!(sent(&Request { authority: "a\r\nx: y".into(), ..asked(Fields::new()) }).is_err());
        assert!(with("x", "1").is_ok());
    }
}

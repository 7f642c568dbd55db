//! A request as the server understood it.

use bytes::Bytes;

use crate::{Fields, Method};

/// How the client reached us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[allow(missing_docs)]
pub enum Scheme {
    #[default]
    Http,
    Https,
}

/// The protocol of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
#[allow(missing_docs)]
pub enum Version {
    Http10,
    #[default]
    Http11,
    Http2,
}

/// Where the content of a request ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Framing {
    /// There is none.
    #[default]
    None,
    /// After so many octets; 0 where the request says so itself.
    Length(u64),
    /// After the last chunk, or the frame with END_STREAM.
    Chunked,
}

/// A request. Filled in place by the server for each request of a connection, so that reading one takes no memory; cloned
/// where it has to live longer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// Of the connection.
    pub scheme: Scheme,
    /// Of the message.
    pub version: Version,
    /// Host and port in lower case, from `:authority`, the absolute form or `Host`; checked to be a host. Never twice different.
    pub authority: String,
    /// The path as it was sent: starts with `/` (or is `*` for OPTIONS), visible ASCII and octets above 0x7F, no fragment.
    pub path: String,
    /// What stands after the first `?`, without it; none where there is no `?`.
    pub query: Option<String>,
    /// All header fields, without pseudo-header fields; in HTTP/1 with those that belong to the connection.
    pub fields: Fields,
    /// Of the content.
    pub framing: Framing,
    /// `Expect: 100-continue`.
    pub expects_continue: bool,
    /// Whether another request came before it on its connection.
    pub reused: bool,
    /// `websocket` where a GET wants that, by `Upgrade` and `Connection: upgrade` of HTTP/1.1.
    pub upgrade: Option<Bytes>,
}

impl Request {
    /// Host without port.
    pub fn host(&self) -> &str {
        // From the end, as far as the port goes: this is asked several times a request.
        let digits = self.authority.bytes().rev().take_while(u8::is_ascii_digit).count();
        let (host, port) = self.authority.split_at(self.authority.len() - digits);
        match host.strip_suffix(':') {
            Some(name) if !port.is_empty() => name,
            _ => &self.authority,
        }
    }

    /// Empties it for the next request and keeps its memory, but for the query's, which has no place while there is none.
    pub fn clear(&mut self) {
        (self.method, self.scheme, self.version) = (Method::default(), Scheme::default(), Version::default());
        (self.framing, self.expects_continue, self.reused) = (Framing::default(), false, false);
        (self.query, self.upgrade) = (None, None);
        self.authority.clear();
        self.path.clear();
        self.fields.clear();
    }
}

//! What a server asks of the software behind it, and what it offers for one request.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::{Content, Reply, Request, Response, Scheme};

/// What is known of a connection.
#[derive(Debug, Clone)]
pub struct Connection {
    /// The client: the socket's peer, or whom the PROXY protocol names.
    pub client: SocketAddr,
    /// Our side.
    pub local: SocketAddr,
    /// `http` or `https`.
    pub scheme: Scheme,
    /// What TLS agreed on.
    pub tls: Option<Tls>,
}

/// What TLS agreed on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tls {
    /// `TLSv1.3`.
    pub version: &'static str,
    /// `TLS_AES_128_GCM_SHA256`.
    pub cipher: &'static str,
    /// The name that the client asked for, in lower case.
    pub server_name: Option<Arc<str>>,
    /// Whether a session was resumed.
    pub resumed: bool,
    /// Of what the client said first, where that was asked for.
    pub fingerprints: Option<Arc<edgeplane_net::tls::Fingerprints>>,
}

impl From<edgeplane_net::tls::Facts> for Tls {
    fn from(facts: edgeplane_net::tls::Facts) -> Self {
        let edgeplane_net::tls::Facts { version, cipher, server_name, resumed, http2: _, fingerprints } = facts;
        Self { version, cipher, server_name, resumed, fingerprints }
    }
}

/// Answers requests.
pub trait Service: 'static {
    /// Answers at once where it can, by filling `reply`; `reply.head` stays none where it cannot. Only asked for requests
    /// without content and without `Upgrade`. Must not block: this is the path of a cache hit.
    fn ready(&self, request: &Request, connection: &Connection, reply: &mut Reply);

    /// Told when what `ready` gave was sent: octets of head and content, and microseconds from the request's first octet.
    /// `complete` is false where the client went away first.
    fn sent(&self, _request: &Request, _connection: &Connection, _reply: &Reply, _sent: Sent) {}

    /// Answers everything else. Returns when the answer was sent, or cannot be.
    fn handle<S: Session>(&self, session: &mut S) -> impl Future<Output = ()>;

    /// Told of a request that the server refused by itself, before it was one.
    fn refused(&self, _connection: &Connection, _status: u16, _why: &'static str) {}
}

/// What of an answer went out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sent {
    /// Octets of head and content.
    pub octets: u64,
    /// Whether all of it went.
    pub complete: bool,
}

/// One request and the way to answer it. The order is: `content`* , `interim`*, `head`, (`send`)*, `end`; or `tunnel`.
pub trait Session {
    /// What `tunnel` gives.
    type Tunnel: AsyncRead + AsyncWrite + Unpin + 'static;

    /// The request.
    fn request(&self) -> &Request;

    /// Its connection.
    fn connection(&self) -> &Connection;

    /// The next piece of the request's content, none at its end; the first call sends 100 (Continue) where it is expected.
    /// A call that is given up has lost nothing.
    fn content(&mut self) -> impl Future<Output = Result<Option<Bytes>, SessionError>>;

    /// Sends an interim response (1xx but 101). HTTP/1.0 has none: there nothing is sent, and nothing fails (RFC 9110
    /// section 15.2).
    fn interim(&mut self, response: &Response) -> impl Future<Output = Result<(), SessionError>>;

    /// Has the connection end after this answer; to be said before its head. HTTP/2, whose requests cannot be taken for
    /// parts of one another, goes on.
    fn close(&mut self);

    /// Sends the head. `length` is that of the content; none: it ends with `end`. For HEAD, 204 and 304 no content follows.
    fn head(&mut self, response: &Response, length: Option<u64>) -> impl Future<Output = Result<(), SessionError>>;

    /// Sends content and waits until there is room for more.
    fn send(&mut self, content: Content) -> impl Future<Output = Result<(), SessionError>>;

    /// Ends the content. An answer that is dropped without it breaks off: the client sees an error, not a short answer.
    fn end(&mut self) -> impl Future<Output = Result<(), SessionError>>;

    /// Sends 101 with the fields of `response` and gives the connection away; HTTP/1.1 only.
    fn tunnel(&mut self, response: &Response) -> impl Future<Output = Result<Self::Tunnel, SessionError>>;

    /// Waits until the client is gone; for giving up what nobody waits for.
    fn gone(&mut self) -> impl Future<Output = ()>;

    /// Octets of head and content sent so far.
    fn sent(&self) -> u64;
}

/// Why a session cannot go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SessionError {
    /// The client went away.
    Gone,
    /// The client was too slow; what it was slow at.
    Slow(&'static str),
    /// The client broke the protocol inside its content.
    Malformed(&'static str),
    /// The content is longer than allowed.
    TooLarge,
    /// Not possible in this protocol or at this point.
    Unsupported(&'static str),
}

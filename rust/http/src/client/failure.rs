//! Why an exchange with a server failed.

use std::borrow::Cow;
use std::fmt;
use std::io;

/// Why there is no response, or no whole one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// No address took a connection; what the last one said.
    Connect(io::ErrorKind),
    /// TLS could not be agreed on, or the certificate is not the peer's; what the library said.
    Tls(String),
    /// The peer took too long.
    Timeout(Waiting),
    /// The connection ended before a head was whole.
    Closed,
    /// The head is longer than 64 KiB, or has more than 100 fields.
    HeadTooBig,
    /// The peer broke the protocol.
    Malformed(Cow<'static, str>),
    /// The content ended before its end, or its framing is wrong.
    Broken,
    /// Our own content broke off, so that the request could not be finished.
    Content,
    /// The request cannot be written in HTTP/1.1.
    Unsendable(&'static str),
}

/// What was waited for when time ran out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Waiting {
    /// A connection, TLS included.
    Connection,
    /// The response's head.
    Head,
    /// The next piece of the content.
    Content,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connect(kind) => write!(f, "no connection: {kind}"),
            Self::Tls(why) => write!(f, "no TLS: {why}"),
            Self::Timeout(Waiting::Connection) => write!(f, "no connection in time"),
            Self::Timeout(Waiting::Head) => write!(f, "no response in time"),
            Self::Timeout(Waiting::Content) => write!(f, "the content stood still for too long"),
            Self::Closed => write!(f, "the connection ended before the response"),
            Self::HeadTooBig => write!(f, "the response's head is too big"),
            Self::Malformed(why) => write!(f, "the response is malformed: {why}"),
            Self::Broken => write!(f, "the content broke off"),
            Self::Content => write!(f, "the request's content broke off"),
            Self::Unsendable(why) => write!(f, "the request cannot be sent: {why}"),
        }
    }
}

impl std::error::Error for Failure {}

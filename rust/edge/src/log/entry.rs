//! One answered request, of limited size and without references, so that it can be handed to another thread.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use edgeplane_http::{Connection, Fields, Method, Reply, Request, Response, Scheme, Version};

use super::ResultType;
use crate::access::REASON;

/// Longest path, query or cookie in octets (CloudFront: longest URL).
const LONG: usize = 8_192;
/// Longest other text in octets.
const SHORT: usize = 1_024;

/// One answered request.
#[derive(Debug, Clone)]
pub struct Entry {
    /// When the answer ended, milliseconds since 1970.
    pub time_ms: u64,
    /// Who asked.
    pub client: SocketAddr,
    /// How; none of what was no request.
    pub asked: Option<Asked>,
    /// TLS version and cipher.
    pub tls: Option<(&'static str, &'static str)>,
    /// Status of the answer; 0: the client left before there was one.
    pub status: u16,
    /// What the answer was when it began.
    pub result: ResultType,
    /// Whether all of it went out.
    pub complete: bool,
    /// Octets of the request.
    pub received: u64,
    /// Octets of the answer.
    pub sent: u64,
    /// Time to the end of the answer.
    pub taken: Duration,
    /// Time to its head.
    pub first: Duration,
    /// `Content-Length` of the answer.
    pub length: Option<u64>,
    texts: Texts,
}

/// How a request was made.
#[derive(Debug, Clone, Copy)]
pub struct Asked {
    /// Method.
    pub method: Method,
    /// Over TLS or not.
    pub scheme: Scheme,
    /// Version.
    pub version: Version,
    /// Whether it asked for WebSocket or the like.
    pub upgrade: bool,
}

/// Texts of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Text {
    Distribution,
    DomainName,
    Authority,
    Path,
    Query,
    Referer,
    UserAgent,
    Cookie,
    ForwardedFor,
    Id,
    ContentType,
    ContentRange,
    CacheStatus,
    Reason,
}

const TEXTS: usize = Text::Reason as usize + 1;

/// All texts in one piece of memory.
#[derive(Debug, Clone, Default)]
struct Texts {
    octets: Vec<u8>,
    ends: [u32; TEXTS],
}

/// Who served a request: the distribution's id and host name, and whether its log shows cookies.
#[derive(Debug, Clone, Copy, Default)]
pub struct Server<'a> {
    /// Id.
    pub id: &'a str,
    /// Host name.
    pub domain_name: &'a str,
    /// `Logging.IncludeCookies`.
    pub cookies: bool,
}

/// What was answered.
#[derive(Debug, Clone, Copy, Default)]
pub struct Answer<'a> {
    /// Status; 0 for none.
    pub status: u16,
    /// What it was.
    pub result: ResultType,
    /// `X-Amz-Cf-Id`.
    pub id: &'a [u8],
    /// Why, where the edge has answered by itself.
    pub reason: &'a [u8],
    /// `Content-Type`.
    pub content_type: &'a [u8],
    /// `Content-Range`.
    pub content_range: &'a [u8],
    /// `Content-Length`.
    pub length: Option<u64>,
    /// The edge's own `Cache-Status`.
    pub cache_status: &'a [u8],
}

/// When things happened.
#[derive(Debug, Clone, Copy)]
pub struct Times {
    /// The request was taken up.
    pub begun: Instant,
    /// The head of the answer went out, if it did.
    pub answered: Option<Instant>,
    /// All was over.
    pub ended: Instant,
    /// The same, in milliseconds since 1970.
    pub ended_ms: u64,
}

/// What went over the wire.
#[derive(Debug, Clone, Copy, Default)]
pub struct Octets {
    /// Of the request's content.
    pub received: u64,
    /// Of the answer.
    pub sent: u64,
    /// Whether all of the answer went.
    pub complete: bool,
}

impl<'a> Answer<'a> {
    /// From a head that was sent.
    pub fn of_response(response: &'a Response, result: ResultType, length: Option<u64>) -> Self {
        let fields = &response.fields;
        let cache_status = last(fields, "cache-status");
        Self {
            id: last(fields, "x-amz-cf-id"),
            length,
            cache_status,
            ..Self::of_fields(response.status, fields, result)
        }
    }

    /// From an answer that was ready.
    pub fn of_reply(reply: &'a Reply) -> Self {
        let Some(head) = &reply.head else { return Self::default() };
        let length = if reply.content.is_empty() { None } else { Some(reply.content.len()) };
        let result = ResultType::of(line(&reply.lines, b"x-cache: "));
        let id = line(&reply.lines, b"x-amz-cf-id: ").unwrap_or_default();
        let cache_status = line(&reply.lines, b"cache-status: ").unwrap_or_default();
        Self { id, length, cache_status, ..Self::of_fields(head.status, &head.fields, result) }
    }

    fn of_fields(status: u16, fields: &'a Fields, result: ResultType) -> Self {
        Self {
            status,
            result,
            reason: if result == ResultType::Miss { b"" } else { last(fields, REASON) },
            content_type: last(fields, "content-type"),
            content_range: last(fields, "content-range"),
            ..Self::default()
        }
    }
}

fn last<'f>(fields: &'f Fields, name: &'f str) -> &'f [u8] {
    fields.all(name).last().unwrap_or_default()
}

/// The value of a field line.
fn line<'l>(lines: &'l [u8], start: &[u8]) -> Option<&'l [u8]> {
    lines.split(|&octet| octet == b'\n').find_map(|line| line.strip_prefix(start)).map(<[u8]>::trim_ascii_end)
}

impl Entry {
    /// A request and its answer.
    pub fn new(
        (request, connection): (&Request, &Connection),
        server: Server<'_>,
        answer: &Answer<'_>,
        times: Times,
        octets: Octets,
    ) -> Self {
        let is_upgrade = request.upgrade.is_some();
        let (method, scheme, version) = (request.method, request.scheme, request.version);
        let texts = Texts::new(request, server, answer);
        Self {
            asked: Some(Asked { method, scheme, version, upgrade: is_upgrade }),
            received: head_octets(request) + octets.received,
            sent: octets.sent,
            complete: octets.complete,
            taken: times.ended.saturating_duration_since(times.begun),
            first: times.answered.unwrap_or(times.ended).saturating_duration_since(times.begun),
            length: answer.length,
            texts,
            ..Self::refused(connection, answer.status, b"", times.ended_ms)
        }
        .with_result(answer.result)
    }

    /// What was no request, and why.
    pub fn refused(connection: &Connection, status: u16, why: &[u8], time_ms: u64) -> Self {
        let mut texts = Texts::default();
        texts.fill(|text| if text == Text::Reason as usize { why } else { b"" });
        Self {
            time_ms,
            client: connection.client,
            asked: None,
            tls: connection.tls.as_ref().map(|tls| (tls.version, tls.cipher)),
            status,
            result: ResultType::Error,
            complete: true,
            received: 0,
            sent: 0,
            taken: Duration::ZERO,
            first: Duration::ZERO,
            length: None,
            texts,
        }
    }

    /// An error status is an error, wherever it comes from.
    fn with_result(mut self, result: ResultType) -> Self {
        let is_error =
            self.status >= 400 && result != ResultType::LimitExceeded && result != ResultType::CapacityExceeded;
        self.result = if is_error { ResultType::Error } else { result };
        self
    }

    /// One of the texts; empty where there is none.
    pub fn text(&self, text: Text) -> &[u8] {
        self.texts.get(text as usize)
    }

    /// Octets that it takes.
    pub fn weight(&self) -> usize {
        size_of::<Self>() + self.texts.octets.capacity()
    }
}

impl Texts {
    fn new(request: &Request, server: Server<'_>, answer: &Answer<'_>) -> Self {
        let field = |name: &str| request.fields.get(name).unwrap_or_default();
        let all: [&[u8]; TEXTS] = [
            server.id.as_bytes(),
            server.domain_name.as_bytes(),
            request.authority.as_bytes(),
            request.path.as_bytes(),
            request.query.as_deref().unwrap_or_default().as_bytes(),
            field("referer"),
            field("user-agent"),
            if server.cookies { field("cookie") } else { b"" },
            field("x-forwarded-for"),
            answer.id,
            answer.content_type,
            answer.content_range,
            answer.cache_status,
            answer.reason,
        ];
        let mut texts = Self::default();
        texts.octets.reserve_exact(all.iter().enumerate().map(|(n, text)| cut(n, text).len()).sum());
        texts.fill(|n| all.get(n).copied().unwrap_or_default());
        texts
    }

    fn fill<'t>(&mut self, text: impl Fn(usize) -> &'t [u8]) {
        for (n, end) in self.ends.iter_mut().enumerate() {
            self.octets.extend_from_slice(cut(n, text(n)));
            *end = self.octets.len() as u32;
        }
    }

    fn get(&self, n: usize) -> &[u8] {
        let start = n.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        let end = self.ends.get(n).copied().unwrap_or(0);
        self.octets.get(start as usize..end as usize).unwrap_or_default()
    }
}

fn cut(n: usize, text: &[u8]) -> &[u8] {
    let is_long = [Text::Path, Text::Query, Text::Cookie].iter().any(|&long| long as usize == n);
    text.get(..if is_long { LONG } else { SHORT }).unwrap_or(text)
}

/// Octets of a request's head in the form of HTTP/1.1.
fn head_octets(request: &Request) -> u64 {
    let target = request.path.len() + request.query.as_ref().map_or(0, |query| query.len() + 1);
    let line = request.method.token().len() + target + " HTTP/1.1\r\n".len() + 1;
    let fields = request.fields.iter().map(|(name, value)| name.len() + value.len() + ": \r\n".len());
    (line + fields.sum::<usize>() + "\r\n".len()) as u64
}

//! An answer that needs no waiting: a head made once for many responses, a few lines of its own, content.

use std::fs::File;
use std::io::Write;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use bytes::Bytes;
use edgeplane_net::pages::Pages;

use crate::Fields;
use crate::fields::{is_of_a_connection, is_token};
use crate::h1::{digits, is_value};
use crate::response::reason;

/// A response head made ready for sending again and again.
#[derive(Debug)]
pub struct PreparedHead {
    /// 200 to 599.
    pub status: u16,
    /// Its fields. A `Date` among them goes out in place of the server's, a `Content-Length` where there is no content, as
    /// for HEAD; those of a connection never do.
    pub fields: Fields,
    /// Whether they have a `Date` of their own.
    pub(crate) is_dated: bool,
    /// Their `Content-Length`, for answers to HEAD and 304; those with content say its length.
    pub(crate) length: Option<u64>,
    lines: Box<[u8]>,
    http2: OnceLock<http::HeaderMap>,
}

impl PreparedHead {
    /// From a status and fields; the server adds `Date` where there is none, `Content-Length` and what belongs to the
    /// connection. A field that could not be read as one is left out.
    pub fn new(status: u16, fields: Fields) -> Self {
        let mut lines = Vec::with_capacity(fields.weight() + 64);
        let _ = write!(lines, "HTTP/1.1 {status} {}\r\n", reason(status));
        push_end_to_end(&mut lines, &fields);
        let (is_dated, length) = (fields.has("date"), fields.get("content-length").and_then(digits));
        Self { status, fields, is_dated, length, lines: lines.into_boxed_slice(), http2: OnceLock::new() }
    }

    /// Status line and field lines of HTTP/1.1, without `Content-Length` and the empty line at the end.
    pub fn lines(&self) -> &[u8] {
        &self.lines
    }

    /// The fields as HTTP/2 sends them, with an empty place for each that almost every answer adds: `age`, `content-length`,
    /// `date`. Made on first use and kept, but for a 304: every object has one beside its own head, and seldom needs it.
    pub fn http2(&self) -> http::HeaderMap {
        match self.status {
            304 => self.header_map(),
            // A copy has no more memory than it needs, unlike what grew.
            _ => self.http2.get_or_init(|| self.header_map().clone()).clone(),
        }
    }

    fn header_map(&self) -> http::HeaderMap {
        let mut map = header_map(&self.fields);
        for name in ADDED {
            map.entry(name).or_insert(http::HeaderValue::from_static(""));
        }
        map
    }

    /// Octets held, or that will be once it was used in all ways.
    pub fn weight(&self) -> usize {
        Self::weight_of(self.status, &self.fields)
    }

    /// Octets that the head of a response with this status and fields holds once it was used in all ways.
    pub fn weight_of(status: u16, fields: &Fields) -> usize {
        let lines = fields.weight() + STATUS_LINE;
        let http2 = if status == 304 { 0 } else { fields.weight() + (fields.len() + ADDED.len()) * HTTP2_FIELD };
        size_of::<Self>() + fields.weight() + lines + http2
    }
}

/// Fields that almost every answer adds.
const ADDED: [http::HeaderName; 3] = [http::header::AGE, http::header::CONTENT_LENGTH, http::header::DATE];
/// Octets of a status line, at most; the fields of its lines take less than in `Fields`.
const STATUS_LINE: usize = 64;
/// Octets of a field in `http::HeaderMap` beside its name and value: its bucket 104, its place in the index 6 to 11, a count
/// of references to its value and one to an uncommon name, and what the allocator adds to these.
const HTTP2_FIELD: usize = 200;

/// Adds the lines of all fields but those that frame a message or belong to a connection (RFC 9110 section 7.6.1).
pub(crate) fn push_end_to_end(lines: &mut Vec<u8>, fields: &Fields) {
    for (name, value) in fields.iter() {
        let frames = is_of_a_connection(name) || name.eq_ignore_ascii_case(b"content-length");
        if is_token(name) && is_value(value) && !frames {
            push_line(lines, name, value);
        }
    }
}

/// Adds `name: value` and the line's end.
pub fn push_line(lines: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    lines.extend_from_slice(name);
    lines.extend_from_slice(b": ");
    lines.extend_from_slice(value);
    lines.extend_from_slice(b"\r\n");
}

/// Adds a number in decimal.
#[inline]
pub fn push_decimal(lines: &mut Vec<u8>, mut number: u64) {
    let mut digits = [0u8; 20];
    let mut first = digits.len();
    for (place, digit) in digits.iter_mut().enumerate().rev() {
        *digit = b'0' + (number % 10) as u8;
        (first, number) = (place, number / 10);
        if number == 0 {
            break;
        }
    }
    lines.extend_from_slice(digits.get(first..).unwrap_or_default());
}

/// Fields as the `http` crate has them; a field that it does not take is left out.
pub fn header_map(fields: &Fields) -> http::HeaderMap {
    let mut map = http::HeaderMap::with_capacity(fields.len());
    for (name, value) in fields.iter() {
        if let (Ok(name), Ok(value)) = (http::HeaderName::from_bytes(name), http::HeaderValue::from_bytes(value)) {
            map.append(name, value);
        }
    }
    map
}

/// What follows a head. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub enum Content {
    /// Nothing, and no `Content-Length` is added: 204, 304, and answers to HEAD, whose head says the length itself.
    #[default]
    None,
    /// Octets in memory.
    Bytes(Bytes),
    /// Octets in pages of their own; they leave without being copied where the connection allows.
    Pages(Pages),
    /// A part of a file; it leaves by `sendfile` where the connection allows.
    File {
        /// Open for reading; the position is not used.
        file: Arc<File>,
        /// First octet.
        offset: u64,
        /// Number of octets.
        length: u64,
    },
}

impl Content {
    /// Octets.
    pub fn len(&self) -> u64 {
        match self {
            Self::None => 0,
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::Pages(pages) => pages.len() as u64,
            Self::File { length, .. } => *length,
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A part of it: `start` and `length` lie within.
    pub fn slice(&self, start: u64, length: u64) -> Self {
        match self {
            Self::None => Self::None,
            Self::Bytes(bytes) => Self::Bytes(bytes.slice(start as usize..(start + length) as usize)),
            Self::Pages(pages) => Self::Pages(pages.slice(start as usize, length as usize)),
            Self::File { file, offset, .. } => Self::File { file: file.clone(), offset: offset + start, length },
        }
    }
}

/// Where `Service::ready` puts its answer. Belongs to a connection and is used again.
#[derive(Debug, Default)]
pub struct Reply {
    /// The head; none: the service did not answer at once.
    pub head: Option<Arc<PreparedHead>>,
    /// Field lines of this answer alone (`age: 7\r\n…`), names in lower case; written with `Reply::field`.
    pub lines: Vec<u8>,
    /// The content. `Content-Length` is its length, except where it is `None`.
    pub content: Content,
    /// Close the connection after it.
    pub close: bool,
    /// What the service wants to know again when this was sent.
    pub note: Note,
}

/// What a service notes of its own answer; nobody else reads it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Note {
    /// A number of the service's own.
    pub number: usize,
    /// When the request was taken up and when its answer was ready, where that is wanted.
    pub times: Option<(Instant, Instant)>,
}

impl Reply {
    /// Adds a field of this answer alone. `name` in lower case.
    #[inline]
    pub fn field(&mut self, name: &str, value: impl AsRef<[u8]>) {
        push_line(&mut self.lines, name.as_bytes(), value.as_ref());
    }

    /// Empties it and keeps its memory.
    pub fn clear(&mut self) {
        self.head = None;
        self.lines.clear();
        self.content = Content::None;
        self.close = false;
        self.note = Note::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_decimal() {
        for number in [0, 7, 10, 1024, u64::MAX] {
            let mut lines = Vec::new();
            push_decimal(&mut lines, number);
            assert_eq!(lines, number.to_string().into_bytes());
        }
    }
}

//! The head of an answer, as octets.

use super::output::Output;
use crate::Method;
use crate::reply::{Content, PreparedHead, Reply, push_decimal};
use crate::request::{Request, Version};

/// What is said of the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Persistence {
    /// It stays, as is the rule.
    Keep,
    /// It stays, which HTTP/1.0 has to be told.
    KeepTold,
    /// It is closed after this answer.
    Close,
}

impl Persistence {
    #[inline]
    pub fn new(keep_alive: bool, version: Version) -> Self {
        match (keep_alive, version) {
            (false, _) => Self::Close,
            (true, Version::Http10) => Self::KeepTold,
            (true, _) => Self::Keep,
        }
    }

    #[inline]
    pub const fn line(self) -> &'static [u8] {
        match self {
            Self::Keep => b"",
            Self::KeepTold => b"connection: keep-alive\r\n",
            Self::Close => b"connection: close\r\n",
        }
    }
}

/// Puts the answer to `request` into `output`, content of at most `copy` octets with it. `date` is a whole line.
#[inline]
pub(crate) fn write(
    head: &PreparedHead,
    reply: &Reply,
    request: &Request,
    persistence: Persistence,
    date: &[u8],
    copy: usize,
    output: &mut Output,
) {
    let lines = output.octets();
    lines.extend_from_slice(head.lines());
    lines.extend_from_slice(&reply.lines);
    if !head.is_dated {
        lines.extend_from_slice(date);
    }
    if let Some(length) = length(head, &reply.content, request.method) {
        push_length(lines, length);
    }
    lines.extend_from_slice(persistence.line());
    lines.extend_from_slice(b"\r\n");
    if request.method != Method::Head && !is_without_content(head.status) {
        output.push(&reply.content, copy);
    }
}

/// What `Content-Length` says: of answers with content its length, also when that is none; of others what their head says.
#[inline]
fn length(head: &PreparedHead, content: &Content, method: Method) -> Option<u64> {
    match (head.status, content) {
        (100..=199 | 204, _) => None,
        (304, _) => head.length,
        (_, Content::None) if method == Method::Head => head.length,
        (_, content) => Some(content.len()),
    }
}

#[inline]
pub(crate) const fn is_without_content(status: u16) -> bool {
    matches!(status, 100..=199 | 204 | 304)
}

/// `content-length: …` and the line's end.
#[inline]
pub(crate) fn push_length(lines: &mut Vec<u8>, length: u64) {
    lines.extend_from_slice(b"content-length: ");
    push_decimal(lines, length);
    lines.extend_from_slice(b"\r\n");
}

/// The size line of a chunk.
pub(crate) fn push_chunk_size(lines: &mut Vec<u8>, size: u64) {
    use std::io::Write;
    let _ = write!(lines, "{size:x}\r\n");
}

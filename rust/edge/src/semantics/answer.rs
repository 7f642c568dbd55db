//! Fields of answers that are made from a stored response. `Age`, `Cache-Status` and the length are added by who sends them.

use edgeplane_http::{Fields, Response};

use super::{ByteRange, Stored};

/// What describes content that a 304 does not have (RFC 9110 section 15.4.5).
const OF_THE_CONTENT: [&str; 5] =
    ["content-encoding", "content-language", "content-length", "content-range", "content-type"];

/// 304.
pub fn not_modified(stored: &Stored) -> Response {
    Response { status: 304, fields: without(&stored.fields, &OF_THE_CONTENT) }
}

/// 206 with one range of `complete` octets.
pub fn partial(stored: &Stored, range: ByteRange, complete: u64) -> Response {
    let fields = without(&stored.fields, &["content-length", "content-range"]);
    Response { status: 206, fields }.with("Content-Range", range.content_range(complete))
}

/// 416 (RFC 9110 section 15.5.17).
pub fn not_satisfiable(complete: u64) -> Response {
    Response::new(416).with("Content-Range", format!("bytes */{complete}"))
}

/// 412 (RFC 9110 section 15.5.13), with the validators that stand against the condition.
pub fn failed(stored: &Stored) -> Response {
    let validator = |name: &[u8]| name.eq_ignore_ascii_case(b"etag") || name.eq_ignore_ascii_case(b"last-modified");
    Response { status: 412, fields: stored.fields.iter().filter(|(name, _)| validator(name)).collect() }
}

/// Several ranges as multipart/byteranges (RFC 9110 section 14.6).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Multipart {
    /// The 206.
    pub response: Response,
    /// In order: octets to send, then a range of the content.
    pub parts: Vec<(Vec<u8>, ByteRange)>,
    /// Octets after the last range.
    pub end: Vec<u8>,
}

impl Multipart {
    /// Of ranges of `complete` octets. `boundary`: up to 70 letters and digits that the content does not have; by chance.
    pub fn new(stored: &Stored, ranges: &[ByteRange], complete: u64, boundary: &str) -> Self {
        let kind = stored.fields.get("content-type").map(<[u8]>::to_vec);
        let parts = ranges.iter().map(|range| (part(kind.as_deref(), range, complete, boundary), *range)).collect();
        let fields = without(&stored.fields, &["content-length", "content-range", "content-type"]);
        let response = Response { status: 206, fields };
        Self {
            response: response.with("Content-Type", format!("multipart/byteranges; boundary={boundary}")),
            parts,
            end: format!("\r\n--{boundary}--\r\n").into_bytes(),
        }
    }

    /// Octets of the whole content.
    pub fn length(&self) -> u64 {
        let of = |(head, range): &(Vec<u8>, ByteRange)| (head.len() as u64).saturating_add(range.length());
        self.parts.iter().map(of).fold(self.end.len() as u64, u64::saturating_add)
    }
}

fn part(kind: Option<&[u8]>, range: &ByteRange, complete: u64, boundary: &str) -> Vec<u8> {
    let mut head = format!("\r\n--{boundary}\r\n").into_bytes();
    if let Some(kind) = kind {
        edgeplane_http::reply::push_line(&mut head, b"Content-Type", kind);
    }
    edgeplane_http::reply::push_line(&mut head, b"Content-Range", range.content_range(complete).as_bytes());
    head.extend_from_slice(b"\r\n");
    head
}

fn without(fields: &Fields, names: &[&str]) -> Fields {
    let stays = |name: &[u8]| !names.iter().any(|known| name.eq_ignore_ascii_case(known.as_bytes()));
    fields.iter().filter(|(name, _)| stays(name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::semantics::sample::stored;

    fn names(response: &Response) -> Vec<String> {
        response.fields.iter().map(|(name, _)| String::from_utf8_lossy(name).into_owned()).collect()
    }

    #[test]
    fn heads() {
        let stored = stored(&[
            ("Cache-Control", "max-age=60"),
            ("ETag", "\"a\""),
            ("Content-Type", "text/plain"),
            ("Content-Length", "10"),
            ("X", "y"),
        ]);
        assert_eq!(names(&not_modified(&stored)), ["Cache-Control", "ETag", "X", "Date"]);
        let range = ByteRange { first: 2, last: 4 };
        let part = partial(&stored, range, 10);
        assert_eq!(names(&part), ["Cache-Control", "ETag", "Content-Type", "X", "Date", "Content-Range"]);
        assert_eq!(part.fields.get("content-range"), Some(&b"bytes 2-4/10"[..]));
        assert_eq!(not_satisfiable(10).fields.get("content-range"), Some(&b"bytes */10"[..]));
        assert_eq!(names(&failed(&stored)), ["ETag"]);
    }

    #[test]
    fn several_ranges() {
        let stored = stored(&[("Cache-Control", "max-age=60"), ("Content-Type", "text/plain")]);
        let ranges = [ByteRange { first: 0, last: 1 }, ByteRange { first: 8, last: 9 }];
        let multipart = Multipart::new(&stored, &ranges, 10, "BOUNDARY");
        let mut sent = Vec::new();
        for (head, range) in &multipart.parts {
            sent.extend_from_slice(head);
            sent.extend_from_slice(&b"0123456789"[range.first as usize..=range.last as usize]);
        }
        sent.extend_from_slice(&multipart.end);
        let expected = "\r\n--BOUNDARY\r\nContent-Type: text/plain\r\nContent-Range: bytes 0-1/10\r\n\r\n01\
                        \r\n--BOUNDARY\r\nContent-Type: text/plain\r\nContent-Range: bytes 8-9/10\r\n\r\n89\r\n--BOUNDARY--\r\n";
        assert_eq!(String::from_utf8(sent).unwrap(), expected);
        assert_eq!(multipart.length(), expected.len() as u64);
        assert_eq!(
            multipart.response.fields.get("content-type"),
            Some(&b"multipart/byteranges; boundary=BOUNDARY"[..])
        );
    }
}

//! Octets → the end of a response. Only `Content-Length` is understood: what is measured must say how long it is.

use memchr::{memchr, memmem};

/// Where a response stands.
#[derive(Debug, PartialEq)]
pub enum Progress {
    /// Octets are missing.
    More,
    /// It is there: status, and octets of content.
    Done(u16, u64),
    /// It is no response, does not say how long it is, or is longer than that.
    Malformed,
}

/// Reads responses that come one after the other.
#[derive(Default)]
pub struct Reader {
    head: Vec<u8>,
    status: u16,
    length: u64,
    owed: u64,
}

impl Reader {
    /// Octets of content that are still to come, once the head is there.
    pub fn owed(&self) -> u64 {
        self.owed
    }

    /// Whether nothing of a response has come.
    pub fn is_idle(&self) -> bool {
        self.owed == 0 && self.head.is_empty()
    }

    /// Takes octets as they came.
    pub fn take(&mut self, octets: &[u8]) -> Progress {
        if self.owed > 0 {
            return self.skip(octets.len() as u64);
        }
        if self.head.is_empty() {
            return self.start(octets);
        }
        let mut whole = std::mem::take(&mut self.head);
        whole.extend_from_slice(octets);
        self.start(&whole)
    }

    /// Counts octets of content that nobody looked at.
    pub fn skip(&mut self, octets: u64) -> Progress {
        match self.owed.checked_sub(octets) {
            None => Progress::Malformed,
            Some(0) => {
                self.owed = 0;
                Progress::Done(self.status, self.length)
            }
            Some(left) => {
                self.owed = left;
                Progress::More
            }
        }
    }

    fn start(&mut self, octets: &[u8]) -> Progress {
        let Some((head, content)) = memmem::find(octets, b"\r\n\r\n").and_then(|end| octets.split_at_checked(end + 4))
        else {
            self.head.extend_from_slice(octets);
            return Progress::More;
        };
        let (Some(status), Some(length)) = (status(head), content_length(head)) else {
            return Progress::Malformed;
        };
        (self.status, self.length, self.owed) = (status, length, length);
        self.skip(content.len() as u64)
    }
}

fn status(head: &[u8]) -> Option<u16> {
    let digits = head.strip_prefix(b"HTTP/1.1 ")?.get(..3)?;
    std::str::from_utf8(digits).ok()?.parse().ok()
}

fn content_length(head: &[u8]) -> Option<u64> {
    let mut rest = head;
    while let Some(end) = memchr(b'\n', rest) {
        let (line, after) = rest.split_at_checked(end + 1)?;
        if let Some((name, value)) = line.split_at_checked(15)
            && name.eq_ignore_ascii_case(b"content-length:")
        {
            return std::str::from_utf8(value).ok()?.trim().parse().ok();
        }
        rest = after;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const RESPONSE: &[u8] = b"HTTP/1.1 200 OK\r\nVia: x\r\ncontent-LENGTH:  5 \r\nAge: 1\r\n\r\nhello";

    #[test]
    fn a_response_may_come_in_any_pieces() {
        for cut in 1..RESPONSE.len() {
            let mut reader = Reader::default();
            let (first, second) = RESPONSE.split_at(cut);
            assert_eq!(reader.take(first), Progress::More, "{cut}");
            assert_eq!(reader.take(second), Progress::Done(200, 5), "{cut}");
            assert!(reader.is_idle());
        }
    }

    #[test]
    fn what_nobody_looks_at_is_counted() {
        let mut reader = Reader::default();
        assert_eq!(reader.take(&RESPONSE[..RESPONSE.len() - 3]), Progress::More);
        assert_eq!((reader.owed(), reader.skip(2), reader.skip(1)), (3, Progress::More, Progress::Done(200, 5)));
    }

    #[test]
    fn what_does_not_fit_is_malformed() {
        let long = [RESPONSE, b"!"].concat();
        let unframed = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
        for octets in [&long[..], unframed, b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", b"\r\n\r\n"] {
            assert_eq!(Reader::default().take(octets), Progress::Malformed);
        }
        assert_eq!(Reader::default().take(b"HTTP/1.1 304 \r\nContent-Length: 0\r\n\r\n"), Progress::Done(304, 0));
    }
}

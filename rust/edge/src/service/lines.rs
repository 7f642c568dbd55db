//! Field lines that every answer of the edge has: what it is, where it comes from, how old.

use edgeplane_base::random::Random;
use edgeplane_http::Fields;

use crate::semantics::CacheStatus;

/// What an answer is, in CloudFront's words (`X-Cache`, `x-edge-result-type`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Outcome {
    /// From the store.
    Hit,
    /// From the store; the origin confirmed it.
    RefreshHit,
    /// From the store beyond its freshness.
    Stale,
    /// From the origin.
    #[default]
    Miss,
    /// An error.
    Error,
    /// To HTTPS.
    Redirect,
    /// No access.
    Denied,
    /// Too many requests of one client.
    Limited,
}

impl Outcome {
    /// `x-edge-result-type`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hit | Self::Stale => "Hit",
            Self::RefreshHit => "RefreshHit",
            Self::Miss => "Miss",
            Self::Error | Self::Denied => "Error",
            Self::Redirect => "Redirect",
            Self::Limited => "LimitExceeded",
        }
    }

    const fn line(self) -> &'static [u8] {
        match self {
            Self::Hit | Self::Stale => b"x-cache: Hit from cloudfront\r\n",
            Self::RefreshHit => b"x-cache: RefreshHit from cloudfront\r\n",
            Self::Miss => b"x-cache: Miss from cloudfront\r\n",
            Self::Error | Self::Denied => b"x-cache: Error from cloudfront\r\n",
            Self::Redirect => b"x-cache: Redirect from cloudfront\r\n",
            Self::Limited => b"x-cache: LimitExceeded from cloudfront\r\n",
        }
    }
}

/// What is said of an answer.
#[derive(Debug, Clone, Copy, Default)]
pub struct Said<'a> {
    /// What it is.
    pub outcome: Outcome,
    /// `Age`, seconds; none for what was not stored.
    pub age_s: Option<u64>,
    /// `Cache-Status`.
    pub status: CacheStatus<'a>,
}

/// Adds `age`, `x-cache` and `x-amz-cf-id`; with the `name` of a distribution also `via` and `cache-status`, which the edge's own
/// notices have not: no cache was asked for them.
#[inline]
pub fn write(lines: &mut Vec<u8>, name: &str, said: &Said<'_>, id: &[u8]) {
    if let Some(age) = said.age_s {
        lines.extend_from_slice(b"age: ");
        push_number(lines, age);
        lines.extend_from_slice(b"\r\n");
    }
    lines.extend_from_slice(said.outcome.line());
    if !name.is_empty() {
        lines.extend_from_slice(b"via: 1.1 ");
        lines.extend_from_slice(name.as_bytes());
        lines.extend_from_slice(b" (edgeplane)\r\n");
    }
    lines.extend_from_slice(b"x-amz-cf-id: ");
    lines.extend_from_slice(id);
    lines.extend_from_slice(b"\r\n");
    if !name.is_empty() {
        lines.extend_from_slice(b"cache-status: ");
        said.status.write(lines);
        lines.extend_from_slice(b"\r\n");
    }
}

/// Adds field lines to fields.
pub fn push(fields: &mut Fields, lines: &[u8]) {
    for line in lines.split(|&octet| octet == b'\n') {
        let colon = line.iter().position(|&octet| octet == b':');
        if let Some((name, value)) = colon.and_then(|at| line.split_at_checked(at)) {
            fields.push(name, value.get(1..).unwrap_or_default().trim_ascii());
        }
    }
}

fn push_number(lines: &mut Vec<u8>, mut number: u64) {
    let mut digits = [0; 20];
    let mut at = digits.len();
    while let Some(place) = at.checked_sub(1).and_then(|before| digits.get_mut(before)) {
        *place = b'0' + (number % 10) as u8;
        (number, at) = (number / 10, at - 1);
        if number == 0 {
            break;
        }
    }
    lines.extend_from_slice(digits.get(at..).unwrap_or_default());
}

/// A request's id: 56 characters that no other request has.
#[derive(Clone, Copy)]
pub struct RequestId([u8; 56]);

impl RequestId {
    /// A new one.
    #[inline]
    pub fn new(random: &mut Random) -> Self {
        const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let mut id = [0; 56];
        for part in id.chunks_mut(10) {
            let mut bits = random.next_u64();
            for octet in part {
                *octet = ALPHABET.get((bits & 63) as usize).copied().unwrap_or(b'A');
                bits >>= 6;
            }
        }
        Self(id)
    }

    /// Its characters.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_whole() {
        for number in [0, 7, 10, 86_400, u64::MAX] {
            let mut lines = Vec::new();
            push_number(&mut lines, number);
            assert_eq!(String::from_utf8(lines).unwrap(), number.to_string());
        }
    }

    #[test]
    fn ids_differ() {
        let mut random = Random::from_process();
        let (a, b) = (RequestId::new(&mut random), RequestId::new(&mut random));
        assert_ne!(a.as_str(), b.as_str());
        assert!(a.as_str().bytes().all(|octet| octet.is_ascii_alphanumeric() || b"-_".contains(&octet)));
    }
}

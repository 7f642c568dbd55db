//! Field lines that every answer of the edge has: what it is, where it comes from, how old.

use edgeplane_base::random::Random;
use edgeplane_http::Fields;
use edgeplane_http::reply::push_decimal;
use memchr::memchr;

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
    /// `Cache-Status`; none for the edge's own notices: no cache was asked for them.
    pub status: Option<CacheStatus<'a>>,
}

/// Adds `age`, `x-cache`, `x-amz-cf-id` and `cache-status`, and the lines that all answers of their kind have.
#[inline]
pub fn write(head: &mut impl Head, all: &[u8], said: &Said<'_>, id: &[u8]) {
    if let Some(age) = said.age_s {
        head.field("age: ", |value| push_decimal(value, age));
    }
    head.lines(said.outcome.line());
    head.lines(all);
    head.field("x-amz-cf-id: ", |value| value.extend_from_slice(id));
    if let Some(status) = &said.status {
        head.field("cache-status: ", |value| status.write(value));
    }
}

/// Where field lines go: octets that are sent as they are, or fields.
pub trait Head {
    /// Adds a field, its name with `: `; `write` puts the value behind the octets that it is given.
    fn field(&mut self, name: &str, write: impl FnOnce(&mut Vec<u8>));

    /// Adds whole lines.
    fn lines(&mut self, lines: &[u8]);
}

impl Head for Vec<u8> {
    #[inline]
    fn field(&mut self, name: &str, write: impl FnOnce(&mut Vec<u8>)) {
        self.extend_from_slice(name.as_bytes());
        write(self);
        self.extend_from_slice(b"\r\n");
    }

    #[inline]
    fn lines(&mut self, lines: &[u8]) {
        self.extend_from_slice(lines);
    }
}

impl Head for Fields {
    fn field(&mut self, name: &str, write: impl FnOnce(&mut Vec<u8>)) {
        self.push_with(name.strip_suffix(": ").unwrap_or(name), write);
    }

    fn lines(&mut self, lines: &[u8]) {
        for line in lines.split(|&octet| octet == b'\n') {
            if let Some((name, value)) = memchr(b':', line).and_then(|at| line.split_at_checked(at)) {
                self.push(name, value.get(1..).unwrap_or_default().trim_ascii());
            }
        }
    }
}

/// A request's id: 56 characters that no other request has.
#[derive(Clone, Copy)]
pub struct RequestId([u8; 56]);

impl RequestId {
    /// A new one.
    #[inline]
    pub fn new(random: &mut Random) -> Self {
        let mut id = [0; 56];
        id.chunks_exact_mut(8).for_each(|part| part.copy_from_slice(&random.next_u64().to_le_bytes()));
        id.iter_mut().for_each(|octet| *octet = character(*octet & 63));
        Self(id)
    }

    /// Its characters, as octets.
    #[inline]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Its characters.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

/// The character of six bits (RFC 4648 section 5); without a table and without branches, so that many are made at once.
#[inline]
fn character(bits: u8) -> u8 {
    let mut character = bits + b'A';
    character = if bits >= 26 { bits + (b'a' - 26) } else { character };
    character = if bits >= 52 { bits.wrapping_sub(52) + b'0' } else { character };
    character = if bits == 62 { b'-' } else { character };
    if bits == 63 { b'_' } else { character }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_are_those_of_base64url() {
        let all: Vec<u8> = (0..64).map(character).collect();
        assert_eq!(all, b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");
    }

    #[test]
    fn lines_and_fields_say_the_same() {
        let said = Said { outcome: Outcome::Hit, age_s: Some(7), status: Some(CacheStatus::default()) };
        let (mut lines, mut fields) = (Vec::new(), Fields::new());
        let all = b"via: 1.1 a:1 (edgeplane)\r\nx-amz-cf-pop: b\r\n";
        write(&mut lines, all, &said, b"id");
        write(&mut fields, all, &said, b"id");
        let said: Vec<u8> = fields.iter().flat_map(|(name, value)| [name, b": ", value, b"\r\n"].concat()).collect();
        assert_eq!(said, lines);
        assert_eq!(fields.len(), 6);
    }

    #[test]
    fn ids_differ() {
        let mut random = Random::from_process();
        let (a, b) = (RequestId::new(&mut random), RequestId::new(&mut random));
        assert_ne!(a.as_str(), b.as_str());
        assert!(a.as_str().bytes().all(|octet| octet.is_ascii_alphanumeric() || b"-_".contains(&octet)));
    }
}

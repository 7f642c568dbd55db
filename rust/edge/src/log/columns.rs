//! The 33 fields of CloudFront's standard log, in their order (CloudFront Developer Guide, "Standard log file fields").

use std::fmt::Write;
use std::net::IpAddr;
use std::time::Duration;

use edgeplane_base::calendar::civil;
use edgeplane_http::{Scheme, Version};

use super::entry::{Asked, Entry, Text};
use super::{Location, ResultType};

/// The value of a field.
#[derive(Debug, Clone, Copy)]
pub enum Value<'e> {
    /// There is none.
    Empty,
    /// Octets of a client or an origin.
    Text(&'e [u8]),
    /// A part of the URL, in which `%` stands as the client sent it.
    Url(&'e [u8]),
    /// A word of ours.
    Word(&'e str),
    /// A number.
    Number(u64),
    /// Three digits.
    Status(u16),
    /// Seconds with three decimals.
    Seconds(Duration),
    /// An address.
    Address(IpAddr),
    /// The day of a moment in milliseconds since 1970.
    Date(u64),
    /// Its time of day.
    Time(u64),
}

/// Names of the fields.
pub const NAMES: [&str; 33] = [
    "date",
    "time",
    "x-edge-location",
    "sc-bytes",
    "c-ip",
    "cs-method",
    "cs(Host)",
    "cs-uri-stem",
    "sc-status",
    "cs(Referer)",
    "cs(User-Agent)",
    "cs-uri-query",
    "cs(Cookie)",
    "x-edge-result-type",
    "x-edge-request-id",
    "x-host-header",
    "cs-protocol",
    "cs-bytes",
    "time-taken",
    "x-forwarded-for",
    "ssl-protocol",
    "ssl-cipher",
    "x-edge-response-result-type",
    "cs-protocol-version",
    "fle-status",
    "fle-encrypted-fields",
    "c-port",
    "time-to-first-byte",
    "x-edge-detailed-result-type",
    "sc-content-type",
    "sc-content-len",
    "sc-range-start",
    "sc-range-end",
];

impl Entry {
    /// The values of the fields, in the order of `NAMES`.
    pub fn values<'e>(&'e self, location: &'e Location) -> [Value<'e>; 33] {
        let text = |text: Text| Value::text(self.text(text));
        let asked = |word: fn(Asked) -> &'static str| self.asked.map_or(Value::Empty, |asked| Value::Word(word(asked)));
        let range = range(self.text(Text::ContentRange));
        let bound = |bound: fn((u64, u64)) -> u64| range.map_or(Value::Empty, |range| Value::Number(bound(range)));
        let result = if self.complete { self.result } else { ResultType::Error };
        [
            Value::Date(self.time_ms),
            Value::Time(self.time_ms),
            Value::text(location.as_bytes()),
            Value::Number(self.sent),
            Value::Address(self.client.ip().to_canonical()),
            self.asked.as_ref().map_or(Value::Empty, |asked| Value::Word(asked.method.token())),
            text(Text::DomainName),
            Value::url(self.text(Text::Path)),
            Value::Status(self.status),
            text(Text::Referer),
            text(Text::UserAgent),
            Value::url(self.text(Text::Query)),
            text(Text::Cookie),
            Value::Word(result.name()),
            text(Text::Id),
            text(Text::Authority),
            asked(protocol),
            Value::Number(self.received),
            Value::Seconds(self.taken),
            text(Text::ForwardedFor),
            self.tls.map_or(Value::Empty, |(version, _)| Value::Word(version)),
            self.tls.map_or(Value::Empty, |(_, cipher)| Value::Word(cipher)),
            Value::Word(if self.status == 0 { result.name() } else { self.result.name() }),
            asked(|asked| version(asked.version)),
            // Encryption of single form fields is not offered.
            Value::Empty,
            Value::Empty,
            Value::Number(self.client.port().into()),
            Value::Seconds(self.first),
            self.detail(result),
            text(Text::ContentType),
            self.length.map_or(Value::Empty, Value::Number),
            bound(|(first, _)| first),
            bound(|(_, last)| last),
        ]
    }

    fn detail(&self, result: ResultType) -> Value<'_> {
        let reason = self.text(Text::Reason);
        match result {
            ResultType::Error if !reason.is_empty() => Value::Text(reason),
            ResultType::Error if !self.complete => Value::Word("ClientCommError"),
            other => Value::Word(other.name()),
        }
    }
}

impl<'e> Value<'e> {
    fn text(octets: &'e [u8]) -> Self {
        if octets.is_empty() { Self::Empty } else { Self::Text(octets) }
    }

    fn url(octets: &'e [u8]) -> Self {
        if octets.is_empty() { Self::Empty } else { Self::Url(octets) }
    }

    /// Adds what is no text.
    pub fn write_plain(self, line: &mut String) {
        // Writing to a string cannot fail.
        let _ = match self {
            Self::Empty | Self::Text(_) | Self::Url(_) => Ok(()),
            Self::Word(word) => line.write_str(word),
            Self::Number(number) => write!(line, "{number}"),
            Self::Status(status) => write!(line, "{status:03}"),
            Self::Seconds(time) => write!(line, "{}.{:03}", time.as_secs(), time.subsec_millis()),
            Self::Address(address) => write!(line, "{address}"),
            Self::Date(time_ms) => {
                let (year, month, day) = civil(time_ms / 86_400_000);
                write!(line, "{year:04}-{month:02}-{day:02}")
            }
            Self::Time(time_ms) => {
                let seconds = time_ms / 1_000;
                write!(line, "{:02}:{:02}:{:02}", seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60)
            }
        };
    }
}

fn protocol(asked: Asked) -> &'static str {
    match (asked.scheme, asked.upgrade) {
        (Scheme::Http, false) => "http",
        (Scheme::Https, false) => "https",
        (Scheme::Http, true) => "ws",
        (Scheme::Https, true) => "wss",
    }
}

fn version(version: Version) -> &'static str {
    match version {
        Version::Http10 => "HTTP/1.0",
        Version::Http11 => "HTTP/1.1",
        Version::Http2 => "HTTP/2.0",
    }
}

/// First and last octet of a `Content-Range` in octets (RFC 9110 section 14.4).
fn range(value: &[u8]) -> Option<(u64, u64)> {
    let range = str::from_utf8(value).ok()?.strip_prefix("bytes ")?.split('/').next()?;
    let (first, last) = range.split_once('-')?;
    Some((first.parse().ok()?, last.parse().ok()?))
}

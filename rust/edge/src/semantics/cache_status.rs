//! The member that we add to `Cache-Status` (RFC 9211).

use edgeplane_http::reply::push_decimal;

use super::Reason;

/// Why a request went forward (section 2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Forward {
    /// The cache was not asked.
    Bypass,
    /// The method needs forwarding.
    Method,
    /// Nothing is stored for the URI.
    UriMiss,
    /// Nothing is stored for this variant.
    VaryMiss,
    /// Nothing that could be used is stored.
    Miss,
    /// The request's own directives ask for it.
    Request,
    /// What is stored is stale.
    Stale,
    /// Some of the ranges are missing.
    Partial,
}

impl Forward {
    /// Its token.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bypass => "bypass",
            Self::Method => "method",
            Self::UriMiss => "uri-miss",
            Self::VaryMiss => "vary-miss",
            Self::Miss => "miss",
            Self::Request => "request",
            Self::Stale => "stale",
            Self::Partial => "partial",
        }
    }
}

/// What is said of one answer. Without `forward` it is a hit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CacheStatus<'a> {
    /// Why the request went forward.
    pub forward: Option<Forward>,
    /// The status that came back, where it is not the answer's.
    pub forward_status: Option<u16>,
    /// Freshness that is left, seconds; below 0 when stale.
    pub ttl_s: Option<i64>,
    /// Whether the answer was stored.
    pub stored: bool,
    /// Whether it came with another request's fetch.
    pub collapsed: bool,
    /// The cache key, where it may be shown; what is not visible ASCII is percent-encoded.
    pub key: Option<&'a [u8]>,
    /// Why, where that is not said by the others.
    pub detail: Option<Reason>,
}

impl CacheStatus<'_> {
    /// Writes the value at the end of `into`.
    pub fn write(&self, into: &mut Vec<u8>) {
        into.extend_from_slice(b"edgeplane");
        match self.forward {
            None => into.extend_from_slice(b"; hit"),
            Some(forward) => parameter(into, "fwd", forward.name()),
        }
        self.forward_status.iter().for_each(|status| parameter(into, "fwd-status", &status.to_string()));
        if let Some(seconds) = self.ttl_s {
            into.extend_from_slice(if seconds < 0 { b"; ttl=-" } else { b"; ttl=" });
            push_decimal(into, seconds.unsigned_abs());
        }
        for (flag, name) in [(self.stored, &b"; stored"[..]), (self.collapsed, b"; collapsed")] {
            into.extend_from_slice(if flag { name } else { b"" });
        }
        self.key.iter().for_each(|key| parameter(into, "key", &quoted(key)));
        self.detail.iter().for_each(|reason| parameter(into, "detail", reason.name()));
    }
}

fn parameter(into: &mut Vec<u8>, name: &str, value: &str) {
    for piece in ["; ", name, "=", value] {
        into.extend_from_slice(piece.as_bytes());
    }
}

/// As a string of structured fields.
fn quoted(key: &[u8]) -> String {
    let mut text = String::with_capacity(key.len() + 2);
    text.push('"');
    for &octet in key {
        match octet {
            b'"' | b'\\' => text.extend(['\\', char::from(octet)]),
            b' '..=b'~' => text.push(char::from(octet)),
            _ => text.push_str(&format!("%{octet:02X}")),
        }
    }
    text.push('"');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(status: CacheStatus<'_>) -> String {
        let mut value = Vec::new();
        status.write(&mut value);
        String::from_utf8(value).unwrap()
    }

    #[test]
    fn freshness_is_written_whole() {
        let written = |ttl_s| written(CacheStatus { ttl_s: Some(ttl_s), ..CacheStatus::default() });
        assert_eq!(written(i64::MIN), "edgeplane; hit; ttl=-9223372036854775808");
        assert_eq!(written(0), "edgeplane; hit; ttl=0");
    }

    #[test]
    fn members() {
        assert_eq!(written(CacheStatus { ttl_s: Some(376), ..CacheStatus::default() }), "edgeplane; hit; ttl=376");
        let validated = CacheStatus {
            forward: Some(Forward::Stale),
            forward_status: Some(304),
            ttl_s: Some(-1),
            stored: true,
            collapsed: true,
            key: Some(b"a\"b\\\xe9"),
            detail: Some(Reason::Expired),
        };
        let expected =
            "edgeplane; fwd=stale; fwd-status=304; ttl=-1; stored; collapsed; key=\"a\\\"b\\\\%E9\"; detail=expired";
        assert_eq!(written(validated), expected);
    }
}

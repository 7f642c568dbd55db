//! `PathPattern`: `*` crosses slashes, `?` is one octet, the first slash may be left out, the query has no part in it.

use std::borrow::Cow;

use edgeplane_sign::Wildcard;

/// A compiled pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathPattern {
    text: String,
    wildcard: Wildcard,
}

impl PathPattern {
    /// The pattern of the default behaviour.
    pub fn everything() -> Self {
        Self { text: "*".into(), wildcard: Wildcard::new("*") }
    }

    /// Reads a pattern; the error says what is allowed.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() || text.len() > LENGTH || !text.bytes().all(|octet| octet.is_ascii_graphic()) {
            return Err(format!(
                "{text:?} must be 1 to {LENGTH} characters of ASCII without spaces, such as images/*.png"
            ));
        }
        let slash = if text.starts_with('/') { "" } else { "/" };
        Ok(Self { text: text.into(), wildcard: Wildcard::new(&format!("{slash}{text}")) })
    }

    /// Whether a path (normalised) is meant.
    #[inline]
    pub fn matches(&self, path: &str) -> bool {
        self.wildcard.matches(path)
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

/// Octets of the longest pattern (CloudFront API, `PathPattern`).
pub const LENGTH: usize = 255;

/// A path as patterns see it (RFC 3986 section 6.2.2, and several slashes as one): without this `/%70rivate/` and
/// `/x/../private/` would go round the behaviour of `/private/*`. The origin and the key get the path as it was sent.
pub fn normalised(path: &str) -> Cow<'_, str> {
    if is_normal(path) {
        return Cow::Borrowed(path);
    }
    let decoded = decode_unreserved(path);
    let mut segments: Vec<&str> = Vec::new();
    let last = decoded.rsplit('/').next().unwrap_or_default();
    for segment in decoded.split('/') {
        match segment {
            "" | "." => {}
            ".." => drop(segments.pop()),
            _ => segments.push(segment),
        }
    }
    let end = if matches!(last, "" | "." | "..") && !segments.is_empty() { "/" } else { "" };
    Cow::Owned(format!("/{}{end}", segments.join("/")))
}

/// Whether nothing of a path is written otherwise than in its normal form, or may be.
fn is_normal(path: &str) -> bool {
    let mut before = 0;
    path.bytes().all(|octet| {
        let follows_slash = std::mem::replace(&mut before, octet) == b'/';
        octet != b'%' && !(follows_slash && matches!(octet, b'/' | b'.'))
    })
}

/// Percent-decodes letters, digits and `-._~`; other escapes get capitals.
fn decode_unreserved(path: &str) -> String {
    let mut decoded = String::with_capacity(path.len());
    let mut parts = path.split('%');
    decoded.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let escape =
            part.split_at_checked(2).filter(|(digits, _)| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
        let Some((digits, rest)) = escape else {
            decoded.push('%');
            decoded.push_str(part);
            continue;
        };
        let octet = u8::from_str_radix(digits, 16).unwrap_or_default();
        if octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'.' | b'_' | b'~') {
            decoded.push(char::from(octet));
        } else {
            decoded.push('%');
            decoded.push_str(&digits.to_ascii_uppercase());
        }
        decoded.push_str(rest);
    }
    decoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_as_cloudfront_says() {
        let table = [
            ("images/*.jpg", "/images/a/b.jpg", true),
            ("/images/*.jpg", "/images/.jpg", true),
            ("images/*.jpg", "/images/a.JPG", false),
            ("*.jpg", "/a.jpg", true),
            ("a*.jpg", "/a1.jpg", true),
            ("a*.jpg", "/b/a1.jpg", false),
            ("a??.jpg", "/ant.jpg", true),
            ("a??.jpg", "/abcd.jpg", false),
            ("*.doc*", "/a.docx", true),
            ("private/", "/private/x", false),
            ("*", "/", true),
        ];
        for (pattern, path, matches) in table {
            assert_eq!(PathPattern::parse(pattern).unwrap().matches(path), matches, "{pattern} {path}");
        }
    }

    #[test]
    fn other_spellings_of_a_path_are_that_path() {
        let table = [
            ("/private/a", "/private/a"),
            ("/%70rivate/%61", "/private/a"),
            ("//private//a", "/private/a"),
            ("/x/../private/./a", "/private/a"),
            ("/x/%2e%2E/private/a", "/private/a"),
            ("/private/", "/private/"),
            ("/private/x/..", "/private/"),
            ("/../..", "/"),
            ("/", "/"),
            ("/a%2fb%", "/a%2Fb%"),
            ("/a%zz/.b", "/a%zz/.b"),
        ];
        for (sent, seen) in table {
            assert_eq!(normalised(sent), seen, "{sent}");
        }
    }

    #[test]
    fn bad_patterns_are_refused() {
        for pattern in ["", "a b", "ä", &"a".repeat(256)] {
            assert!(PathPattern::parse(pattern).is_err(), "{pattern}");
        }
    }
}

//! `PathPattern`: `*` crosses slashes, `?` is one octet, the first slash may be left out, the query has no part in it.

use std::borrow::Cow;

use edgeplane_sign::Wildcard;

/// A compiled pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathPattern {
    text: String,
    normalised: Wildcard,
    decoded: Wildcard,
}

impl PathPattern {
    /// The pattern of the default behaviour.
    pub fn everything() -> Self {
        Self::new("*", "*")
    }

    /// Reads a pattern; the error says what is allowed.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() || text.len() > LENGTH || !text.bytes().all(|octet| octet.is_ascii_graphic()) {
            return Err(format!(
                "{text:?} must be 1 to {LENGTH} characters of ASCII without spaces, such as images/*.png"
            ));
        }
        let slash = if text.starts_with('/') { "" } else { "/" };
        Ok(Self::new(text, &format!("{slash}{text}")))
    }

    fn new(text: &str, paths: &str) -> Self {
        // An escaped wildcard is none.
        let decoded = decode(paths, |octet| octet.is_ascii() && !matches!(octet, b'*' | b'?'));
        let normalised = Wildcard::new(&decode_unreserved(paths));
        Self { text: text.into(), normalised, decoded: Wildcard::new(&decoded) }
    }

    /// Whether a path (normalised) is meant.
    #[inline]
    pub fn matches(&self, path: &str) -> bool {
        self.normalised.matches(path)
    }

    /// Whether a path (decoded) is meant, the pattern read in the same way.
    pub fn matches_decoded(&self, path: &str) -> bool {
        self.decoded.matches(path)
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
    Cow::Owned(resolved(&decode_unreserved(path)))
}

/// A path as directories, buckets and most servers read it: `%2F` and `%40` undone, too, and `\` a slash, as it is to some. Octets that are not ASCII stay
/// escaped. None where nothing is.
pub fn decoded(path: &str) -> Option<String> {
    let is_read_otherwise = path.contains(['%', '\\']);
    is_read_otherwise.then(|| resolved(&decode(path, |octet| octet.is_ascii()).replace('\\', "/")))
}

/// Without dot segments and empty ones.
fn resolved(path: &str) -> String {
    let mut segments: Vec<&str> = Vec::new();
    let last = path.rsplit('/').next().unwrap_or_default();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => drop(segments.pop()),
            _ => segments.push(segment),
        }
    }
    let end = if matches!(last, "" | "." | "..") && !segments.is_empty() { "/" } else { "" };
    format!("/{}{end}", segments.join("/"))
}

/// Whether nothing of a path is written otherwise than in its normal form, or may be.
fn is_normal(path: &str) -> bool {
    let mut before = 0;
    path.bytes().all(|octet| {
        let follows_slash = std::mem::replace(&mut before, octet) == b'/';
        octet != b'%' && !(follows_slash && matches!(octet, b'/' | b'.'))
    })
}

/// RFC 3986 section 2.3.
fn is_unreserved(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'.' | b'_' | b'~')
}

/// Percent-decodes unreserved characters.
pub fn decode_unreserved(path: &str) -> String {
    decode(path, is_unreserved)
}

/// Percent-decodes octets of ASCII that are `meant`; other escapes get capitals.
fn decode(path: &str, meant: impl Fn(u8) -> bool) -> String {
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
        if meant(octet) {
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
    fn origins_undo_every_escape() {
        let table = [
            ("/private%2Fa", Some("/private/a")),
            ("/x%2f..%2Fprivate/a", Some("/private/a")),
            ("/%40paid/a%20b", Some("/@paid/a b")),
            ("/caf%c3%a9/a%252Fb", Some("/caf%C3%A9/a%2Fb")),
            ("/@paid/a b", None),
        ];
        for (sent, read) in table {
            assert_eq!(decoded(sent).as_deref(), read, "{sent}");
        }
    }

    #[test]
    fn patterns_may_be_written_with_escapes() {
        let table = [
            ("caf%c3%a9/*", "/caf%C3%A9/a"),
            ("%7Euser/*", "/~user/a"),
            ("%40paid/*", "/%40paid/a"),
            ("%2A/x", "/%2A/x"),
        ];
        for (pattern, path) in table {
            assert!(PathPattern::parse(pattern).unwrap().matches(path), "{pattern}");
        }
        let paid = PathPattern::parse("%40paid/*").unwrap();
        assert!(paid.matches_decoded("/@paid/a") && !paid.matches("/@paid/a"));
        assert!(!PathPattern::parse("%2A").unwrap().matches_decoded("/a/b"));
    }

    #[test]
    fn bad_patterns_are_refused() {
        for pattern in ["", "a b", "ä", &"a".repeat(256)] {
            assert!(PathPattern::parse(pattern).is_err(), "{pattern}");
        }
    }
}

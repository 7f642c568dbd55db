//! Methods (RFC 9110 section 9).

use std::fmt;

use crate::fields::is_token;

/// A method.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
#[allow(missing_docs)]
pub enum Method {
    #[default]
    Get,
    Head,
    Post,
    Put,
    Delete,
    Options,
    Patch,
    /// Any other, of which nothing is known.
    Extension(Extension),
}

/// The token of a method that is no other's.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Extension {
    octets: [u8; Method::LONGEST],
    length: u8,
}

impl Method {
    /// Most octets of a token; the longest registered one has 17 (IANA, "HTTP Method Registry").
    pub const LONGEST: usize = 32;

    /// From its token, which has case; none for what is no token, or too long. CONNECT and TRACE are none either: nobody
    /// here is a tunnel, and an echo would show scripts what browsers keep from them (RFC 9110 section 9.3.8).
    #[inline]
    pub fn from_token(token: &[u8]) -> Option<Self> {
        Some(match token {
            b"GET" => Self::Get,
            b"HEAD" => Self::Head,
            b"POST" => Self::Post,
            b"PUT" => Self::Put,
            b"DELETE" => Self::Delete,
            b"OPTIONS" => Self::Options,
            b"PATCH" => Self::Patch,
            b"CONNECT" | b"TRACE" => return None,
            other => Self::Extension(Extension::new(other)?),
        })
    }

    /// Its token.
    pub fn token(&self) -> &str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Delete => "DELETE",
            Self::Options => "OPTIONS",
            Self::Patch => "PATCH",
            Self::Extension(extension) => extension.token(),
        }
    }

    /// Whether nothing is known of it.
    pub const fn is_extension(self) -> bool {
        matches!(self, Self::Extension(_))
    }

    /// GET, HEAD, OPTIONS (RFC 9110 section 9.2.1).
    pub const fn is_safe(self) -> bool {
        matches!(self, Self::Get | Self::Head | Self::Options)
    }

    /// Whether asking twice is like asking once (RFC 9110 section 9.2.2).
    pub const fn is_idempotent(self) -> bool {
        self.is_safe() || matches!(self, Self::Put | Self::Delete)
    }
}

impl Extension {
    #[cold]
    fn new(token: &[u8]) -> Option<Self> {
        let mut octets = [0; Method::LONGEST];
        let is_method = is_token(token);
        octets.get_mut(..token.len()).filter(|_| is_method)?.copy_from_slice(token);
        Some(Self { octets, length: token.len() as u8 })
    }

    fn token(&self) -> &str {
        let octets = self.octets.get(..self.length.into()).unwrap_or_default();
        std::str::from_utf8(octets).unwrap_or_default()
    }
}

impl fmt::Debug for Extension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.token())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_a_method_as_it_stands() {
        let longest = "M".repeat(Method::LONGEST);
        for token in ["GET", "PATCH", "get", "M-SEARCH", "PROPFIND", "!#$%&'*+-.^_`|~09", &longest] {
            assert_eq!(Method::from_token(token.as_bytes()).unwrap().token(), token);
        }
        for none in ["", "GE T", "G(T", "G\0T", "G\u{e4}T", "CONNECT", "TRACE", &format!("{longest}M")] {
            assert_eq!(Method::from_token(none.as_bytes()), None, "{none:?}");
        }
    }

    #[test]
    fn of_an_extension_nothing_is_taken_for_granted() {
        let search = Method::from_token(b"M-SEARCH").unwrap();
        assert!(search.is_extension() && !search.is_safe() && !search.is_idempotent());
        assert_ne!(search, Method::from_token(b"M-SEARCHX").unwrap());
        let idempotent = [Method::Get, Method::Head, Method::Options, Method::Put, Method::Delete];
        assert!(idempotent.iter().all(|method| method.is_idempotent()));
        assert!(![Method::Post, Method::Patch].iter().any(|method| method.is_idempotent()));
    }
}

//! What a request is for: its authority and its path, judged alike in all versions of HTTP.

use crate::{Method, Request};

/// Why a target is refused.
pub type Wrong = &'static str;

impl Request {
    /// Takes `host` or `host:port` (RFC 9110 section 7.2) in lower case. User information, an empty host and everything
    /// that is neither a name nor an IP literal are refused.
    pub fn take_authority(&mut self, written: &[u8]) -> Result<(), Wrong> {
        let text = std::str::from_utf8(written).map_err(|_| WRONG_HOST)?;
        if !is_authority(text) {
            return Err(WRONG_HOST);
        }
        self.authority.clear();
        self.authority.push_str(text);
        self.authority.make_ascii_lowercase();
        Ok(())
    }

    /// Takes a path with its query (RFC 9110 section 7.1), or `*` for OPTIONS. `method` stands already.
    pub fn take_path(&mut self, written: &[u8]) -> Result<(), Wrong> {
        let text = std::str::from_utf8(written).map_err(|_| "the path is not UTF-8")?;
        let is_server = text == "*" && self.method == Method::Options;
        if !is_server && !text.starts_with('/') {
            return Err("the path does not start with a slash");
        }
        if text.bytes().any(|octet| octet <= b' ' || octet == 0x7f || octet == b'#') {
            return Err("the path holds an octet that it must not");
        }
        let (path, query) = text.split_once('?').map_or((text, None), |(path, query)| (path, Some(query)));
        self.path.clear();
        self.path.push_str(path);
        self.query = query.map(str::to_owned);
        Ok(())
    }
}

const WRONG_HOST: Wrong = "the authority is not a host with an optional port";

fn is_authority(text: &str) -> bool {
    let (is_host, port) = match text.strip_prefix('[') {
        Some(rest) => match rest.split_once(']') {
            Some((literal, port)) => (literal.parse::<std::net::Ipv6Addr>().is_ok(), port),
            None => return false,
        },
        None => {
            let (name, port) = text.split_at_checked(text.find(':').unwrap_or(text.len())).unwrap_or((text, ""));
            (is_name(name), port)
        }
    };
    is_host && (port.is_empty() || port.strip_prefix(':').is_some_and(is_port))
}

/// A name of letters, digits, `-`, `.` and `_` without empty labels (a dot at the end is none), or an IPv4 address.
fn is_name(host: &str) -> bool {
    let fits = |octet: u8| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'_');
    let labels = host.strip_suffix('.').unwrap_or(host);
    host.len() <= 255 && labels.split('.').all(|label| !label.is_empty() && label.bytes().all(fits))
}

fn is_port(port: &str) -> bool {
    port.len() <= 5 && port.bytes().all(|octet| octet.is_ascii_digit()) && port.parse::<u16>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_taken_in_lower_case() {
        let mut request = Request::default();
        for (written, expected) in [
            ("Example.NET", "example.net"),
            ("a_b.c-d.:8080", "a_b.c-d.:8080"),
            ("192.0.2.1", "192.0.2.1"),
            ("[2001:DB8::1]:443", "[2001:db8::1]:443"),
            ("[::1]", "[::1]"),
        ] {
            request.take_authority(written.as_bytes()).unwrap();
            assert_eq!(request.authority, expected);
        }
    }

    #[test]
    fn what_is_no_host_is_refused() {
        for wrong in [
            "",
            ":80",
            "a:",
            "a:b",
            "a:65536",
            "a:+1",
            "a:000001",
            "user@a",
            "a b",
            "a/b",
            "a?b",
            "a,b",
            "a%20b",
            "[::1",
            "[]",
            "[::1]x",
            "[::1]:",
            "[1.2.3.4]",
            "::1",
            "a:1:2",
            "é",
            "a\0",
            "*",
            ".",
            "a..b",
            ".a",
        ] {
            assert!(Request::default().take_authority(wrong.as_bytes()).is_err(), "{wrong}");
        }
        assert!(Request::default().take_authority(&[0xff]).is_err());
    }

    #[test]
    fn a_path_is_parted_from_its_query_at_the_first_mark() {
        let mut request = Request::default();
        for (written, path, query) in [
            ("/", "/", None),
            ("/a/../b%00?", "/a/../b%00", Some("")),
            ("/a?b?c=/", "/a", Some("b?c=/")),
            ("//é", "//é", None),
        ] {
            request.take_path(written.as_bytes()).unwrap();
            assert_eq!((request.path.as_str(), request.query.as_deref()), (path, query));
        }
    }

    #[test]
    fn a_path_that_is_none_is_refused() {
        for wrong in ["", "a", "?a", "*", "http://a/", "/a b", "/a\t", "/a\r\nb", "/a#b", "/\x7f", "/\0"] {
            assert!(Request::default().take_path(wrong.as_bytes()).is_err(), "{wrong:?}");
        }
        assert!(Request::default().take_path(b"/\xff").is_err());
        let mut options = Request { method: Method::Options, ..Request::default() };
        assert!(options.take_path(b"*").is_ok());
    }
}

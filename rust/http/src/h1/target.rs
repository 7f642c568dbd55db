//! A request's target and authority (RFC 9112 section 3.2).

use std::net::Ipv6Addr;

use super::refusal::{Refusal, bad};
use crate::{Method, Request, Version};

/// A target, taken apart.
pub(crate) struct Target<'a> {
    /// Of the absolute form.
    authority: Option<&'a [u8]>,
    path: &'a [u8],
    query: Option<&'a [u8]>,
}

impl<'a> Target<'a> {
    /// Takes a target apart. The octets are visible ones; see `head`.
    pub fn read(octets: &'a [u8], method: Method) -> Result<Self, Refusal> {
        if memchr::memchr(b'#', octets).is_some() {
            return Err(bad("a fragment in the target"));
        }
        if octets == b"*" {
            return match method {
                Method::Options => Ok(Self { authority: None, path: octets, query: None }),
                _ => Err(bad("the target * is for OPTIONS")),
            };
        }
        if octets.first() == Some(&b'/') {
            let (path, query) = split_query(octets);
            return Ok(Self { authority: None, path, query });
        }
        Self::absolute(octets)
    }

    #[cold]
    fn absolute(octets: &'a [u8]) -> Result<Self, Refusal> {
        let rest = after_scheme(octets).ok_or(bad("the target does not start with /"))?;
        let end = rest.iter().position(|octet| matches!(octet, b'/' | b'?')).unwrap_or(rest.len());
        let (authority, rest) = rest.split_at(end);
        let (path, query) = split_query(rest);
        Ok(Self { authority: Some(authority), path: if path.is_empty() { b"/" } else { path }, query })
    }

    /// Puts target and authority into the request. `Host` must say the same as the absolute form: RFC 9112 section 3.2.2 has the
    /// latter count, but who reads the other on the way would be told of another request.
    #[inline]
    pub fn settle(&self, host: Option<&[u8]>, request: &mut Request, spare: &mut String) -> Result<(), Refusal> {
        let text = |octets| std::str::from_utf8(octets).map_err(|_| bad("the target is not UTF-8"));
        request.path.push_str(text(self.path)?);
        if let Some(query) = self.query {
            let mut owned = std::mem::take(spare);
            owned.clear();
            owned.push_str(text(query)?);
            request.query = Some(owned);
        }
        let host = match host {
            Some(host) => Some(authority(host)?),
            None if request.version == Version::Http10 => None,
            None => return Err(bad("no Host field")),
        };
        let host = match self.authority {
            Some(absolute) => match (authority(absolute)?, host) {
                (absolute, Some(host)) if !absolute.eq_ignore_ascii_case(host) => {
                    return Err(bad("the target and Host name different hosts"));
                }
                (absolute, _) => Some(absolute),
            },
            None => host,
        };
        request.authority.push_str(host.unwrap_or_default());
        request.authority.make_ascii_lowercase();
        Ok(())
    }
}

#[inline]
fn split_query(octets: &[u8]) -> (&[u8], Option<&[u8]>) {
    match memchr::memchr(b'?', octets).and_then(|at| octets.split_at_checked(at)) {
        Some((path, query)) => (path, query.get(1..)),
        None => (octets, None),
    }
}

fn after_scheme(octets: &[u8]) -> Option<&[u8]> {
    [&b"http://"[..], b"https://"].into_iter().find_map(|scheme| {
        let (start, rest) = octets.split_at_checked(scheme.len())?;
        start.eq_ignore_ascii_case(scheme).then_some(rest)
    })
}

/// A host with or without port: a name of letters, digits, `-`, `.` and `_` without empty labels, an IPv4 address, or an
/// IPv6 address in brackets. Narrower than RFC 3986, because the name chooses what is answered.
fn authority(octets: &[u8]) -> Result<&str, Refusal> {
    let text = std::str::from_utf8(octets).map_err(|_| bad("Host is not a host"))?;
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => rest.split_once(']').filter(|(address, _)| address.parse::<Ipv6Addr>().is_ok()),
        None => {
            Some(text.split_at(memchr::memchr(b':', octets).unwrap_or(octets.len()))).filter(|(name, _)| is_name(name))
        }
    }
    .ok_or(bad("Host is not a host"))?;
    debug_assert!(!host.is_empty());
    match port {
        "" => Ok(text),
        port if is_port(port) => Ok(text),
        _ => Err(bad("Host has a port that is none")),
    }
}

fn is_name(name: &str) -> bool {
    let mut label = 0;
    let fits = name.bytes().all(|octet| match octet {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' => {
            label += 1;
            true
        }
        b'.' => std::mem::take(&mut label) > 0,
        _ => false,
    });
    fits && !name.is_empty() && name.len() <= 255
}

fn is_port(port: &str) -> bool {
    let Some(digits) = port.strip_prefix(':') else { return false };
    (1..=5).contains(&digits.len())
        && digits.bytes().all(|octet| octet.is_ascii_digit())
        && digits.parse::<u16>().is_ok()
}

//! A request's head (RFC 9112 sections 2 to 5), read strictly and in one pass, without taking memory.
#![allow(clippy::indexing_slicing)] // A wire room: positions come from searches in the same octets; properties and fuzzing guard it.

use memchr::memchr;

use super::framing::Seen;
use super::refusal::{Refusal, bad};
use super::settings::Settings;
use super::target::Target;
use crate::fields::is_token;
use crate::{Method, Request, Version};

/// A head that is there as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Head {
    /// Its octets, with the empty line at its end.
    pub length: usize,
    /// Whether the client wants to go on using the connection.
    pub keep_alive: bool,
}

/// Reads the head at the front of `octets` into `request`; none where it is not there as a whole. `spare` is memory for a query.
#[inline]
pub(crate) fn read(
    octets: &[u8],
    settings: &Settings,
    request: &mut Request,
    spare: &mut String,
) -> Result<Option<Head>, Refusal> {
    if let Some(query) = request.query.take() {
        *spare = query;
    }
    request.clear();
    // An empty line is left by clients that end their content with one (RFC 9112 section 2.2).
    let start = if octets.starts_with(b"\r\n") { 2 } else { 0 };
    let Some((first, fields_at)) = line(octets, start)? else {
        return early(&octets[start..], settings);
    };
    let target = request_line(first, settings, request)?;
    let mut seen = Seen::default();
    let Some(end) = fields(octets, fields_at, settings, request, &mut seen)? else {
        return if octets.len() > settings.head_size { Err(TOO_LONG) } else { Ok(None) };
    };
    if end > settings.head_size {
        return Err(TOO_LONG);
    }
    target.settle(seen.host, request, spare)?;
    let keep_alive = seen.settle(request, settings)?;
    Ok(Some(Head { length: end, keep_alive }))
}

const TOO_LONG: Refusal = Refusal::new(431, "the head is too long");

/// Judges a request line of which the end is missing, so that nobody waits for what cannot become one.
#[cold]
fn early(octets: &[u8], settings: &Settings) -> Result<Option<Head>, Refusal> {
    let end = octets.iter().position(|&octet| !is_tchar(octet)).unwrap_or(octets.len());
    match octets.get(end) {
        _ if end > Method::LONGEST => Err(Refusal::new(501, "a method that is not served")),
        Some(b' ') if end > 0 && octets.len() - end > settings.target_size + 16 => Err(TARGET_TOO_LONG),
        Some(b' ') if end > 0 => Ok(None),
        Some(b'\r') if octets == b"\r" => Ok(None),
        None => Ok(None),
        _ => Err(bad("the request line is malformed")),
    }
}

const TARGET_TOO_LONG: Refusal = Refusal::new(414, "the target is too long");

/// The line that starts at `start` without its end, and where the next one starts.
#[inline]
pub(super) fn line(octets: &[u8], start: usize) -> Result<Option<(&[u8], usize)>, Refusal> {
    let rest = &octets[start..];
    match memchr(b'\n', rest) {
        Some(at) if at > 0 && rest[at - 1] == b'\r' => Ok(Some((&rest[..at - 1], start + at + 1))),
        Some(_) => Err(bad("a line ends without CR")),
        None => Ok(None),
    }
}

/// `method SP request-target SP HTTP-version`, with single spaces (RFC 9112 section 3).
#[inline]
fn request_line<'a>(line: &'a [u8], settings: &Settings, request: &mut Request) -> Result<Target<'a>, Refusal> {
    let method_end = memchr(b' ', line).ok_or(bad("the request line is malformed"))?;
    let (method, rest) = (&line[..method_end], &line[method_end + 1..]);
    let target_end = rest.len().checked_sub(b" HTTP/1.1".len()).ok_or(bad("the request line is malformed"))?;
    let (target, version) = rest.split_at(target_end);
    request.version = read_version(version)?;
    if target.len() > settings.target_size {
        return Err(TARGET_TOO_LONG);
    }
    if target.is_empty() || !is_visible(target) {
        return Err(bad("the target is malformed"));
    }
    request.method = match Method::from_token(method) {
        Some(method) => method,
        None if is_token(method) => return Err(Refusal::new(501, "a method that is not served")),
        None => return Err(bad("the method is malformed")),
    };
    Target::read(target, request.method)
}

#[inline]
fn read_version(octets: &[u8]) -> Result<Version, Refusal> {
    match octets {
        b" HTTP/1.1" => Ok(Version::Http11),
        b" HTTP/1.0" => Ok(Version::Http10),
        [b' ', b'H', b'T', b'T', b'P', b'/', b'0'..=b'9', b'.', b'0'..=b'9'] => {
            Err(Refusal::new(505, "a version other than 1.0 and 1.1"))
        }
        _ => Err(bad("the version is malformed")),
    }
}

/// All field lines; returns where the head ends, none where that is not there.
#[inline]
fn fields<'a>(
    octets: &'a [u8],
    mut at: usize,
    settings: &Settings,
    request: &mut Request,
    seen: &mut Seen<'a>,
) -> Result<Option<usize>, Refusal> {
    while let Some((line, next)) = line(octets, at)? {
        if line.is_empty() {
            return Ok(Some(next));
        }
        let (name, value) = field(line)?;
        seen.field(name, value)?;
        if request.fields.len() == settings.fields {
            return Err(Refusal::new(431, "too many fields"));
        }
        request.fields.push(name, value);
        at = next;
    }
    Ok(None)
}

/// `field-name ":" OWS field-value OWS` (RFC 9112 section 5).
#[inline]
pub(crate) fn field(line: &[u8]) -> Result<(&[u8], &[u8]), Refusal> {
    let end = line.iter().position(|&octet| !is_tchar(octet)).unwrap_or(line.len());
    match line.get(end) {
        Some(b':') if end > 0 => {}
        Some(b' ' | b'\t') if end == 0 => return Err(bad("a folded field line")),
        Some(b' ' | b'\t') => return Err(bad("space in or after a field name")),
        _ => return Err(bad("a field name is malformed")),
    }
    let value = trim(&line[end + 1..]);
    if !is_value(value) {
        return Err(bad("a control character in a field value"));
    }
    Ok((&line[..end], value))
}

#[inline]
fn trim(mut value: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = value {
        value = rest;
    }
    value
}

/// Whether all octets may stand in a field value (RFC 9110 section 5.5). Looks at all of them, which the compiler does
/// sixteen at a time.
#[inline]
pub(crate) fn is_value(value: &[u8]) -> bool {
    !value.iter().fold(false, |wrong, &octet| wrong | ((octet < b' ') & (octet != b'\t')) | (octet == 0x7f))
}

/// Whether all octets are visible: no control characters, no space.
#[inline]
fn is_visible(octets: &[u8]) -> bool {
    !octets.iter().fold(false, |wrong, &octet| wrong | (octet <= b' ') | (octet == 0x7f))
}

/// Whether an octet may stand in a token (RFC 9110 section 5.6.2).
#[inline]
pub(crate) fn is_tchar(octet: u8) -> bool {
    TOKEN[octet as usize]
}

const TOKEN: [bool; 256] = {
    let mut table = [false; 256];
    let mut octet = 0;
    while octet < 256 {
        let marks = b"!#$%&'*+-.^_`|~";
        let mut mark = 0;
        while mark < marks.len() {
            if marks[mark] as usize == octet {
                table[octet] = true;
            }
            mark += 1;
        }
        if (octet as u8).is_ascii_alphanumeric() {
            table[octet] = true;
        }
        octet += 1;
    }
    table
};

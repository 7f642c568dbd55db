//! The key of an object: what makes two requests the same.

use edgeplane_http::{Method, Version};

use super::cookies::{self, is_chosen};
use super::{Asked, Encodings, Generated, Selection, Viewer, query};

/// What a cache policy puts into the key beside distribution and path.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeyRules {
    /// Header fields, sorted by name, each once.
    pub headers: Box<[KeyHeader]>,
    /// Cookies.
    pub cookies: Selection,
    /// Query parameters.
    pub query: Selection,
    /// Content codings.
    pub encodings: Encodings,
    /// Whether cookies that sign are none of ours: the behaviour has trusted keys.
    pub signed: bool,
}

/// A header field in the key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyHeader {
    /// `Host`, as origins see it.
    Host,
    /// Whether origins see a port in `Host`, where that is forwarded without being in the key.
    Port,
    /// One that the viewer sends; the name in lower case.
    Sent(String),
    /// One that the edge makes.
    Generated(Generated),
}

/// Layout of keys; objects on disk under another one are never found.
const LAYOUT: u8 = 2;

/// Cookies that are sorted without memory of their own.
const FEW: usize = 32;

impl KeyRules {
    /// What of `Accept-Encoding` counts for this request: nothing before HTTP/1.1 ("Serve compressed files").
    #[inline]
    pub fn encodings(&self, viewer: &Viewer<'_>) -> Encodings {
        match viewer.request.version {
            Version::Http10 => Encodings::NONE,
            Version::Http11 | Version::Http2 => self.encodings.accepted(&viewer.request.fields),
        }
    }

    /// Writes the key of a request at the end of `key`: layout, distribution, kind of method, codings, path, query,
    /// header fields, cookies. Every part has its length or number before it, so that no two requests that differ in
    /// what the rules name have one key. Takes no memory, but for more than 32 cookies.
    pub fn write(
        &self,
        distribution: &str,
        viewer: &Viewer<'_>,
        asked: Asked<'_>,
        encodings: Encodings,
        key: &mut Vec<u8>,
    ) {
        key.extend_from_slice(&[LAYOUT, method_class(viewer.request.method), encodings.octet()]);
        self.write_uri(distribution, asked, key);
        self.headers.iter().for_each(|header| write_header(header, viewer, key));
        self.write_cookies(viewer, key);
    }

    /// Writes what all keys of one URI share: distribution, path, and what counts of the query.
    pub fn write_uri(&self, distribution: &str, asked: Asked<'_>, key: &mut Vec<u8>) {
        let at = reserve(key);
        part(key, distribution.as_bytes());
        part(key, asked.path.as_bytes());
        self.write_query(asked.query, key);
        let length = key.len() - at - 4;
        fill(key, at, length);
    }

    /// Whether all that origins learn of a header field stands in the key. The name in lower case.
    pub fn has_header(&self, name: &str) -> bool {
        // Origins see one hop more.
        let grows = matches!(name, "via" | "x-forwarded-for");
        self.headers.iter().any(|header| match header {
            KeyHeader::Host => name == "host",
            KeyHeader::Port => false,
            KeyHeader::Sent(sent) => sent == name && !grows,
            KeyHeader::Generated(header) => header.name().eq_ignore_ascii_case(name),
        })
    }

    fn write_query(&self, query: Option<&str>, key: &mut Vec<u8>) {
        match &self.query {
            Selection::None => {}
            Selection::All => parts(key, query.into_iter().map(str::as_bytes)),
            some => parts(key, query.into_iter().flat_map(|query| query::chosen(query, some)).map(str::as_bytes)),
        }
    }

    fn write_cookies(&self, viewer: &Viewer<'_>, key: &mut Vec<u8>) {
        if self.cookies == Selection::None {
            return;
        }
        let chosen = || {
            let all = cookies::iter(&viewer.request.fields);
            all.filter(|(name, _)| is_chosen(name, &self.cookies, self.signed)).enumerate().map(|(n, (a, b))| (a, n, b))
        };
        let mut few = [(&b""[..], 0, &b""[..]); FEW];
        let count = few.iter_mut().zip(chosen()).map(|(place, cookie)| *place = cookie).count();
        match few.get_mut(..count).filter(|_| count < FEW) {
            Some(few) => write_sorted(few, key),
            None => write_sorted(&mut chosen().collect::<Vec<_>>(), key),
        }
    }
}

/// Layout, kind of method, codings.
const HEAD: usize = 3;

/// What all keys of one URI share, as `KeyRules::write_uri` writes it; the whole of what is no key.
pub fn uri(key: &[u8]) -> &[u8] {
    let written = key.get(HEAD..).unwrap_or_default();
    let length = written.first_chunk::<4>().map(|length| 4 + u32::from_le_bytes(*length) as usize);
    length.and_then(|length| written.get(..length)).unwrap_or(key)
}

/// By name; those of one name stay in their order, which origins look at.
fn write_sorted(cookies: &mut [(&[u8], usize, &[u8])], key: &mut Vec<u8>) {
    cookies.sort_unstable();
    parts(key, cookies.iter().flat_map(|(name, _, value)| [*name, *value]));
}

fn write_header(header: &KeyHeader, viewer: &Viewer<'_>, key: &mut Vec<u8>) {
    match header {
        KeyHeader::Host => part(key, viewer.authority().as_bytes()),
        KeyHeader::Port => key.push(viewer.says_port().into()),
        KeyHeader::Sent(name) => parts(key, viewer.request.fields.all(name)),
        KeyHeader::Generated(header) => {
            let at = reserve(key);
            header.write(viewer, key);
            let length = key.len() - at - 4;
            fill(key, at, length);
        }
    }
}

/// GET and HEAD share objects; OPTIONS has its own; what has no object is told apart all the same.
const fn method_class(method: Method) -> u8 {
    match method {
        Method::Get | Method::Head => 0,
        Method::Options => 1,
        _ => 2,
    }
}

/// Octets with their length before them.
#[inline]
fn part(key: &mut Vec<u8>, octets: &[u8]) {
    key.extend_from_slice(&(octets.len() as u32).to_le_bytes());
    key.extend_from_slice(octets);
}

/// Several parts with their number before them.
fn parts<'p>(key: &mut Vec<u8>, octets: impl Iterator<Item = &'p [u8]>) {
    let at = reserve(key);
    let count = octets.map(|octets| part(key, octets)).count();
    fill(key, at, count);
}

fn reserve(key: &mut Vec<u8>) -> usize {
    key.extend_from_slice(&[0; 4]);
    key.len() - 4
}

fn fill(key: &mut [u8], at: usize, number: usize) {
    if let Some(place) = key.get_mut(at..at + 4) {
        place.copy_from_slice(&(number as u32).to_le_bytes());
    }
}

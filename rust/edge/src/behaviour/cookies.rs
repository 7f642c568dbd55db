//! Cookies of a request (RFC 6265 section 4.2); HTTP/2 may send each in a field of its own.

use edgeplane_http::Fields;
use edgeplane_sign::parameters;

use super::Selection;

/// Name and value of each cookie, in the order in which they were sent.
pub fn iter(fields: &Fields) -> impl Iterator<Item = (&[u8], &[u8])> + '_ {
    let cookies = fields.all("cookie").flat_map(|field| field.split(|&octet| octet == b';'));
    cookies.map(<[u8]>::trim_ascii).filter(|cookie| !cookie.is_empty()).map(split)
}

/// A value of `Cookie` with those that are chosen, none where there are none. Cookies that sign are left out with `signed`.
pub fn select(fields: &Fields, selection: &Selection, signed: bool) -> Option<Vec<u8>> {
    let mut value = Vec::new();
    for (name, content) in iter(fields).filter(|(name, _)| is_chosen(name, selection, signed)) {
        if !value.is_empty() {
            value.extend_from_slice(b"; ");
        }
        value.extend_from_slice(name);
        value.push(b'=');
        value.extend_from_slice(content);
    }
    (!value.is_empty()).then_some(value)
}

/// Whether a cookie goes into the key or to the origin.
pub(super) fn is_chosen(name: &[u8], selection: &Selection, signed: bool) -> bool {
    let signs = || signed && str::from_utf8(name).is_ok_and(parameters::is_reserved_cookie);
    selection.takes(name) && !signs()
}

fn split(cookie: &[u8]) -> (&[u8], &[u8]) {
    let at = cookie.iter().position(|&octet| octet == b'=');
    let halves = at.and_then(|at| Some((cookie.get(..at)?, cookie.get(at + 1..)?)));
    halves.unwrap_or((cookie, b""))
}

//! Heads of requests and responses as plain lines, for decisions that begin where a head was read.

use edgeplane_edge::semantics::etag::EntityTag;
use edgeplane_http::{Fields, Method, Request, Response};

/// What may stand in a field's value (RFC 9110 section 5.5), without the space around it; none where something else does.
pub fn value(line: &[u8]) -> Option<&[u8]> {
    let fits = line.iter().all(|&octet| octet == b'\t' || octet >= b' ' && octet != 0x7f);
    fits.then(|| line.trim_ascii())
}

/// Whether an entity tag is written as RFC 9110 section 8.8.3 wants it.
pub fn is_quoted(tag: &EntityTag<'_>) -> bool {
    let inner = tag.opaque.strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\""));
    inner.is_some_and(|inner| !inner.contains(&b'"'))
}

/// A request of `http://example.net/a/b?q` and a response: a line with the method, a line for each field, an empty line; a
/// line with the status, a line for each field.
pub fn exchange(text: &[u8]) -> Option<(Request, Response)> {
    let mut lines = text.split(|&octet| octet == b'\n');
    let method = Method::from_token(lines.next()?)?;
    let asked = fields(lines.by_ref().take_while(|line| !line.is_empty()))?;
    let status = str::from_utf8(lines.next()?).ok()?.parse().ok().filter(|status| (200..600).contains(status))?;
    let (authority, path, query) = ("example.net".into(), "/a/b".into(), Some("q".into()));
    let request = Request { method, authority, path, query, fields: asked, ..Request::default() };
    Some((request, Response { status, fields: fields(lines)? }))
}

fn fields<'a>(lines: impl Iterator<Item = &'a [u8]>) -> Option<Fields> {
    lines
        .map(|line| {
            let (name, rest) = line.split_at_checked(line.iter().position(|&octet| octet == b':')?)?;
            let is_name = !name.is_empty() && name.iter().all(|&octet| octet.is_ascii_alphanumeric() || octet == b'-');
            Some((name, value(rest.get(1..)?)?)).filter(|_| is_name)
        })
        .collect()
}

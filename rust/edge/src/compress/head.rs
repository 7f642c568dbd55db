//! What encoding changes in a head.

use edgeplane_http::Fields;

use crate::behaviour::Encoding;

/// What is true of the octets before alone.
const OF_THE_OCTETS: [&[u8]; 5] = [b"content-length", b"content-md5", b"content-digest", b"repr-digest", b"digest"];

/// Says that the content is encoded now. The entity tag becomes a weak one: it no longer stands for the same octets as the
/// origin's, but still matches it in `If-None-Match`, so that the origin can confirm it (RFC 9110 section 13.1.2).
pub fn relabel(fields: &mut Fields, encoding: Encoding) {
    fields.retain(|name, _| !OF_THE_OCTETS.iter().any(|of| name.eq_ignore_ascii_case(of)));
    fields.set("Content-Encoding", encoding.token());
    let Some(tag) = fields.get("etag").map(weakened) else { return };
    match tag {
        Some(weak) => fields.set("ETag", weak),
        None => drop(fields.remove("etag")),
    }
}

/// Adds `Accept-Encoding` to `Vary`, for caches on the way: also to the answer that is not encoded.
pub fn add_vary(fields: &mut Fields) {
    if !has_vary(fields) && !fields.members("vary").any(|name| name == b"*") {
        fields.push("Vary", "Accept-Encoding");
    }
}

/// Whether `Vary` names `Accept-Encoding`.
pub fn has_vary(fields: &Fields) -> bool {
    fields.members("vary").any(|name| name.eq_ignore_ascii_case(b"accept-encoding"))
}

/// The weak form of an entity tag; none for what is no entity tag (RFC 9110 section 8.8.3).
fn weakened(tag: &[u8]) -> Option<Vec<u8>> {
    let tag = tag.trim_ascii();
    let quoted = tag.strip_prefix(b"W/").unwrap_or(tag);
    let inner = quoted.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
    let is_tag = inner.iter().all(|&octet| matches!(octet, 0x21 | 0x23..=0x7e | 0x80..));
    is_tag.then(|| [b"W/", quoted].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strong_tags_become_weak_and_odd_ones_go() {
        for (tag, expected) in [
            ("\"a\"", Some("W/\"a\"")),
            ("W/\"a\"", Some("W/\"a\"")),
            ("\"\"", Some("W/\"\"")),
            ("a", None),
            ("\"", None),
            ("w/\"a\"", None),
            ("\"a\" x", None),
            ("\"a b\"", None),
            ("\"a\"b\"", None),
            ("", None),
        ] {
            let mut fields = [("ETag", tag)].into_iter().collect();
            relabel(&mut fields, Encoding::Brotli);
            assert_eq!(fields.get("etag"), expected.map(str::as_bytes), "{tag}");
        }
    }

    #[test]
    fn what_was_true_of_the_octets_goes() {
        let before = [("Content-Length", "5"), ("Content-MD5", "x"), ("Repr-Digest", "y"), ("X", "z")];
        let mut fields = before.into_iter().collect();
        relabel(&mut fields, Encoding::Gzip);
        assert_eq!(fields, [("X", "z"), ("Content-Encoding", "gzip")].into_iter().collect());
    }

    #[test]
    fn vary_names_it_once() {
        for (vary, expected) in [
            (&["Origin"][..], Some("Origin, Accept-Encoding")),
            (&["Origin, accept-encoding"], Some("Origin, accept-encoding")),
            (&["*"], Some("*")),
            (&[], Some("Accept-Encoding")),
        ] {
            let mut fields: Fields = vary.iter().map(|names| ("Vary", *names)).collect();
            add_vary(&mut fields);
            add_vary(&mut fields);
            assert_eq!(fields.combined("vary").as_deref(), expected.map(str::as_bytes));
        }
    }
}

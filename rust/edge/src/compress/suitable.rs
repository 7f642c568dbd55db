//! Which answers are encoded (Amazon CloudFront developer guide, "Serve compressed files").

use edgeplane_http::Fields;

use crate::limits::{LARGEST_ENCODED, SMALLEST_ENCODED};

/// Whether an answer with this status, these fields and content of `length` octets is encoded for those who take it. That it
/// may be sent from the store at all (TTL above 0) is for the caller to know.
pub fn is_suitable(status: u16, fields: &Fields, length: Option<u64>) -> bool {
    matches!(status, 200 | 403 | 404)
        && length.is_some_and(|length| (SMALLEST_ENCODED.default..=LARGEST_ENCODED.default).contains(&length))
        && !fields.has("content-encoding")
        && !fields.members("cache-control").any(|directive| directive.eq_ignore_ascii_case(b"no-transform"))
        && fields.get("content-type").is_some_and(is_listed)
}

fn is_listed(content_type: &[u8]) -> bool {
    let essence = content_type.split(|&octet| octet == b';').next().unwrap_or_default().trim_ascii();
    TYPES.iter().any(|listed| essence.eq_ignore_ascii_case(listed.as_bytes()))
}

/// The media types of the developer guide, in its order.
#[rustfmt::skip]
const TYPES: [&str; 48] = [
    "application/dash+xml", "application/eot", "application/font", "application/font-sfnt", "application/javascript",
    "application/json", "application/opentype", "application/otf", "application/pdf", "application/pkcs7-mime",
    "application/protobuf", "application/rss+xml", "application/truetype", "application/ttf",
    "application/vnd.apple.mpegurl", "application/vnd.mapbox-vector-tile", "application/vnd.ms-fontobject",
    "application/wasm", "application/xhtml+xml", "application/xml", "application/x-font-opentype",
    "application/x-font-truetype", "application/x-font-ttf", "application/x-httpd-cgi", "application/x-javascript",
    "application/x-mpegurl", "application/x-opentype", "application/x-otf", "application/x-perl", "application/x-ttf",
    "font/eot", "font/opentype", "font/otf", "font/ttf", "image/svg+xml", "text/css", "text/csv", "text/html",
    "text/javascript", "text/js", "text/plain", "text/richtext", "text/tab-separated-values", "text/xml",
    "text/x-component", "text/x-java-source", "text/x-script", "vnd.apple.mpegurl",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn suits(status: u16, length: u64, fields: &[(&str, &str)]) -> bool {
        is_suitable(status, &fields.iter().copied().collect(), Some(length))
    }

    #[test]
    fn status_length_and_fields_decide() {
        let text = ("Content-Type", "text/html; charset=utf-8");
        for (status, length, fields, expected) in [
            (200, 1_000, &[text][..], true),
            (200, 10_000_000, &[text], true),
            (200, 999, &[text], false),
            (200, 10_000_001, &[text], false),
            (403, 5_000, &[text], true),
            (404, 5_000, &[text], true),
            (500, 5_000, &[text], false),
            (206, 5_000, &[text], false),
            (200, 5_000, &[], false),
            (200, 5_000, &[("content-type", "TEXT/CSS")], true),
            (200, 5_000, &[("Content-Type", "image/png")], false),
            (200, 5_000, &[("Content-Type", "text/html5")], false),
            (200, 5_000, &[text, ("Content-Encoding", "gzip")], false),
            (200, 5_000, &[text, ("Cache-Control", "max-age=5, No-Transform")], false),
            (200, 5_000, &[text, ("Cache-Control", "max-age=5, x=no-transform")], true),
        ] {
            assert_eq!(suits(status, length, fields), expected, "{status} {length} {fields:?}");
        }
        assert!(!is_suitable(200, &[text].into_iter().collect(), None), "no length is known");
    }

    #[test]
    fn types_are_told_apart() {
        let mut sorted = TYPES.to_vec();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(sorted.len(), TYPES.len());
        assert!(TYPES.iter().all(|listed| is_listed(listed.as_bytes()) && listed.to_ascii_lowercase() == **listed));
    }
}

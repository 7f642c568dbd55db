//! Content types by a file's ending.

use std::path::Path;

/// Ending and type, sorted by ending; types from IANA's registry.
const TYPES: [(&str, &str); 46] = [
    ("aac", "audio/aac"),
    ("avif", "image/avif"),
    ("bmp", "image/bmp"),
    ("css", "text/css"),
    ("csv", "text/csv"),
    ("eot", "application/vnd.ms-fontobject"),
    ("gif", "image/gif"),
    ("gz", "application/gzip"),
    ("htm", "text/html"),
    ("html", "text/html"),
    ("ico", "image/vnd.microsoft.icon"),
    ("ics", "text/calendar"),
    ("jpeg", "image/jpeg"),
    ("jpg", "image/jpeg"),
    ("js", "text/javascript"),
    ("json", "application/json"),
    ("jsonld", "application/ld+json"),
    ("m3u8", "application/vnd.apple.mpegurl"),
    ("m4a", "audio/mp4"),
    ("map", "application/json"),
    ("md", "text/markdown"),
    ("mjs", "text/javascript"),
    ("mp3", "audio/mpeg"),
    ("mp4", "video/mp4"),
    ("mpd", "application/dash+xml"),
    ("oga", "audio/ogg"),
    ("ogg", "audio/ogg"),
    ("ogv", "video/ogg"),
    ("otf", "font/otf"),
    ("pdf", "application/pdf"),
    ("png", "image/png"),
    ("rss", "application/rss+xml"),
    ("svg", "image/svg+xml"),
    ("tar", "application/x-tar"),
    ("tif", "image/tiff"),
    ("ts", "video/mp2t"),
    ("ttf", "font/ttf"),
    ("txt", "text/plain"),
    ("wasm", "application/wasm"),
    ("wav", "audio/wav"),
    ("webm", "video/webm"),
    ("webmanifest", "application/manifest+json"),
    ("webp", "image/webp"),
    ("woff2", "font/woff2"),
    ("xml", "application/xml"),
    ("zip", "application/zip"),
];

/// What S3 says of an object whose type nobody told.
const UNKNOWN: &str = "binary/octet-stream";

/// The content type of a file.
pub(super) fn media_type(path: &Path) -> &'static str {
    let Some(ending) = path.extension().and_then(|ending| ending.to_str()) else { return UNKNOWN };
    let ending = ending.to_ascii_lowercase();
    let found = TYPES.binary_search_by(|(known, _)| known.cmp(&ending.as_str())).ok().and_then(|at| TYPES.get(at));
    found.map_or(UNKNOWN, |(_, media_type)| media_type)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endings_have_no_case() {
        assert!(TYPES.is_sorted(), "the table is searched by halves");
        for (path, expected) in [
            ("index.html", "text/html"),
            ("a/b.min.JS", "text/javascript"),
            ("font.woff2", "font/woff2"),
            ("README", UNKNOWN),
            ("html", UNKNOWN),
            (".html", UNKNOWN),
            ("a.b/c", UNKNOWN),
            ("a.xyz", UNKNOWN),
        ] {
            assert_eq!(media_type(Path::new(path)), expected, "{path}");
        }
    }
}

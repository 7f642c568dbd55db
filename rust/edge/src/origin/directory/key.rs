//! From a request's path to the file that it names, or a refusal.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

use edgeplane_sign::sigv4::decoded;

/// Why a path names no file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// It tries to lead somewhere else.
    Forbidden,
    /// Nothing can have this name.
    NotFound,
}

/// The file that a path names, relative to the root. Percent-encoding is undone once; `.` and `..`, encoded slashes,
/// backslashes and control octets are refused in any spelling.
pub(super) fn key(path: &str) -> Result<PathBuf, Refusal> {
    let path = path.strip_prefix('/').ok_or(Refusal::Forbidden)?;
    let segments = path.split('/').map(segment).collect::<Result<Vec<_>, _>>()?;
    if segments.iter().any(Vec::is_empty) {
        return Err(Refusal::NotFound);
    }
    Ok(segments.into_iter().map(OsString::from_vec).collect())
}

fn segment(written: &str) -> Result<Vec<u8>, Refusal> {
    let octets = decoded(written.as_bytes());
    let forbidden = |octet: &u8| *octet == b'/' || *octet == b'\\' || octet.is_ascii_control();
    if is_dots(&octets) || octets.iter().any(forbidden) || is_overlong(&octets) {
        return Err(Refusal::Forbidden);
    }
    Ok(octets)
}

/// `.` and `..`; with a parameter or space behind, which other software cuts off, too.
fn is_dots(octets: &[u8]) -> bool {
    let name = octets.split(|&octet| octet == b';').next().unwrap_or_default().trim_ascii();
    !name.is_empty() && name.len() <= 2 && name.iter().all(|&octet| octet == b'.')
}

/// UTF-8 that hides an ASCII octet in two or more: 0xC0 and 0xC1 never occur in UTF-8, nor 0xE0 before less than 0xA0.
fn is_overlong(octets: &[u8]) -> bool {
    octets.iter().any(|octet| matches!(octet, 0xC0 | 0xC1))
        || octets.windows(2).any(|pair| matches!(pair, [0xE0, 0x80..=0x9F] | [0xF0, 0x80..=0x8F]))
}

/// Whether any segment of a path is `.` or `..`, however it is spelt: what a bucket's path must not have, because a
/// service that resolves them would reach another bucket with our signature.
pub(crate) fn has_dot_segments(path: &str) -> bool {
    let octets = decoded(path.as_bytes());
    octets.split(|octet| matches!(octet, b'/' | b'\\')).any(is_dots)
}

/// Whether a slash of a path is percent-encoded: neither directories nor buckets have keys with another one than `/`.
pub(crate) fn has_encoded_slash(path: &str) -> bool {
    path.as_bytes().windows(3).any(|escape| escape.eq_ignore_ascii_case(b"%2f"))
}

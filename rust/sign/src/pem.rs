//! Text around keys (RFC 7468).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// The first block whose label is one of `labels`: its label and octets.
pub(crate) fn find<'t>(text: &'t str, labels: &[&str]) -> Option<(&'t str, Vec<u8>)> {
    text.split("-----BEGIN ").skip(1).find_map(|block| read(block, labels))
}

fn read<'t>(block: &'t str, labels: &[&str]) -> Option<(&'t str, Vec<u8>)> {
    let (label, rest) = block.split_once("-----")?;
    if !labels.contains(&label) {
        return None;
    }
    let (body, end) = rest.split_once("-----END ")?;
    let body: String = body.split_ascii_whitespace().collect();
    let closed = end.strip_prefix(label)?.starts_with("-----");
    STANDARD.decode(body).ok().filter(|_| closed).map(|octets| (label, octets))
}

//! By what a client says first it can be told from others: JA3 (an MD5 of what it offers, in its order) and JA4 (counts that
//! can be read, and hashes of what it offers, sorted).
//!
//! ```text
//! octets of the first records ─ Hello::read ─► Hello ─┬─ ja3: version,ciphers,extensions,groups,point formats ─ MD5
//!                                                     └─ ja4: counts _ ciphers ─ SHA-256 _ extensions, signatures ─ SHA-256
//! ```
//! Values that stand there to keep servers tolerant (GREASE, RFC 8701) count in neither.

mod hello;
#[cfg(test)]
mod tests;

use aws_lc_rs::digest::{SHA256, digest};
use edgeplane_base::hex;
use md5::{Digest, Md5};

use hello::{ALPN, Hello, SERVER_NAME};

/// What of a client's first words is looked at; longer ones have no fingerprint.
pub(super) const HEARD: usize = 16_384;
/// Hexadecimal digits of a hash in JA4.
const DIGITS: usize = 12;
/// In place of the hash of nothing.
const NOTHING: &str = "000000000000";
/// The largest count that JA4 writes.
const MOST: usize = 99;

/// Fingerprints of one ClientHello, as fields have them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fingerprints {
    /// 32 hexadecimal digits.
    pub ja3: String,
    /// `t13d1516h2_8daaf6152771_e5627efa2ab1`.
    pub ja4: String,
}

impl Fingerprints {
    /// From the octets with which a connection begins; none where they do not hold a whole ClientHello.
    pub fn of(octets: &[u8]) -> Option<Self> {
        let hello = Hello::read(octets)?;
        Some(Self { ja3: hex(&Md5::digest(ja3(&hello))), ja4: ja4(&hello) })
    }
}

/// What JA3 is the MD5 of.
fn ja3(hello: &Hello) -> String {
    let numbers = |values: &[u16]| joined(values.iter().map(u16::to_string), "-");
    let formats = joined(hello.point_formats.iter().map(u8::to_string), "-");
    let [ciphers, extensions, groups] = [&hello.ciphers, &hello.extensions, &hello.groups].map(|list| numbers(list));
    format!("{},{ciphers},{extensions},{groups},{formats}", hello.version)
}

fn ja4(hello: &Hello) -> String {
    let named = if hello.extensions.contains(&SERVER_NAME) { 'd' } else { 'i' };
    let (ciphers, extensions) = (hello.ciphers.len().min(MOST), hello.extensions.len().min(MOST));
    let protocol = protocol(hello.protocol.as_deref().unwrap_or_default());
    let counts = format!("t{}{named}{ciphers:02}{extensions:02}{protocol}", version(hello));
    format!("{counts}_{}_{}", hashed(&sorted(hello.ciphers.iter())), hashed(&offered(hello)))
}

/// Extensions but for those that only say where to; after them, in their order, the signatures that the client can check.
fn offered(hello: &Hello) -> String {
    let mut offered = sorted(hello.extensions.iter().filter(|&&kind| kind != SERVER_NAME && kind != ALPN));
    if !hello.signatures.is_empty() {
        offered.push('_');
        offered += &joined(hello.signatures.iter().map(|scheme| format!("{scheme:04x}")), ",");
    }
    offered
}

/// The newest version that the client offers.
fn version(hello: &Hello) -> &'static str {
    match hello.versions.iter().copied().max().unwrap_or(hello.version) {
        0x0304 => "13",
        0x0303 => "12",
        0x0302 => "11",
        0x0301 => "10",
        0x0300 => "s3",
        0x0002 => "s2",
        _ => "00",
    }
}

/// The first and the last letter of a protocol's name, or of its octets in hexadecimal where they are no letters or digits.
fn protocol(name: &[u8]) -> String {
    let (Some(first), Some(last)) = (name.first(), name.last()) else { return "00".into() };
    if first.is_ascii_alphanumeric() && last.is_ascii_alphanumeric() {
        return [*first, *last].map(char::from).iter().collect();
    }
    let digits = hex(&[*first, *last]);
    digits.chars().take(1).chain(digits.chars().last()).collect()
}

fn sorted<'v>(values: impl Iterator<Item = &'v u16>) -> String {
    let mut values: Vec<_> = values.collect();
    values.sort_unstable();
    joined(values.into_iter().map(|value| format!("{value:04x}")), ",")
}

fn hashed(text: &str) -> String {
    if text.is_empty() {
        return NOTHING.into();
    }
    hex(digest(&SHA256, text.as_bytes()).as_ref()).chars().take(DIGITS).collect()
}

fn joined(values: impl Iterator<Item = String>, between: &str) -> String {
    values.collect::<Vec<_>>().join(between)
}

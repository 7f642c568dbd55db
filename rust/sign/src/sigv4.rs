//! AWS Signature Version 4 in the `Authorization` header ("Signature Version 4 for API requests", IAM user guide).
//!
//! ```text
//! request ─ canonical request ─ SHA-256 ─ string to sign ─ HMAC with a key made of secret, day, region, service ─► Authorization
//! ```
//! Paths and queries are expected as `canonical_path` and `canonical_query` write them, and have to be sent that way: then
//! signer and service see the same octets, each encoded once as S3 wants it.

use std::fmt;
use std::fmt::Write;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hmac;
use edgeplane_base::calendar::civil;
use edgeplane_base::hex;

/// What a request without content says in `x-amz-content-sha256`.
pub const EMPTY_PAYLOAD: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
/// What S3 takes in `x-amz-content-sha256` for content that is not signed.
pub const UNSIGNED_PAYLOAD: &str = "UNSIGNED-PAYLOAD";
const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// Whose signature it is.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// `aws_access_key_id`.
    pub access_key_id: String,
    /// `aws_secret_access_key`.
    pub secret_access_key: String,
    /// `aws_session_token`; goes into `x-amz-security-token`.
    pub session_token: Option<String>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("access_key_id", &self.access_key_id).finish_non_exhaustive()
    }
}

/// What a signature is good for, beside its day.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'a> {
    /// `us-east-1`.
    pub region: &'a str,
    /// `s3`.
    pub service: &'a str,
}

/// What is signed of a request.
#[derive(Debug, Clone, Copy)]
pub struct Message<'a> {
    /// `GET`.
    pub method: &'a str,
    /// From `canonical_path`.
    pub path: &'a str,
    /// From `canonical_query`.
    pub query: &'a str,
    /// The header fields to be signed, names in any case; `host` and all `x-amz-…` must be among them.
    pub headers: &'a [(&'a str, &'a [u8])],
    /// Hexadecimal SHA-256 of the content, or `UNSIGNED_PAYLOAD`.
    pub payload: &'a str,
}

/// The value of `Authorization`. `time_s` is in seconds of the Unix epoch and is what `x-amz-date` says (`timestamp`).
pub fn authorization(credentials: &Credentials, scope: Scope<'_>, time_s: u64, message: &Message<'_>) -> String {
    let time = timestamp(time_s);
    let day = time.get(..8).unwrap_or_default();
    let scoped = format!("{day}/{}/{}/aws4_request", scope.region, scope.service);
    let (canonical, signed_headers) = canonical_request(message);
    let digest = hex(digest(&SHA256, &canonical).as_ref());
    let string_to_sign = format!("{ALGORITHM}\n{time}\n{scoped}\n{digest}");
    let signature = hex(mac(&signing_key(credentials, scope, day), string_to_sign.as_bytes()).as_ref());
    let key_id = &credentials.access_key_id;
    format!("{ALGORITHM} Credential={key_id}/{scoped}, SignedHeaders={signed_headers}, Signature={signature}")
}

/// The canonical request, and the names of the signed headers.
fn canonical_request(message: &Message<'_>) -> (Vec<u8>, String) {
    let mut headers: Vec<_> = message.headers.iter().map(|(name, value)| (name.to_ascii_lowercase(), *value)).collect();
    headers.sort_by(|a, b| a.0.cmp(&b.0));
    let mut canonical = format!("{}\n{}\n{}\n", message.method, message.path, message.query).into_bytes();
    let mut names: Vec<&str> = Vec::with_capacity(headers.len());
    for (name, value) in &headers {
        if names.last() == Some(&name.as_str()) {
            canonical.pop();
            canonical.push(b',');
        } else {
            canonical.extend_from_slice(name.as_bytes());
            canonical.push(b':');
            names.push(name);
        }
        push_trimmed(&mut canonical, value);
        canonical.push(b'\n');
    }
    let names = names.join(";");
    canonical.extend_from_slice(format!("\n{names}\n{}", message.payload).as_bytes());
    (canonical, names)
}

/// A value without the space around it, and with one space where there are several.
fn push_trimmed(canonical: &mut Vec<u8>, value: &[u8]) {
    let mut words = value.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    canonical.extend_from_slice(words.next().unwrap_or_default());
    for word in words {
        canonical.push(b' ');
        canonical.extend_from_slice(word);
    }
}

fn signing_key(credentials: &Credentials, scope: Scope<'_>, day: &str) -> hmac::Tag {
    let secret = format!("AWS4{}", credentials.secret_access_key);
    let first = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()), day.as_bytes());
    [scope.region, scope.service, "aws4_request"].iter().fold(first, |key, part| mac(&key, part.as_bytes()))
}

fn mac(key: &hmac::Tag, message: &[u8]) -> hmac::Tag {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key.as_ref()), message)
}

/// `20150830T123600Z`: what `x-amz-date` says.
pub fn timestamp(time_s: u64) -> String {
    let (days, second) = (time_s / 86_400, time_s % 86_400);
    let (year, month, day) = civil(days);
    format!("{year:04}{month:02}{day:02}T{:02}{:02}{:02}Z", second / 3_600, second / 60 % 60, second % 60)
}

/// A path, written as it came, with every octet encoded that S3 wants encoded, once; slashes stay.
pub fn canonical_path(path: &str) -> String {
    encoded(&decoded(path.as_bytes()), true)
}

/// A query, written as it came, with names and values encoded and sorted. `+` is a space, as forms have it.
pub fn canonical_query(query: &str) -> String {
    let mut pairs: Vec<(String, String)> = query.split('&').filter(|pair| !pair.is_empty()).map(pair).collect();
    pairs.sort();
    pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
}

fn pair(written: &str) -> (String, String) {
    let (name, value) = written.split_once('=').unwrap_or((written, ""));
    let meant = |part: &str| encoded(&decoded(part.replace('+', " ").as_bytes()), false);
    (meant(name), meant(value))
}

/// Octets with percent-encoding undone, once. A `%` that encodes nothing stays.
pub fn decoded(written: &[u8]) -> Vec<u8> {
    let mut octets = Vec::with_capacity(written.len());
    let mut rest = written;
    while let Some((&octet, after)) = rest.split_first() {
        let encoded = if octet == b'%' { two_digits(after) } else { None };
        let (octet, after) = encoded.unwrap_or((octet, after));
        octets.push(octet);
        rest = after;
    }
    octets
}

fn two_digits(after: &[u8]) -> Option<(u8, &[u8])> {
    let (digits, rest) = after.split_first_chunk::<2>()?;
    let value = |digit: u8| char::from(digit).to_digit(16);
    let [high, low] = *digits;
    Some(((value(high)? * 16 + value(low)?) as u8, rest))
}

/// Everything percent-encoded but the unreserved (RFC 3986 section 2.3), and slashes where they are kept.
fn encoded(octets: &[u8], slashes: bool) -> String {
    let mut written = String::with_capacity(octets.len() + 16);
    for &octet in octets {
        let plain = octet.is_ascii_alphanumeric() || b"-._~".contains(&octet) || slashes && octet == b'/';
        if plain {
            written.push(char::from(octet));
        } else {
            let _ = write!(written, "%{octet:02X}");
        }
    }
    written
}

#[cfg(test)]
mod tests;

//! URLs presigned with Signature Version 4 in the query, as S3's signers make them (Amazon S3 API reference,
//! "Authenticating Requests: Using Query Parameters"): service `s3`, payload not signed, the key id and its secret of a
//! signing key in place of an access key.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hmac::{HMAC_SHA256, Key, Tag, sign};
use edgeplane_base::calendar::days;
use edgeplane_base::hex;

use crate::parameters::split_pair;
use crate::sigv4::{canonical_path, canonical_query, decoded};
use crate::{Denied, Grant, Verifier};

/// Names of the parameters; none of them reaches an origin.
pub const NAMES: [&str; 8] = [
    "X-Amz-Algorithm",
    "X-Amz-Credential",
    "X-Amz-Date",
    "X-Amz-Expires",
    "X-Amz-SignedHeaders",
    "X-Amz-Signature",
    "X-Amz-Security-Token",
    "X-Amz-Content-Sha256",
];

/// Seconds that a presigned URL may hold: 7 days.
pub const EXPIRES_S: u64 = 604_800;

/// Seconds by which the signer's clock may be ahead.
pub const SKEW_S: u64 = 900;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// What of a request is signed.
pub struct Request<'r> {
    /// Method token.
    pub method: &'r str,
    /// Path as it was sent.
    pub path: &'r str,
    /// Query as it was sent, with what signs it.
    pub query: &'r str,
    /// The combined value of a header field by its name in lower case; `host` is the authority.
    pub header: &'r dyn Fn(&str) -> Option<Vec<u8>>,
}

/// Whether a query has a signature of this kind.
pub fn is_presigned(query: &str) -> bool {
    query.split('&').any(|pair| split_pair(pair).0 == "X-Amz-Signature")
}

impl Verifier {
    /// Whether a presigned request is allowed at a time in Unix seconds.
    pub fn verify_presigned(&self, request: &Request<'_>, now_s: u64) -> Result<Grant, Denied> {
        let presigned = Presigned::read(request.query)?;
        let (key_id, key) = self.key(&presigned.scope.key_id)?;
        let secret = key.secret().ok_or(Denied::UnknownAlgorithm)?;
        let expires = presigned.check_time(now_s)?;
        let signature = presigned.scope.sign(secret.octets(), presigned.text(request)?.as_bytes());
        let right = verify_slices_are_equal(signature.as_ref(), &presigned.signature);
        right.map(|()| Grant { expires, key_id: key_id.clone() }).map_err(|_| Denied::WrongSignature)
    }
}

struct Presigned {
    scope: Scope,
    date: String,
    signed_at: u64,
    expires: u64,
    signed_headers: String,
    signature: Vec<u8>,
}

impl Presigned {
    fn read(query: &str) -> Result<Self, Denied> {
        let one = |name: &str| {
            let mut values =
                query.split('&').map(split_pair).filter(|pair| pair.0 == name).map(|pair| decoded(pair.1.as_bytes()));
            match (values.next(), values.next()) {
                (Some(value), None) => String::from_utf8(value).map_err(|_| Denied::MalformedSignature),
                (None, _) => Err(Denied::MalformedSignature),
                _ => Err(Denied::Ambiguous),
            }
        };
        if one("X-Amz-Algorithm")? != ALGORITHM {
            return Err(Denied::UnknownAlgorithm);
        }
        let date = one("X-Amz-Date")?;
        let scope = Scope::read(&one("X-Amz-Credential")?).ok_or(Denied::MalformedSignature)?;
        let signed_at = epoch(&date).filter(|_| date.starts_with(&scope.day)).ok_or(Denied::MalformedSignature)?;
        let expires = one("X-Amz-Expires")?.parse().ok().filter(|seconds| (1..=EXPIRES_S).contains(seconds));
        let signature = one("X-Amz-Signature")?;
        Ok(Self {
            scope,
            date,
            signed_at,
            expires: expires.ok_or(Denied::MalformedSignature)?,
            signed_headers: one("X-Amz-SignedHeaders")?,
            signature: unhex(&signature).ok_or(Denied::MalformedSignature)?,
        })
    }

    fn check_time(&self, now_s: u64) -> Result<u64, Denied> {
        let ends = self.signed_at.saturating_add(self.expires);
        match now_s {
            now if now >= ends => Err(Denied::Expired),
            now if now.saturating_add(SKEW_S) < self.signed_at => Err(Denied::NotYetValid),
            _ => Ok(ends),
        }
    }

    /// The string to sign.
    fn text(&self, request: &Request<'_>) -> Result<String, Denied> {
        let hash = hex(digest(&SHA256, &self.canonical(request)?).as_ref());
        let Scope { day, region, .. } = &self.scope;
        Ok(format!("{ALGORITHM}\n{}\n{day}/{region}/s3/aws4_request\n{hash}", self.date))
    }

    fn canonical(&self, request: &Request<'_>) -> Result<Vec<u8>, Denied> {
        let unsigned = request.query.split('&').filter(|pair| split_pair(pair).0 != "X-Amz-Signature");
        let query = canonical_query(&unsigned.collect::<Vec<_>>().join("&"));
        let mut octets = format!("{}\n{}\n{query}\n", request.method, canonical_path(request.path)).into_bytes();
        let mut names: Vec<&str> = self.signed_headers.split(';').collect();
        names.sort_unstable();
        if !names.contains(&"host") {
            return Err(Denied::MalformedSignature);
        }
        for name in &names {
            let value = (request.header)(name).ok_or(Denied::WrongSignature)?;
            octets.extend([name.as_bytes(), b":", &single_spaced(&value), b"\n"].concat());
        }
        octets.extend(format!("\n{}\nUNSIGNED-PAYLOAD", names.join(";")).bytes());
        Ok(octets)
    }
}

/// `key id/day/region/s3/aws4_request`.
struct Scope {
    key_id: String,
    day: String,
    region: String,
}

impl Scope {
    fn read(credential: &str) -> Option<Self> {
        let mut parts = credential.rsplitn(5, '/');
        if parts.next()? != "aws4_request" || parts.next()? != "s3" {
            return None;
        }
        let (region, day, key_id) = (parts.next()?, parts.next()?, parts.next()?);
        Some(Self { key_id: key_id.into(), day: day.into(), region: region.into() })
    }

    fn sign(&self, secret: &[u8], text: &[u8]) -> Tag {
        let start = [b"AWS4", secret].concat();
        let steps = [self.day.as_bytes(), self.region.as_bytes(), b"s3", b"aws4_request", text];
        let (first, others) = (steps[0], &steps[1..]);
        let day = sign(&Key::new(HMAC_SHA256, &start), first);
        others.iter().fold(day, |tag, step| sign(&Key::new(HMAC_SHA256, tag.as_ref()), step))
    }
}

/// Without space at the ends, and with one where there were several.
fn single_spaced(value: &[u8]) -> Vec<u8> {
    value.split(|&octet| octet == b' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(&b' ')
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |&octet: &u8| char::from(octet).to_digit(16);
    let pair = |pair: &[u8]| match pair {
        [high, low] => u8::try_from(digit(high)? << 4 | digit(low)?).ok(),
        _ => None,
    };
    text.as_bytes().chunks(2).map(pair).collect()
}

/// Unix seconds of `20130524T000000Z`.
fn epoch(date: &str) -> Option<u64> {
    let form = b"dddddddd\x54dddddd\x5A";
    let fits = |(&octet, &kind): (&u8, &u8)| if kind == b'd' { octet.is_ascii_digit() } else { octet == kind };
    if date.len() != form.len() || !date.as_bytes().iter().zip(form).all(fits) {
        return None;
    }
    let number = |from: usize, to: usize| date.get(from..to).and_then(|digits| digits.parse::<i64>().ok());
    let (year, month, day) = (number(0, 4)?, number(4, 6)?, number(6, 8)?);
    let (hour, minute, second) = (number(9, 11)?, number(11, 13)?, number(13, 15)?);
    let valid = (1970..).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day);
    let seconds = days(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second;
    u64::try_from(seconds).ok().filter(|_| valid && hour < 24 && minute < 60 && second < 61)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::Key;

    /// The example of the S3 API reference has a secret of 40 octets.
    const SECRET: &[u8] = b"wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
    const QUERY: &str = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2F\
        aws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature=\
        aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404";
    const SIGNED_AT: u64 = 1_369_353_600;

    fn verify(method: &str, path: &str, query: &str, now_s: u64) -> Result<Grant, Denied> {
        let key = Key::from_secret(SECRET).unwrap();
        let verifier = Verifier::new([("AKIAIOSFODNN7EXAMPLE".into(), Arc::new(key))]);
        let header = |name: &str| (name == "host").then(|| b"examplebucket.s3.amazonaws.com".to_vec());
        verifier.verify_presigned(&Request { method, path, query, header: &header }, now_s)
    }

    #[test]
    fn the_example_of_the_reference_is_allowed() {
        let grant = verify("GET", "/test.txt", QUERY, SIGNED_AT + 5).unwrap();
        assert_eq!((grant.expires, &*grant.key_id), (SIGNED_AT + 86_400, "AKIAIOSFODNN7EXAMPLE"));
        assert!(is_presigned(QUERY));
    }

    #[test]
    fn time_is_kept() {
        assert_eq!(verify("GET", "/test.txt", QUERY, SIGNED_AT + 86_400), Err(Denied::Expired));
        assert!(verify("GET", "/test.txt", QUERY, SIGNED_AT - SKEW_S).is_ok());
        assert_eq!(verify("GET", "/test.txt", QUERY, SIGNED_AT - SKEW_S - 1), Err(Denied::NotYetValid));
    }

    #[test]
    fn every_part_is_signed() {
        let other = |from: &str, to: &str| verify("GET", "/test.txt", &QUERY.replace(from, to), SIGNED_AT);
        assert_eq!(verify("HEAD", "/test.txt", QUERY, SIGNED_AT), Err(Denied::WrongSignature));
        assert_eq!(verify("GET", "/test2.txt", QUERY, SIGNED_AT), Err(Denied::WrongSignature));
        assert_eq!(other("=86400", "=86401"), Err(Denied::WrongSignature));
        assert_eq!(other("us-east-1", "us-east-2"), Err(Denied::WrongSignature));
        assert_eq!(other("aeeed9", "aeeed8"), Err(Denied::WrongSignature));
        assert_eq!(other("X-Amz-Date", "a=b&X-Amz-Date"), Err(Denied::WrongSignature));
        assert_eq!(other("=host", "=host%3Bx"), Err(Denied::WrongSignature));
        assert_eq!(other("=86400", "=604801"), Err(Denied::MalformedSignature));
        assert_eq!(other("=host", "=x"), Err(Denied::MalformedSignature));
        assert_eq!(other("AWS4-HMAC-SHA256", "AWS4-HMAC-SHA1"), Err(Denied::UnknownAlgorithm));
        assert_eq!(other("AKIAIOSF", "AKIAIOSE"), Err(Denied::UnknownKey));
        assert_eq!(other("X-Amz-Date=", "X-Amz-Date=20130524T000000Z&X-Amz-Date="), Err(Denied::Ambiguous));
    }

    #[test]
    fn dates_count_from_the_epoch() {
        let table = [
            ("19700101T000000Z", Some(0)),
            ("20130524T000000Z", Some(SIGNED_AT)),
            ("20000229T235959Z", Some(951_868_799)),
            ("20240301T000000Z", Some(1_709_251_200)),
            ("20240001T000000Z", None),
            ("20240101T240000Z", None),
            ("2024-01-01T000000", None),
            ("+0240101T000000Z", None),
        ];
        for (date, seconds) in table {
            assert_eq!(epoch(date), seconds, "{date}");
        }
    }
}

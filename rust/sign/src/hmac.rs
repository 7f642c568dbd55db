//! HMAC-SHA256 with a shared secret (RFC 2104).

use std::fmt;

use aws_lc_rs::hmac::{HMAC_SHA256, Key, sign, verify};

/// Octets of the shortest secret: as many as the hash has (RFC 2104 section 3).
pub const SECRET_SIZE: usize = 32;

/// A secret that signs and verifies.
pub struct Secret {
    key: Box<Key>,
    octets: Box<[u8]>,
}

impl Secret {
    /// None where it is shorter than 32 octets.
    pub fn new(octets: &[u8]) -> Option<Self> {
        (octets.len() >= SECRET_SIZE)
            .then(|| Self { key: Box::new(Key::new(HMAC_SHA256, octets)), octets: octets.into() })
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        sign(&self.key, message).as_ref().to_vec()
    }

    /// In constant time.
    pub(crate) fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        verify(&self.key, message, signature).is_ok()
    }

    /// The secret itself, for keys derived from it.
    pub(crate) fn octets(&self) -> &[u8] {
        &self.octets
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

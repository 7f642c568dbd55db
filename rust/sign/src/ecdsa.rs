//! ECDSA on P-256 (FIPS 186-5 section 6), signatures in DER.

use aws_lc_rs::digest::{Digest, SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA1_ASN1, ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, ParsedPublicKey,
};

use crate::HashAlgorithm;

/// A public key, parsed once for each hash.
#[derive(Debug)]
pub(crate) struct Verifying {
    sha1: ParsedPublicKey,
    sha256: ParsedPublicKey,
}

impl Verifying {
    /// From `SubjectPublicKeyInfo`.
    pub fn new(spki: &[u8]) -> Option<Self> {
        Some(Self {
            sha1: ParsedPublicKey::new(&ECDSA_P256_SHA1_ASN1, spki).ok()?,
            sha256: ParsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, spki).ok()?,
        })
    }

    pub fn verify(&self, hash: HashAlgorithm, message: &[u8], signature: &[u8]) -> bool {
        match hash {
            HashAlgorithm::Sha1 => self.sha1.verify_sig(message, signature).is_ok(),
            HashAlgorithm::Sha256 => self.sha256.verify_sig(message, signature).is_ok(),
            HashAlgorithm::HmacSha256 => false,
        }
    }
}

/// A private key.
pub(crate) struct Signing(EcdsaKeyPair);

impl Signing {
    /// From `ECPrivateKey` (SEC 1) or `PrivateKeyInfo` (PKCS #8).
    pub fn new(key: &[u8]) -> Option<Self> {
        EcdsaKeyPair::from_private_key_der(&ECDSA_P256_SHA256_ASN1_SIGNING, key).ok().map(Self)
    }

    pub fn sign(&self, hash: HashAlgorithm, message: &[u8]) -> Option<Vec<u8>> {
        let signature = match hash {
            HashAlgorithm::Sha1 => self.0.sign_digest(&widened_sha1(message)?),
            HashAlgorithm::Sha256 => self.0.sign(&SystemRandom::new(), message),
            HashAlgorithm::HmacSha256 => return None,
        };
        signature.ok().map(|signature| signature.as_ref().to_vec())
    }
}

/// ECDSA signs a number; one of 160 bits is the same number with zeros before it (FIPS 186-5 section 6.4.1, step 2).
fn widened_sha1(message: &[u8]) -> Option<Digest> {
    let hash = digest(&SHA1_FOR_LEGACY_USE_ONLY, message);
    Digest::import_less_safe(&[&[0; 12], hash.as_ref()].concat(), &SHA256).ok()
}

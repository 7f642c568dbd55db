//! RSA with PKCS #1 version 1.5 padding (RFC 8017 section 8.2), keys of 2,048 to 8,192 bits.

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, PublicEncryptingKey};
use aws_lc_rs::signature::{
    ParsedPublicKey, RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256,
};
use crypto_bigint::modular::{BoxedMontyForm, BoxedMontyParams};
use crypto_bigint::{BoxedUint, Odd};

use crate::HashAlgorithm;
use crate::der::{INTEGER, OCTETS, Reader};

/// A public key, parsed once for each hash.
#[derive(Debug)]
pub(crate) struct Verifying {
    sha1: ParsedPublicKey,
    sha256: ParsedPublicKey,
}

impl Verifying {
    /// From `SubjectPublicKeyInfo`.
    pub fn new(spki: &[u8]) -> Option<Self> {
        PublicEncryptingKey::from_der(spki).ok()?;
        Some(Self {
            sha1: ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY, spki).ok()?,
            sha256: ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, spki).ok()?,
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

/// A private key. The library that makes SHA-256 signatures makes none with SHA-1, which CloudFront's signers use, so that
/// these are made here from the key's numbers, in constant time.
pub(crate) struct Signing {
    pair: KeyPair,
    modulus: BoxedMontyParams,
    exponent: BoxedUint,
}

impl Signing {
    /// From `RSAPrivateKey` (PKCS #1).
    pub fn from_pkcs1(key: &[u8]) -> Option<Self> {
        let pair = KeyPair::from_der(key).ok()?;
        let mut numbers = Reader(key).sequence()?;
        numbers.element(INTEGER)?;
        let modulus = unsigned(numbers.element(INTEGER)?);
        numbers.element(INTEGER)?;
        let exponent = unsigned(numbers.element(INTEGER)?);
        let bits = u32::try_from(8 * modulus.len()).ok()?;
        let modulus = Option::<Odd<BoxedUint>>::from(BoxedUint::from_be_slice(modulus, bits).ok()?.into_odd())?;
        let exponent = BoxedUint::from_be_slice(exponent, bits).ok()?;
        Some(Self { pair, modulus: BoxedMontyParams::new(modulus), exponent })
    }

    /// From `PrivateKeyInfo` (PKCS #8, RFC 5208).
    pub fn from_pkcs8(key: &[u8]) -> Option<Self> {
        let mut info = Reader(key).sequence()?;
        info.element(INTEGER)?;
        info.sequence()?;
        Self::from_pkcs1(info.element(OCTETS)?)
    }

    pub fn sign(&self, hash: HashAlgorithm, message: &[u8]) -> Option<Vec<u8>> {
        match hash {
            HashAlgorithm::Sha1 => self.sign_sha1(message),
            HashAlgorithm::Sha256 => self.sign_sha256(message),
            HashAlgorithm::HmacSha256 => None,
        }
    }

    fn sign_sha256(&self, message: &[u8]) -> Option<Vec<u8>> {
        let mut signature = vec![0; self.pair.public_modulus_len()];
        self.pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature).ok()?;
        Some(signature)
    }

    /// RSASP1 over EMSA-PKCS1-v1_5 (RFC 8017 sections 5.2.1 and 9.2).
    fn sign_sha1(&self, message: &[u8]) -> Option<Vec<u8>> {
        let length = self.pair.public_modulus_len();
        let encoded = BoxedUint::from_be_slice(&encode_sha1(message, length)?, self.modulus.bits_precision()).ok()?;
        let signature = BoxedMontyForm::new(encoded, &self.modulus).pow(&self.exponent).retrieve().to_be_bytes();
        signature.get(signature.len().checked_sub(length)?..).map(<[u8]>::to_vec)
    }
}

/// `DigestInfo` of SHA-1 before the hash itself.
const SHA1_INFO: [u8; 15] = [0x30, 0x21, 0x30, 0x09, 0x06, 0x05, 0x2B, 0x0E, 0x03, 0x02, 0x1A, 0x05, 0x00, 0x04, 0x14];

fn encode_sha1(message: &[u8], length: usize) -> Option<Vec<u8>> {
    let hash = digest(&SHA1_FOR_LEGACY_USE_ONLY, message);
    let padding = length.checked_sub(3 + SHA1_INFO.len() + hash.as_ref().len())?;
    Some([&[0, 1], &vec![0xFF; padding][..], &[0], &SHA1_INFO, hash.as_ref()].concat())
}

/// Without the zero that keeps an INTEGER positive.
fn unsigned(integer: &[u8]) -> &[u8] {
    integer.strip_prefix(&[0]).unwrap_or(integer)
}

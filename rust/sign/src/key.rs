//! Keys as people hand them over: PEM files, secrets.

use std::fmt;

use crate::hmac::{SECRET_SIZE, Secret};
use crate::{HashAlgorithm, ecdsa, pem, rsa};

/// What a signature is verified with.
#[derive(Debug)]
pub struct Key(Kind);

#[derive(Debug)]
enum Kind {
    Rsa(Box<rsa::Verifying>),
    Ecdsa(Box<ecdsa::Verifying>),
    Secret(Secret),
}

impl Key {
    /// A public key in PEM (`PUBLIC KEY`): RSA of 2,048 to 8,192 bits or ECDSA P-256. The error says what would be right.
    pub fn from_pem(text: &str) -> Result<Self, String> {
        let (_, spki) =
            pem::find(text, &["PUBLIC KEY"]).ok_or("is not a public key in PEM (-----BEGIN PUBLIC KEY-----)")?;
        let rsa = || rsa::Verifying::new(&spki).map(|key| Self(Kind::Rsa(Box::new(key))));
        let ecdsa = || ecdsa::Verifying::new(&spki).map(|key| Self(Kind::Ecdsa(Box::new(key))));
        rsa()
            .or_else(ecdsa)
            .ok_or_else(|| "is neither an RSA key of 2048 to 8192 bits nor an ECDSA key on P-256".into())
    }

    /// A shared secret of 32 octets or more.
    pub fn from_secret(octets: &[u8]) -> Result<Self, String> {
        secret(octets).map(|secret| Self(Kind::Secret(secret)))
    }

    /// Whether signatures with this hash are made with keys of this kind.
    pub fn can(&self, hash: HashAlgorithm) -> bool {
        matches!(self.0, Kind::Secret(_)) == (hash == HashAlgorithm::HmacSha256)
    }

    /// Whether the signature is the key's over the message.
    pub fn verify(&self, hash: HashAlgorithm, message: &[u8], signature: &[u8]) -> bool {
        match &self.0 {
            Kind::Rsa(key) => key.verify(hash, message, signature),
            Kind::Ecdsa(key) => key.verify(hash, message, signature),
            Kind::Secret(secret) => self.can(hash) && secret.verify(message, signature),
        }
    }

    pub(crate) fn secret(&self) -> Option<&Secret> {
        match &self.0 {
            Kind::Secret(secret) => Some(secret),
            _ => None,
        }
    }
}

/// What signatures are made with.
pub struct SigningKey(Private);

enum Private {
    Rsa(Box<rsa::Signing>),
    Ecdsa(ecdsa::Signing),
    Secret(Secret),
}

impl SigningKey {
    /// A private key in PEM: PKCS #1 (`RSA PRIVATE KEY`), PKCS #8 (`PRIVATE KEY`) or SEC 1 (`EC PRIVATE KEY`), not encrypted.
    pub fn from_pem(text: &str) -> Result<Self, String> {
        let labels = ["RSA PRIVATE KEY", "PRIVATE KEY", "EC PRIVATE KEY"];
        let (label, der) = pem::find(text, &labels).ok_or("is not a private key in PEM that is not encrypted")?;
        let rsa = match label {
            "RSA PRIVATE KEY" => rsa::Signing::from_pkcs1(&der),
            "PRIVATE KEY" => rsa::Signing::from_pkcs8(&der),
            _ => None,
        };
        let key = rsa.map(|key| Private::Rsa(Box::new(key))).or_else(|| ecdsa::Signing::new(&der).map(Private::Ecdsa));
        key.map(Self).ok_or_else(|| "is neither an RSA key of 2048 to 8192 bits nor an ECDSA key on P-256".into())
    }

    /// A shared secret of 32 octets or more.
    pub fn from_secret(octets: &[u8]) -> Result<Self, String> {
        secret(octets).map(|secret| Self(Private::Secret(secret)))
    }

    /// The signature over a message; an error where keys of this kind do not make such.
    pub fn sign(&self, hash: HashAlgorithm, message: &[u8]) -> Result<Vec<u8>, String> {
        let signature = match &self.0 {
            Private::Rsa(key) => key.sign(hash, message),
            Private::Ecdsa(key) => key.sign(hash, message),
            Private::Secret(secret) => (hash == HashAlgorithm::HmacSha256).then(|| secret.sign(message)),
        };
        signature.ok_or_else(|| format!("{self:?} does not sign with {}", hash.name()))
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Private::Rsa(_) => "an RSA key",
            Private::Ecdsa(_) => "an ECDSA key",
            Private::Secret(_) => "a secret",
        })
    }
}

fn secret(octets: &[u8]) -> Result<Secret, String> {
    Secret::new(octets).ok_or_else(|| format!("has {} octets, but a secret has {SECRET_SIZE} or more", octets.len()))
}

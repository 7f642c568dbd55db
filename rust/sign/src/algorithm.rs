//! Which hash a signature is made over, as `Hash-Algorithm` says it.

/// `Hash-Algorithm` of a signed URL or cookie; CloudFront has the first two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum HashAlgorithm {
    /// `SHA1`: where nothing is said.
    #[default]
    Sha1,
    /// `SHA256`.
    Sha256,
    /// `HMAC-SHA256`: a shared secret in place of a key pair; edgeplane's own.
    HmacSha256,
}

impl HashAlgorithm {
    /// From its name, which has case.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Sha1, Self::Sha256, Self::HmacSha256].into_iter().find(|algorithm| algorithm.name() == name)
    }

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sha1 => "SHA1",
            Self::Sha256 => "SHA256",
            Self::HmacSha256 => "HMAC-SHA256",
        }
    }
}

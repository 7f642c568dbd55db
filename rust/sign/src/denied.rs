//! Why a signature does not open the door.

/// The first thing that is wrong with a signed URL, a signed cookie or a presigned URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Denied {
    /// Nothing is signed, or the key is not named.
    MissingKey,
    /// The key is not one of those that are trusted here.
    UnknownKey,
    /// No signature, or one that cannot be read.
    MalformedSignature,
    /// The policy cannot be read, or says more or less than it may.
    MalformedPolicy,
    /// A parameter twice, or parameters that exclude one another.
    Ambiguous,
    /// A `Hash-Algorithm` that nobody knows, or that the key cannot do.
    UnknownAlgorithm,
    /// The signature is not that of the key over the policy.
    WrongSignature,
    /// `DateLessThan` has passed.
    Expired,
    /// `DateGreaterThan` lies ahead.
    NotYetValid,
    /// The client is not within `AWS:SourceIp`.
    WrongAddress,
    /// The URL does not match `Resource`.
    WrongResource,
}

impl Denied {
    /// A name for logs and the reason header.
    pub const fn name(self) -> &'static str {
        match self {
            Self::MissingKey => "missing-key",
            Self::UnknownKey => "unknown-key",
            Self::MalformedSignature => "malformed-signature",
            Self::MalformedPolicy => "malformed-policy",
            Self::Ambiguous => "ambiguous-parameters",
            Self::UnknownAlgorithm => "unknown-algorithm",
            Self::WrongSignature => "wrong-signature",
            Self::Expired => "expired",
            Self::NotYetValid => "not-yet-valid",
            Self::WrongAddress => "wrong-address",
            Self::WrongResource => "wrong-resource",
        }
    }

    /// `Code` and `Message` of CloudFront's answer.
    pub const fn code(self) -> (&'static str, &'static str) {
        match self {
            Self::MissingKey => ("MissingKey", "Missing Key-Pair-Id query parameter or cookie value"),
            Self::UnknownKey => ("InvalidKey", "Unknown Key"),
            Self::MalformedPolicy => ("MalformedPolicy", "Malformed Policy"),
            _ => ("AccessDenied", "Access denied"),
        }
    }
}

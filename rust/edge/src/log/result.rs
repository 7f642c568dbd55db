//! What an answer was, in CloudFront's words.

/// `x-edge-result-type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ResultType {
    /// From the store.
    Hit,
    /// From the store; the origin confirmed it.
    RefreshHit,
    /// From the origin.
    #[default]
    Miss,
    /// Too many requests or connections.
    LimitExceeded,
    /// No room for it.
    CapacityExceeded,
    /// A status of 4xx or 5xx, or the client went away.
    Error,
    /// To HTTPS.
    Redirect,
}

impl ResultType {
    const ALL: [Self; 7] = [
        Self::Hit,
        Self::RefreshHit,
        Self::Miss,
        Self::LimitExceeded,
        Self::CapacityExceeded,
        Self::Error,
        Self::Redirect,
    ];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hit => "Hit",
            Self::RefreshHit => "RefreshHit",
            Self::Miss => "Miss",
            Self::LimitExceeded => "LimitExceeded",
            Self::CapacityExceeded => "CapacityExceeded",
            Self::Error => "Error",
            Self::Redirect => "Redirect",
        }
    }

    /// What the client was told in `X-Cache`.
    pub fn of(x_cache: Option<&[u8]>) -> Self {
        let told = x_cache.and_then(|value| value.split(|&octet| octet == b' ').next()).unwrap_or_default();
        Self::ALL.into_iter().find(|result| result.name().as_bytes() == told).unwrap_or_default()
    }

    /// Whether it came from the store.
    pub const fn is_hit(self) -> bool {
        matches!(self, Self::Hit | Self::RefreshHit)
    }
}

//! What `Accept-Encoding` comes down to: the content codings that a cache policy knows and the client takes.

use edgeplane_http::Fields;
use edgeplane_http::fields::members;

/// A content coding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Encoding {
    /// None.
    #[default]
    Identity,
    /// RFC 1952.
    Gzip,
    /// RFC 7932.
    Brotli,
    /// RFC 8878; edgeplane's own, CloudFront has the others.
    Zstd,
}

impl Encoding {
    /// The token in `Content-Encoding`; `identity` is not written there.
    pub const fn token(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Gzip => "gzip",
            Self::Brotli => "br",
            Self::Zstd => "zstd",
        }
    }
}

/// A set of codings, part of the key: objects under it may come in any of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Encodings(u8);

impl Encodings {
    /// Nothing is encoded.
    pub const NONE: Self = Self(0);
    const GZIP: u8 = 1;
    const BROTLI: u8 = 2;
    const ZSTD: u8 = 4;

    /// What a policy knows: `EnableAcceptEncodingGzip`, `EnableAcceptEncodingBrotli`; zstd goes with brotli.
    pub const fn new(gzip: bool, brotli: bool) -> Self {
        Self((gzip as u8 * Self::GZIP) | (brotli as u8 * (Self::BROTLI | Self::ZSTD)))
    }

    /// What of it a client takes (RFC 9110 section 12.5.3). Who takes brotli needs no zstd, so that the two do not make
    /// two keys of what is one to all browsers.
    pub fn accepted(self, fields: &Fields) -> Self {
        if self == Self::NONE {
            return self;
        }
        let both = self.0 & fields.all("accept-encoding").map(taken).fold(0, |set, codings| set | codings);
        Self(if both & Self::BROTLI != 0 { both & !Self::ZSTD } else { both })
    }

    /// Whether one of the set.
    pub const fn has(self, encoding: Encoding) -> bool {
        match encoding {
            Encoding::Identity => true,
            Encoding::Gzip => self.0 & Self::GZIP != 0,
            Encoding::Brotli => self.0 & Self::BROTLI != 0,
            Encoding::Zstd => self.0 & Self::ZSTD != 0,
        }
    }

    /// The one to encode in: brotli, else zstd, else gzip.
    pub fn best(self) -> Encoding {
        let order = [Encoding::Brotli, Encoding::Zstd, Encoding::Gzip];
        order.into_iter().find(|&encoding| self.has(encoding)).unwrap_or_default()
    }

    /// `Accept-Encoding` of the request to the origin.
    pub const fn field(self) -> &'static str {
        match self.0 {
            1 => "gzip",
            2 => "br",
            3 => "br,gzip",
            4 => "zstd",
            5 => "zstd,gzip",
            6 => "br,zstd",
            7 => "br,zstd,gzip",
            _ => "identity",
        }
    }

    pub(super) const fn octet(self) -> u8 {
        self.0
    }
}

/// The codings that a field's value takes.
#[inline]
fn taken(value: &[u8]) -> u8 {
    match value {
        // What browsers send, known without reading it.
        b"gzip, deflate, br, zstd" => Encodings::GZIP | Encodings::BROTLI | Encodings::ZSTD,
        b"gzip, deflate, br" => Encodings::GZIP | Encodings::BROTLI,
        b"gzip, deflate" | b"gzip" => Encodings::GZIP,
        _ => members(value).map(coding).fold(0, |set, coding| set | coding),
    }
}

/// The bit of a member such as `gzip;q=0.5`; none for weight 0 and other codings.
fn coding(member: &[u8]) -> u8 {
    let mut parts = member.split(|&octet| octet == b';').map(<[u8]>::trim_ascii);
    let token = parts.next().unwrap_or_default();
    if parts.any(is_refused) {
        return 0;
    }
    match token {
        _ if token.eq_ignore_ascii_case(b"gzip") || token.eq_ignore_ascii_case(b"x-gzip") => Encodings::GZIP,
        _ if token.eq_ignore_ascii_case(b"br") => Encodings::BROTLI,
        _ if token.eq_ignore_ascii_case(b"zstd") => Encodings::ZSTD,
        _ => 0,
    }
}

/// `q=0`, `q=0.000`.
fn is_refused(parameter: &[u8]) -> bool {
    let weight = parameter.strip_prefix(b"q=").or_else(|| parameter.strip_prefix(b"Q="));
    weight.is_some_and(|weight| weight.iter().all(|octet| matches!(octet, b'0' | b'.')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_clients_say_comes_down_to_few_words() {
        let table = [
            ("gzip, deflate, br, zstd", "br,gzip"),
            ("gzip, deflate, br", "br,gzip"),
            ("br;q=1.0, GZIP;q=0.5", "br,gzip"),
            ("gzip;q=0, br", "br"),
            ("gzip; q=0.0, br;q=0.000", "identity"),
            ("zstd, gzip", "zstd,gzip"),
            ("deflate", "identity"),
            ("*", "identity"),
            ("", "identity"),
        ];
        for (sent, said) in table {
            let fields = [("Accept-Encoding", sent)].into_iter().collect();
            assert_eq!(Encodings::new(true, true).accepted(&fields).field(), said, "{sent}");
            let gzip = Encodings::new(true, false).accepted(&fields);
            assert_eq!(gzip.has(Encoding::Gzip), said.contains("gzip"), "{sent}");
            assert!(!gzip.has(Encoding::Brotli) && !gzip.has(Encoding::Zstd));
            assert_eq!(Encodings::NONE.accepted(&fields), Encodings::NONE);
        }
    }

    #[test]
    fn brotli_goes_before_the_others() {
        let best =
            |sent: &str| Encodings::new(true, true).accepted(&[("accept-encoding", sent)].into_iter().collect()).best();
        assert_eq!(
            ["gzip, br", "gzip, zstd", "gzip", "x"].map(best).map(Encoding::token),
            ["br", "zstd", "gzip", "identity"]
        );
    }
}

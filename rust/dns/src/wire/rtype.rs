//! Record types: numbers and mnemonics (IANA "Resource Record (RR) TYPEs"; unknown ones as TYPE123, RFC 3597).

use std::borrow::Cow;

macro_rules! record_types {
    ($($name:ident = $value:literal,)*) => {
        $(#[allow(missing_docs)] pub const $name: u16 = $value;)*
        const TABLE: &[(&str, u16)] = &[$((stringify!($name), $value),)*];
    };
}

record_types! {
    A = 1, NS = 2, MD = 3, MF = 4, CNAME = 5, SOA = 6, MB = 7, MG = 8, MR = 9, NULL = 10, WKS = 11, PTR = 12,
    HINFO = 13, MINFO = 14, MX = 15, TXT = 16, RP = 17, AFSDB = 18, X25 = 19, ISDN = 20, RT = 21, SIG = 24, KEY = 25,
    PX = 26, AAAA = 28, LOC = 29, SRV = 33, NAPTR = 35, KX = 36, CERT = 37, DNAME = 39, OPT = 41, APL = 42, DS = 43,
    SSHFP = 44, RRSIG = 46, NSEC = 47, DNSKEY = 48, DHCID = 49, NSEC3 = 50, NSEC3PARAM = 51, TLSA = 52,
    SMIMEA = 53, CDS = 59, CDNSKEY = 60, OPENPGPKEY = 61, CSYNC = 62, ZONEMD = 63, SVCB = 64, HTTPS = 65,
    SPF = 99, EUI48 = 108, EUI64 = 109, TKEY = 249, TSIG = 250, IXFR = 251, AXFR = 252, MAILB = 253,
    MAILA = 254, ANY = 255, URI = 256, CAA = 257,
}

/// The type's mnemonic, or `TYPE123`.
pub fn to_text(rtype: u16) -> Cow<'static, str> {
    match TABLE.iter().find(|(_, value)| *value == rtype) {
        Some((name, _)) => Cow::Borrowed(name),
        None => Cow::Owned(format!("TYPE{rtype}")),
    }
}

/// The type's number from its mnemonic in any case or from `TYPE123`.
pub fn from_text(text: &str) -> Option<u16> {
    if let Some((_, value)) = TABLE.iter().find(|(name, _)| name.eq_ignore_ascii_case(text)) {
        return Some(*value);
    }
    let (prefix, digits) = text.split_at_checked(4)?;
    let plain = prefix.eq_ignore_ascii_case("TYPE") && digits.bytes().all(|digit| digit.is_ascii_digit());
    plain.then(|| digits.parse().ok())?
}

/// Types that only a question may carry, or that never stand in a zone (RFC 6895 section 3.1: QTYPEs and meta-TYPEs).
pub fn is_meta(rtype: u16) -> bool {
    rtype == OPT || rtype == 0 || (128..=255).contains(&rtype)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mnemonics_go_both_ways() {
        for (name, value) in TABLE {
            assert_eq!(from_text(name), Some(*value));
            assert_eq!(to_text(*value), *name);
        }
        assert_eq!(from_text("type65280"), Some(65280));
        assert_eq!(to_text(65280), "TYPE65280");
        assert_eq!(from_text("TYPE"), None);
        assert_eq!(from_text("TYPE70000"), None);
    }
}

//! Where domain names stand inside rdata.

use std::borrow::Cow;
use std::ops::Range;

use super::name::Name;
use super::rtype::*;

/// The spans of the names in uncompressed rdata of a type, in order; stops where the rdata is malformed.
pub fn names_in(rtype: u16, rdata: &[u8]) -> impl Iterator<Item = Range<usize>> + use<'_> {
    let (first, count) = match rtype {
        NS | MD | MF | CNAME | MB | MG | MR | PTR | DNAME => (Some(0), 1),
        SOA | MINFO | RP => (Some(0), 2),
        MX | AFSDB | KX | RT | SVCB | HTTPS => (Some(2), 1),
        PX => (Some(2), 2),
        SRV => (Some(6), 1),
        NAPTR => (naptr_name(rdata), 1),
        _ => (None, 0),
    };
    let mut at = first;
    (0..count).map_while(move |_| {
        let start = at?;
        let len = Name::wire_len(rdata.get(start..)?)?;
        at = Some(start + len);
        Some(start..start + len)
    })
}

/// Uncompressed rdata with its names in lower case: equal for records that say the same (RFC 2181 section 5, RFC 4343).
pub fn folded(rtype: u16, rdata: &[u8]) -> Cow<'_, [u8]> {
    let mut folded = Cow::Borrowed(rdata);
    for span in names_in(rtype, rdata) {
        if rdata.get(span.clone()).is_some_and(|name| name.iter().any(u8::is_ascii_uppercase))
            && let Some(name) = folded.to_mut().get_mut(span)
        {
            name.make_ascii_lowercase();
        }
    }
    folded
}

/// Types whose rdata names may be compressed in a message: those of RFC 1035 (RFC 3597 section 4).
pub fn is_compressible(rtype: u16) -> bool {
    matches!(rtype, NS | MD | MF | CNAME | SOA | MB | MG | MR | PTR | MINFO | MX)
}

/// Behind order, preference and three character strings (RFC 3403 section 4.1).
fn naptr_name(rdata: &[u8]) -> Option<usize> {
    (0..3).try_fold(4, |at, _| Some(at + 1 + usize::from(*rdata.get(at)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_of_names() {
        let soa = b"\x01a\x00\x01b\x01c\x00\0\0\0\0";
        assert_eq!(names_in(SOA, soa).collect::<Vec<_>>(), [0..3, 3..8]);
        let naptr = b"\0\x01\0\x02\x01S\x03SIP\x00\x02ab\x00";
        assert_eq!(names_in(NAPTR, naptr).next(), Some(11..15));
        assert_eq!(names_in(MX, b"\0\x01\x05ab").count(), 0);
        assert_eq!(names_in(A, b"\x01a\0\0").count(), 0);
    }

    #[test]
    fn names_are_folded_and_nothing_else() {
        assert_eq!(*folded(MX, b"\x41\x42\x01A\x00"), *b"\x41\x42\x01a\x00");
        assert_eq!(*folded(TXT, b"\x01A"), *b"\x01A");
        assert!(matches!(folded(NS, b"\x01a\x00"), Cow::Borrowed(_)), "nothing is copied without need");
    }
}

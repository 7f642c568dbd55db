//! A record set as the octets of a message, with its compression pointers as fix-ups.

use crate::wire::name::labels;
use crate::wire::rdata::{is_compressible, names_in};
use crate::wire::rtype;

/// Pointer to the question's name, which stands behind the header (RFC 1035 section 4.1.4).
const TO_QUESTION: [u8; 2] = [0xc0, 12];

/// The records of a block while it is written.
#[derive(Default)]
pub(super) struct Rendered {
    pub bytes: Vec<u8>,
    /// (position, tail), see `section`.
    pub fixups: Vec<(usize, usize)>,
}

impl Rendered {
    /// Adds a record of `owner` (whole, lower case). `owner_fixed` makes the owner a fix-up too.
    pub fn record(&mut self, owner: &[u8], rtype: u16, ttl: u32, rdata: &[u8], owner_fixed: bool) {
        if owner_fixed {
            self.fixups.push((self.bytes.len(), owner.len()));
        }
        self.bytes.extend_from_slice(&TO_QUESTION);
        self.bytes.extend_from_slice(&rtype.to_be_bytes());
        self.bytes.extend_from_slice(&[0, 1]);
        self.bytes.extend_from_slice(&ttl.to_be_bytes());
        let length_at = self.bytes.len();
        self.bytes.extend_from_slice(&[0, 0]);
        self.rdata(owner, rtype, rdata);
        let length = (self.bytes.len() - length_at - 2) as u16;
        if let Some(to) = self.bytes.get_mut(length_at..length_at + 2) {
            to.copy_from_slice(&length.to_be_bytes());
        }
    }

    fn rdata(&mut self, owner: &[u8], rtype: u16, rdata: &[u8]) {
        let mut copied = 0;
        for span in names_in(rtype, rdata).filter(|_| is_compressible(rtype)) {
            let name = rdata.get(span.clone()).unwrap_or(&[]);
            let tail = shared_tail(owner, name);
            if tail > 1 {
                self.bytes.extend_from_slice(rdata.get(copied..span.end - tail).unwrap_or(&[]));
                self.fixups.push((self.bytes.len(), tail));
                self.bytes.extend_from_slice(&TO_QUESTION);
                copied = span.end;
            }
        }
        self.bytes.extend_from_slice(rdata.get(copied..).unwrap_or(&[]));
    }
}

/// Octets of the longest end that two names share in whole labels, the root's octet included. A wildcard's own label
/// is not shared: the name asked for has another in its place.
fn shared_tail(owner: &[u8], name: &[u8]) -> usize {
    let owner = owner.strip_prefix(b"\x01*").unwrap_or(owner);
    let own: Vec<&[u8]> = labels(owner).collect();
    let other: Vec<&[u8]> = labels(name).collect();
    let shared = own.iter().rev().zip(other.iter().rev()).take_while(|(a, b)| a.eq_ignore_ascii_case(b));
    1 + shared.map(|(a, _)| a.len() + 1).sum::<usize>()
}

/// Types whose rdata names a host whose addresses belong in the additional section.
pub(super) fn wants_addresses(rtype: u16) -> bool {
    use rtype::{AFSDB, HTTPS, MB, MX, NAPTR, NS, SRV, SVCB};
    matches!(rtype, NS | MB | MX | AFSDB | SRV | NAPTR | SVCB | HTTPS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tail_is_whole_labels_without_the_wildcard() {
        let tail = |a: &[u8], b: &[u8]| shared_tail(a, b);
        assert_eq!(tail(b"\x03www\x02ex\x00", b"\x02ns\x02EX\x00"), 4);
        assert_eq!(tail(b"\x03www\x02ex\x00", b"\x03www\x02ex\x00"), 8);
        assert_eq!(tail(b"\x01*\x02ex\x00", b"\x01*\x02ex\x00"), 4);
        assert_eq!(tail(b"\x02ex\x00", b"\x03tex\x00"), 1);
    }
}

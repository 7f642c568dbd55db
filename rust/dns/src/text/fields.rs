//! What the rdata of each record type consists of: one line a type. Text, checks, compression and decompression all
//! read this table.

use super::{apl, loc};
use crate::wire::{self, rtype};

/// One field of rdata.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// A domain name.
    Name,
    /// 8 bits.
    U8,
    /// 16 bits.
    U16,
    /// 32 bits.
    U32,
    /// 32 bits of seconds; units may be written.
    Ttl,
    /// A DNSSEC algorithm, 8 bits; its mnemonic may be written.
    Algorithm,
    /// An IPv4 address.
    Ipv4,
    /// An IPv6 address.
    Ipv6,
    /// A character-string.
    String,
    /// A character-string of letters and digits, shown without quotes (CAA's tag).
    Tag,
    /// One character-string or more, to the end; at most so many.
    Strings(usize),
    /// Octets to the end as one quoted string (CAA's value, URI's target).
    Text,
    /// Octets to the end in hexadecimal, at least one.
    Hex,
    /// Octets to the end in Base 64, at least one.
    Base64,
    /// A fixed number of octets in hexadecimal, joined by hyphens (EUI-48, EUI-64).
    Hyphens(usize),
    /// An IP protocol, 8 bits; TCP and UDP may be written.
    Protocol,
    /// A bit map of ports to the end (WKS).
    Ports,
    /// A place on Earth (RFC 1876), 16 octets.
    Location,
    /// Address prefixes to the end (RFC 3123); there may be none.
    Prefixes,
}

use Field::*;

/// The fields of a type; `None` for types whose rdata this table does not describe.
#[inline]
pub fn of(rtype: u16) -> Option<&'static [Field]> {
    Some(match rtype {
        rtype::A => &[Ipv4],
        rtype::AAAA => &[Ipv6],
        rtype::NS | rtype::CNAME | rtype::PTR | rtype::DNAME => &[Name],
        rtype::MX => &[U16, Name],
        rtype::TXT | rtype::SPF => &[Strings(usize::MAX)],
        rtype::SOA => &[Name, Name, U32, Ttl, Ttl, Ttl, Ttl],
        rtype::SRV => &[U16, U16, U16, Name],
        rtype::CAA => &[U8, Tag, Text],
        rtype::MB | rtype::MD | rtype::MF | rtype::MG | rtype::MR => &[Name],
        rtype::MINFO | rtype::RP => &[Name, Name],
        rtype::HINFO => &[String, String],
        rtype::WKS => &[Ipv4, Protocol, Ports],
        rtype::AFSDB | rtype::KX | rtype::RT => &[U16, Name],
        rtype::X25 => &[String],
        rtype::ISDN => &[Strings(2)],
        rtype::APL => &[Prefixes],
        rtype::PX => &[U16, Name, Name],
        rtype::LOC => &[Location],
        rtype::NAPTR => &[U16, U16, String, String, String, Name],
        rtype::CERT => &[U16, U16, Algorithm, Base64],
        rtype::DS | rtype::CDS => &[U16, Algorithm, U8, Hex],
        rtype::SSHFP => &[U8, U8, Hex],
        rtype::KEY | rtype::DNSKEY | rtype::CDNSKEY => &[U16, U8, Algorithm, Base64],
        rtype::TLSA | rtype::SMIMEA => &[U8, U8, U8, Hex],
        rtype::OPENPGPKEY | rtype::DHCID => &[Base64],
        rtype::ZONEMD => &[U32, U8, U8, Hex],
        rtype::EUI48 => &[Hyphens(6)],
        rtype::EUI64 => &[Hyphens(8)],
        rtype::URI => &[U16, U16, Text],
        _ => return None,
    })
}

impl Field {
    /// Length of this field at the start of uncompressed octets; `None` when they do not hold one.
    pub fn len(self, octets: &[u8]) -> Option<usize> {
        let len = match self {
            Name => wire::Name::wire_len(octets)?,
            U8 | Algorithm | Protocol => 1,
            U16 => 2,
            U32 | Ttl | Ipv4 => 4,
            Ipv6 => 16,
            Location => octets.get(..16).filter(|place| loc::is_well_formed(place))?.len(),
            String => usize::from(*octets.first()?) + 1,
            Tag => tag_len(octets)?,
            Hyphens(len) => len,
            Strings(most) => strings_len(octets, most)?,
            Hex | Base64 => Some(octets.len()).filter(|&len| len > 0)?,
            Prefixes => Some(octets.len()).filter(|_| apl::is_well_formed(octets))?,
            Ports => Some(octets.len()).filter(|&len| len <= 8_192 && octets.last() != Some(&0))?,
            Text => octets.len(),
        };
        (len <= octets.len()).then_some(len)
    }
}

fn strings_len(octets: &[u8], most: usize) -> Option<usize> {
    let (mut rest, mut count) = (octets, 0);
    while let Some(&len) = rest.first() {
        rest = rest.get(usize::from(len) + 1..)?;
        count += 1;
    }
    (1..=most).contains(&count).then_some(octets.len())
}

fn tag_len(octets: &[u8]) -> Option<usize> {
    let len = usize::from(*octets.first()?);
    let tag = octets.get(1..=len)?;
    (len > 0 && tag.iter().all(u8::is_ascii_alphanumeric)).then_some(len + 1)
}

/// The fields of uncompressed rdata with their octets, when the table describes the type and the rdata is well formed.
pub fn split(rtype: u16, rdata: &[u8]) -> Option<Vec<(Field, &[u8])>> {
    let mut rest = rdata;
    let mut fields = Vec::new();
    for &field in of(rtype)? {
        let (octets, tail) = rest.split_at_checked(field.len(rest)?)?;
        fields.push((field, octets));
        rest = tail;
    }
    rest.is_empty().then_some(fields)
}

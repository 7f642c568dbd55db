//! One field of rdata from its presentation form.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use super::cursor::{Cursor, Token};
use super::fields::Field;
use super::{apl, loc, name, ttl};

/// DNSSEC algorithm mnemonics (IANA "DNS Security Algorithm Numbers").
const ALGORITHMS: &[(&str, u8)] = &[
    ("RSAMD5", 1),
    ("DH", 2),
    ("DSA", 3),
    ("RSASHA1", 5),
    ("DSA-NSEC3-SHA1", 6),
    ("NSEC3RSASHA1", 7),
    ("RSASHA1-NSEC3-SHA1", 7),
    ("RSASHA256", 8),
    ("RSASHA512", 10),
    ("ECC-GOST", 12),
    ("ECCGOST", 12),
    ("ECDSAP256SHA256", 13),
    ("ECDSAP384SHA384", 14),
    ("ED25519", 15),
    ("ED448", 16),
    ("INDIRECT", 252),
    ("PRIVATEDNS", 253),
    ("PRIVATEOID", 254),
];

const PROTOCOLS: &[(&str, u8)] = &[("ICMP", 1), ("TCP", 6), ("UDP", 17)];

/// Appends the wire form of a field read from the cursor.
#[inline]
pub fn field(field: Field, cursor: &mut Cursor<'_>, origin: Option<&[u8]>, out: &mut Vec<u8>) -> Result<(), String> {
    match field {
        Field::Ipv4 => out.extend_from_slice(&parsed::<Ipv4Addr>(cursor, "an IPv4 address")?.octets()),
        Field::Ipv6 => out.extend_from_slice(&parsed::<Ipv6Addr>(cursor, "an IPv6 address")?.octets()),
        Field::Name => name::push_wire(cursor.expect("a domain name")?.bytes, origin, out)?,
        Field::U8 => out.push(parsed(cursor, "a number from 0 to 255")?),
        Field::U16 => out.extend_from_slice(&parsed::<u16>(cursor, "a number from 0 to 65535")?.to_be_bytes()),
        Field::U32 => out.extend_from_slice(&parsed::<u32>(cursor, "a number from 0 to 4294967295")?.to_be_bytes()),
        Field::Ttl => time(cursor, out)?,
        Field::Algorithm => out.push(mnemonic(cursor, ALGORITHMS, "a DNSSEC algorithm")?),
        Field::Protocol => out.push(mnemonic(cursor, PROTOCOLS, "an IP protocol")?),
        Field::String => string(cursor.expect("a character-string")?, out)?,
        Field::Tag => tag(cursor, out)?,
        Field::Strings(most) => strings(cursor, most, out)?,
        Field::Text => cursor.expect("a quoted string")?.unescape(out)?,
        Field::Hex => hex(&joined(cursor, "hexadecimal data")?, out)?,
        Field::Base64 => base64(&joined(cursor, "Base 64 data")?, out)?,
        Field::Hyphens(len) => hyphens(cursor, len, out)?,
        Field::Ports => ports(cursor, out)?,
        Field::Location => loc::scan(cursor, out)?,
        Field::Prefixes => apl::scan(cursor, out)?,
    }
    Ok(())
}

/// The next token parsed by the type's own rules; signs are refused.
#[inline]
fn parsed<T: FromStr>(cursor: &mut Cursor<'_>, what: &str) -> Result<T, String> {
    let token = cursor.expect(what)?;
    let value =
        std::str::from_utf8(token.bytes).ok().filter(|text| !text.starts_with('+')).and_then(|text| text.parse().ok());
    value.ok_or_else(|| not(token, what))
}

#[cold]
fn not(token: Token<'_>, what: &str) -> String {
    format!("\"{}\" is not {what}", token.shown())
}

/// SOA's times: the whole of 32 bits, so that any zone can be read back; with units up to the greatest TTL.
fn time(cursor: &mut Cursor<'_>, out: &mut Vec<u8>) -> Result<(), String> {
    let token = cursor.expect("a time in seconds")?;
    let plain = || std::str::from_utf8(token.bytes).ok().filter(|text| !text.starts_with('+'))?.parse().ok();
    let value: u32 = ttl::parse(token.bytes).or_else(plain).ok_or_else(|| not(token, "a time (3600, 1h30m)"))?;
    out.extend_from_slice(&value.to_be_bytes());
    Ok(())
}

fn mnemonic(cursor: &mut Cursor<'_>, table: &[(&str, u8)], what: &str) -> Result<u8, String> {
    let token = cursor.expect(what)?;
    let named =
        table.iter().find(|(name, _)| name.as_bytes().eq_ignore_ascii_case(token.bytes)).map(|(_, value)| *value);
    let number = || std::str::from_utf8(token.bytes).ok().and_then(|text| text.parse().ok());
    named.or_else(number).ok_or_else(|| not(token, what))
}

fn string(token: Token<'_>, out: &mut Vec<u8>) -> Result<(), String> {
    let head = out.len();
    out.push(0);
    token.unescape(out)?;
    let len = out.len() - head - 1;
    let octet = u8::try_from(len)
        .map_err(|_| format!("a character-string has {len} octets; 255 is the most, write several"))?;
    if let Some(head) = out.get_mut(head) {
        *head = octet;
    }
    Ok(())
}

/// What is one too many is left to the cursor's end.
fn strings(cursor: &mut Cursor<'_>, most: usize, out: &mut Vec<u8>) -> Result<(), String> {
    string(cursor.expect("a character-string")?, out)?;
    for _ in 1..most {
        let Some(token) = cursor.token()? else { break };
        string(token, out)?;
    }
    Ok(())
}

fn tag(cursor: &mut Cursor<'_>, out: &mut Vec<u8>) -> Result<(), String> {
    let token = cursor.expect("a tag (issue, issuewild, iodef)")?;
    if token.bytes.is_empty() || !token.bytes.iter().all(u8::is_ascii_alphanumeric) {
        return Err(not(token, "a tag: letters and digits only"));
    }
    string(token, out)
}

/// The remaining tokens as one.
fn joined(cursor: &mut Cursor<'_>, what: &str) -> Result<Vec<u8>, String> {
    let mut all = cursor.expect(what)?.bytes.to_vec();
    while let Some(token) = cursor.token()? {
        all.extend_from_slice(token.bytes);
    }
    Ok(all)
}

/// Appends octets from hexadecimal digits, two an octet.
pub fn hex(text: &[u8], out: &mut Vec<u8>) -> Result<(), String> {
    let digit =
        |octet: u8| char::from(octet).to_digit(16).ok_or("hexadecimal data has another character than 0-9, a-f");
    let mut pairs = text.chunks_exact(2);
    for pair in &mut pairs {
        let mut value = 0;
        for &octet in pair {
            value = value * 16 + digit(octet)?;
        }
        out.push(value as u8);
    }
    if pairs.remainder().is_empty() { Ok(()) } else { Err("hexadecimal data has an odd number of digits".into()) }
}

/// Appends octets from Base 64 with padding (RFC 4648 section 4).
fn base64(text: &[u8], out: &mut Vec<u8>) -> Result<(), String> {
    const WRONG: &str = "Base 64 data is malformed";
    let body = text.strip_suffix(b"==").or_else(|| text.strip_suffix(b"=")).unwrap_or(text);
    if !text.len().is_multiple_of(4) || body.is_empty() {
        return Err(WRONG.into());
    }
    let (mut bits, mut count) = (0u32, 0);
    for &octet in body {
        bits = bits << 6 | sextet(octet).ok_or(WRONG)?;
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push((bits >> count) as u8);
            bits &= (1 << count) - 1;
        }
    }
    if bits == 0 { Ok(()) } else { Err(WRONG.into()) }
}

fn sextet(octet: u8) -> Option<u32> {
    let value = match octet {
        b'A'..=b'Z' => octet - b'A',
        b'a'..=b'z' => octet - b'a' + 26,
        b'0'..=b'9' => octet - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    };
    Some(u32::from(value))
}

fn hyphens(cursor: &mut Cursor<'_>, len: usize, out: &mut Vec<u8>) -> Result<(), String> {
    let what = format!("{len} octets in hexadecimal, joined by hyphens");
    let token = cursor.expect(&what)?;
    let start = out.len();
    for pair in token.bytes.split(|&octet| octet == b'-') {
        if pair.len() != 2 {
            return Err(not(token, &what));
        }
        hex(pair, out)?;
    }
    if out.len() - start == len { Ok(()) } else { Err(not(token, &what)) }
}

fn ports(cursor: &mut Cursor<'_>, out: &mut Vec<u8>) -> Result<(), String> {
    let start = out.len();
    while let Some(token) = cursor.token()? {
        let number = std::str::from_utf8(token.bytes).ok().and_then(|text| text.parse::<u16>().ok());
        let port = usize::from(number.or_else(|| service(token.bytes)).ok_or_else(|| not(token, "a port number"))?);
        if out.len() - start <= port / 8 {
            out.resize(start + port / 8 + 1, 0);
        }
        if let Some(octet) = out.get_mut(start + port / 8) {
            *octet |= 0x80 >> (port % 8);
        }
    }
    Ok(())
}

/// The services that RFC 1010's readers still write.
fn service(text: &[u8]) -> Option<u16> {
    const SERVICES: &[(&str, u16)] = &[
        ("FTP", 21),
        ("SSH", 22),
        ("TELNET", 23),
        ("SMTP", 25),
        ("TIME", 37),
        ("DOMAIN", 53),
        ("HTTP", 80),
        ("POP3", 110),
    ];
    SERVICES.iter().find(|(name, _)| name.as_bytes().eq_ignore_ascii_case(text)).map(|(_, port)| *port)
}

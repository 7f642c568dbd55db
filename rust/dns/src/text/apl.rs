//! Lists of address prefixes (APL, RFC 3123): `[!]family:address/length …`, families 1 (IPv4) and 2 (IPv6).

use std::fmt::Write;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::cursor::{Cursor, Token};

/// Highest bit of the octet that has the number of address octets: all but these addresses.
const NEGATED: u8 = 0x80;

/// Appends the prefixes at the cursor; there may be none. Bits behind the length are kept, as others keep them.
pub fn scan(cursor: &mut Cursor<'_>, out: &mut Vec<u8>) -> Result<(), String> {
    while let Some(token) = cursor.token()? {
        let (negation, address, length) = prefix(token).ok_or_else(|| wrong(token))?;
        let (family, octets) = match address {
            IpAddr::V4(address) => (1, address.octets().to_vec()),
            IpAddr::V6(address) => (2, address.octets().to_vec()),
        };
        let kept = octets.iter().rposition(|&octet| octet != 0).map_or(0, |last| last + 1);
        out.extend_from_slice(&[0, family, length, negation | kept as u8]);
        out.extend_from_slice(octets.get(..kept).unwrap_or_default());
    }
    Ok(())
}

fn prefix(token: Token<'_>) -> Option<(u8, IpAddr, u8)> {
    let text = std::str::from_utf8(token.bytes).ok()?;
    let (negation, text) = text.strip_prefix('!').map_or((0, text), |text| (NEGATED, text));
    let (family, text) = text.split_once(':')?;
    let (address, length) = text.split_once('/')?;
    let (address, most) = match family {
        "1" => (IpAddr::V4(address.parse().ok()?), 32),
        "2" => (IpAddr::V6(address.parse().ok()?), 128),
        _ => return None,
    };
    let plain = |length: &&str| length.bytes().all(|octet| octet.is_ascii_digit());
    let length = Some(length).filter(plain)?.parse().ok().filter(|length| *length <= most)?;
    Some((negation, address, length))
}

#[cold]
fn wrong(token: Token<'_>) -> String {
    format!("\"{}\" is not an address prefix (1:192.0.2.0/24, !2:2001:db8::/32, RFC 3123)", token.shown())
}

/// Whether octets are a list of prefixes of known families, without zero octets at an address's end.
pub fn is_well_formed(octets: &[u8]) -> bool {
    let mut rest = octets;
    while let Some((_, next)) = item(rest) {
        rest = next;
    }
    rest.is_empty()
}

/// One prefix of a list.
struct Item {
    negated: bool,
    address: IpAddr,
    length: u8,
}

fn item(octets: &[u8]) -> Option<(Item, &[u8])> {
    let (&[0, family, length, head], rest) = octets.split_first_chunk::<4>()? else { return None };
    let (part, rest) = rest.split_at_checked(usize::from(head & !NEGATED))?;
    let mut whole = [0; 16];
    whole.get_mut(..part.len())?.copy_from_slice(part);
    let [a, b, c, d, ..] = whole;
    let (address, size) = match family {
        1 => (IpAddr::V4(Ipv4Addr::new(a, b, c, d)), 4),
        2 => (IpAddr::V6(Ipv6Addr::from(whole)), 16),
        _ => return None,
    };
    let fits = part.len() <= size && part.last() != Some(&0) && usize::from(length) <= 8 * size;
    fits.then_some((Item { negated: head & NEGATED != 0, address, length }, rest))
}

/// Appends the presentation form.
pub fn show(octets: &[u8], out: &mut String) {
    let mut rest = octets;
    while let Some((Item { negated, address, length }, next)) = item(rest) {
        let (mark, family) = (if negated { "!" } else { "" }, if address.is_ipv4() { 1 } else { 2 });
        let blank = if rest.len() < octets.len() { " " } else { "" };
        let _ = write!(out, "{blank}{mark}{family}:{address}/{length}");
        rest = next;
    }
}

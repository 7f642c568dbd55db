//! One field of rdata in presentation form.

use std::fmt::Write;
use std::net::{Ipv4Addr, Ipv6Addr};

use super::fields::Field;
use super::{apl, loc, name};

/// Appends a field; `octets` are exactly the field's.
pub fn field(field: Field, octets: &[u8], out: &mut String) {
    match field {
        Field::Name => name::push_text(octets, out),
        Field::U8 | Field::U16 | Field::U32 | Field::Ttl | Field::Algorithm | Field::Protocol => number(octets, out),
        Field::Ipv4 => address(octets.try_into().map(|octets: [u8; 4]| Ipv4Addr::from(octets)), out),
        Field::Ipv6 => address(octets.try_into().map(|octets: [u8; 16]| Ipv6Addr::from(octets)), out),
        Field::String => quoted(octets.get(1..).unwrap_or_default(), out),
        Field::Tag => out.extend(octets.iter().skip(1).map(|&octet| char::from(octet))),
        Field::Strings(_) => strings(octets, out),
        Field::Text => quoted(octets, out),
        Field::Hex => hex(octets, out),
        Field::Base64 => base64(octets, out),
        Field::Hyphens(_) => hyphens(octets, out),
        Field::Ports => ports(octets, out),
        Field::Location => loc::show(octets, out),
        Field::Prefixes => apl::show(octets, out),
    }
}

fn number(octets: &[u8], out: &mut String) {
    let value = octets.iter().fold(0u32, |sum, &octet| sum << 8 | u32::from(octet));
    let _ = write!(out, "{value}");
}

fn address<T: std::fmt::Display, E>(address: Result<T, E>, out: &mut String) {
    if let Ok(address) = address {
        let _ = write!(out, "{address}");
    }
}

fn quoted(octets: &[u8], out: &mut String) {
    out.push('"');
    for &octet in octets {
        match octet {
            b'"' | b'\\' => out.extend(['\\', char::from(octet)]),
            0x20..=0x7e => out.push(char::from(octet)),
            _ => name::push_escape(octet, out),
        }
    }
    out.push('"');
}

fn strings(octets: &[u8], out: &mut String) {
    let mut rest = octets;
    while let Some((&len, tail)) = rest.split_first() {
        let (string, next) = tail.split_at_checked(usize::from(len)).unwrap_or((tail, &[]));
        quoted(string, out);
        rest = next;
        if !rest.is_empty() {
            out.push(' ');
        }
    }
}

/// Appends upper-case hexadecimal digits.
pub fn hex(octets: &[u8], out: &mut String) {
    for octet in octets {
        let _ = write!(out, "{octet:02X}");
    }
}

fn hyphens(octets: &[u8], out: &mut String) {
    for (n, octet) in octets.iter().enumerate() {
        let _ = write!(out, "{}{octet:02x}", if n > 0 { "-" } else { "" });
    }
}

fn base64(octets: &[u8], out: &mut String) {
    for chunk in octets.chunks(3) {
        let bits = chunk.iter().fold(0u32, |sum, &octet| sum << 8 | u32::from(octet)) << (8 * (3 - chunk.len()));
        for n in 0..4 {
            out.push(if n <= chunk.len() { sextet(bits >> (18 - 6 * n) & 63) } else { '=' });
        }
    }
}

fn sextet(value: u32) -> char {
    let value = value as u8;
    char::from(match value {
        0..26 => b'A' + value,
        26..52 => b'a' + value - 26,
        52..62 => b'0' + value - 52,
        62 => b'+',
        _ => b'/',
    })
}

fn ports(octets: &[u8], out: &mut String) {
    let set = |port: &usize| octets.get(port / 8).is_some_and(|octet| octet & (0x80 >> (port % 8)) != 0);
    let ports: Vec<String> = (0..octets.len() * 8).filter(set).map(|port| port.to_string()).collect();
    out.push_str(&ports.join(" "));
}

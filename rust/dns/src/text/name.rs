//! Names between text and wire, written into buffers that the caller keeps.
// Offsets come from the same buffer a few lines above; the fuzz target `zonefile` runs over this file.
#![allow(clippy::indexing_slicing)]

use super::cursor::escape;
use crate::wire::name::{MAX_LABEL, MAX_NAME, labels};

/// Appends the wire form of a name. Without an origin, a name is absolute whether or not it ends in a dot.
#[inline]
pub fn push_wire(text: &[u8], origin: Option<&[u8]>, out: &mut Vec<u8>) -> Result<(), String> {
    match text {
        b"@" => {
            out.extend_from_slice(origin.ok_or("@ stands for an origin, and there is none")?);
            return Ok(());
        }
        b"." => {
            out.push(0);
            return Ok(());
        }
        b"" => return Err("a name is empty".into()),
        _ => {}
    }
    let start = out.len();
    if push_labels(text, out)? {
        out.extend_from_slice(origin.unwrap_or(&[0]));
    }
    if out.len() - start > MAX_NAME {
        return Err(fault(text, "is longer than 255 octets"));
    }
    Ok(())
}

/// Appends labels; true when the text does not end in a dot, so that no root label was written.
#[inline]
fn push_labels(text: &[u8], out: &mut Vec<u8>) -> Result<bool, String> {
    let mut head = out.len();
    out.push(0);
    let mut rest = text;
    loop {
        let run = rest.iter().position(|&octet| octet == b'.' || octet == b'\\').unwrap_or(rest.len());
        out.extend_from_slice(&rest[..run]);
        rest = &rest[run..];
        match rest.first() {
            Some(b'.') => {
                close_label(text, head, out)?;
                head = out.len();
                out.push(0);
                rest = &rest[1..];
                if rest.is_empty() {
                    return Ok(false);
                }
            }
            Some(_) => {
                let (octet, len) = escape(rest)?;
                out.push(octet);
                rest = &rest[len..];
            }
            None => return close_label(text, head, out).map(|()| true),
        }
    }
}

#[inline]
fn close_label(text: &[u8], head: usize, out: &mut [u8]) -> Result<(), String> {
    let len = out.len() - head - 1;
    match len {
        0 => Err(fault(text, "has an empty label (two dots side by side, or a dot at the start)")),
        1..=MAX_LABEL => {
            out[head] = len as u8;
            Ok(())
        }
        _ => Err(fault(text, "has a label longer than 63 octets")),
    }
}

#[cold]
fn fault(text: &[u8], what: &str) -> String {
    format!("the name \"{}\" {what}", String::from_utf8_lossy(&text[..text.len().min(300)]))
}

/// Appends the absolute presentation form of an uncompressed wire name.
pub fn push_text(wire: &[u8], out: &mut String) {
    let start = out.len();
    for label in labels(wire) {
        for &octet in label {
            match octet {
                b'.' | b'\\' | b'"' | b'(' | b')' | b';' | b'@' | b'$' => out.extend(['\\', char::from(octet)]),
                0x21..=0x7e => out.push(char::from(octet)),
                _ => push_escape(octet, out),
            }
        }
        out.push('.');
    }
    if out.len() == start {
        out.push('.');
    }
}

/// Appends `\DDD`.
pub fn push_escape(octet: u8, out: &mut String) {
    let digit = |n: u8| char::from(b'0' + n);
    out.extend(['\\', digit(octet / 100), digit(octet / 10 % 10), digit(octet % 10)]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Name;
    use proptest::prelude::*;

    fn wire(text: &str, origin: Option<&str>) -> Result<Vec<u8>, String> {
        let origin = origin.map(|origin| Name::from_text(origin).unwrap());
        let mut out = b"kept".to_vec();
        push_wire(text.as_bytes(), origin.as_ref().map(Name::as_wire), &mut out)?;
        Ok(out.split_off(4))
    }

    #[test]
    fn relative_names_end_in_the_origin() {
        assert_eq!(wire("www", Some("example.net.")).unwrap(), b"\x03www\x07example\x03net\0");
        assert_eq!(wire("www.", Some("example.net.")).unwrap(), b"\x03www\0");
        assert_eq!(wire("www", None).unwrap(), b"\x03www\0");
        assert_eq!(wire("@", Some("net.")).unwrap(), b"\x03net\0");
        assert!(wire("@", None).is_err());
        assert!(wire("a..b", None).unwrap_err().contains("empty label"));
        assert!(wire(&"a".repeat(64), None).unwrap_err().contains("63"));
        assert!(wire(&"a.".repeat(128), None).unwrap_err().contains("255"));
    }

    proptest! {
        #[test]
        fn agrees_with_the_plain_parser(text in "[a-c.\\\\0-9]{0,12}") {
            let name = Name::from_text(&text).ok().filter(|_| !text.is_empty());
            prop_assert_eq!(wire(&text, None).ok(), name.as_ref().map(|name| name.as_wire().to_vec()));
            if let Some(name) = name {
                let mut shown = String::new();
                push_text(name.as_wire(), &mut shown);
                prop_assert_eq!(shown, name.to_string());
            }
        }
    }
}

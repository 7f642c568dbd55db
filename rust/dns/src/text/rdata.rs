//! Rdata between presentation form and wire, every type.

use super::cursor::Cursor;
use super::{fields, scan, show, structured};
use crate::wire::{Name, rtype as rtypes};

/// Longest rdata in octets: its length has 16 bits (RFC 1035 section 3.2.1).
pub const MAX_RDATA: usize = 65_535;

/// Rdata in wire form, names uncompressed, from its presentation form.
///
/// Relative names end in `origin`; without one, names are absolute whether or not they end in a dot. RFC 3597's
/// `\# 4 0a000001` is taken for every type, and checked where the type is known. The error says what is wrong.
pub fn rdata_from_text(rtype: u16, text: &str, origin: Option<&Name>) -> Result<Vec<u8>, String> {
    let mut cursor = Cursor::new(text.as_bytes(), 1);
    let mut out = Vec::new();
    read(rtype, &mut cursor, origin.map(Name::as_wire), &mut out)?;
    cursor.finish()?;
    if cursor.at_end() { Ok(out) } else { Err("the data goes on behind a line end".into()) }
}

/// The presentation form of rdata. Rdata that is not what its type asks for is shown in RFC 3597's form.
pub fn rdata_to_text(rtype: u16, rdata: &[u8]) -> String {
    let mut out = String::new();
    push_text(rtype, rdata, &mut out);
    out
}

/// Appends the presentation form of rdata.
pub fn push_text(rtype: u16, rdata: &[u8], out: &mut String) {
    if let Some(fields) = fields::split(rtype, rdata) {
        for (n, (field, octets)) in fields.into_iter().enumerate() {
            if n > 0 {
                out.push(' ');
            }
            show::field(field, octets, out);
        }
    } else if let Some(text) = structured::show(rtype, rdata) {
        out.push_str(&text);
    } else {
        push_unknown(rdata, out);
    }
}

/// Whether rdata is what its type asks for; any rdata of an unknown type is.
pub fn is_well_formed(rtype: u16, rdata: &[u8]) -> bool {
    match fields::of(rtype) {
        Some(_) => fields::split(rtype, rdata).is_some(),
        None if structured::knows(rtype) => structured::is_well_formed(rtype, rdata),
        None => true,
    }
}

/// Appends the wire form of the rdata at the cursor, to the entry's end.
#[inline]
pub(super) fn read(
    rtype: u16,
    cursor: &mut Cursor<'_>,
    origin: Option<&[u8]>,
    out: &mut Vec<u8>,
) -> Result<(), String> {
    let start = out.len();
    if cursor.at_unknown()? {
        read_unknown(rtype, cursor, out)?;
    } else if let Some(fields) = fields::of(rtype) {
        for &field in fields {
            scan::field(field, cursor, origin, out)?;
        }
    } else if structured::knows(rtype) {
        structured::scan(rtype, cursor, origin, out)?;
    } else {
        return Err(format!("the data of {} must be written as \\# LENGTH HEX (RFC 3597)", rtypes::to_text(rtype)));
    }
    if out.len() - start > MAX_RDATA {
        return Err(format!("the data has {} octets; {MAX_RDATA} is the most", out.len() - start));
    }
    Ok(())
}

fn read_unknown(rtype: u16, cursor: &mut Cursor<'_>, out: &mut Vec<u8>) -> Result<(), String> {
    let start = out.len();
    cursor.expect("\\#")?;
    let length = cursor.expect("the data's length")?;
    let mut digits = Vec::new();
    while let Some(token) = cursor.token()? {
        digits.extend_from_slice(token.bytes);
    }
    scan::hex(&digits, out)?;
    let rdata = out.get(start..).unwrap_or_default();
    if std::str::from_utf8(length.bytes).ok().and_then(|text| text.parse().ok()) != Some(rdata.len()) {
        return Err(format!("\\# announces {} octets, but {} follow", length.shown(), rdata.len()));
    }
    if !is_well_formed(rtype, rdata) {
        return Err(format!("the octets after \\# are not the data of {}", rtypes::to_text(rtype)));
    }
    Ok(())
}

fn push_unknown(rdata: &[u8], out: &mut String) {
    out.push_str("\\# ");
    out.push_str(&rdata.len().to_string());
    if !rdata.is_empty() {
        out.push(' ');
        show::hex(rdata, out);
    }
}

#[cfg(test)]
mod tests;

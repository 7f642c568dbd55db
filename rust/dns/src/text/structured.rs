//! Types whose rdata has an inner grammar (service parameters, type bit maps), read and shown by the crate `domain`.

use domain::base::iana::Rtype;
use domain::base::name::Name;
use domain::base::zonefile_fmt::{DisplayKind, ZonefileFmt};
use domain::rdata::ZoneRecordData;
use domain::zonefile::inplace::{Entry, Zonefile};

use super::cursor::Cursor;
use crate::wire::rtype;

/// Whether this file knows the type.
pub fn knows(rtype: u16) -> bool {
    matches!(rtype, rtype::SVCB | rtype::HTTPS | rtype::RRSIG | rtype::NSEC | rtype::NSEC3 | rtype::NSEC3PARAM)
}

/// Appends the wire form of the rdata at the cursor.
pub fn scan(rtype: u16, cursor: &mut Cursor<'_>, origin: Option<&[u8]>, out: &mut Vec<u8>) -> Result<(), String> {
    let mut line = format!("x. 0 IN {} ", rtype::to_text(rtype)).into_bytes();
    while let Some(token) = cursor.token()? {
        let quote: &[u8] = if token.quoted { b"\"" } else { b"" };
        line.extend([quote, token.bytes, quote, b" "].concat());
    }
    line.push(b'\n');
    compose(&line, origin.unwrap_or(&[0]), out).map_err(|why| format!("{}: {why}", rtype::to_text(rtype)))
}

fn compose(line: &[u8], origin: &[u8], out: &mut Vec<u8>) -> Result<(), String> {
    let mut zonefile = Zonefile::from(line);
    zonefile.set_origin(Name::from_octets(origin.to_vec().into()).map_err(|why| why.to_string())?);
    match zonefile.next_entry() {
        Ok(Some(Entry::Record(record))) => {
            use domain::base::rdata::ComposeRecordData;
            record.data().compose_rdata(out).map_err(|_| "the data is too long".to_owned())
        }
        Ok(_) => Err("no data".into()),
        Err(why) => Err(why.to_string().split_once(": ").map_or_else(|| why.to_string(), |(_, what)| what.to_owned())),
    }
}

/// The presentation form; `None` for malformed rdata, and where it would not be read back as the same octets.
pub fn show(rtype: u16, rdata: &[u8]) -> Option<String> {
    if !knows(rtype) {
        return None;
    }
    let mut parser = octseq_parser(rdata);
    let data: ZoneRecordData<&[u8], domain::base::ParsedName<&[u8]>> =
        domain::base::rdata::ParseRecordData::parse_rdata(Rtype::from_int(rtype), &mut parser).ok()??;
    let text = data.display_zonefile(DisplayKind::Simple).to_string();
    let mut again = Vec::new();
    scan(rtype, &mut Cursor::new(text.as_bytes(), 1), None, &mut again).ok()?;
    (parser.remaining() == 0 && again == rdata).then_some(text)
}

fn octseq_parser(rdata: &[u8]) -> domain::dep::octseq::Parser<'_, [u8]> {
    domain::dep::octseq::Parser::from_ref(rdata)
}

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
    while let Some(token) = cursor.parameter()? {
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

/// Whether the rdata has its type's form. Names with characters that `domain` shows without their escape cannot be read
/// back, so data other than service parameters, whose values are only checked as text, may also compose to itself.
pub fn is_well_formed(rtype: u16, rdata: &[u8]) -> bool {
    let service = matches!(rtype, rtype::SVCB | rtype::HTTPS);
    show(rtype, rdata).is_some() || (!service && composes_to_itself(rtype, rdata))
}

fn composes_to_itself(rtype: u16, rdata: &[u8]) -> bool {
    use domain::base::rdata::ComposeRecordData;
    let mut again = Vec::new();
    parse(rtype, rdata).is_some_and(|data| data.compose_rdata(&mut again).is_ok()) && again == rdata
}

/// The presentation form; `None` for malformed rdata, and where it would not be read back as the same octets.
pub fn show(rtype: u16, rdata: &[u8]) -> Option<String> {
    let text = parse(rtype, rdata)?.display_zonefile(DisplayKind::Simple).to_string();
    let mut again = Vec::new();
    scan(rtype, &mut Cursor::new(text.as_bytes(), 1), None, &mut again).ok()?;
    (again == rdata).then_some(text)
}

type Data<'a> = ZoneRecordData<&'a [u8], domain::base::ParsedName<&'a [u8]>>;

/// The whole of the rdata; `None` for a type of another file too.
fn parse(rtype: u16, rdata: &[u8]) -> Option<Data<'_>> {
    if !knows(rtype) {
        return None;
    }
    let mut parser = octseq_parser(rdata);
    let data = domain::base::rdata::ParseRecordData::parse_rdata(Rtype::from_int(rtype), &mut parser).ok()??;
    (parser.remaining() == 0).then_some(data)
}

fn octseq_parser(rdata: &[u8]) -> domain::dep::octseq::Parser<'_, [u8]> {
    domain::dep::octseq::Parser::from_ref(rdata)
}

//! A query's header, question and OPT record (RFC 1035 section 4.1, RFC 6891 section 6).
#![allow(clippy::indexing_slicing)] // Wire room: the header's length is checked first; the rest uses get; fuzzed.

use std::ops::Range;

use super::ecs::{self, Ecs};
use super::qname::QName;
use super::{rcode, rtype};
use crate::cookie;

/// Octets of the header.
pub const HEADER: usize = 12;
/// Where the question's name stands.
pub const QUESTION: usize = HEADER;

/// Header bits, as a big-endian number.
pub mod flags {
    #![allow(missing_docs)]
    pub const QR: u16 = 0x8000;
    pub const OPCODE: u16 = 0x7800;
    pub const AA: u16 = 0x0400;
    pub const TC: u16 = 0x0200;
    pub const RD: u16 = 0x0100;
    pub const CD: u16 = 0x0010;
}

const OPTION_NSID: u16 = 3;
const OPTION_KEEPALIVE: u16 = 11;

/// A query that can be answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// The header's second word.
    pub flags: u16,
    /// Type asked for.
    pub qtype: u16,
    /// Class asked for.
    pub qclass: u16,
    /// Offset behind the question; equal to [`HEADER`] where there is none.
    pub end: usize,
    /// The OPT record.
    pub edns: Option<Edns>,
}

/// What an OPT record says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Edns {
    /// Octets that the client takes over UDP.
    pub payload: u16,
    /// Version; only 0 exists.
    pub version: u8,
    /// The DO bit (RFC 3225), echoed.
    pub dnssec_ok: bool,
    /// The server's identifier is asked for (RFC 5001).
    pub nsid: bool,
    /// The TCP keep-alive option came along (RFC 7828).
    pub keepalive: bool,
    /// Client subnet.
    pub ecs: Option<Ecs>,
    /// Where the cookie option's data stands in the packet.
    pub cookie: Option<Range<usize>>,
}

/// A packet that is not answered from zones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// No header, or an answer: say nothing.
    Silence,
    /// A response code with what can be echoed: the question ends at `end` ([`HEADER`]: none), `edns`: an OPT came.
    Rcode {
        /// Response code.
        rcode: u16,
        /// Offset behind the question that is echoed.
        end: usize,
        /// Whether the answer carries an OPT record.
        edns: bool,
    },
}

impl Refused {
    fn bare(rcode: u16) -> Self {
        Self::Rcode { rcode, end: HEADER, edns: false }
    }
}

/// Reads a packet; the name goes to `qname`.
#[inline]
pub fn parse(packet: &[u8], qname: &mut QName) -> Result<Query, Refused> {
    let Some(header) = packet.first_chunk::<HEADER>() else { return Err(Refused::Silence) };
    let word = |at: usize| u16::from_be_bytes([header[at], header[at + 1]]);
    let flags = word(2);
    if flags & flags::QR != 0 {
        return Err(Refused::Silence);
    }
    if flags & flags::OPCODE != 0 {
        return Err(not_implemented(packet, header));
    }
    let (questions, answers, authorities, additionals) = (word(4), word(6), word(8), word(10));
    let mut query = Query { flags, qtype: 0, qclass: 0, end: HEADER, edns: None };
    match questions {
        1 => question(packet, qname, &mut query)?,
        // A question is not needed to ask for a cookie (RFC 7873 section 5.4).
        0 if additionals > 0 => {}
        _ => return Err(Refused::bare(rcode::FORMERR)),
    }
    let rest = packet.len() - query.end;
    if rest == 0 && answers | authorities | additionals == 0 {
        return Ok(query);
    }
    records(packet, [answers, authorities, additionals], &mut query)?;
    Ok(query)
}

/// NOTIMP, with an OPT where one came: messages of other opcodes are made like queries as far as that (RFC 6891 section 6.1.1).
#[cold]
fn not_implemented(packet: &[u8], header: &[u8; HEADER]) -> Refused {
    let as_query = [&header[..2], &[0, 0], &header[4..]].concat();
    let with_opt = packet.get(HEADER..).is_some_and(|rest| {
        let parsed = parse(&[&as_query, rest].concat(), &mut QName::default());
        matches!(parsed, Ok(Query { edns: Some(_), .. }) | Err(Refused::Rcode { edns: true, .. }))
    });
    Refused::Rcode { rcode: rcode::NOTIMP, end: HEADER, edns: with_opt }
}

#[inline]
fn question(packet: &[u8], qname: &mut QName, query: &mut Query) -> Result<(), Refused> {
    let malformed = || Refused::bare(rcode::FORMERR);
    let at = qname.read(packet, QUESTION).ok_or_else(malformed)?;
    let fixed: [u8; 4] = packet.get(at..at + 4).and_then(|b| b.try_into().ok()).ok_or_else(malformed)?;
    query.qtype = u16::from_be_bytes([fixed[0], fixed[1]]);
    query.qclass = u16::from_be_bytes([fixed[2], fixed[3]]);
    query.end = at + 4;
    Ok(())
}

/// Walks the records behind the question: only an OPT record means anything here, and there must be one at most.
fn records(packet: &[u8], counts: [u16; 3], query: &mut Query) -> Result<(), Refused> {
    let end = query.end;
    let malformed = |edns: bool| Refused::Rcode { rcode: rcode::FORMERR, end, edns };
    let mut at = end;
    for (section, count) in counts.into_iter().enumerate() {
        for _ in 0..count {
            let record = Record::read(packet, at).ok_or_else(|| malformed(query.edns.is_some()))?;
            at = record.rdata.end;
            if record.rtype == rtype::OPT {
                if section != 2 || query.edns.is_some() || !record.root {
                    return Err(malformed(true));
                }
                query.edns = Some(edns(packet, &record).ok_or_else(|| malformed(true))?);
            }
        }
    }
    if at != packet.len() {
        return Err(malformed(query.edns.is_some()));
    }
    Ok(())
}

struct Record {
    root: bool,
    rtype: u16,
    class: u16,
    ttl: u32,
    rdata: Range<usize>,
}

impl Record {
    fn read(packet: &[u8], at: usize) -> Option<Self> {
        let after = skip_name(packet, at)?;
        let fixed: &[u8; 10] = packet.get(after..after + 10)?.try_into().ok()?;
        let start = after + 10;
        let end = start + usize::from(u16::from_be_bytes([fixed[8], fixed[9]]));
        packet.get(start..end)?;
        Some(Self {
            root: after == at + 1,
            rtype: u16::from_be_bytes([fixed[0], fixed[1]]),
            class: u16::from_be_bytes([fixed[2], fixed[3]]),
            ttl: u32::from_be_bytes([fixed[4], fixed[5], fixed[6], fixed[7]]),
            rdata: start..end,
        })
    }
}

/// The offset behind a name that may end in a compression pointer; the pointer is not followed.
fn skip_name(packet: &[u8], mut at: usize) -> Option<usize> {
    let start = at;
    loop {
        match *packet.get(at)? {
            0 => return Some(at + 1),
            len @ 1..=63 => at += usize::from(len) + 1,
            0xc0.. => return packet.get(at + 1).map(|_| at + 2),
            _ => return None,
        }
        if at - start > 255 {
            return None;
        }
    }
}

/// Reads an OPT record; `None` where it calls for FORMERR.
fn edns(packet: &[u8], record: &Record) -> Option<Edns> {
    let mut edns = Edns {
        payload: record.class,
        version: (record.ttl >> 16) as u8,
        dnssec_ok: record.ttl & 0x8000 != 0,
        ..Edns::default()
    };
    // Options of a version that is not known here mean nothing (RFC 6891 section 6.1.3).
    let mut at = if edns.version == 0 { record.rdata.start } else { record.rdata.end };
    while at < record.rdata.end {
        let head: &[u8; 4] = packet.get(at..at + 4)?.try_into().ok()?;
        let data = at + 4..at + 4 + usize::from(u16::from_be_bytes([head[2], head[3]]));
        if data.end > record.rdata.end {
            return None;
        }
        at = data.end;
        match u16::from_be_bytes([head[0], head[1]]) {
            OPTION_NSID => edns.nsid = true,
            OPTION_KEEPALIVE => edns.keepalive = true,
            ecs::OPTION_CODE => edns.ecs = Some(Ecs::read(packet.get(data)?)?),
            cookie::OPTION_CODE if edns.cookie.is_none() => edns.cookie = Some(data),
            _ => {}
        }
    }
    Some(edns)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(flags: u16, counts: [u16; 4], rest: &[u8]) -> Vec<u8> {
        let mut packet = vec![0x12, 0x34];
        packet.extend(flags.to_be_bytes());
        packet.extend(counts.iter().flat_map(|n| n.to_be_bytes()));
        packet.extend(rest);
        packet
    }

    fn read(packet: &[u8]) -> Result<Query, Refused> {
        parse(packet, &mut QName::default())
    }

    const QUESTION: &[u8] = b"\x01A\x00\0\x01\0\x01";
    const OPT: &[u8] = b"\0\0\x29\x04\xd0\0\0\x80\0\0\0";

    #[test]
    fn plain_and_with_opt() {
        let query = read(&packet(0x0100, [1, 0, 0, 0], QUESTION)).unwrap();
        assert_eq!((query.qtype, query.qclass, query.end, query.edns), (1, 1, 19, None));
        let query = read(&packet(0, [1, 0, 0, 1], &[QUESTION, OPT].concat())).unwrap();
        let edns = query.edns.unwrap();
        assert_eq!((edns.payload, edns.version, edns.dnssec_ok), (1232, 0, true));
    }

    #[test]
    fn what_is_malformed() {
        let formerr = |packet: &[u8]| matches!(read(packet), Err(Refused::Rcode { rcode: rcode::FORMERR, .. }));
        assert_eq!(read(&[0; 11]), Err(Refused::Silence));
        assert_eq!(read(&packet(0x8000, [1, 0, 0, 0], QUESTION)), Err(Refused::Silence));
        assert_eq!(read(&packet(0x2800, [1, 0, 0, 0], QUESTION)), Err(Refused::bare(rcode::NOTIMP)));
        assert!(formerr(&packet(0, [0, 0, 0, 0], &[])));
        assert!(formerr(&packet(0, [2, 0, 0, 0], &[QUESTION, QUESTION].concat())));
        assert!(formerr(&packet(0, [1, 0, 0, 0], b"\xc0\x0c\0\x01\0\x01")));
        assert!(formerr(&packet(0, [1, 0, 0, 0], b"\x01a\0\0\x01\0")));
        assert!(formerr(&packet(0, [1, 0, 0, 0], &[QUESTION, b"x"].concat())));
        assert!(formerr(&packet(0, [1, 0, 0, 1], QUESTION)));
        assert!(formerr(&packet(0, [1, 0, 0, 2], &[QUESTION, OPT, OPT].concat())));
        assert!(formerr(&packet(0, [1, 1, 0, 0], &[QUESTION, OPT].concat())));
        assert!(formerr(&packet(
            0,
            [1, 0, 0, 1],
            &[QUESTION, b"\0\0\x29\x04\xd0\0\0\0\0\0\x05\0\x03\0\x02x"].concat()
        )));
    }

    #[test]
    fn unknown_options_are_passed_over() {
        let opt = b"\0\0\x29\x04\xd0\0\0\0\0\0\x0b\xff\xfe\0\x03abc\0\x03\0\0";
        let edns = read(&packet(0, [1, 0, 0, 1], &[QUESTION, opt].concat())).unwrap().edns.unwrap();
        assert!(edns.nsid && edns.ecs.is_none());
    }
}

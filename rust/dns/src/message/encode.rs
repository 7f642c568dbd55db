//! Message → octets.

use super::compress::Compressor;
use super::{Edns, EncodeError, Header, MAX_MESSAGE, Message, Record};
use crate::text::fields::{self, Field};
use crate::wire::rdata::is_compressible;
use crate::wire::{Name, rtype};

type Result<T> = std::result::Result<T, EncodeError>;

pub fn message(message: &Message) -> Result<Vec<u8>> {
    if message.header.rcode > 0xfff || message.header.opcode > 15 {
        return fail("the opcode has 4 bits and the response code 12");
    }
    if message.header.rcode > 15 && message.edns.is_none() {
        return fail("a response code over 15 needs EDNS");
    }
    let mut writer = Writer { out: Vec::with_capacity(512), names: Compressor::default() };
    writer.header(message)?;
    for question in &message.question {
        writer.names.push(question.name.as_wire(), &mut writer.out);
        writer.u16(question.qtype);
        writer.u16(question.qclass);
    }
    for record in message.answer.iter().chain(&message.authority).chain(&message.additional) {
        writer.record(record)?;
        writer.fits()?;
    }
    if let Some(edns) = &message.edns {
        writer.opt(edns, message.header.rcode)?;
    }
    writer.fits()?;
    Ok(writer.out)
}

fn fail<T>(why: &str) -> Result<T> {
    Err(EncodeError(why.to_owned()))
}

fn flags(header: &Header) -> u16 {
    let bit = |set: bool, n: u16| u16::from(set) << n;
    bit(header.response, 15)
        | u16::from(header.opcode) << 11
        | bit(header.authoritative, 10)
        | bit(header.truncated, 9)
        | bit(header.recursion_desired, 8)
        | bit(header.recursion_available, 7)
        | bit(header.authentic_data, 5)
        | bit(header.checking_disabled, 4)
        | header.rcode & 15
}

struct Writer {
    out: Vec<u8>,
    names: Compressor,
}

impl Writer {
    fn u16(&mut self, value: u16) {
        self.out.extend_from_slice(&value.to_be_bytes());
    }

    fn count(&mut self, count: usize) -> Result<()> {
        let count = u16::try_from(count).or_else(|_| fail("a section has more than 65535 records"))?;
        self.u16(count);
        Ok(())
    }

    fn header(&mut self, message: &Message) -> Result<()> {
        self.u16(message.header.id);
        self.u16(flags(&message.header));
        self.count(message.question.len())?;
        self.count(message.answer.len())?;
        self.count(message.authority.len())?;
        self.count(message.additional.len() + usize::from(message.edns.is_some()))
    }

    fn record(&mut self, record: &Record) -> Result<()> {
        if record.rtype == rtype::OPT {
            return fail("an OPT record belongs into the message's EDNS");
        }
        self.names.push(record.name.as_wire(), &mut self.out);
        self.u16(record.rtype);
        self.u16(record.class);
        self.out.extend_from_slice(&record.ttl.to_be_bytes());
        self.rdata(record)
    }

    fn rdata(&mut self, record: &Record) -> Result<()> {
        let head = self.out.len();
        self.u16(0);
        let named = fields::of(record.rtype).is_some_and(|fields| fields.contains(&Field::Name));
        match fields::split(record.rtype, &record.rdata).filter(|_| named) {
            Some(fields) if is_compressible(record.rtype) => self.compressed(&fields),
            None if named && !record.rdata.is_empty() => {
                return fail(&format!(
                    "the rdata of {} {} does not fit its type",
                    record.name,
                    rtype::to_text(record.rtype)
                ));
            }
            _ => self.out.extend_from_slice(&record.rdata),
        }
        self.length(head)
    }

    fn compressed(&mut self, fields: &[(Field, &[u8])]) {
        for (field, octets) in fields {
            match field {
                Field::Name => self.names.push(octets, &mut self.out),
                _ => self.out.extend_from_slice(octets),
            }
        }
    }

    fn opt(&mut self, edns: &Edns, rcode: u16) -> Result<()> {
        self.out.extend_from_slice(Name::root().as_wire());
        self.u16(rtype::OPT);
        self.u16(edns.udp_payload_size);
        self.out.extend_from_slice(&[(rcode >> 4) as u8, edns.version, u8::from(edns.dnssec_ok) << 7, 0]);
        let head = self.out.len();
        self.u16(0);
        for (code, data) in &edns.options {
            self.u16(*code);
            let len = self.out.len();
            self.u16(0);
            self.out.extend_from_slice(data);
            self.length(len)?;
        }
        self.length(head)
    }

    /// Asked after every record, so that no more is written than goes into a message.
    fn fits(&self) -> Result<()> {
        if self.out.len() > MAX_MESSAGE { fail("the message is longer than 65535 octets") } else { Ok(()) }
    }

    /// Writes the number of octets behind the length field at `head` into it.
    fn length(&mut self, head: usize) -> Result<()> {
        let Ok(len) = u16::try_from(self.out.len() - head - 2) else {
            return fail("rdata or an option is longer than 65535 octets");
        };
        if let Some(field) = self.out.get_mut(head..head + 2) {
            field.copy_from_slice(&len.to_be_bytes());
        }
        Ok(())
    }
}

//! Octets → message. Pointers go backwards only, and the work a name costs is bounded.

use super::{DecodeError, Edns, Header, Message, Question, Record};
use crate::text::fields::{self, Field};
use crate::wire::name::{MAX_LABEL, MAX_NAME};
use crate::wire::{Name, rtype};

type Result<T> = std::result::Result<T, DecodeError>;

/// Pointers followed for one name: a name has at most 127 labels, and more jumps than labels serve nobody.
const MAX_JUMPS: usize = 127;

pub fn message(octets: &[u8]) -> Result<Message> {
    let mut reader = Reader { octets, at: 0, end: octets.len() };
    let mut message = Message { header: reader.header()?, ..Message::default() };
    let questions = reader.u16()?;
    let records = [reader.u16()?, reader.u16()?, reader.u16()?];
    for _ in 0..questions {
        message.question.push(reader.question()?);
    }
    for (section, count) in (1..).zip(records) {
        for _ in 0..count {
            reader.record(section, &mut message)?;
        }
    }
    if reader.at < octets.len() {
        return reader.fault("octets follow the last record");
    }
    Ok(message)
}

struct Reader<'a> {
    octets: &'a [u8],
    at: usize,
    /// End of the message, or of the rdata that is being read.
    end: usize,
}

impl<'a> Reader<'a> {
    fn fault<T>(&self, why: &'static str) -> Result<T> {
        Err(DecodeError { offset: self.at, why })
    }

    fn take(&mut self, len: usize) -> Result<&'a [u8]> {
        let taken = self.octets.get(self.at..self.at + len).filter(|_| self.at + len <= self.end);
        let Some(taken) = taken else { return self.fault("the octets end too early") };
        self.at += len;
        Ok(taken)
    }

    fn u8(&mut self) -> Result<u8> {
        Ok(self.take(1)?.first().copied().unwrap_or_default())
    }

    fn u16(&mut self) -> Result<u16> {
        Ok(u16::from_be_bytes([self.u8()?, self.u8()?]))
    }

    fn u32(&mut self) -> Result<u32> {
        Ok(u32::from(self.u16()?) << 16 | u32::from(self.u16()?))
    }

    fn header(&mut self) -> Result<Header> {
        let (id, flags) = (self.u16()?, self.u16()?);
        let bit = |n: u16| flags & (1 << n) != 0;
        Ok(Header {
            id,
            response: bit(15),
            opcode: (flags >> 11 & 15) as u8,
            authoritative: bit(10),
            truncated: bit(9),
            recursion_desired: bit(8),
            recursion_available: bit(7),
            authentic_data: bit(5),
            checking_disabled: bit(4),
            rcode: flags & 15,
        })
    }

    fn question(&mut self) -> Result<Question> {
        Ok(Question { name: self.name()?, qtype: self.u16()?, qclass: self.u16()? })
    }

    fn record(&mut self, section: usize, message: &mut Message) -> Result<()> {
        let start = self.at;
        let (name, rtype, class, ttl) = (self.name()?, self.u16()?, self.u16()?, self.u32()?);
        let len = usize::from(self.u16()?);
        if self.at + len > self.end {
            return self.fault("the rdata reaches behind the message");
        }
        self.end = self.at + len;
        if rtype == rtype::OPT {
            self.opt(start, section, &name, class, ttl, message)?;
        } else {
            let records = match section {
                1 => &mut message.answer,
                2 => &mut message.authority,
                _ => &mut message.additional,
            };
            records.push(Record { name, rtype, class, ttl, rdata: self.rdata(rtype)? });
        }
        self.end = self.octets.len();
        Ok(())
    }

    fn rdata(&mut self, rtype: u16) -> Result<Vec<u8>> {
        let fields = fields::of(rtype).filter(|fields| fields.contains(&Field::Name) && self.at < self.end);
        let mut rdata = Vec::new();
        for &field in fields.unwrap_or_default() {
            if field == Field::Name {
                rdata.extend_from_slice(self.name()?.as_wire());
            } else {
                let rest = self.octets.get(self.at..self.end).unwrap_or_default();
                let Some(len) = field.len(rest) else { return self.fault("the rdata does not fit its type") };
                rdata.extend_from_slice(self.take(len)?);
            }
        }
        if fields.is_none() {
            rdata.extend_from_slice(self.take(self.end - self.at)?);
        }
        if self.at < self.end {
            return self.fault("the rdata is longer than its type asks for");
        }
        Ok(rdata)
    }

    fn opt(
        &mut self,
        start: usize,
        section: usize,
        name: &Name,
        class: u16,
        ttl: u32,
        message: &mut Message,
    ) -> Result<()> {
        let wrong = |why| Err(DecodeError { offset: start, why });
        if section != 3 {
            return wrong("an OPT record outside the additional section");
        }
        if message.edns.is_some() {
            return wrong("a second OPT record");
        }
        if *name != Name::root() {
            return wrong("an OPT record whose owner is not the root");
        }
        let mut options = Vec::new();
        while self.at < self.end {
            let (code, len) = (self.u16()?, self.u16()?);
            options.push((code, self.take(usize::from(len))?.to_vec()));
        }
        message.header.rcode |= (ttl >> 24 << 4) as u16;
        let (version, dnssec_ok) = ((ttl >> 16) as u8, ttl & 0x8000 != 0);
        message.edns = Some(Edns { udp_payload_size: class, version, dnssec_ok, options });
        Ok(())
    }

    /// A name, its pointers followed; what it points to may lie anywhere before it.
    fn name(&mut self) -> Result<Name> {
        let mut wire = Vec::with_capacity(64);
        let (mut resume, mut first, mut jumps) = (None, self.at, 0);
        let end = self.end;
        loop {
            let len = usize::from(self.u8()?);
            match len {
                0 => break,
                1..=MAX_LABEL => {
                    wire.push(len as u8);
                    wire.extend_from_slice(self.take(len)?);
                    if wire.len() >= MAX_NAME {
                        return self.fault("a name is longer than 255 octets");
                    }
                }
                0xc0.. => {
                    let target = (len & 0x3f) << 8 | usize::from(self.u8()?);
                    self.at -= 2;
                    jumps += 1;
                    if target >= first {
                        return self.fault("a compression pointer that does not point backwards");
                    }
                    if jumps > MAX_JUMPS {
                        return self.fault("a name with more than 127 compression pointers");
                    }
                    resume.get_or_insert(self.at + 2);
                    (self.at, first, self.end) = (target, target, self.octets.len());
                }
                _ => {
                    self.at -= 1;
                    return self.fault("a label of a type that is not in use");
                }
            }
        }
        (self.at, self.end) = (resume.unwrap_or(self.at), end);
        wire.push(0);
        Name::from_wire(&wire).or_else(|_| self.fault("a name is malformed"))
    }
}

//! Whole DNS messages (RFC 1035 section 4, EDNS per RFC 6891) for embedding and tools; not on the hot path.
//!
//! Names and rdata are uncompressed wire; `text` turns them into presentation form.

mod compress;
mod decode;
mod encode;

use std::fmt;

use crate::wire::Name;

/// Longest message in octets: TCP's length has 16 bits (RFC 1035 section 4.2.2).
pub const MAX_MESSAGE: usize = 65_535;

/// A message. EDNS is apart from the additional records; a response code over 15 needs it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Message {
    /// Id, flags, opcode and response code.
    pub header: Header,
    /// What is asked, one question as a rule.
    pub question: Vec<Question>,
    /// Records that answer.
    pub answer: Vec<Record>,
    /// The SOA of a negative answer, the NS of a referral.
    pub authority: Vec<Record>,
    /// Records that help, the OPT record left out.
    pub additional: Vec<Record>,
    /// The OPT record.
    pub edns: Option<Edns>,
}

/// RFC 1035 section 4.1.1, RFC 4035 section 3.2 for AD and CD.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "the header's own flags")]
pub struct Header {
    /// Chosen by who asks, echoed by who answers.
    pub id: u16,
    /// QR.
    pub response: bool,
    /// 4 bits; 0 is QUERY.
    pub opcode: u8,
    /// AA.
    pub authoritative: bool,
    /// TC.
    pub truncated: bool,
    /// RD.
    pub recursion_desired: bool,
    /// RA.
    pub recursion_available: bool,
    /// AD.
    pub authentic_data: bool,
    /// CD.
    pub checking_disabled: bool,
    /// 12 bits, the upper 8 of them from EDNS.
    pub rcode: u16,
}

/// RFC 1035 section 4.1.2.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// QNAME, its case kept.
    pub name: Name,
    /// QTYPE.
    pub qtype: u16,
    /// QCLASS.
    pub qclass: u16,
}

/// RFC 1035 section 4.1.3.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Owner.
    pub name: Name,
    /// TYPE.
    pub rtype: u16,
    /// CLASS.
    pub class: u16,
    /// Seconds.
    pub ttl: u32,
    /// RDATA, names uncompressed.
    pub rdata: Vec<u8>,
}

/// RFC 6891 section 6.1.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Edns {
    /// Octets that the sender can take over UDP.
    pub udp_payload_size: u16,
    /// 0 is the only one in use.
    pub version: u8,
    /// DO.
    pub dnssec_ok: bool,
    /// Option code and data.
    pub options: Vec<(u16, Vec<u8>)>,
}

/// Why octets are not a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecodeError {
    /// Octets from the start of the message.
    pub offset: usize,
    /// What is wrong there.
    pub why: &'static str,
}

/// Why a message has no wire form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncodeError(pub String);

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "octet {}: {}", self.offset, self.why)
    }
}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for DecodeError {}
impl std::error::Error for EncodeError {}

impl Message {
    /// A message from its wire form; every octet must belong to it.
    pub fn decode(octets: &[u8]) -> Result<Self, DecodeError> {
        decode::message(octets)
    }

    /// The wire form, names compressed, the OPT record last.
    pub fn encode(&self) -> Result<Vec<u8>, EncodeError> {
        encode::message(self)
    }
}

#[cfg(test)]
mod tests;

//! The answer as it grows behind the question.

use edgeplane_base::random::Random;

use super::owners::Owners;
use super::{ECHOED, Peer, Transport};
use crate::cookie::OPTION_LEN as COOKIE_LEN;
use crate::wire::query::{HEADER, QUESTION, flags};
use crate::wire::{Ecs, Query};
use crate::zone::Block;

/// Octets of an OPT record without options.
const OPT_LEN: usize = 11;
/// Octets of an extended error without text.
const EDE_LEN: usize = 6;
/// Records of a set that are put in random order; a longer set starts at a random record instead.
const MAX_SHUFFLED: usize = 32;

/// Sections of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Section {
    Answer,
    Authority,
    Additional,
}

/// Options of the answer's OPT record.
#[derive(Default)]
struct Opt<'s> {
    present: bool,
    payload: u16,
    dnssec_ok: bool,
    nsid: &'s [u8],
    ecs: Option<Ecs>,
    cookie: Option<[u8; COOKIE_LEN]>,
    keepalive: Option<u16>,
    extended_error: Option<u16>,
}

/// An answer under way.
pub(super) struct Reply<'s> {
    buffer: &'s mut [u8],
    at: usize,
    limit: usize,
    question_end: usize,
    flags: u16,
    counts: [u16; 3],
    opt: Opt<'s>,
    pub owners: Owners,
    /// Bits of the client's address that the answer depends on.
    pub scope: u8,
}

impl<'s> Reply<'s> {
    /// An answer of `limit` octets at most.
    #[inline]
    pub fn new(buffer: &'s mut [u8], query: &Query, limit: usize) -> Self {
        Self {
            at: query.end,
            limit,
            question_end: query.end,
            flags: flags::QR | (query.flags & ECHOED),
            counts: [0; 3],
            opt: Opt::default(),
            owners: Owners::new(query.end.saturating_sub(QUESTION + 4)),
            scope: 0,
            buffer,
        }
    }

    /// Keeps room for the OPT record, where the query had one.
    #[inline]
    pub fn reserve_opt(
        &mut self,
        query: &Query,
        settings: &'s crate::plan::Settings,
        cookie: Option<[u8; COOKIE_LEN]>,
        peer: &Peer,
    ) {
        let Some(edns) = &query.edns else { return };
        let keepalive = edns.keepalive && peer.transport == Transport::Tcp;
        self.opt = Opt {
            present: true,
            payload: settings.udp_payload_size,
            dnssec_ok: edns.dnssec_ok,
            nsid: if edns.nsid { settings.nsid.as_bytes() } else { &[] },
            ecs: edns.ecs,
            cookie,
            keepalive: keepalive.then(|| u16::try_from(settings.tcp.idle_timeout_s * 10).unwrap_or(u16::MAX)),
            extended_error: None,
        };
        self.limit = self.limit.saturating_sub(self.opt.len()).max(self.at);
    }

    /// Leaves the options out: what cannot be read gets no longer an answer than it must.
    pub fn bare_opt(&mut self) {
        self.opt = Opt { present: self.opt.present, payload: self.opt.payload, ..Opt::default() };
    }

    /// Says more than the response code can (RFC 8914).
    pub fn extended_error(&mut self, code: Option<u16>) {
        if self.opt.present && self.at + EDE_LEN <= self.limit {
            self.opt.extended_error = code;
        }
    }

    /// Marks the answer as authoritative.
    #[inline]
    pub fn authoritative(&mut self) {
        self.flags |= flags::AA;
    }

    /// Leaves out all records and says so.
    pub fn truncate(&mut self) {
        self.flags |= flags::TC;
        self.at = self.question_end;
        self.counts = [0; 3];
    }

    /// Whether records were left out.
    pub fn is_truncated(&self) -> bool {
        self.flags & flags::TC != 0
    }

    /// Number of records in the answer section.
    pub fn answers(&self) -> u16 {
        self.counts[0]
    }

    /// Where the next record will stand.
    #[inline]
    pub fn position(&self) -> usize {
        self.at
    }

    /// Adds prepared records under the current owner; `false` where they do not fit.
    #[inline]
    pub fn block(&mut self, section: Section, block: &Block<'_>, random: &mut Random) -> bool {
        let owner = if self.owners.is_question() { [0xc0, QUESTION as u8] } else { self.owners.pointer() };
        self.block_under(section, block, owner, random)
    }

    /// Adds prepared records under an owner that stands elsewhere in the message.
    #[inline]
    pub fn block_under(&mut self, section: Section, block: &Block<'_>, owner: [u8; 2], random: &mut Random) -> bool {
        let start = self.at;
        let end = start + block.records.len();
        if end > self.limit {
            return false;
        }
        self.count(section, block.count);
        self.at = end;
        if block.count > 1 {
            self.shuffled(start, block, owner, random);
            return true;
        }
        if let Some(to) = self.buffer.get_mut(start..end) {
            to.copy_from_slice(block.records);
        }
        if owner != [0xc0, QUESTION as u8] {
            self.put(start, owner);
        }
        for (position, tail) in block.fixups.iter().map(Block::fixup) {
            self.put(start + position, self.owners.tail(tail));
        }
        true
    }

    #[inline]
    fn count(&mut self, section: Section, records: u16) {
        if let Some(count) = self.counts.get_mut(section as usize) {
            *count += records;
        }
    }

    /// Copies the records of a set in random order.
    fn shuffled(&mut self, start: usize, block: &Block<'_>, owner: [u8; 2], random: &mut Random) {
        let mut spans = [(0u16, 0u16); MAX_SHUFFLED];
        let count = usize::from(block.count).min(MAX_SHUFFLED);
        for (span, (from, record)) in spans.iter_mut().zip(block.each()) {
            *span = (from as u16, (record.len() + 2) as u16);
        }
        if usize::from(block.count) > MAX_SHUFFLED {
            return self.rotated(start, block, owner, random);
        }
        let mut at = start;
        for n in 0..count {
            let other = n + random.below((count - n) as u32) as usize;
            spans.swap(n, other);
            let (from, len) = spans.get(n).copied().unwrap_or_default();
            self.record(at, block, usize::from(from), usize::from(len), owner);
            at += usize::from(len);
        }
    }

    /// Copies a long set from a random record on.
    fn rotated(&mut self, start: usize, block: &Block<'_>, owner: [u8; 2], random: &mut Random) {
        let first = random.below(u32::from(block.count)) as usize;
        let mut at = start;
        for (from, record) in block.each().skip(first).chain(block.each().take(first)) {
            self.record(at, block, from, record.len() + 2, owner);
            at += record.len() + 2;
        }
    }

    fn record(&mut self, at: usize, block: &Block<'_>, from: usize, len: usize, owner: [u8; 2]) {
        if let (Some(to), Some(record)) = (self.buffer.get_mut(at..at + len), block.records.get(from..from + len)) {
            to.copy_from_slice(record);
        }
        self.put(at, owner);
        for (position, tail) in block.fixups_in(from..from + len) {
            self.put(at + position - from, self.owners.tail(tail));
        }
    }

    #[inline]
    fn put(&mut self, at: usize, octets: [u8; 2]) {
        if let Some(to) = self.buffer.get_mut(at..at + 2) {
            to.copy_from_slice(&octets);
        }
    }

    /// Adds a record made for this answer under the current owner; `rdata` has no compression.
    pub fn made(&mut self, section: Section, rtype: u16, ttl: u32, rdata: &[u8]) -> bool {
        let mut head = [0; 12];
        let Ok(len) = u16::try_from(rdata.len()) else { return false };
        let parts = [self.owners.pointer(), rtype.to_be_bytes(), [0, 1]];
        for (to, from) in
            head.iter_mut().zip(parts.iter().flatten().copied().chain(ttl.to_be_bytes()).chain(len.to_be_bytes()))
        {
            *to = from;
        }
        if self.at + head.len() + rdata.len() > self.limit {
            return false;
        }
        self.octets(&head);
        self.octets(rdata);
        self.count(section, 1);
        true
    }

    /// Adds one whole record to the answer section; `false` where it does not fit.
    pub fn raw_answer(&mut self, record: &[u8]) -> bool {
        let fits = self.at + record.len() <= self.limit;
        if fits {
            self.octets(record);
            self.counts[0] += 1;
        }
        fits
    }

    /// Adds addresses of a name below the apex, whose octets in front of the apex are `relative`.
    pub fn address(&mut self, relative: &[u8], apex_len: usize, block: &Block<'_>, random: &mut Random) -> bool {
        let apex = self.owners.tail(apex_len);
        let start = self.at;
        if relative.is_empty() {
            return self.block_under(Section::Additional, block, apex, random);
        }
        let whole = relative.len() + block.records.len();
        if start + whole > self.limit || start > 0x3fff {
            return false;
        }
        // The first record is written with its owner in full: move its fixed part behind the name.
        let count = self.counts;
        if !self.block_under(Section::Additional, block, (0xc000 | start as u16).to_be_bytes(), random) {
            self.counts = count;
            return false;
        }
        if let Some(records) = self.buffer.get_mut(start..start + whole) {
            records.copy_within(2..block.records.len(), relative.len() + 2);
            for (to, from) in records.iter_mut().zip(relative.iter().chain(&apex)) {
                *to = *from;
            }
        }
        self.at = start + whole;
        true
    }

    /// The name written at a position, its pointers followed, and the octets before its first pointer.
    pub fn name_at(&self, position: usize, name: &mut [u8; 256]) -> (usize, usize) {
        let (mut at, mut len, mut inline) = (position, 0, None);
        for _ in 0..256 {
            match self.buffer.get(at).copied().unwrap_or(0) {
                0 => {
                    if let Some(end) = name.get_mut(len) {
                        *end = 0;
                    }
                    return (len + 1, inline.unwrap_or(len + 1));
                }
                label @ 1..=63 => {
                    let octets = self.buffer.get(at..=at + usize::from(label)).unwrap_or(&[]);
                    let Some(to) = name.get_mut(len..len + octets.len()) else { return (0, 0) };
                    to.copy_from_slice(octets);
                    len += octets.len();
                    at += octets.len();
                }
                high => {
                    inline.get_or_insert(len);
                    at = usize::from(high & 0x3f) << 8 | usize::from(self.buffer.get(at + 1).copied().unwrap_or(0));
                }
            }
        }
        (0, 0)
    }

    /// Whether a name was asked for, or a chain has led to it already.
    pub fn passed(&self, name: &[u8]) -> bool {
        self.owners.of_len(name.len()).any(|position| {
            let mut owner = [0; 256];
            self.name_at(position, &mut owner);
            owner.iter().zip(name).all(|(a, b)| a.eq_ignore_ascii_case(b))
        })
    }

    fn octets(&mut self, octets: &[u8]) {
        if let Some(to) = self.buffer.get_mut(self.at..self.at + octets.len()) {
            to.copy_from_slice(octets);
            self.at += octets.len();
        }
    }

    /// Writes header and OPT; returns the answer's length.
    #[inline]
    pub fn finish(mut self, rcode: u16) -> usize {
        let questions = u16::from(self.question_end > HEADER);
        let flags = self.flags | rcode & 0xf;
        let counts = [flags, questions, self.counts[0], self.counts[1], self.counts[2] + u16::from(self.opt.present)];
        for (to, from) in self.buffer.iter_mut().skip(2).zip(counts.iter().flat_map(|count| count.to_be_bytes())) {
            *to = from;
        }
        if self.opt.present {
            self.write_opt(rcode);
        }
        self.at
    }

    fn write_opt(&mut self, rcode: u16) {
        let opt = std::mem::take(&mut self.opt);
        let [high, low] = opt.payload.to_be_bytes();
        let len = (opt.len() + opt.extended_error.map_or(0, |_| EDE_LEN) - OPT_LEN) as u16;
        let [len_high, len_low] = len.to_be_bytes();
        let dnssec_ok = u8::from(opt.dnssec_ok) << 7;
        self.octets(&[0, 0, 41, high, low, (rcode >> 4) as u8, 0, dnssec_ok, 0, len_high, len_low]);
        if !opt.nsid.is_empty() {
            self.octets(&[0, 3, 0, opt.nsid.len() as u8]);
            self.octets(opt.nsid);
        }
        if let Some(ecs) = &opt.ecs {
            let scope = if ecs.source == 0 { 0 } else { self.scope };
            let option = ecs.option(scope);
            self.octets(option.get(..ecs.option_len()).unwrap_or(&[]));
        }
        if let Some(cookie) = &opt.cookie {
            self.octets(cookie);
        }
        if let Some(timeout) = opt.keepalive {
            let [high, low] = timeout.to_be_bytes();
            self.octets(&[0, 11, 0, 2, high, low]);
        }
        if let Some(code) = opt.extended_error {
            let [high, low] = code.to_be_bytes();
            self.octets(&[0, 15, 0, 2, high, low]);
        }
    }
}

impl Opt<'_> {
    /// Octets without an extended error.
    fn len(&self) -> usize {
        let nsid = if self.nsid.is_empty() { 0 } else { 4 + self.nsid.len() };
        let ecs = self.ecs.as_ref().map_or(0, Ecs::option_len);
        let cookie = self.cookie.map_or(0, |cookie| cookie.len());
        OPT_LEN + nsid + ecs + cookie + self.keepalive.map_or(0, |_| 6)
    }
}

/// A response code with the question up to `end` and, where one came, a bare OPT.
pub(super) fn bare(buffer: &mut [u8], rcode: u16, end: usize, opt: bool, payload: u16) -> usize {
    let echoed = buffer.get(2..4).and_then(|b| b.try_into().ok()).map_or(0, u16::from_be_bytes) & ECHOED;
    let end = end.max(HEADER);
    let [high, low] = payload.to_be_bytes();
    let record = [0, 0, 41, high, low, (rcode >> 4) as u8, 0, 0, 0, 0, 0];
    let opt = opt && buffer.len() >= end + record.len();
    header(buffer, flags::QR | echoed | rcode & 0xf, u16::from(end > HEADER), u16::from(opt));
    if !opt {
        return end;
    }
    if let Some(to) = buffer.get_mut(end..end + record.len()) {
        to.copy_from_slice(&record);
    }
    end + record.len()
}

fn header(buffer: &mut [u8], flags: u16, questions: u16, additionals: u16) {
    let words = [flags, questions, 0, 0, additionals];
    for (to, from) in buffer.iter_mut().skip(2).zip(words.iter().flat_map(|word| word.to_be_bytes())) {
        *to = from;
    }
}

//! Collects a zone's records in any order, finds what is wrong with them, and lays them out as a section.

use std::ops::Range;

use edgeplane_base::{Fault, Faults};

use super::layout::Layout;
use super::sort;
use crate::wire::{Name, rtype};

/// Most faults and warnings that one zone reports.
const MAX_REPORTED: usize = 100;

/// One record: owner and rdata uncompressed, in any case.
#[derive(Debug, Clone, Copy)]
pub struct Record<'a> {
    /// Owner name in wire form.
    pub owner: &'a [u8],
    /// Type number.
    pub rtype: u16,
    /// Seconds.
    pub ttl: u32,
    /// Rdata in wire form, no compression.
    pub rdata: &'a [u8],
}

/// Where a record was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Number that [`ZoneBuilder::file`] gave.
    pub file: u32,
    /// Line, from 1; 0 where there is none.
    pub line: u32,
}

/// The sets of one name and type among which a policy chooses, or an alias set.
#[derive(Debug, Clone)]
pub struct RoutedSet {
    /// Owner name.
    pub owner: Name,
    /// Type number.
    pub rtype: u16,
    /// Resource path, for faults.
    pub place: String,
    /// The routing room's own document.
    pub doc: Vec<u8>,
    /// (TTL, rdata) of each candidate; none for an alias.
    pub candidates: Vec<Vec<(u32, Vec<u8>)>>,
}

/// A zone laid out.
#[derive(Debug)]
pub struct Built {
    /// The section.
    pub section: Vec<u8>,
    /// Number of records.
    pub records: u64,
    /// Number of names, empty non-terminals included.
    pub names: u64,
    /// SOA serial.
    pub serial: u32,
    /// What is odd, but served.
    pub warnings: Vec<Fault>,
}

/// A record at rest: its owner (without the apex, lower case) and rdata stand in the arena.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stored {
    key: u128,
    at: u64,
    pub rtype: u16,
    pub rdata_len: u16,
    owner_len: u8,
    pub ttl: u32,
    pub place: Place,
}

/// Takes records, gives a section.
pub struct ZoneBuilder {
    pub(super) apex: Name,
    files: Vec<String>,
    arena: Vec<u8>,
    stored: Vec<Stored>,
    pub(super) routed: Vec<RoutedSet>,
    faults: Vec<Fault>,
    warnings: Vec<Fault>,
}

impl ZoneBuilder {
    /// An empty zone of that name.
    pub fn new(apex: Name) -> Self {
        Self {
            apex: apex.to_lower(),
            files: Vec::new(),
            arena: Vec::new(),
            stored: Vec::new(),
            routed: Vec::new(),
            faults: Vec::new(),
            warnings: Vec::new(),
        }
    }

    /// The zone's name, lower case.
    pub fn apex(&self) -> &Name {
        &self.apex
    }

    /// Numbers a file (or a resource path) that records will name as their place.
    pub fn file(&mut self, name: &str) -> u32 {
        self.files.push(name.to_owned());
        (self.files.len() - 1) as u32
    }

    /// Adds a record; what is wrong with it comes out of `finish`.
    pub fn add(&mut self, record: Record<'_>, place: Place) {
        let Some(owner_len) = self.relative_len(record.owner) else {
            let name = Name::from_wire(record.owner).map_or_else(|e| e.to_string(), |name| name.to_string());
            return self.fault(place, format!("{name} lies outside the zone {}", self.apex));
        };
        let Ok(rdata_len) = u16::try_from(record.rdata.len()) else {
            return self.fault(place, "the record's data is longer than 65,535 octets".into());
        };
        if rtype::is_meta(record.rtype) {
            return self.fault(place, format!("{} records cannot stand in a zone", rtype::to_text(record.rtype)));
        }
        let at = self.arena.len();
        self.arena.extend(record.owner.iter().take(owner_len).map(u8::to_ascii_lowercase));
        let key = sort::key(self.arena.get(at..).unwrap_or(&[]));
        self.arena.extend_from_slice(record.rdata);
        self.stored.push(Stored {
            key,
            at: at as u64,
            rtype: record.rtype,
            rdata_len,
            owner_len: owner_len as u8,
            ttl: record.ttl,
            place,
        });
    }

    /// Adds a set that a policy or an alias answers.
    pub fn add_routed(&mut self, set: RoutedSet) {
        if !set.owner.is_within(&self.apex) {
            let message = format!("RRSet with DNS name {} is not permitted in zone {}", set.owner, self.apex);
            return self.faults.push(Fault::at(set.place, message));
        }
        self.routed.push(RoutedSet { owner: set.owner.to_lower(), ..set });
    }

    /// Sorts, checks and lays out; all faults come together.
    pub fn finish(mut self) -> Result<Built, Faults> {
        let arena = std::mem::take(&mut self.arena);
        let mut stored = std::mem::take(&mut self.stored);
        sort_stored(&arena, &mut stored);
        let apex_len = self.apex.as_wire().len();
        let mut routed = std::mem::take(&mut self.routed);
        routed.sort_by(|a, b| {
            sort::canonical(relative(&a.owner, apex_len), relative(&b.owner, apex_len)).then(a.rtype.cmp(&b.rtype))
        });
        let records = Records { arena: &arena, stored: &stored };
        let built = Layout::new(&mut self, records, &routed).run();
        if self.faults.is_empty() {
            return Ok(Built { warnings: self.warnings, ..built });
        }
        Err(Faults(self.faults))
    }

    pub(super) fn fault(&mut self, place: Place, message: String) {
        report(&mut self.faults, &self.files, place, message);
    }

    pub(super) fn fault_at(&mut self, place: &str, message: String) {
        if self.faults.len() < MAX_REPORTED {
            self.faults.push(Fault::at(place, message));
        }
    }

    pub(super) fn warn(&mut self, place: Place, message: String) {
        report(&mut self.warnings, &self.files, place, message);
    }

    fn relative_len(&self, owner: &[u8]) -> Option<usize> {
        let apex = self.apex.as_wire();
        let relative = owner.len().checked_sub(apex.len())?;
        if !owner.get(relative..)?.eq_ignore_ascii_case(apex) {
            return None;
        }
        let mut at = 0;
        while at < relative {
            at += usize::from(*owner.get(at)?) + 1;
        }
        (at == relative).then_some(relative)
    }
}

fn report(list: &mut Vec<Fault>, files: &[String], place: Place, message: String) {
    if list.len() < MAX_REPORTED {
        let file = files.get(place.file as usize).map_or("", String::as_str);
        list.push(Fault::at_line(file, place.line, message));
    }
}

fn sort_stored(arena: &[u8], stored: &mut [Stored]) {
    let records = Records { arena, stored: &[] };
    stored.sort_by(|a, b| {
        a.key.cmp(&b.key).then_with(|| sort::canonical(records.owner(a), records.owner(b))).then(a.rtype.cmp(&b.rtype))
    });
}

/// A lower-case name without the zone's.
pub(super) fn relative(name: &Name, apex_len: usize) -> &[u8] {
    let wire = name.as_wire();
    wire.get(..wire.len().saturating_sub(apex_len)).unwrap_or(&[])
}

/// The sorted records with the arena that they stand in.
#[derive(Clone, Copy)]
pub(super) struct Records<'a> {
    pub arena: &'a [u8],
    pub stored: &'a [Stored],
}

impl<'a> Records<'a> {
    /// The owner without the apex, lower case.
    pub fn owner(&self, record: &Stored) -> &'a [u8] {
        self.arena.get(span(record.at as usize, record.owner_len.into())).unwrap_or(&[])
    }

    /// The rdata.
    pub fn rdata(&self, record: &Stored) -> &'a [u8] {
        let at = record.at as usize + usize::from(record.owner_len);
        self.arena.get(span(at, record.rdata_len.into())).unwrap_or(&[])
    }

    /// The records of a name.
    pub fn at<'n>(self, owner: &'n [u8]) -> impl Iterator<Item = &'a Stored> + use<'a, 'n> {
        let from = self.stored.partition_point(|record| sort::canonical(self.owner(record), owner).is_lt());
        self.stored.get(from..).unwrap_or(&[]).iter().take_while(move |record| self.owner(record) == owner)
    }

    /// The records of the first owner, and the rest.
    pub fn split_owner(self) -> Option<(&'a [u8], Self, Self)> {
        let owner = self.owner(self.stored.first()?);
        let count = self.stored.iter().take_while(|record| self.owner(record) == owner).count();
        let (first, rest) = self.stored.split_at_checked(count)?;
        Some((owner, Self { stored: first, ..self }, Self { stored: rest, ..self }))
    }
}

fn span(at: usize, len: usize) -> Range<usize> {
    at..at + len
}

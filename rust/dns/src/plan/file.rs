//! A plan on disk (docs/plan-file.md): header, envelope, sections. Written whole or not at all, read with every length
//! and hash checked before anything of it is used.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use edgeplane_base::Faults;
use edgeplane_net::reading;

use super::envelope::{Digest, Envelope, SectionEntry, SectionKind, ZoneEntry};
use super::{Settings, Snapshot};
use crate::answer::Guard;
use crate::routing::Routing;
use crate::steering::Steering;
use crate::zone::{Zone, Zones};

const MAGIC: &[u8; 8] = b"EDGEPLAN";
/// The layout that this release writes, and the only one that it reads.
pub const FORMAT: u32 = 1;
const HEADER: usize = 56;
const ALIGN: u64 = 8;

/// An open plan file whose envelope has been checked; sections are read when asked for.
pub struct PlanFile {
    /// Table of contents.
    pub envelope: Envelope,
    file: File,
    path: PathBuf,
    sections_at: u64,
    by_name: HashMap<String, usize>,
}

impl PlanFile {
    /// Opens a plan file and checks header, envelope and the place of every section. Faults say what is wrong.
    pub fn open(path: &Path) -> Result<Self, Faults> {
        let fault = |message: String| Faults::one(path.display().to_string(), message);
        let mut file = File::open(path).map_err(|error| fault(format!("cannot be opened: {error}")))?;
        let actual = file.metadata().map_err(|error| fault(format!("cannot be examined: {error}")))?.len();
        let header = Header::read(&mut file, actual).map_err(fault)?;
        let envelope = header.envelope(&mut file).map_err(fault)?;
        let sections_at = align(HEADER as u64 + u64::from(header.envelope_length));
        check_places(&envelope, actual.saturating_sub(sections_at)).map_err(fault)?;
        let names = envelope.dns.zones.iter().map(|entry| entry.name.clone());
        let by_name = names.enumerate().map(|(index, name)| (name, index)).collect();
        Ok(Self { envelope, file, path: path.to_owned(), sections_at, by_name })
    }

    /// The entry of a zone by its absolute name in lower case.
    pub fn zone_entry(&self, name: &str) -> Option<&ZoneEntry> {
        self.envelope.dns.zones.get(*self.by_name.get(name)?)
    }

    /// The octets of one section, checked against its hash; read into a buffer of exactly its size.
    pub fn section(&self, index: u32) -> Result<Vec<u8>, Faults> {
        let entry = self.entry(index)?;
        let mut bytes = vec![0; usize::try_from(entry.length).unwrap_or(usize::MAX)];
        reading::fill(&self.file, self.sections_at + entry.offset, &mut bytes)
            .map_err(|error| self.fault(format!("section {index} cannot be read: {error}")))?;
        if Digest::of(&bytes) != entry.hash {
            return Err(self.fault(format!("section {index} does not match its hash: the file is damaged")));
        }
        Ok(bytes)
    }

    /// The entry of one section.
    pub fn entry(&self, index: u32) -> Result<&SectionEntry, Faults> {
        self.envelope
            .sections
            .get(index as usize)
            .ok_or_else(|| self.fault(format!("names section {index}, which it does not have")))
    }

    /// The whole plan, ready to be published. Sections that `running` already holds are not even read.
    pub fn load(&self, running: &Held) -> Result<(Snapshot, Held), Faults> {
        let dns = &self.envelope.dns;
        dns.settings.check()?;
        let mut held = Held::default();
        let mut zones = Vec::with_capacity(dns.zones.len());
        for entry in &dns.zones {
            zones.push(self.zone(entry.section, running, &mut held)?);
        }
        let mut tables = HashMap::with_capacity(dns.tables.len());
        for entry in &dns.tables {
            tables.insert(entry.key.clone(), self.table(entry.section, running, &mut held)?);
        }
        let index = Zones::new(zones.clone())?;
        let routing = Routing::build(&zones, &tables, &slots(&dns.checks))?;
        let settings: Arc<Settings> = Arc::new(dns.settings.clone());
        let zone_ids = dns.zones.iter().map(|zone| zone.id.clone()).collect();
        let guard = Arc::new(Guard::new(&settings, running.guard.as_deref())?);
        held.guard = Some(guard.clone());
        Ok((Snapshot { generation: self.envelope.generation, zones: index, zone_ids, routing, guard, settings }, held))
    }

    fn zone(&self, section: u32, running: &Held, held: &mut Held) -> Result<Arc<Zone>, Faults> {
        let hash = self.kind(section, SectionKind::Zone)?;
        let zone = match running.zones.get(&hash).or_else(|| held.zones.get(&hash)) {
            Some(zone) => zone.clone(),
            None => Arc::new(Zone::open(self.section(section)?)?),
        };
        held.zones.insert(hash, zone.clone());
        Ok(zone)
    }

    fn table(&self, section: u32, running: &Held, held: &mut Held) -> Result<Arc<Steering>, Faults> {
        let hash = self.kind(section, SectionKind::Steering)?;
        let table = match running.tables.get(&hash).or_else(|| held.tables.get(&hash)) {
            Some(table) => table.clone(),
            None => {
                let read = Steering::from_bytes(&self.section(section)?);
                Arc::new(read.map_err(|error| self.fault(format!("section {section}: {error}")))?)
            }
        };
        held.tables.insert(hash, table.clone());
        Ok(table)
    }

    fn kind(&self, section: u32, kind: SectionKind) -> Result<Digest, Faults> {
        let entry = self.entry(section)?;
        if entry.kind != kind {
            return Err(self.fault(format!("section {section} is not a {kind:?}")));
        }
        Ok(entry.hash)
    }

    fn fault(&self, message: String) -> Faults {
        Faults::one(self.path.display().to_string(), message)
    }
}

/// What the next plan can take over: sections that are in memory, by hash, and the protections with their counters.
#[derive(Default, Clone)]
pub struct Held {
    zones: HashMap<Digest, Arc<Zone>>,
    tables: HashMap<Digest, Arc<Steering>>,
    guard: Option<Arc<Guard>>,
}

impl Held {
    /// Whether a section with this hash is in memory.
    pub fn has(&self, hash: &Digest) -> bool {
        self.zones.contains_key(hash) || self.tables.contains_key(hash)
    }
}

/// Each health check's slot; an empty identifier is a free slot.
pub fn slots(checks: &[String]) -> HashMap<String, u32> {
    let taken = (0u32..).zip(checks).filter(|(_, id)| !id.is_empty());
    taken.map(|(slot, id)| (id.clone(), slot)).collect()
}

struct Header {
    envelope_length: u32,
    checksum: [u8; 32],
}

impl Header {
    fn read(file: &mut File, actual: u64) -> Result<Self, String> {
        let mut octets = [0; HEADER];
        file.read_exact(&mut octets).map_err(|_| format!("is no plan file: it has {actual} octets"))?;
        let (magic, rest) = octets.split_first_chunk::<8>().ok_or("is no plan file")?;
        let (format, rest) = rest.split_first_chunk::<4>().ok_or("is no plan file")?;
        let (envelope, rest) = rest.split_first_chunk::<4>().ok_or("is no plan file")?;
        let (length, checksum) = rest.split_first_chunk::<8>().ok_or("is no plan file")?;
        if magic != MAGIC {
            return Err("is no plan file: it does not start with EDGEPLAN".into());
        }
        check_format(u32::from_le_bytes(*format))?;
        let length = u64::from_le_bytes(*length);
        if length != actual {
            return Err(format!("says that it has {length} octets, but has {actual}: it was cut or written to"));
        }
        let envelope_length = u32::from_le_bytes(*envelope);
        if HEADER as u64 + u64::from(envelope_length) > actual {
            return Err(format!("says that its envelope has {envelope_length} octets, more than the file"));
        }
        let checksum = checksum.try_into().map_err(|_| "is no plan file")?;
        Ok(Self { envelope_length, checksum })
    }

    fn envelope(&self, file: &mut File) -> Result<Envelope, String> {
        let mut octets = vec![0; self.envelope_length as usize];
        file.read_exact(&mut octets).map_err(|error| format!("cannot be read: {error}"))?;
        if *blake3::hash(&octets).as_bytes() != self.checksum {
            return Err("has an envelope that does not match its checksum: the file is damaged".into());
        }
        rmp_serde::from_slice(&octets).map_err(|error| format!("has an envelope that cannot be read: {error}"))
    }
}

fn check_format(format: u32) -> Result<(), String> {
    match format {
        FORMAT => Ok(()),
        newer if newer > FORMAT => {
            Err(format!("has format {newer}, made by a newer release; this one reads format {FORMAT}"))
        }
        older => Err(format!("has format {older}, which this release does not read any more; build the plan anew")),
    }
}

/// Sections must follow one another within `room` octets, so that no file can ask for more memory than it has octets.
fn check_places(envelope: &Envelope, room: u64) -> Result<(), String> {
    let mut free = 0;
    for (index, entry) in envelope.sections.iter().enumerate() {
        let end = entry.offset.checked_add(entry.length).filter(|&end| end <= room);
        let Some(end) = end.filter(|_| entry.offset >= free && entry.offset % ALIGN == 0) else {
            return Err(format!("places section {index} at {} + {}, where it cannot be", entry.offset, entry.length));
        };
        free = end;
    }
    Ok(())
}

fn align(offset: u64) -> u64 {
    offset.next_multiple_of(ALIGN)
}

/// Writes a plan beside `path`, flushes it to disk and renames it into place; on a fault nothing is left behind.
/// `sections` are in the order of `envelope.sections`, whose offsets are set here.
pub fn write(path: &Path, envelope: &mut Envelope, sections: &[&[u8]]) -> Result<(), Faults> {
    place(envelope);
    let fault = |message: String| Faults::one(path.display().to_string(), message);
    let packed = rmp_serde::to_vec_named(envelope).map_err(|error| fault(format!("cannot be packed: {error}")))?;
    let temporary = temporary(path);
    let written = write_all(&temporary, &packed, envelope, sections).and_then(|()| fs::rename(&temporary, path));
    if let Err(error) = written.and_then(|()| flush_folder(path)) {
        let _ = fs::remove_file(&temporary);
        return Err(fault(format!("cannot be written: {error}")));
    }
    Ok(())
}

fn place(envelope: &mut Envelope) {
    let mut free = 0;
    for entry in &mut envelope.sections {
        entry.offset = free;
        free = align(free + entry.length);
    }
}

fn temporary(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.new", std::process::id()));
    path.with_file_name(name)
}

fn write_all(path: &Path, packed: &[u8], envelope: &Envelope, sections: &[&[u8]]) -> io::Result<()> {
    // A plan holds the cookie secret.
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    let too_long = |_| io::Error::other("the envelope is longer than 4 GiB");
    let envelope_length = u32::try_from(packed.len()).map_err(too_long)?;
    let sections_at = align(HEADER as u64 + u64::from(envelope_length));
    let length = envelope.sections.last().map_or(sections_at, |last| sections_at + last.offset + last.length);
    let head = head(packed, envelope_length, length);
    file.write_all(&head)?;
    file.set_len(length)?;
    for (entry, bytes) in envelope.sections.iter().zip(sections) {
        file.write_all_at(bytes, sections_at + entry.offset)?;
    }
    file.sync_all()
}

fn head(packed: &[u8], envelope_length: u32, length: u64) -> Vec<u8> {
    let mut head = Vec::with_capacity(HEADER + packed.len());
    head.extend_from_slice(MAGIC);
    head.extend_from_slice(&FORMAT.to_le_bytes());
    head.extend_from_slice(&envelope_length.to_le_bytes());
    head.extend_from_slice(&length.to_le_bytes());
    head.extend_from_slice(blake3::hash(packed).as_bytes());
    head.extend_from_slice(packed);
    head
}

/// A plan file as octets, with every hash right whatever the envelope says.
#[cfg(test)]
pub(super) fn pack_for_test(envelope: &Envelope, section: &[u8]) -> Vec<u8> {
    let packed = rmp_serde::to_vec_named(envelope).unwrap();
    let sections_at = align((HEADER + packed.len()) as u64);
    let mut bytes = head(&packed, packed.len() as u32, sections_at + section.len() as u64);
    bytes.resize(sections_at as usize, 0);
    bytes.extend_from_slice(section);
    bytes
}

fn flush_folder(path: &Path) -> io::Result<()> {
    match path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        Some(folder) => File::open(folder)?.sync_all(),
        None => File::open(".")?.sync_all(),
    }
}

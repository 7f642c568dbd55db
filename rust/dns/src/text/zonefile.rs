//! Reads BIND zone files (RFC 1035 section 5, RFC 2308 section 4, BIND's `$GENERATE`).
//!
//! Records go to the sink as they are read; nothing is allocated for one. A fault does not end the reading.

use std::path::{Path, PathBuf};

use edgeplane_base::{Fault, Faults};
use edgeplane_net::reading;

use super::cursor::{Cursor, Token};
use super::generate::Generate;
use super::{name, rdata, ttl};
use crate::wire::{Name, rtype};
pub use crate::zone::Record;

/// Files that may include one another in a row: deeper is a ring.
pub const MAX_DEPTH: usize = 8;
/// Files that one zone may include in all, so that a few lines cannot ask for work without end.
pub const MAX_FILES: u32 = 10_000;
/// Faults that are collected before reading stops: more help nobody.
pub const MAX_FAULTS: usize = 100;
/// Records that `$GENERATE` may make in one zone: four /10 networks of reverse names.
pub const MAX_GENERATED: u64 = 1 << 24;

/// Takes what a zone file holds.
pub trait Sink {
    /// The records that follow stand in this file, until another is named.
    fn file(&mut self, _path: &str) {}
    /// A record, and the line that it starts on.
    fn record(&mut self, record: &Record<'_>, line: u32);
}

impl<F: FnMut(&Record<'_>, u32)> Sink for F {
    fn record(&mut self, record: &Record<'_>, line: u32) {
        self(record, line);
    }
}

/// Reads a zone file. The zone's name is `origin` when given, else the owner of the SOA record; names are relative to
/// the first `$ORIGIN`, and before it to `origin` or the file's name without `.zone`.
pub fn read(path: &Path, origin: Option<&Name>, sink: &mut dyn FnMut(&Record<'_>, u32)) -> Result<Name, Faults> {
    let mut sink = sink;
    read_file(path, origin, &mut sink)
}

/// Like `read`, for a sink that also wants to know the file of each record.
pub fn read_file(path: &Path, origin: Option<&Name>, sink: &mut dyn Sink) -> Result<Name, Faults> {
    let mut reader = Reader::new(origin, sink);
    reader.start(&path.display().to_string(), origin.cloned().or_else(|| name_of(path)))?;
    if let Err(why) = reader.file(path, 0) {
        return Err(Faults::one(path.display().to_string(), why));
    }
    reader.end(path)
}

/// Reads a zone from memory; `place` names it in faults. `$INCLUDE` is refused: there is no directory to look in.
pub fn read_text(place: &str, text: &[u8], origin: &Name, sink: &mut dyn Sink) -> Result<Name, Faults> {
    let mut reader = Reader::new(Some(origin), sink);
    reader.start(place, Some(origin.clone()))?;
    reader.text(place, None, text, 0);
    reader.end(Path::new(place))
}

/// The name of the zone in a file, by the rule of `read`, without reading further than the SOA record.
pub fn zone_name(path: &Path, origin: Option<&Name>) -> Result<Name, Faults> {
    let mut ignored = |_: &Record<'_>, _: u32| {};
    let mut reader = Reader::new(origin, &mut ignored);
    reader.stop_at_soa = true;
    reader.start(&path.display().to_string(), origin.cloned().or_else(|| name_of(path)))?;
    if origin.is_none() {
        reader.file(path, 0).map_err(|why| Faults::one(path.display().to_string(), why))?;
    }
    reader.name(path)
}

fn name_of(path: &Path) -> Option<Name> {
    let file = path.file_name()?.to_str()?;
    Name::from_text(file.strip_suffix(".zone").unwrap_or(file)).ok()
}

/// The state that directives change and records refer to.
pub(super) struct Reader<'s> {
    sink: &'s mut dyn Sink,
    zone: Option<Vec<u8>>,
    origin: Vec<u8>,
    owner: Vec<u8>,
    rdata: Vec<u8>,
    default_ttl: Option<u32>,
    last_ttl: Option<u32>,
    faults: Faults,
    files: u32,
    generated: u64,
    seen_record: bool,
    stop_at_soa: bool,
    stopped: bool,
}

/// What an entry turned out to be.
enum Entry<'a> {
    Done,
    Include(PathBuf, Option<Vec<u8>>),
    Generate(Generate<'a>),
}

impl<'s> Reader<'s> {
    fn new(zone: Option<&Name>, sink: &'s mut dyn Sink) -> Self {
        Self {
            sink,
            zone: zone.map(|name| name.as_wire().to_vec()),
            origin: Vec::new(),
            owner: Vec::new(),
            rdata: Vec::new(),
            default_ttl: None,
            last_ttl: None,
            faults: Faults::default(),
            files: 0,
            generated: 0,
            seen_record: false,
            stop_at_soa: false,
            stopped: false,
        }
    }

    fn start(&mut self, place: &str, origin: Option<Name>) -> Result<(), Faults> {
        let missing = || Faults::one(place, "the file's name is not a domain name, so the zone's name must be given");
        self.origin = origin.ok_or_else(missing)?.as_wire().to_vec();
        Ok(())
    }

    fn end(self, path: &Path) -> Result<Name, Faults> {
        if !self.faults.0.is_empty() {
            return Err(self.faults);
        }
        self.name(path)
    }

    fn name(&self, path: &Path) -> Result<Name, Faults> {
        let wire = self.zone.as_deref().unwrap_or(&self.origin);
        Name::from_wire(wire).map_err(|why| Faults::one(path.display().to_string(), why.to_string()))
    }

    fn file(&mut self, path: &Path, depth: usize) -> Result<(), String> {
        self.files += 1;
        let regular = std::fs::metadata(path).map_err(|why| why.to_string())?.is_file();
        if !regular {
            return Err("is not a regular file".into());
        }
        let text = reading::whole(path).map_err(|why| why.to_string())?;
        let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&text);
        self.text(&path.display().to_string(), Some(path), text, depth);
        Ok(())
    }

    fn text(&mut self, place: &str, path: Option<&Path>, text: &[u8], depth: usize) {
        self.sink.file(place);
        let mut cursor = Cursor::new(text, 1);
        while !cursor.at_end() && !self.stopped {
            let before = cursor.line;
            let outcome = match self.entry(&mut cursor) {
                Ok(Entry::Done) => continue,
                Ok(Entry::Include(to, origin)) => self.include(path, place, &to, origin, depth),
                Ok(Entry::Generate(generate)) => self.generate(&generate, before),
                Err(why) => {
                    self.fault(place, cursor.line, why);
                    cursor.recover();
                    continue;
                }
            };
            if let Err(why) = outcome {
                self.fault(place, before, why);
            }
        }
    }

    #[cold]
    fn fault(&mut self, place: &str, line: u32, why: String) {
        self.faults.push(Fault::at_line(place, line, why));
        if self.faults.0.len() >= MAX_FAULTS {
            self.faults.push(Fault::at_line(place, line, format!("stopped reading after {MAX_FAULTS} faults")));
            self.stopped = true;
        }
    }

    #[inline]
    fn entry<'a>(&mut self, cursor: &mut Cursor<'a>) -> Result<Entry<'a>, String> {
        let blank = cursor.at_blank();
        if !blank {
            let Some(token) = cursor.token()? else { return cursor.finish().map(|()| Entry::Done) };
            if token.bytes.first() == Some(&b'$') && !token.quoted {
                return self.directive(token, cursor);
            }
            self.owner.clear();
            name::push_wire(token.bytes, Some(&self.origin), &mut self.owner).inspect_err(|_| self.owner.clear())?;
        } else if cursor.skip()?.is_none() {
            return cursor.finish().map(|()| Entry::Done);
        }
        self.record(cursor)?;
        Ok(Entry::Done)
    }

    #[inline]
    fn record(&mut self, cursor: &mut Cursor<'_>) -> Result<(), String> {
        let line = cursor.line;
        if self.owner.is_empty() {
            return Err("the record has no owner, and there is none before it".into());
        }
        let (ttl, rtype) = header(cursor)?;
        self.rdata.clear();
        rdata::read(rtype, cursor, Some(&self.origin), &mut self.rdata)?;
        cursor.finish()?;
        let ttl = self.ttl(ttl, rtype)?;
        self.seen_record = true;
        self.sink.record(&Record { owner: &self.owner, rtype, ttl, rdata: &self.rdata }, line);
        if rtype == rtype::SOA {
            self.found_soa();
        }
        Ok(())
    }

    #[cold]
    fn found_soa(&mut self) {
        self.zone.get_or_insert_with(|| self.owner.clone());
        self.stopped |= self.stop_at_soa;
    }

    /// The written TTL, else `$TTL`, else the last one written, else for a SOA its minimum (RFC 2308 section 4).
    #[inline]
    fn ttl(&mut self, written: Option<u32>, rtype: u16) -> Result<u32, String> {
        if written.is_some() {
            self.last_ttl = written;
        }
        let minimum =
            || (rtype == rtype::SOA).then(|| self.rdata.last_chunk().map(|octets| u32::from_be_bytes(*octets)))?;
        let ttl = written.or(self.default_ttl).or(self.last_ttl).or_else(minimum);
        self.last_ttl = self.last_ttl.or(ttl);
        ttl.ok_or_else(|| "the record has no TTL: write one, or $TTL before it".into())
    }

    fn directive<'a>(&mut self, token: Token<'a>, cursor: &mut Cursor<'a>) -> Result<Entry<'a>, String> {
        match token.bytes.to_ascii_uppercase().as_slice() {
            b"$ORIGIN" => self.set_origin(cursor.expect("the origin")?)?,
            b"$TTL" => self.set_ttl(cursor.expect("the TTL")?)?,
            b"$INCLUDE" => return self.read_include(cursor),
            b"$GENERATE" => return Generate::read(cursor).map(Entry::Generate),
            _ => return Err(format!("{} is not a directive: $ORIGIN, $TTL, $INCLUDE, $GENERATE are", token.shown())),
        }
        cursor.finish()?;
        Ok(Entry::Done)
    }

    fn set_origin(&mut self, token: Token<'_>) -> Result<(), String> {
        let mut origin = Vec::new();
        name::push_wire(token.bytes, Some(&self.origin), &mut origin)?;
        self.origin = origin;
        Ok(())
    }

    fn set_ttl(&mut self, token: Token<'_>) -> Result<(), String> {
        let ttl = ttl::parse(token.bytes).ok_or_else(|| not_a_ttl(token))?;
        self.default_ttl = Some(ttl);
        Ok(())
    }

    fn read_include<'a>(&mut self, cursor: &mut Cursor<'a>) -> Result<Entry<'a>, String> {
        let mut path = Vec::new();
        cursor.expect("the file to include")?.unescape(&mut path)?;
        let path = String::from_utf8(path).map_err(|_| "the name of the file to include is not UTF-8")?;
        let mut origin = None;
        if let Some(token) = cursor.token()? {
            name::push_wire(token.bytes, Some(&self.origin), origin.insert(Vec::new()))?;
        }
        cursor.finish()?;
        Ok(Entry::Include(path.into(), origin))
    }

    /// Reads another file in this one's place; origin and owner are as before when it ends (RFC 1035 section 5.1).
    fn include(
        &mut self,
        from: Option<&Path>,
        place: &str,
        to: &Path,
        origin: Option<Vec<u8>>,
        depth: usize,
    ) -> Result<(), String> {
        let from = from.ok_or("$INCLUDE needs a zone in a file")?;
        if depth + 1 >= MAX_DEPTH {
            return Err(format!("{MAX_DEPTH} files include one another: is there a ring?"));
        }
        if self.files >= MAX_FILES {
            return Err(format!("a zone may include {MAX_FILES} files"));
        }
        let saved = (self.origin.clone(), self.owner.clone());
        self.origin = origin.unwrap_or_else(|| self.origin.clone());
        let path = from.parent().unwrap_or(Path::new("")).join(to);
        let outcome = self.file(&path, depth + 1).map_err(|why| format!("cannot include {}: {why}", path.display()));
        (self.origin, self.owner) = saved;
        self.sink.file(place);
        outcome
    }

    fn generate(&mut self, generate: &Generate<'_>, line: u32) -> Result<(), String> {
        self.generated = self.generated.saturating_add(generate.count());
        if self.generated > MAX_GENERATED {
            return Err(format!("$GENERATE would make over {MAX_GENERATED} records in this zone"));
        }
        let mut text = Vec::new();
        for value in generate.values() {
            text.clear();
            generate.expand(value, &mut text)?;
            let mut cursor = Cursor::new(&text, line);
            let shown = |why| format!("{why} (in \"{}\")", String::from_utf8_lossy(&text).trim_end());
            if cursor.at_blank() {
                return Err("$GENERATE makes a record without an owner".into());
            }
            self.entry(&mut cursor).map_err(shown)?;
        }
        Ok(())
    }
}

/// TTL and class in either order, both optional, then the type.
#[inline]
fn header(cursor: &mut Cursor<'_>) -> Result<(Option<u32>, u16), String> {
    let (mut ttl, mut class) = (None, false);
    loop {
        let token = cursor.expect("the record's type")?;
        match token.bytes {
            b"IN" | b"in" | b"CLASS1" if !class => class = true,
            [b'0'..=b'9', ..] if ttl.is_none() => ttl = Some(ttl::parse(token.bytes).ok_or_else(|| not_a_ttl(token))?),
            b"A" => return Ok((ttl, rtype::A)),
            b"AAAA" => return Ok((ttl, rtype::AAAA)),
            other if !class && other.eq_ignore_ascii_case(b"IN") => class = true,
            _ => return known_type(token).map(|rtype| (ttl, rtype)),
        }
    }
}

fn known_type(token: Token<'_>) -> Result<u16, String> {
    let text = std::str::from_utf8(token.bytes).unwrap_or_default();
    match rtype::from_text(text) {
        Some(rtype) if rtype::is_meta(rtype) => Err(format!("{text} records cannot stand in a zone")),
        Some(rtype) => Ok(rtype),
        None if is_class(text) => Err(format!("class {text} is not served; IN is")),
        None => Err(format!("\"{}\" is not a record type", token.shown())),
    }
}

fn is_class(text: &str) -> bool {
    let upper = text.to_ascii_uppercase();
    matches!(upper.as_str(), "CH" | "HS" | "CS" | "CHAOS" | "HESIOD") || upper.starts_with("CLASS")
}

#[cold]
fn not_a_ttl(token: Token<'_>) -> String {
    format!("\"{}\" is not a TTL (300, 1h30m; {} at most)", token.shown(), ttl::MAX_TTL)
}

#[cfg(test)]
mod tests;

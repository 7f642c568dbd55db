//! One zone of a plan: compiled from its inputs, or copied from the plan before when these are the same.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::slice::from_ref;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use edgeplane_base::{Fault, Faults};
use edgeplane_net::reading;

use super::authority;
use super::diff::diff;
use super::envelope::{Digest, ZoneEntry};
use super::file::PlanFile;
use super::inputs::Input;
use super::sets::{self, Planned};
use super::source::{ZoneFile, ZoneSource};
use crate::text::zonefile::{self, Sink};
use crate::wire::Name;
use crate::zone::{Place, Record, Zone, ZoneBuilder};

/// Part of every digest: a release that lays zones out differently must not take over sections of the one before.
const MAKER: &str = concat!("zone ", env!("CARGO_PKG_VERSION"));
/// Stands for "cannot be told": equal to no digest of inputs.
const NEVER: Digest = Digest([0; 32]);
/// Coarsest step of the time stamps that the kernel gives to files.
const CLOCK_STEP: Duration = Duration::from_millis(20);

/// A zone as it goes into a plan.
pub(super) struct Compiled {
    pub zone: Arc<Zone>,
    pub files: Vec<String>,
    pub inputs: Digest,
    /// What is odd in the zone by itself.
    pub warnings: Vec<Fault>,
    /// What is odd in how it comes after the zone before.
    pub stale: Option<Fault>,
    pub reused: bool,
}

impl Compiled {
    pub fn all_warnings(&self) -> impl Iterator<Item = Fault> {
        self.warnings.iter().chain(&self.stale).cloned()
    }
}

/// The zone, with `planned` being its template's record sets.
pub(super) fn compile(
    input: &Input<'_>,
    planned: Vec<Planned<'_>>,
    generation: u64,
    previous: Option<&PlanFile>,
) -> Result<Compiled, Faults> {
    let before = previous.and_then(|previous| Some((previous, previous.zone_entry(&input.name.to_string())?)));
    if let Some(copy) = before.and_then(|(previous, entry)| copy(previous, entry, input)) {
        return Ok(copy);
    }
    let started = SystemTime::now();
    let mut compiled = build(input, planned, generation)?;
    if settled(&compiled.files, started) {
        compiled.inputs = digest(&compiled.files, input.template).unwrap_or(NEVER);
    }
    compiled.stale = before.and_then(|(previous, entry)| stale_serial(previous, entry, input, &compiled.zone));
    Ok(compiled)
}

/// The previous plan's section when all that it was made from is as it was.
fn copy(previous: &PlanFile, entry: &ZoneEntry, input: &Input<'_>) -> Option<Compiled> {
    let same_file = entry.files.first() == input.file.map(|file| &file.path);
    if !same_file || digest(&entry.files, input.template)? != entry.inputs {
        return None;
    }
    let zone = Zone::open(previous.section(entry.section).ok()?).ok()?;
    Some(Compiled {
        zone: Arc::new(zone),
        files: entry.files.clone(),
        inputs: entry.inputs,
        warnings: entry.warnings.clone(),
        stale: None,
        reused: true,
    })
}

/// A hash of files and record sets; `None` when a file cannot be read.
fn digest(files: &[String], template: Option<&ZoneSource>) -> Option<Digest> {
    let mut hasher = blake3::Hasher::new();
    hasher.update(MAKER.as_bytes());
    for path in files {
        let content = blake3::hash(&reading::whole(Path::new(path)).ok()?);
        hasher.update(content.as_bytes());
    }
    hasher.update(&rmp_serde::to_vec(&template).ok()?);
    Some(Digest(hasher.finalize().into()))
}

/// Whether no file can have changed since `started`: its content then is what was compiled.
fn settled(files: &[String], started: SystemTime) -> bool {
    files.iter().all(|path| {
        let Ok(metadata) = fs::metadata(path) else { return false };
        let changed = Duration::new(metadata.ctime().max(0) as u64, metadata.ctime_nsec() as u32);
        UNIX_EPOCH + changed + CLOCK_STEP < started
    })
}

fn build(input: &Input<'_>, planned: Vec<Planned<'_>>, generation: u64) -> Result<Compiled, Faults> {
    let mut builder = ZoneBuilder::new(input.name.clone());
    let mut faults = Faults::default();
    let mut files = Vec::new();
    match (input.file, input.template) {
        (Some(file), _) => collect(read(file, &mut builder, &mut files), &mut faults),
        (None, Some(zone)) => {
            let gives = |rtype| sets::gives(&planned, &input.name, rtype);
            collect(authority::add(&mut builder, zone, generation, gives), &mut faults);
        }
        (None, None) => {}
    }
    for planned in planned {
        sets::add(&mut builder, planned, &mut faults);
    }
    let built = builder.finish();
    faults.into_result(())?;
    let built = built?;
    let zone = Arc::new(Zone::open(built.section)?);
    Ok(Compiled { zone, files, inputs: NEVER, warnings: built.warnings, stale: None, reused: false })
}

fn collect(outcome: Result<(), Faults>, faults: &mut Faults) {
    if let Err(found) = outcome {
        faults.0.extend(found.0);
    }
}

fn read(file: &ZoneFile, builder: &mut ZoneBuilder, files: &mut Vec<String>) -> Result<(), Faults> {
    let origin = file.origin.as_deref().and_then(|origin| Name::from_text(origin).ok());
    let mut into = Into { builder, files, place: Place { file: 0, line: 0 }, numbers: Vec::new() };
    zonefile::read_file(Path::new(&file.path), origin.as_ref(), &mut into).map(|_| ())
}

/// Hands a zone file's records to the builder and remembers which files they came from.
struct Into<'a> {
    builder: &'a mut ZoneBuilder,
    files: &'a mut Vec<String>,
    place: Place,
    numbers: Vec<u32>,
}

impl Sink for Into<'_> {
    fn file(&mut self, path: &str) {
        let known = self.files.iter().position(|file| file == path);
        let index = known.unwrap_or_else(|| {
            self.files.push(path.to_owned());
            self.numbers.push(self.builder.file(path));
            self.numbers.len() - 1
        });
        self.place.file = self.numbers.get(index).copied().unwrap_or(0);
    }

    fn record(&mut self, record: &Record<'_>, line: u32) {
        self.builder.add(*record, Place { line, ..self.place });
    }
}

/// Secondaries take over a zone only when its serial grew (RFC 1034 section 4.3.5, RFC 1982 section 3.2). What templates
/// add to a zone file's zone is content as well, and the file's serial is the one that counts.
fn stale_serial(previous: &PlanFile, entry: &ZoneEntry, input: &Input<'_>, made: &Arc<Zone>) -> Option<Fault> {
    let file = input.file?;
    let (old, new) = (entry.serial, made.serial());
    if grew(old, new) || !changed(previous, entry, made) {
        return None;
    }
    let message = if old == new {
        format!("the content of zone {} changed, but its serial is still {old}", input.name)
    } else {
        format!("the serial of zone {} went backwards, from {old} to {new}", input.name)
    };
    Some(Fault::at(&file.path, message))
}

/// Whether any answer is another one; the order of records and the places of resources are none.
fn changed(previous: &PlanFile, entry: &ZoneEntry, made: &Arc<Zone>) -> bool {
    let same = previous.entry(entry.section).is_ok_and(|section| section.hash == Digest::of(made.bytes()));
    let before = || Zone::open(previous.section(entry.section).ok()?).ok();
    !same && before().is_none_or(|before| !diff(&[Arc::new(before)], from_ref(made)).is_empty())
}

/// Serial number arithmetic; half of the circle away is not defined there, and no growth here.
fn grew(old: u32, new: u32) -> bool {
    (1..1 << 31).contains(&new.wrapping_sub(old))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_counts_as_settled_only_when_it_is_older_than_the_build() {
        let path = std::env::temp_dir().join(format!("edgeplane-settled-{}", std::process::id()));
        fs::write(&path, "x").unwrap();
        let files = [path.display().to_string()];
        let changed = fs::metadata(&path).unwrap().modified().unwrap();
        assert!(!settled(&files, changed), "what is written in the same tick could be missed");
        assert!(settled(&files, changed + 2 * CLOCK_STEP));
        fs::remove_file(&path).unwrap();
        assert!(!settled(&files, changed + 2 * CLOCK_STEP), "a file that is gone");
        assert!(settled(&[], changed), "record sets of templates come with the source");
    }
}

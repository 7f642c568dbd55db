//! From a plan source to a plan: zones compiled or copied, steering tables, and what only the whole shows.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use edgeplane_base::{Fault, Faults};

use super::advice::{Placed, advise};
use super::envelope::{Digest, DnsEnvelope, Envelope, SectionEntry, SectionKind, TableEntry, ZoneEntry};
use super::file::{self, PlanFile};
use super::inputs::{Input, inputs};
use super::sets::{self, Planned, Planning};
use super::source::PlanSource;
use super::tables::{Table, Tables};
use super::zone::{self, Compiled as CompiledZone};
use crate::routing::{Routing, hidden_targets};
use crate::steering::Steering;
use crate::zone::{Zone, Zones};

/// A plan that can be written.
pub struct Compiled {
    /// Table of contents; offsets are set when it is written.
    pub envelope: Envelope,
    /// The zones in the order of `envelope.dns.zones`.
    pub zones: Vec<Arc<Zone>>,
    /// What is odd, but served.
    pub warnings: Vec<Fault>,
    /// Whether each zone was copied from the plan before.
    pub reused: Vec<bool>,
    tables: Vec<Vec<u8>>,
}

impl Compiled {
    /// Writes the plan; on a fault the file at `path` is what it was.
    pub fn write(&mut self, path: &std::path::Path) -> Result<(), Faults> {
        let zones = self.zones.iter().map(|zone| zone.bytes());
        let sections: Vec<&[u8]> = zones.chain(self.tables.iter().map(Vec::as_slice)).collect();
        file::write(path, &mut self.envelope, &sections)
    }
}

/// Compiles everything and collects all faults. Zones and tables made from the same as in `previous` are copied.
pub fn compile(source: &PlanSource, previous: Option<&PlanFile>) -> Result<Compiled, Faults> {
    let mut faults = source.dns.settings.check().err().unwrap_or_default();
    let mut tables = Tables::default();
    let inputs = inputs(&source.dns, &mut faults);
    let mut zones = Vec::with_capacity(inputs.len());
    for input in &inputs {
        let mut planning =
            Planning { collections: &source.dns.cidr_collections, tables: &mut tables, faults: &mut faults };
        let planned = plan(input, &mut planning);
        match zone::compile(input, planned, source.generation, previous) {
            Ok(zone) => zones.push(zone),
            Err(found) => faults.0.extend(found.0),
        }
    }
    let tables = tables.build(&source.dns, previous).unwrap_or_else(|found| {
        faults.0.extend(found.0);
        Vec::new()
    });
    faults.into_result(())?;
    check_whole(source, &zones, &tables)?;
    Ok(assemble(source, &inputs, zones, tables))
}

fn plan<'a>(input: &Input<'a>, planning: &mut Planning<'_>) -> Vec<Planned<'a>> {
    input.template.map_or_else(Vec::new, |zone| sets::plan(&input.name, zone, planning))
}

/// Alias targets, rings, health checks, zones that stand twice: what a node will check, too.
fn check_whole(source: &PlanSource, zones: &[CompiledZone], tables: &[Table]) -> Result<(), Faults> {
    let zones: Vec<Arc<Zone>> = zones.iter().map(|zone| zone.zone.clone()).collect();
    let table = |table: &Table| {
        let made = Steering::from_bytes(&table.bytes);
        made.map(|made| (table.key.clone(), Arc::new(made))).map_err(|error| Faults::one(&table.key, error.to_string()))
    };
    let tables = tables.iter().map(table).collect::<Result<_, _>>()?;
    Routing::build(&zones, &tables, &file::slots(&source.dns.checks))?;
    Faults(hidden_targets(&zones)).into_result(())?;
    Zones::new(zones).map(|_| ())
}

fn assemble(source: &PlanSource, inputs: &[Input<'_>], zones: Vec<CompiledZone>, tables: Vec<Table>) -> Compiled {
    let mut sections = Vec::with_capacity(zones.len() + tables.len());
    let mut entry = |kind, bytes: &[u8]| {
        sections.push(SectionEntry { kind, hash: Digest::of(bytes), offset: 0, length: bytes.len() as u64 });
        sections.len() as u32 - 1
    };
    let zone_entries = inputs.iter().zip(&zones).map(|(input, made)| ZoneEntry {
        name: input.name.to_string(),
        id: input.template.map_or_else(String::new, |zone| zone.id.clone()),
        section: entry(SectionKind::Zone, made.zone.bytes()),
        records: made.zone.records(),
        names: made.zone.names(),
        serial: made.zone.serial(),
        files: made.files.clone(),
        inputs: made.inputs,
        warnings: made.warnings.clone(),
    });
    let zone_entries = zone_entries.collect();
    let table_entries = tables.iter().map(|table| TableEntry {
        key: table.key.clone(),
        section: entry(SectionKind::Steering, &table.bytes),
        inputs: table.inputs,
    });
    let dns = DnsEnvelope {
        tables: table_entries.collect(),
        settings: source.dns.settings.clone(),
        checks: source.dns.checks.clone(),
        zones: zone_entries,
    };
    let envelope = Envelope {
        generation: source.generation,
        created: SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()),
        source: source.source.clone(),
        health: source.health.clone(),
        edge: source.edge.clone(),
        dns,
        sections,
    };
    let placed = inputs.iter().zip(&zones).map(|(input, made)| Placed { place: input.place(), zone: &made.zone });
    let advice = advise(&placed.collect::<Vec<_>>());
    Compiled {
        envelope,
        reused: zones.iter().map(|zone| zone.reused).collect(),
        warnings: zones.iter().flat_map(CompiledZone::all_warnings).chain(advice).collect(),
        zones: zones.into_iter().map(|zone| zone.zone).collect(),
        tables: tables.into_iter().map(|table| table.bytes).collect(),
    }
}

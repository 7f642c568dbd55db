//! What each zone is made from: a zone file, record sets of templates, or both.

use std::collections::BTreeMap;
use std::path::Path;

use edgeplane_base::{Fault, Faults};

use super::source::{DnsSource, ZoneFile, ZoneSource};
use crate::text::zonefile::zone_name;
use crate::wire::Name;

/// One zone's sources; at least one of them is there.
pub(super) struct Input<'a> {
    /// Lower case.
    pub name: Name,
    pub file: Option<&'a ZoneFile>,
    pub template: Option<&'a ZoneSource>,
}

impl Input<'_> {
    /// The zone file, else the resource.
    pub fn place(&self) -> &str {
        let template = self.template.map(|zone| zone.path.as_str());
        self.file.map(|file| file.path.as_str()).or(template).unwrap_or_default()
    }
}

/// All zones by name; a zone that is given twice by the same kind of source is a fault.
pub(super) fn inputs<'a>(dns: &'a DnsSource, faults: &mut Faults) -> Vec<Input<'a>> {
    let mut zones = BTreeMap::new();
    for file in &dns.zone_files {
        match name_of(file) {
            Ok(name) => add_file(&mut zones, name, file, faults),
            Err(found) => faults.0.extend(found.0),
        }
    }
    for zone in &dns.zones {
        match Name::from_text(&zone.name) {
            Ok(name) => add_template(&mut zones, name.to_lower(), zone, faults),
            Err(error) => faults.push(Fault::at(format!("{}.Name", zone.path), error.to_string())),
        }
    }
    zones.into_values().collect()
}

fn name_of(file: &ZoneFile) -> Result<Name, Faults> {
    let origin = file.origin.as_deref().map(Name::from_text).transpose();
    let origin = origin.map_err(|error| Faults::one(&file.path, format!("its origin: {error}")))?;
    zone_name(Path::new(&file.path), origin.as_ref()).map(|name| name.to_lower())
}

type Inputs<'a> = BTreeMap<Name, Input<'a>>;

fn add_file<'a>(zones: &mut Inputs<'a>, name: Name, file: &'a ZoneFile, faults: &mut Faults) {
    let input = zones.entry(name.clone()).or_insert(Input { name, file: None, template: None });
    match input.file {
        Some(other) => {
            faults.push(Fault::at(
                &file.path,
                format!("zone {} is in {}, too; one file makes a zone", input.name, other.path),
            ));
        }
        None => input.file = Some(file),
    }
}

fn add_template<'a>(zones: &mut Inputs<'a>, name: Name, zone: &'a ZoneSource, faults: &mut Faults) {
    let input = zones.entry(name.clone()).or_insert(Input { name, file: None, template: None });
    match input.template {
        Some(other) => {
            faults.push(Fault::at(&zone.path, format!("zone {} is made by {}, too", input.name, other.path)));
        }
        None => input.template = Some(zone),
    }
}

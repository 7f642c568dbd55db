//! Steering tables that the record sets of a plan ask for; groups with the same locations share one.

use std::collections::BTreeMap;
use std::path::Path;

use edgeplane_base::{Fault, Faults};
use edgeplane_net::reading;
use edgeplane_policy::{GeoLocation, GeoProximityLocation};

use super::envelope::Digest;
use super::file::PlanFile;
use super::sets::fault;
use super::source::{DnsSource, RecordSet};
use crate::steering::{Collection, Location, Locations, Source};

/// Part of every digest: a release that ranks differently must not take over tables of the one before.
const MAKER: &str = "steering 2";

/// What groups ask for.
#[derive(Default)]
pub(super) struct Tables {
    wanted: BTreeMap<String, (Locations, String)>,
}

/// A table as it goes into a plan.
pub(super) struct Table {
    pub key: String,
    pub inputs: Digest,
    pub bytes: Vec<u8>,
}

impl Tables {
    /// The key under which a group finds its table; `place` is told when the table cannot be made.
    pub fn want(&mut self, locations: Locations, place: &str) -> String {
        let key = locations.key();
        self.wanted.entry(key.clone()).or_insert_with(|| (locations, place.to_owned()));
        key
    }

    /// Makes all tables, or copies those of `previous` that were made from the same.
    pub fn build(self, dns: &DnsSource, previous: Option<&PlanFile>) -> Result<Vec<Table>, Faults> {
        if self.wanted.is_empty() {
            return Ok(Vec::new());
        }
        let data = data_digest(dns);
        let collections = collections(dns);
        let mut source = None;
        let mut tables = Vec::with_capacity(self.wanted.len());
        let mut faults = Faults::default();
        for (key, (locations, place)) in self.wanted {
            let inputs = inputs(&key, data, dns);
            let bytes = match previous.and_then(|previous| same_table(previous, &key, inputs)) {
                Some(bytes) => bytes,
                None => {
                    let source: &Source = match &mut source {
                        Some(source) => source,
                        empty => empty.insert(load(dns)?),
                    };
                    match source.build(&locations, &collections) {
                        Ok(table) => table.to_bytes(),
                        Err(found) => {
                            faults.0.extend(found.0.into_iter().map(|fault| at(&place, fault)));
                            continue;
                        }
                    }
                }
            };
            tables.push(Table { key, inputs, bytes });
        }
        faults.into_result(tables)
    }
}

/// The fault of a location, told with the record set that names it.
fn at(place: &str, fault: Fault) -> Fault {
    Fault::at(place, format!("{}: {}", fault.place, fault.message))
}

fn load(dns: &DnsSource) -> Result<Source, Faults> {
    let path = |path: &Option<String>| path.clone().map(std::path::PathBuf::from);
    let (geo, latency, regions) = (path(&dns.geo_database), path(&dns.latency_table), path(&dns.regions));
    Source::load(geo.as_deref(), latency.as_deref(), regions.as_deref())
}

fn collections(dns: &DnsSource) -> Vec<Collection> {
    let locations = |collection: &super::source::CidrCollection| {
        collection
            .locations
            .iter()
            .map(|location| (location.location_name.clone(), location.cidr_list.clone()))
            .collect()
    };
    dns.cidr_collections
        .iter()
        .map(|collection| Collection { id: collection.id.clone(), locations: locations(collection) })
        .collect()
}

fn same_table(previous: &PlanFile, key: &str, inputs: Digest) -> Option<Vec<u8>> {
    let tables = &previous.envelope.dns.tables;
    let entry = tables.iter().find(|entry| entry.key == key && entry.inputs == inputs)?;
    previous.section(entry.section).ok()
}

fn inputs(key: &str, data: Digest, dns: &DnsSource) -> Digest {
    let mut hasher = blake3::Hasher::new();
    hasher.update(MAKER.as_bytes());
    hasher.update(&data.0);
    hasher.update(key.as_bytes());
    hasher.update(&rmp_serde::to_vec(&dns.cidr_collections).unwrap_or_default());
    Digest(hasher.finalize().into())
}

/// Place data, measurements and regions as they are on disk.
fn data_digest(dns: &DnsSource) -> Digest {
    let mut hasher = blake3::Hasher::new();
    for path in [&dns.geo_database, &dns.latency_table, &dns.regions] {
        let digest =
            path.as_deref().and_then(|path| reading::whole(Path::new(path)).ok()).map(|bytes| blake3::hash(&bytes));
        hasher.update(digest.as_ref().map_or(&[], |digest| digest.as_bytes()));
        hasher.update(b"|");
    }
    Digest(hasher.finalize().into())
}

/// Where a record set belongs; `None` where its policy does not ask for a place.
pub(super) fn location(set: &RecordSet) -> Result<Option<Location>, Fault> {
    if let Some(area) = &set.geo_location {
        let (country, subdivision) = (area.country_code.as_deref(), area.subdivision_code.as_deref());
        let area = GeoLocation::new(area.continent_code.as_deref(), country, subdivision)
            .map_err(|message| fault(set, "GeoLocation", message))?;
        return Ok(Some(Location::Area(area)));
    }
    if let Some(site) = &set.geo_proximity_location {
        let coordinates = site.coordinates.as_ref().map(|at| (at.latitude.as_str(), at.longitude.as_str()));
        let (region, group) = (site.aws_region.as_deref(), site.local_zone_group.as_deref());
        let site = GeoProximityLocation::new(region, group, coordinates, site.bias.into())
            .map_err(|message| fault(set, "GeoProximityLocation", message))?;
        return Ok(Some(Location::Site(site)));
    }
    let cidr = set
        .cidr_routing_config
        .as_ref()
        .map(|config| Location::Cidr { collection: config.collection_id.clone(), name: config.location_name.clone() });
    Ok(cidr.or_else(|| set.region.clone().map(Location::Region)))
}

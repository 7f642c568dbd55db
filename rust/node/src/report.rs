//! What is said across the Python border, as MessagePack maps.

use std::collections::BTreeMap;

use edgeplane_base::Fault;
use edgeplane_dns::metrics::Totals;
use edgeplane_dns::plan::Envelope;
use edgeplane_dns::plan::diff::Change;
use edgeplane_edge::metrics::AccountTotals;
use serde::{Deserialize, Serialize};

/// A value as a MessagePack map with its field names.
pub fn pack(value: &impl Serialize) -> Vec<u8> {
    rmp_serde::to_vec_named(value).unwrap_or_default()
}

/// What a build made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BuildReport {
    /// Generation of the plan.
    pub generation: u64,
    /// Always empty here: with a fault there is no plan and no report.
    pub faults: Vec<Fault>,
    /// What is odd, but served.
    pub warnings: Vec<Fault>,
    /// The zones.
    pub zones: Vec<ZoneReport>,
    /// What a node that served the plan before would change.
    pub changes: Vec<Change>,
}

/// One zone of a plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ZoneReport {
    /// Absolute name.
    pub name: String,
    /// Identifier of the hosted zone; empty for a zone that only a file gives.
    pub id: String,
    /// Number of records.
    pub records: u64,
    /// Number of names.
    pub names: u64,
    /// Serial of the SOA.
    pub serial: u32,
    /// Octets of its section.
    pub octets: u64,
    /// Whether it was taken over: from the plan before, or from the running snapshot.
    pub reused: bool,
}

impl ZoneReport {
    /// All zones of a plan; `reused` says which were taken over.
    pub(crate) fn all(envelope: &Envelope, mut reused: impl FnMut(usize) -> bool) -> Vec<Self> {
        let zone = |(index, entry): (usize, &edgeplane_dns::plan::envelope::ZoneEntry)| Self {
            name: entry.name.clone(),
            id: entry.id.clone(),
            records: entry.records,
            names: entry.names,
            serial: entry.serial,
            octets: envelope.sections.get(entry.section as usize).map_or(0, |section| section.length),
            reused: reused(index),
        };
        envelope.dns.zones.iter().enumerate().map(zone).collect()
    }
}

/// What `apply` did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Applied {
    /// Generation that is served now.
    pub generation: u64,
    /// The zones.
    pub zones: Vec<ZoneReport>,
    /// How many sections of the running snapshot were taken over unread.
    pub reused: u64,
    /// What is wrong with files that a restored plan names; always empty after `apply`.
    pub unread: Vec<Fault>,
}

/// What a node counted: DNS flat, the edge beside it where it runs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Counted {
    /// Of DNS, by name.
    #[serde(flatten)]
    pub dns: Totals,
    /// Of the edge, by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub edge: BTreeMap<&'static str, u64>,
    /// Of each distribution, by its id.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub edge_distributions: BTreeMap<String, AccountTotals>,
    /// Of each of the edge's workers, by name.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub edge_workers: Vec<BTreeMap<&'static str, u64>>,
}

/// What a node serves.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Status {
    /// Generation of the plan; 0 before the first.
    pub generation: u64,
    /// The configuration that the plan was made from.
    pub source: String,
    /// When the plan was made, in seconds since the Unix epoch.
    pub created: u64,
    /// The zones.
    pub zones: Vec<ZoneReport>,
    /// Health checks, free slots left out.
    pub checks: u64,
    /// Epoch of the health table that answers follow; none where no table is attached.
    pub health_epoch: Option<u64>,
    /// Whether sockets are served.
    pub serving: bool,
    /// Replaced snapshots that a serving thread still holds.
    pub retired: u64,
}

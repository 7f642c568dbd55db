//! The plan file's table of contents: all that is not bulk.

use edgeplane_base::Fault;
use serde::{Deserialize, Serialize};

use super::Settings;

/// What stands before the sections of a plan file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Envelope {
    /// Number of the plan.
    pub generation: u64,
    /// When it was made, in seconds since the Unix epoch.
    pub created: u64,
    /// The configuration's path.
    pub source: String,
    /// The checks' documents, carried along unread.
    #[serde(default, with = "serde_bytes")]
    pub health: Vec<u8>,
    /// What the edge serves, carried along unread.
    #[serde(default, with = "serde_bytes")]
    pub edge: Vec<u8>,
    /// What DNS serves.
    pub dns: DnsEnvelope,
    /// The sections, in the order of their offsets.
    pub sections: Vec<SectionEntry>,
}

/// What DNS serves.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DnsEnvelope {
    /// Settings of the answering threads.
    pub settings: Settings,
    /// Health checks; the index is the slot in the health table.
    pub checks: Vec<String>,
    /// The zones in the order of their numbers.
    pub zones: Vec<ZoneEntry>,
    /// Steering tables.
    pub tables: Vec<TableEntry>,
}

/// One zone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ZoneEntry {
    /// Absolute name.
    pub name: String,
    /// Identifier of the hosted zone; empty for a zone that only a file gives.
    pub id: String,
    /// Index of its section.
    pub section: u32,
    /// Number of records.
    pub records: u64,
    /// Number of names that own records.
    pub names: u64,
    /// Serial of the SOA.
    pub serial: u32,
    /// Zone files that it was read from, included ones too.
    #[serde(default)]
    pub files: Vec<String>,
    /// Hash of all that it was compiled from; a build that finds the same copies the section.
    pub inputs: Digest,
    /// What is odd in it, but served: a build that copies the section says it again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<Fault>,
}

/// One steering table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TableEntry {
    /// What record-set groups call it.
    pub key: String,
    /// Index of its section.
    pub section: u32,
    /// Hash of all that it was made from.
    pub inputs: Digest,
}

/// Where a section lies.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SectionEntry {
    /// What it holds.
    pub kind: SectionKind,
    /// BLAKE3 of its octets.
    pub hash: Digest,
    /// Octets from the start of the first section; a multiple of eight.
    pub offset: u64,
    /// Octets.
    pub length: u64,
}

/// What a section holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SectionKind {
    /// A zone.
    Zone,
    /// A steering table.
    Steering,
}

/// A BLAKE3 hash.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Digest(#[serde(with = "serde_bytes")] pub [u8; 32]);

impl Digest {
    /// The hash of some octets.
    pub fn of(bytes: &[u8]) -> Self {
        Self(blake3::hash(bytes).into())
    }
}

impl std::fmt::Debug for Digest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().take(8).try_for_each(|octet| write!(f, "{octet:02x}"))
    }
}

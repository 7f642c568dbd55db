//! What a zone section says about a routed set: its policy and candidates, as MessagePack that the zone does not read.

use serde::{Deserialize, Serialize};

/// A name and type whose answer is chosen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GroupDoc {
    /// How one chooses.
    pub policy: PolicyDoc,
    /// What one chooses from, in the order of the routed set's blocks.
    pub candidates: Vec<CandidateDoc>,
}

impl GroupDoc {
    /// The document's octets.
    pub fn pack(&self) -> Vec<u8> {
        rmp_serde::to_vec(self).unwrap_or_default()
    }

    /// Reads the octets of `pack`; the error says what is wrong with them.
    pub fn unpack(octets: &[u8]) -> Result<Self, String> {
        rmp_serde::from_slice(octets).map_err(|error| format!("its routing document cannot be read: {error}"))
    }
}

/// A routing policy and what it needs beside the candidates.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum PolicyDoc {
    /// One record set without a policy: an alias, or one with a health check.
    Simple,
    /// A weight for each candidate, 0 to 255.
    Weighted(Vec<u8>),
    /// Whether each candidate is the primary.
    Failover(Vec<bool>),
    /// Up to eight healthy ones.
    Multivalue,
    /// Candidates ranked by where the client is.
    Ranked {
        /// What they are ranked by.
        by: RankedBy,
        /// Key of the steering table; its locations are the candidates in this order.
        table: String,
    },
}

/// What a steering table ranks by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum RankedBy {
    /// Milliseconds between client and region.
    Latency,
    /// Subdivision, country, continent, default.
    Geolocation,
    /// Biased distance.
    Geoproximity,
    /// Longest matching prefix.
    IpBased,
}

/// One record set among those of a name and type.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CandidateDoc {
    /// Resource path, for faults.
    pub place: String,
    /// `SetIdentifier`; empty for a simple record set.
    pub set_identifier: String,
    /// What the policy looks at, in words: `Weight 10`, `Region eu-west-1`.
    pub rule: String,
    /// `HealthCheckId`.
    pub check: Option<String>,
    /// Where an alias leads.
    pub alias: Option<AliasDoc>,
}

/// Where an alias leads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AliasDoc {
    /// The target's name, lower-case wire form.
    #[serde(with = "serde_bytes")]
    pub target: Vec<u8>,
    /// `EvaluateTargetHealth`.
    pub evaluate: bool,
}

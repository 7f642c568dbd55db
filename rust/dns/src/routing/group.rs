//! Groups and candidates as flat lists, in which health and choice walk from number to number.

use std::sync::Arc;

use edgeplane_policy::Policy;

/// Longest chain of alias records that is followed.
pub const MAX_ALIAS_DEPTH: usize = 16;

/// The record sets of one name and type.
pub(super) struct Group {
    /// Shared by groups with the same parameters, so that it is in the CPU's cache when a query for any of them comes.
    pub policy: Arc<dyn Policy>,
    pub first: u32,
    pub len: u16,
    pub kind: Kind,
}

/// A routing policy, as it is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// No policy, one set of records.
    Simple,
    /// Weighted routing.
    Weighted,
    /// Latency routing.
    Latency,
    /// Failover routing.
    Failover,
    /// Geolocation routing.
    Geolocation,
    /// Geoproximity routing.
    Geoproximity,
    /// Multivalue answer routing.
    Multivalue,
    /// IP-based routing.
    IpBased,
}

impl From<&dyn Policy> for Kind {
    fn from(policy: &dyn Policy) -> Self {
        match policy.name() {
            "weighted" => Self::Weighted,
            "latency" => Self::Latency,
            "failover" => Self::Failover,
            "geolocation" => Self::Geolocation,
            "geoproximity" => Self::Geoproximity,
            "multivalue" => Self::Multivalue,
            "ip-based" => Self::IpBased,
            _ => Self::Simple,
        }
    }
}

/// One record set of a group.
#[derive(Debug, Clone, Copy)]
pub(super) struct Candidate {
    /// Slot of its own health check.
    pub check: Option<u32>,
    /// Whether it is healthy only while its target is.
    pub evaluate: bool,
    pub target: Target,
}

/// Where a chosen candidate leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    /// Records: number of the zone, offset of the block.
    Block(u32, u32),
    /// An alias of a routed set.
    Group(u32),
}

/// A target in eight octets, so that a cache line holds those of most groups.
#[derive(Debug, Clone, Copy)]
pub(super) struct Packed {
    zone: u32,
    number: u32,
}

/// In `Packed::zone`: the target is a group. No node serves as many zones.
const GROUP: u32 = u32::MAX;

impl From<Target> for Packed {
    fn from(target: Target) -> Self {
        match target {
            Target::Block(zone, number) => Self { zone, number },
            Target::Group(number) => Self { zone: GROUP, number },
        }
    }
}

impl From<Packed> for Target {
    #[inline]
    fn from(packed: Packed) -> Self {
        match packed.zone {
            GROUP => Self::Group(packed.number),
            zone => Self::Block(zone, packed.number),
        }
    }
}

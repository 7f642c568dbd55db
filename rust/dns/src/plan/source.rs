//! What the control plane hands to the builder: one MessagePack map (docs/ARCHITECTURE.md, "Plan source").

use edgeplane_base::Faults;
use serde::{Deserialize, Serialize};

use super::Settings;

/// Everything that a plan is compiled from.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanSource {
    /// Number of this plan; a node never goes back to a smaller one unless told to.
    pub generation: u64,
    /// The configuration's path, for people.
    pub source: String,
    /// The checks' documents, carried along unread.
    #[serde(default, with = "serde_bytes")]
    pub health: Vec<u8>,
    /// What the edge serves, MessagePack as well and carried along unread: pillars do not know one another.
    #[serde(default, with = "serde_bytes")]
    pub edge: Vec<u8>,
    /// What DNS serves.
    pub dns: DnsSource,
}

impl PlanSource {
    /// Reads the MessagePack map; a fault names the field that is wrong.
    pub fn read(bytes: &[u8]) -> Result<Self, Faults> {
        rmp_serde::from_slice(bytes).map_err(|error| Faults::one("plan source", error.to_string()))
    }
}

/// What DNS serves.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DnsSource {
    /// Settings of the answering threads.
    pub settings: Settings,
    /// Zone files to read.
    pub zone_files: Vec<ZoneFile>,
    /// Zones and record sets from templates.
    pub zones: Vec<ZoneSource>,
    /// Identifiers of the health checks; the index is the slot in the health table.
    pub checks: Vec<String>,
    /// Named lists of client prefixes.
    pub cidr_collections: Vec<CidrCollection>,
    /// Place data: an MMDB or CSV file.
    pub geo_database: Option<String>,
    /// Prefix or place and region → milliseconds: a CSV file.
    pub latency_table: Option<String>,
    /// Regions of the operator's own: a CSV file.
    pub regions: Option<String>,
}

/// A zone file.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ZoneFile {
    /// Absolute path.
    pub path: String,
    /// The zone's name where the file does not say it.
    #[serde(default)]
    pub origin: Option<String>,
}

/// A hosted zone from a template.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ZoneSource {
    /// Resource path.
    pub path: String,
    /// Stable identifier.
    pub id: String,
    /// The zone's name.
    pub name: String,
    /// NS of the zone where no zone file gives them.
    #[serde(default)]
    pub name_servers: Vec<String>,
    /// Its record sets.
    #[serde(default)]
    pub record_sets: Vec<RecordSet>,
}

/// `ResourceRecordSet` of the Route 53 API, with the path of the resource that it comes from.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default, deny_unknown_fields)]
pub struct RecordSet {
    /// Resource path, for faults.
    #[serde(rename = "path")]
    pub path: String,
    /// Owner name.
    pub name: String,
    /// Record type's mnemonic.
    #[serde(rename = "Type")]
    pub rtype: String,
    /// Seconds; none for an alias.
    #[serde(rename = "TTL")]
    pub ttl: Option<u32>,
    /// Values in presentation form.
    pub resource_records: Option<Vec<String>>,
    /// The name whose record set answers instead.
    pub alias_target: Option<AliasTarget>,
    /// Tells apart the record sets of one name and type.
    pub set_identifier: Option<String>,
    /// The health check of this record set.
    pub health_check_id: Option<String>,
    /// Weighted: 0 to 255.
    pub weight: Option<u8>,
    /// Latency: the region of the resource.
    pub region: Option<String>,
    /// Failover: `PRIMARY` or `SECONDARY`.
    pub failover: Option<String>,
    /// Geolocation.
    pub geo_location: Option<GeoLocation>,
    /// Geoproximity.
    pub geo_proximity_location: Option<GeoProximityLocation>,
    /// IP-based.
    pub cidr_routing_config: Option<CidrRoutingConfig>,
    /// Multivalue.
    pub multi_value_answer: Option<bool>,
}

/// `AliasTarget`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct AliasTarget {
    /// The target's name.
    #[serde(rename = "DNSName")]
    pub dns_name: String,
    /// Whether the alias is healthy only while a target is.
    #[serde(default)]
    pub evaluate_target_health: bool,
    /// The target's zone; read for the API's sake, the name alone decides.
    #[serde(default)]
    pub hosted_zone_id: Option<String>,
}

/// `GeoLocation`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default, deny_unknown_fields)]
pub struct GeoLocation {
    /// `EU`, …
    pub continent_code: Option<String>,
    /// `DE`, …, or `*` for everywhere else.
    pub country_code: Option<String>,
    /// A state of the United States.
    pub subdivision_code: Option<String>,
}

/// `GeoProximityLocation`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default, deny_unknown_fields)]
pub struct GeoProximityLocation {
    /// A region's name.
    #[serde(rename = "AWSRegion")]
    pub aws_region: Option<String>,
    /// A local zone group's name.
    pub local_zone_group: Option<String>,
    /// A place of one's own.
    pub coordinates: Option<Coordinates>,
    /// −99 to 99.
    pub bias: i32,
}

/// `Coordinates`, degrees in decimal text as in the API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Coordinates {
    /// −90 to 90.
    pub latitude: String,
    /// −180 to 180.
    pub longitude: String,
}

/// `CidrRoutingConfig`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct CidrRoutingConfig {
    /// The collection.
    pub collection_id: String,
    /// A location of the collection, or `*`.
    pub location_name: String,
}

/// A named list of client prefixes by location.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CidrCollection {
    /// Identifier that record sets refer to.
    pub id: String,
    /// Name, for people.
    #[serde(default)]
    pub name: String,
    /// Locations of the collection.
    pub locations: Vec<CidrLocation>,
}

/// One location of a collection.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct CidrLocation {
    /// Up to 16 characters.
    pub location_name: String,
    /// IPv4 and IPv6 prefixes.
    pub cidr_list: Vec<String>,
}

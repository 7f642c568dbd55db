//! What the control plane hands over: one MessagePack map (docs/ARCHITECTURE.md, "Plan source").

use std::collections::BTreeMap;
use std::path::PathBuf;

use edgeplane_base::{Fault, Faults};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::Settings;

/// Everything that a plan of the edge is compiled from. Configurations stay untyped until each is read at its place.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EdgeSource {
    /// Settings of this host.
    pub settings: Settings,
    /// Distributions.
    pub distributions: Vec<DistributionSource>,
    /// `CachePolicyConfig`.
    pub cache_policies: Vec<Resource>,
    /// `OriginRequestPolicyConfig`.
    pub origin_request_policies: Vec<Resource>,
    /// `ResponseHeadersPolicyConfig`.
    pub response_headers_policies: Vec<Resource>,
    /// `PublicKeyConfig`.
    pub public_keys: Vec<Resource>,
    /// `KeyGroupConfig`.
    pub key_groups: Vec<Resource>,
    /// Shared secrets.
    pub signing_keys: Vec<SigningKeySource>,
    /// `OriginAccessControlConfig`.
    pub origin_access_controls: Vec<Resource>,
}

impl EdgeSource {
    /// Reads the MessagePack map; a fault names the member that is wrong.
    pub fn read(bytes: &[u8]) -> Result<Self, Faults> {
        if bytes.is_empty() {
            return Ok(Self::default());
        }
        rmp_serde::from_slice(bytes).map_err(|error| Faults::one("plan source: edge", error.to_string()))
    }
}

/// A resource with a configuration.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Resource {
    /// Stable identifier.
    pub id: String,
    /// Resource path, for faults.
    #[serde(default)]
    pub path: String,
    /// The configuration.
    pub config: Value,
}

/// A distribution.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DistributionSource {
    /// Stable identifier.
    pub id: String,
    /// Resource path, for faults.
    pub path: String,
    /// By which rules it caches.
    #[serde(default)]
    pub semantics: Semantics,
    /// How it fetches ranges.
    #[serde(default)]
    pub ranges: Ranges,
    /// Health checks of origins: the origin's id, the check's.
    #[serde(default)]
    pub origin_health_checks: BTreeMap<String, String>,
    /// Weights of origins in their groups, by the origin's id.
    #[serde(default)]
    pub origin_weights: BTreeMap<String, u8>,
    /// `DistributionConfig`.
    pub config: Value,
}

/// By which rules a distribution caches.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Semantics {
    /// CloudFront's.
    #[default]
    CloudFront,
    /// RFC 9111.
    Rfc9111,
}

/// How a distribution fetches a range of what is not kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ranges {
    /// With all that is around it.
    #[default]
    Whole,
    /// In slices of one length.
    Slices,
}

/// A shared secret in a file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SigningKeySource {
    /// Stable identifier.
    pub id: String,
    /// Resource path, for faults.
    pub path: String,
    /// Name, for people.
    #[serde(default)]
    pub name: String,
    /// Absolute path; 32 octets or more, one line end after them does not count.
    pub secret_file: PathBuf,
}

/// A configuration, read; what does not fit is a fault at `place`.
pub(super) fn read<T: DeserializeOwned>(config: &Value, place: &str, faults: &mut Faults) -> Option<T> {
    match T::deserialize(config) {
        Ok(document) => Some(document),
        Err(error) => {
            faults.push(Fault::at(place, error.to_string()));
            None
        }
    }
}

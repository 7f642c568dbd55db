//! `edge.settings` of the plan source: what an operator sets about the edge of this host.

use std::collections::BTreeMap;
use std::path::PathBuf;

use edgeplane_base::{Fault, Faults, Limit};
use edgeplane_geo::Prefix;
use serde::Deserialize;

use super::limits;

/// Longest name of a location, octets: it stands in every answer and every line of the log.
const LOCATION_LENGTH: usize = 32;

/// Settings; every one has a default, so that a plan of the release before can be read.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Host names of distributions are `id.domain`.
    pub domain: String,
    /// What answers and the log say of where this host is; empty: nothing.
    pub location: String,
    /// Octets of the memory tier.
    pub memory: u64,
    /// The disk tier.
    pub disk: Option<Disk>,
    /// Ranges of private addresses that origins may have.
    pub allow_private_origins: Vec<String>,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<String>,
    /// Peers whose connections begin with a header of the PROXY protocol.
    pub proxy_protocol: Vec<String>,
    /// What an alias record to a distribution answers.
    pub public_addresses: Vec<String>,
    /// Certificates; SNI chooses.
    pub certificates: Vec<CertificateFiles>,
    /// The access log.
    pub access_log: Option<AccessLog>,
    /// Directories that are origins, by name.
    pub directories: BTreeMap<String, PathBuf>,
    /// Buckets that are origins, by name.
    pub buckets: BTreeMap<String, BucketSettings>,
    /// Place data: an MMDB or CSV file.
    pub geo_database: Option<PathBuf>,
    /// Field of an origin's response that names its tags; empty: `x-amz-meta-cache-tag`.
    pub tag_header: String,
    /// Limits by name, other than their defaults.
    pub limits: BTreeMap<String, u64>,
}

/// The disk tier.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Disk {
    /// A directory.
    pub path: PathBuf,
    /// Octets.
    pub size: u64,
}

/// A certificate with its key.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CertificateFiles {
    /// Chain in PEM.
    pub cert: PathBuf,
    /// Private key in PEM.
    pub key: PathBuf,
}

/// The access log.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccessLog {
    /// The file.
    pub path: PathBuf,
    /// The form of its lines.
    pub format: LogFormat,
    /// The share of requests that are written, 0.0 to 1.0.
    pub sample: f64,
}

/// The form of the access log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// CloudFront's 33 fields.
    CloudFront,
    /// A JSON object a line.
    Json,
}

/// An S3-compatible bucket.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BucketSettings {
    /// `https://s3.example.net:9000`.
    pub endpoint: String,
    /// The region in signatures.
    #[serde(default)]
    pub region: String,
    /// Access keys, in the form of the AWS CLI's.
    #[serde(default)]
    pub credentials_file: Option<PathBuf>,
}

impl Settings {
    /// A limit as it is set.
    pub fn limit(&self, limit: &Limit) -> u64 {
        self.limits.get(limit.name).copied().unwrap_or(limit.default)
    }

    /// What a host could not run with.
    pub(super) fn check(&self, faults: &mut Faults) {
        for limit in limits::ALL {
            if let Err(message) = limit.check(self.limit(limit)) {
                faults.push(Fault::at(format!("edge.limits.{}", limit.name), message));
            }
        }
        let known = |name: &String| limits::ALL.iter().any(|limit| limit.name == name);
        for name in self.limits.keys().filter(|name| !known(name)) {
            faults.push(Fault::at(format!("edge.limits.{name}"), "is no limit"));
        }
        let is_of_a_name = |octet: u8| octet.is_ascii_alphanumeric() || octet == b'-';
        if self.location.len() > LOCATION_LENGTH || !self.location.bytes().all(is_of_a_name) {
            faults.push(Fault::at("edge.location", "must be up to 32 letters, digits and dashes"));
        }
        if self.access_log.as_ref().is_some_and(|log| !(0.0..=1.0).contains(&log.sample)) {
            faults.push(Fault::at("edge.access_log.sample", "must be 0.0 to 1.0"));
        }
    }
}

/// A list of prefixes; what is none is a fault at its place.
pub(super) fn prefixes(setting: &str, texts: &[String], faults: &mut Faults) -> Vec<Prefix> {
    let read = |(n, text): (usize, &String)| match text.parse() {
        Ok(prefix) => Some(prefix),
        Err(message) => {
            faults.push(Fault::at(format!("{setting}[{n}]"), message));
            None
        }
    };
    texts.iter().enumerate().filter_map(read).collect()
}

//! Distributions as people are shown them.

use serde::Serialize;

use crate::metrics::AccountTotals;
use crate::origin::{Health, Kind, Settings};
use crate::plan::{Behaviour, Distribution, Semantics, Target, ViewerProtocolPolicy};

/// One distribution, shortly.
#[derive(Debug, Serialize)]
pub struct Short<'a> {
    id: &'a str,
    domain_name: &'a str,
    aliases: &'a [String],
    enabled: bool,
    semantics: &'static str,
    requests: u64,
    hits: u64,
}

/// One distribution with all that it has.
#[derive(Debug, Serialize)]
pub struct Shown<'a> {
    #[serde(flatten)]
    short: Short<'a>,
    origins: Vec<ShownOrigin<'a>>,
    behaviours: Vec<ShownBehaviour<'a>>,
    counters: AccountTotals,
}

#[derive(Debug, Serialize)]
struct ShownOrigin<'a> {
    id: &'a str,
    kind: &'static str,
    host: String,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_failure: Option<String>,
    /// Seconds since then.
    #[serde(skip_serializing_if = "Option::is_none")]
    failed_ago: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    health_check: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    health: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    weight: Option<u8>,
}

#[derive(Debug, Serialize)]
struct ShownBehaviour<'a> {
    pattern: &'a str,
    target: &'a str,
    viewer_protocol_policy: &'static str,
    compress: bool,
    signed: bool,
}

impl<'a> Short<'a> {
    /// With what was counted.
    pub fn of(distribution: &'a Distribution, counted: &AccountTotals) -> Self {
        Self {
            id: &distribution.id,
            domain_name: &distribution.domain_name,
            aliases: &distribution.aliases,
            enabled: distribution.enabled,
            semantics: match distribution.semantics {
                Semantics::CloudFront => "cloudfront",
                Semantics::Rfc9111 => "rfc9111",
            },
            requests: counted.requests,
            hits: counted.hits,
        }
    }
}

impl<'a> Shown<'a> {
    /// With what was counted, and the health of now.
    pub fn of(distribution: &'a Distribution, counters: AccountTotals, health: &Health) -> Self {
        Self {
            short: Short::of(distribution, &counters),
            origins: distribution.origins.iter().map(|origin| ShownOrigin::of(origin, health)).collect(),
            behaviours: distribution.behaviours.iter().map(|one| ShownBehaviour::of(distribution, one)).collect(),
            counters,
        }
    }
}

impl<'a> ShownOrigin<'a> {
    fn of(origin: &'a Settings, health: &Health) -> Self {
        let kind = match origin.kind {
            Kind::Server(_) => "server",
            Kind::Directory(_) => "directory",
            Kind::Bucket(_) => "bucket",
        };
        let state = if origin.is_failing() { "failing" } else { "ok" };
        let (last_failure, failed_ago) = origin.last_failure().map(|(what, ago)| (what, ago.as_secs())).unzip();
        let check = origin.check.as_ref();
        Self {
            id: &origin.id,
            kind,
            host: origin.place(),
            state,
            last_failure,
            failed_ago,
            health_check: check.map(|check| check.id.as_str()),
            health: check.map(|check| health.state(check).name()),
            weight: origin.weight,
        }
    }
}

impl<'a> ShownBehaviour<'a> {
    fn of(distribution: &'a Distribution, behaviour: &'a Behaviour) -> Self {
        let target = match behaviour.target {
            Target::Origin(index) => distribution.origins.get(index).map(|origin| origin.id.as_str()),
            Target::Group(index) => distribution.groups.get(index).map(|group| group.id.as_str()),
        };
        Self {
            pattern: behaviour.pattern.as_str(),
            target: target.unwrap_or_default(),
            viewer_protocol_policy: match behaviour.viewer_protocol_policy {
                ViewerProtocolPolicy::AllowAll => "allow-all",
                ViewerProtocolPolicy::HttpsOnly => "https-only",
                ViewerProtocolPolicy::RedirectToHttps => "redirect-to-https",
            },
            compress: behaviour.compress,
            signed: behaviour.trusted.is_some(),
        }
    }
}

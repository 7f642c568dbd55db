//! From the plan source to compiled distributions.
//!
//! ```text
//! MessagePack ─ source ─► documents (CloudFormation's) ─ policies, keys, origins, behaviours ─► Distribution ─ hosts ─► Plan
//! ```
//! Loading reads files (secrets, credentials, place data) and is not for a thread that serves.

mod behaviours;
mod catalogue;
mod compile;
pub mod distribution;
pub mod document;
mod headers;
mod hosts;
mod keys;
pub mod limits;
mod origins;
mod places;
mod preferences;
pub mod settings;
pub mod source;
#[cfg(test)]
pub(crate) mod tests;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use edgeplane_base::Faults;
use edgeplane_geo::Prefix;
use edgeplane_http::{Connection, Request};

pub use distribution::{
    Behaviour, CustomError, Distribution, GeoRestriction, Methods, Semantics, Target, ViewerProtocolPolicy,
};
pub use places::Places;
pub use settings::Settings;
pub use source::EdgeSource;

use crate::behaviour::Viewer;
use hosts::Hosts;

/// Everything that the edge serves by; never changes once made.
#[derive(Debug, Default)]
pub struct Plan {
    /// Different for every plan that this process loaded; what was verified under another one is not believed.
    pub serial: u64,
    /// What the operator set.
    pub settings: Settings,
    /// All distributions, in the order of the source.
    pub distributions: Vec<Arc<Distribution>>,
    /// Where clients are, if that is known.
    pub places: Option<Places>,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<Prefix>,
    /// Peers whose connections begin with a header of the PROXY protocol.
    pub proxy_protocol: Vec<Prefix>,
    /// Requests of one client a second; 0: as many as come.
    pub requests_per_second: u32,
    /// Whether what clients of TLS say first is looked at.
    pub fingerprints: bool,
    hosts: Hosts,
}

impl Plan {
    /// Reads and compiles the map `edge` of a plan source; all that is wrong with it at once. `checks` are the ids of the
    /// plan's health checks by slot.
    pub fn load(source: &[u8], checks: &[String]) -> Result<Self, Faults> {
        let (plan, unread) = Self::load_readable(source, checks)?;
        unread.into_result(plan)
    }

    /// Like `load`, without the files that cannot be read: gives what is wrong with those. Who signs with such a secret is
    /// refused (403), as is who asks where places are restricted; a bucket with such credentials fails (502). Origins are not
    /// told where clients are.
    pub fn load_readable(source: &[u8], checks: &[String]) -> Result<(Self, Faults), Faults> {
        static SERIAL: AtomicU64 = AtomicU64::new(1);
        let mut unread = Faults::default();
        let compiled = compile::compile(&EdgeSource::read(source)?, checks, &mut unread);
        let plan = compiled.map_err(|faults| Faults([faults.0, unread.0.clone()].concat()))?;
        Ok((Self { serial: SERIAL.fetch_add(1, Ordering::Relaxed), ..plan }, unread))
    }

    /// The distribution of a host (lower case, without port).
    #[inline]
    pub fn distribution(&self, host: &str) -> Option<&Arc<Distribution>> {
        self.hosts.find(host)
    }

    /// A request with what this plan knows of its client.
    pub fn viewer<'v>(&'v self, request: &'v Request, connection: &'v Connection) -> Viewer<'v> {
        Viewer::new(request, connection, &self.trusted_proxies, self.places.as_ref())
    }
}

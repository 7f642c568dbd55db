//! Questions to the running edge, and orders: one MessagePack map in, one out.

use std::collections::BTreeMap;

use edgeplane_base::Faults;
use serde::{Deserialize, Serialize};

use crate::describe::{Short, Shown};
use crate::edge::Edge;
use crate::plan::Distribution;
use crate::shared::Shared;
use crate::store::generations::Scope;

/// What is asked or ordered.
#[derive(Debug, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
enum Request {
    Distributions,
    Distribution {
        distribution: String,
    },
    Invalidate {
        distribution: String,
        #[serde(default)]
        paths: Vec<String>,
        #[serde(default)]
        tags: Vec<String>,
        #[serde(default)]
        all: bool,
    },
    CacheStats,
    CacheInspect {
        url: String,
    },
    ExplainUrl {
        url: String,
        method: String,
        #[serde(default)]
        headers: Vec<(String, String)>,
        #[serde(default)]
        client: Option<String>,
    },
}

impl Edge {
    /// Answers a question. Faults: it cannot be read, names nothing that is served, or the edge does not run.
    pub fn ask(&self, request: &[u8]) -> Result<Vec<u8>, Faults> {
        let request: Request =
            rmp_serde::from_slice(request).map_err(|error| Faults::one("edge", format!("cannot be asked: {error}")))?;
        let shared =
            self.shared().ok_or_else(|| Faults::one("edge", "does not run: [edge] http and https are empty"))?;
        match request {
            Request::Distributions => shared.distributions(),
            Request::Distribution { distribution } => shared.distribution(&distribution),
            Request::Invalidate { distribution, paths, tags, all } => {
                shared.invalidate(&distribution, &paths, &tags, all)
            }
            Request::CacheStats => shared.cache_stats(),
            Request::CacheInspect { url } => packed(&shared.cache_inspect(&url)?),
            Request::ExplainUrl { url, method, headers, client } => {
                packed(&shared.explain_url(&url, &method, &headers, client.as_deref())?)
            }
        }
    }
}

impl Shared {
    fn distributions(&self) -> Result<Vec<u8>, Faults> {
        let (plan, accounts) = (self.plan.load(), self.counters.distributions());
        let account = |id: &str| accounts.get(id).copied().unwrap_or_default();
        let all = plan.distributions.iter().map(|distribution| Short::of(distribution, &account(&distribution.id)));
        packed(&BTreeMap::from([("distributions", all.collect::<Vec<_>>())]))
    }

    fn distribution(&self, name: &str) -> Result<Vec<u8>, Faults> {
        let distribution = self.named(name)?;
        let account = self.counters.distributions().remove(&distribution.id).unwrap_or_default();
        packed(&Shown::of(&distribution, account, &self.origins.health))
    }

    fn invalidate(&self, name: &str, paths: &[String], tags: &[String], all: bool) -> Result<Vec<u8>, Faults> {
        #[derive(Serialize)]
        struct Done {
            distribution: String,
            sequence: u64,
            workers: usize,
        }
        let distribution = self.named(name)?;
        let wrong = |what: &str, message| Faults::one(what, message);
        // What `/` shows is kept as the default root object.
        let object =
            |path: &String| Scope::path(distribution.object_path(path)).map_err(|message| wrong(path, message));
        let paths = paths.iter().map(object);
        let tags = tags.iter().map(|tag| Scope::tag(tag).map_err(|message| wrong(tag, message)));
        let everything = all.then_some(Ok(Scope::All));
        let scopes = paths.chain(tags).chain(everything).collect::<Result<Vec<_>, Faults>>()?;
        let done = self.generations.invalidate(&distribution.id, &scopes);
        packed(&Done {
            distribution: distribution.id.clone(),
            sequence: done.sequence,
            workers: self.counters.workers(),
        })
    }

    fn cache_stats(&self) -> Result<Vec<u8>, Faults> {
        #[derive(Serialize)]
        struct Tiers {
            memory: crate::store::memory::Stats,
            disk: Option<crate::store::disk::Stats>,
        }
        let disk = self.archive.as_ref().map(|archive| archive.stats());
        packed(&Tiers { memory: self.memory.stats(), disk })
    }

    /// The distribution with an id, a host name or an alias.
    fn named(&self, name: &str) -> Result<std::sync::Arc<Distribution>, Faults> {
        let plan = self.plan.load();
        let by_id = plan.distributions.iter().find(|distribution| distribution.id == name);
        let found = by_id.or_else(|| plan.distribution(&name.to_ascii_lowercase()));
        found.cloned().ok_or_else(|| Faults::one(name, "is the id, host name or alias of no distribution served here"))
    }
}

fn packed(value: &impl Serialize) -> Result<Vec<u8>, Faults> {
    rmp_serde::to_vec_named(value).map_err(|error| Faults::one("edge", error.to_string()))
}

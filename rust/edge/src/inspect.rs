//! What is kept of a URL, and what would be done with a request for it: the running plan's own functions, asked without a
//! client. Nothing is fetched and nothing is changed.

mod slices;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use edgeplane_base::Faults;
use edgeplane_base::clock::Clock;
use edgeplane_http::{Connection, Method, Request, Scheme};
use edgeplane_net::clock::CoarseClock;
use serde::Serialize;

use crate::access::{self, Moment, Remembered};
use crate::behaviour::forward::Hop;
use crate::behaviour::key::uri;
use crate::behaviour::pattern::normalised;
use crate::behaviour::{Asked, Purpose, Viewer, query};
use crate::object::{Object, Resource};
use crate::origin::{Health, Settings};
use crate::outlook::Outlook;
use crate::plan::{Behaviour, Distribution, Plan, Target};
use crate::semantics::{Asker, Now, age_s};
use crate::service::slices::parse;
use crate::shared::Shared;
use slices::Part;

const MEMORY: &str = "memory";
const DISK: &str = "disk";

/// What is kept of a URL.
#[derive(Debug, Serialize)]
pub struct Inspected {
    url: String,
    distribution: String,
    objects: Vec<Kept>,
}

/// One response that is kept, or slices of one.
#[derive(Debug, Serialize)]
pub struct Kept {
    key: String,
    tier: &'static str,
    status: u16,
    age: u64,
    fresh_for: i64,
    octets: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    part: Option<Part>,
    #[serde(skip_serializing_if = "Option::is_none")]
    slices: Option<u64>,
    invalidated: bool,
    tags: Vec<String>,
}

/// What would be done with a request, and why.
#[derive(Debug, Default, Serialize)]
pub struct Explained {
    distribution: String,
    behaviour: String,
    access: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    key: String,
    kept: &'static str,
    decision: &'static str,
    why: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    range: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<PastFailure>,
    #[serde(skip_serializing_if = "Option::is_none")]
    separate_for: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fill: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    object: Option<Kept>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    slices: Vec<Kept>,
    #[serde(skip_serializing_if = "Option::is_none")]
    asked: Option<AskedOfOrigin>,
}

/// A failure of the origin, and for how many seconds it is remembered.
#[derive(Debug, Serialize)]
pub struct PastFailure {
    what: String,
    remembered_for: u64,
}

/// Which origin would be asked first and why it, and what.
#[derive(Debug, Serialize)]
pub struct AskedOfOrigin {
    origin: String,
    why: String,
    /// How the origin failed last, whatever it was asked, and how many seconds ago.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_failure: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failed_ago: Option<u64>,
    method: String,
    path: String,
    headers: Vec<String>,
}

/// A request that nobody sent.
struct Trial {
    request: Request,
    connection: Connection,
    now: Now,
}

impl Shared {
    /// What both tiers keep of a URL: in memory whatever was asked for under its path and query; on disk what stands under
    /// the same keys, and under all that share the URI of a request that says nothing but which codings it takes.
    pub(crate) fn cache_inspect(&self, url: &str) -> Result<Inspected, Faults> {
        let (plan, trial) = (self.plan.load(), Trial::new(url, "GET", &[], None)?);
        let distribution = distribution(&plan, url, &trial)?;
        let mut keys = trial.keys(&plan, distribution);
        if let (Some(archive), Some(key)) = (&self.archive, keys.first()) {
            keys.extend(archive.keys(uri(key)));
        }
        let (path, query) = trial.asked(distribution);
        let is_asked_for = |object: &Object| {
            let subject = &object.subject;
            *subject.distribution == *distribution.id
                && *subject.path == *path
                && subject.query.as_deref() == query.as_deref()
        };
        self.memory.for_each(|key, resource, _| {
            if resource.objects.iter().any(|object| is_asked_for(object)) {
                keys.insert(key.to_vec());
            }
        });
        let objects = with_slices(&keys).into_iter().flat_map(|(key, slices)| {
            let whole = self.kept(key, trial.now).into_iter();
            whole.chain(self.kept_slices(key, &slices, trial.now))
        });
        let objects = objects.collect();
        Ok(Inspected { url: url.into(), distribution: distribution.id.clone(), objects })
    }

    /// What would be done with a request.
    pub(crate) fn explain_url(
        &self,
        url: &str,
        method: &str,
        headers: &[(String, String)],
        client: Option<&str>,
    ) -> Result<Explained, Faults> {
        let (plan, trial) = (self.plan.load(), Trial::new(url, method, headers, client)?);
        let distribution = distribution(&plan, url, &trial)?;
        let (_, behaviour) = distribution
            .behaviour(&trial.request.path)
            .ok_or_else(|| Faults::one(url, "matches no behaviour of its distribution"))?;
        let viewer = plan.viewer(&trial.request, &trial.connection);
        let (distribution_id, pattern) = (distribution.id.clone(), behaviour.pattern.as_str().into());
        let found = Explained { distribution: distribution_id, behaviour: pattern, ..Explained::default() };
        let mut remembered = Remembered::default();
        let moment = Moment { now_s: trial.now.wall_s, plan: plan.serial, remembered: &mut remembered };
        let admitted = match access::check(distribution, behaviour, &viewer, moment) {
            Ok(admitted) => admitted,
            Err(refusal) => {
                let access = format!("{} {}", refusal.status(), refusal.name());
                return Ok(Explained { access, kept: "not looked", decision: "refuse", why: refusal.name(), ..found });
            }
        };
        let asked = Asked { path: distribution.object_path(&trial.request.path), query: admitted.query.as_deref() };
        Ok(self.decide(found, distribution, behaviour, &viewer, asked, trial.now))
    }

    fn decide(
        &self,
        found: Explained,
        distribution: &Distribution,
        behaviour: &Behaviour,
        viewer: &Viewer<'_>,
        asked: Asked<'_>,
        now: Now,
    ) -> Explained {
        let key = key(distribution, behaviour, viewer, asked);
        let tell = || outgoing(distribution, behaviour, viewer, asked, Purpose::Fill);
        let asker = Asker::client(viewer.request, &tell);
        let kept = self.find(&key, &asker, now);
        let object = kept.as_ref().map(|(_, object)| object);
        let sliced = distribution.slices && object.is_none();
        let slices = if sliced { self.kept_slices(&key, &self.slice_numbers(&key), now) } else { Vec::new() };
        let in_slices = slices.iter().find(|slice| !slice.invalidated).map_or("nowhere", |slice| slice.tier);
        let rules = &behaviour.rules;
        let outlook = if sliced { self.outlook_in_slices(rules, &asker, &key, now) } else { None };
        let outlook = outlook.unwrap_or_else(|| self.outlook(rules, &asker, &key, object, now));
        Explained {
            access: "allowed".into(),
            kept: kept.as_ref().map_or(in_slices, |(tier, _)| tier),
            slices,
            decision: outlook.decision,
            why: outlook.why,
            object: kept.as_ref().map(|(tier, object)| self.describe(&key, tier, object, now)),
            asked: self.asked_of_origin(distribution, behaviour, viewer, asked, &outlook),
            range: outlook.range,
            failure: outlook.failure.map(|(what, remembered_for)| PastFailure { what, remembered_for }),
            separate_for: outlook.separate_s,
            fill: outlook.fill,
            key: key.escape_ascii().to_string(),
            ..found
        }
    }

    fn asked_of_origin(
        &self,
        distribution: &Distribution,
        behaviour: &Behaviour,
        viewer: &Viewer<'_>,
        asked: Asked<'_>,
        outlook: &Outlook,
    ) -> Option<AskedOfOrigin> {
        let mut request = outgoing(distribution, behaviour, viewer, asked, outlook.purpose?);
        outlook.added.iter().for_each(|(name, value)| request.fields.set(name, value));
        let line = |(name, value): (&[u8], &[u8])| format!("{}: {}", name.escape_ascii(), value.escape_ascii());
        let (origin, why) = target(distribution, behaviour, &self.origins.health)?;
        let (last_failure, failed_ago) = origin.last_failure().map(|(what, ago)| (what, ago.as_secs())).unzip();
        Some(AskedOfOrigin {
            origin: origin.id.clone(),
            why,
            last_failure,
            failed_ago,
            method: request.method.token().into(),
            path: request.query.as_ref().map_or(request.path.clone(), |query| format!("{}?{query}", request.path)),
            headers: request.fields.iter().map(line).collect(),
        })
    }

    /// As a request finds it: memory first, then disk, and nothing that was invalidated.
    pub(crate) fn find(&self, key: &[u8], asker: &Asker<'_>, now: Now) -> Option<(&'static str, Arc<Object>)> {
        let is_usable = |object: &&Arc<Object>| object.answers(asker.request()) && !self.is_outlived(object);
        let usable = |resource: &Resource| resource.select(asker).filter(is_usable).cloned();
        if let Some(object) = self.memory.peek(key).and_then(|(resource, _)| usable(&resource)) {
            return Some((MEMORY, object));
        }
        let archive = self.archive.as_ref().filter(|archive| archive.may_have(key))?;
        let object = archive.find(key, asker, now)?;
        usable(&Resource::default().with(Arc::new(object))).map(|object| (DISK, object))
    }

    /// All that both tiers have under a key.
    fn kept(&self, key: &[u8], now: Now) -> Vec<Kept> {
        let resource = self.memory.peek(key).map(|(resource, _)| resource);
        let in_memory = resource.iter().flat_map(|resource| &resource.objects);
        let archive = self.archive.as_ref().filter(|archive| archive.may_have(key));
        let on_disk = archive.map(|archive| archive.all(key, now)).unwrap_or_default();
        let in_memory = in_memory.map(|object| self.describe(key, MEMORY, object, now));
        in_memory.chain(on_disk.iter().map(|object| self.describe(key, DISK, object, now))).collect()
    }

    fn describe(&self, key: &[u8], tier: &'static str, object: &Object, now: Now) -> Kept {
        Kept {
            key: key.escape_ascii().to_string(),
            tier,
            status: object.stored.status,
            age: age_s(&object.stored.lifetime, now),
            fresh_for: object.stored.lifetime.ttl_s(now),
            octets: object.content.len(),
            part: object.part().map(|(range, complete)| Part { range, complete }),
            slices: None,
            invalidated: self.is_outlived(object),
            tags: object.subject.tags.iter().map(ToString::to_string).collect(),
        }
    }

    pub(crate) fn is_outlived(&self, object: &Object) -> bool {
        self.generations.is_invalidated(&object.subject.as_kept(), object.sequence.load(Relaxed))
            || self.written.covers(&object.subject.mark)
    }
}

impl Trial {
    /// Faults: no URL, no method.
    fn new(url: &str, method: &str, headers: &[(String, String)], client: Option<&str>) -> Result<Self, Faults> {
        let wrong = || Faults::one(url, "is no URL such as http://www.example.net/index.html");
        let (scheme, rest) = match url.split_once("://").ok_or_else(wrong)? {
            ("http", rest) => (Scheme::Http, rest),
            ("https", rest) => (Scheme::Https, rest),
            _ => return Err(wrong()),
        };
        let rest = rest.split_once('#').map_or(rest, |(before, _)| before);
        let (authority, target) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        let (path, query) = target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query.into())));
        if authority.is_empty() || authority.contains('@') {
            return Err(wrong());
        }
        let method =
            Method::from_token(method.as_bytes()).ok_or_else(|| Faults::one(method, "is no method served here"))?;
        let request = Request {
            method,
            scheme,
            authority: authority.to_ascii_lowercase(),
            path: if path.is_empty() { "/".into() } else { path.into() },
            query,
            fields: headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect(),
            ..Request::default()
        };
        let nobody = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let address = |text: &str| text.parse::<IpAddr>().map_err(|_| Faults::one(text, "is no address"));
        let client = client.map(address).transpose()?.unwrap_or(nobody);
        let (client, local) = (SocketAddr::new(client, 0), SocketAddr::new(nobody, 0));
        let now = Now { monotonic_ms: CoarseClock.monotonic_ms(), wall_s: CoarseClock.wall_ms() / 1000 };
        Ok(Self { request, connection: Connection { client, local, scheme, tls: None }, now })
    }

    /// Keys of this request with each set of codings that clients take.
    fn keys(&self, plan: &Plan, distribution: &Distribution) -> BTreeSet<Vec<u8>> {
        let Some((_, behaviour)) = distribution.behaviour(&self.request.path) else { return BTreeSet::new() };
        let asked = Asked { path: distribution.object_path(&self.request.path), query: self.request.query.as_deref() };
        let keys = ["", "gzip", "gzip, br", "gzip, zstd", "br", "zstd"].map(|codings| {
            let mut request = self.request.clone();
            request.fields.set("Accept-Encoding", codings);
            key(distribution, behaviour, &plan.viewer(&request, &self.connection), asked)
        });
        keys.into_iter().collect()
    }

    /// Path and query, as objects know what they were asked for.
    fn asked<'t>(&'t self, distribution: &'t Distribution) -> (Cow<'t, str>, Option<String>) {
        let keyed = distribution.behaviour(&self.request.path).map(|(_, behaviour)| &behaviour.key.query);
        let query = keyed.and_then(|keyed| query::select(self.request.query.as_deref(), keyed));
        (normalised(distribution.object_path(&self.request.path)), query)
    }
}

/// Keys, and the numbers of the slices that are among them.
fn with_slices(keys: &BTreeSet<Vec<u8>>) -> BTreeMap<&[u8], BTreeSet<u64>> {
    let mut wholes = BTreeMap::<&[u8], BTreeSet<u64>>::new();
    for key in keys {
        let (whole, number) = parse(key).map_or((&**key, None), |(whole, number)| (whole, Some(number)));
        wholes.entry(whole).or_default().extend(number);
    }
    wholes
}

fn distribution<'p>(plan: &'p Plan, url: &str, trial: &Trial) -> Result<&'p Arc<Distribution>, Faults> {
    let found = plan.distribution(trial.request.host());
    found.ok_or_else(|| Faults::one(url, "has a host that no distribution is served under"))
}

fn key(distribution: &Distribution, behaviour: &Behaviour, viewer: &Viewer<'_>, asked: Asked<'_>) -> Vec<u8> {
    let mut key = Vec::new();
    behaviour.key.write(&distribution.id, viewer, asked, behaviour.key.encodings(viewer), &mut key);
    key
}

/// What the origin is asked, by a request without an id.
fn outgoing(
    distribution: &Distribution,
    behaviour: &Behaviour,
    viewer: &Viewer<'_>,
    asked: Asked<'_>,
    purpose: Purpose,
) -> Request {
    let hop = Hop { request_id: "-", name: &distribution.domain_name };
    behaviour.forward.outgoing(viewer, asked, behaviour.key.encodings(viewer), purpose, hop)
}

/// The origin that is asked first, and why.
fn target<'d>(
    distribution: &'d Distribution,
    behaviour: &Behaviour,
    health: &Health,
) -> Option<(&'d Settings, String)> {
    let origins = &distribution.origins;
    let (index, why) = match behaviour.target {
        Target::Origin(index) => (Some(index), None),
        Target::Group(index) => {
            let told = distribution.groups.get(index).map(|group| group.explain(origins, health));
            told.map_or((None, None), |(index, why)| (index, Some(why)))
        }
    };
    let origin = origins.get(index?)?;
    let alone = if origin.is_healthy(health) { "" } else { "; it is asked though its health check fails" };
    Some((origin, why.unwrap_or_else(|| format!("the behaviour names no other{alone}"))))
}

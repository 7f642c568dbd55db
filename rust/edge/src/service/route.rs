//! Where a request leads: distribution, behaviour, key, what the origin is asked.

use std::cell::{Cell, OnceCell};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use edgeplane_http::{Connection, Fields, Request};

use super::app::App;
use super::lines::RequestId;
use super::notice::Notice;
use super::slices;
use crate::access::{self, Moment};
use crate::behaviour::forward::Hop;
use crate::behaviour::pattern::normalised;
use crate::behaviour::{Asked, Encodings, Purpose, Viewer, key, query};
use crate::object::Subject;
use crate::origin::{Fetched, Interim, OriginError, Origins, Outgoing, Timing};
use crate::plan::{Behaviour, Distribution, Plan, Target};
use crate::semantics::Reason;
use crate::store::written::Mark;

/// Where a request leads. Owns what it names, so that a fetch may outlive its request and its plan.
pub struct Route {
    /// What serves it.
    pub distribution: Arc<Distribution>,
    /// Which of its behaviours.
    pub behaviour: Arc<Behaviour>,
    /// The cache key.
    pub key: Box<[u8]>,
    /// The URI, as of the beginning of this request.
    pub mark: Mark,
    /// The codings in the key.
    pub encodings: Encodings,
    /// The path that is asked for.
    pub path: Box<str>,
    /// The query, without what signs.
    pub query: Option<Box<str>>,
    /// Number of the last invalidation when the request came: what that covers is no answer to it.
    pub sequence: u64,
    /// This request's id.
    pub id: RequestId,
    /// Fields of the origin's answer that only this request's client may have: named by `no-cache` or `private`.
    pub withheld: OnceCell<Fields>,
    /// What was decided about the origin's answer, where it is not simply stored: why it is not, or why what is stale
    /// stands in for it.
    pub decided: Cell<Option<Reason>>,
    /// Whether the store was asked again because another's fetch had ended meanwhile: that is worth a try, not more.
    pub looked_again: Cell<bool>,
    /// When the request was taken up, where answers may say how long that is ago.
    pub begun: Option<Instant>,
    /// The account of its distribution.
    pub account: usize,
    /// How long the origin took, once it answered.
    pub asked: Cell<Option<Timing>>,
}

impl Route {
    /// The way to a slice of what is asked for.
    pub fn of_slice(&self, number: u64) -> Self {
        Self {
            distribution: self.distribution.clone(),
            behaviour: self.behaviour.clone(),
            key: slices::key(&self.key, number),
            mark: self.mark.clone(),
            path: self.path.clone(),
            query: self.query.clone(),
            withheld: OnceCell::new(),
            decided: Cell::new(None),
            looked_again: Cell::new(false),
            asked: Cell::new(None),
            ..*self
        }
    }

    /// What is asked for can be invalidated by this; which tags an answer will have nobody knows yet.
    pub fn untagged(&self) -> Subject {
        self.subject(&Fields::new())
    }

    /// What an object under this route can be invalidated by; the origin's `fields` name its tags.
    pub fn subject(&self, fields: &Fields) -> Subject {
        let tags = fields.members(&self.distribution.tag_header).take(TAGS);
        let tags = tags.filter(|tag| tag.len() <= TAG_LENGTH).map(|tag| String::from_utf8_lossy(tag).into());
        Subject {
            request_id: self.id.as_str().into(),
            distribution: self.distribution.id.as_str().into(),
            path: normalised(&self.path).into(),
            query: query::select(self.query.as_deref(), &self.behaviour.key.query).map(Into::into),
            tags: tags.collect(),
            mark: self.mark.clone(),
        }
    }

    /// Asks the origin, or one after the other of a group.
    pub async fn ask(
        &self,
        origins: &Origins,
        request: &Request,
        content: Outgoing,
        interim: Option<Interim<'_>>,
    ) -> Result<Box<Fetched>, OriginError> {
        let mut fetched = match &self.behaviour.target {
            Target::Origin(index) => {
                let origin = self.distribution.origins.get(*index).ok_or(OriginError::BreakerOpen)?;
                origins.fetch(origin, request, content, interim).await?
            }
            Target::Group(index) => {
                let group = self.distribution.groups.get(*index).ok_or(OriginError::BreakerOpen)?;
                let members = &self.distribution.origins;
                Box::pin(origins.fetch_from_group(group, members, request, content, interim)).await?.1
            }
        };
        if !self.behaviour.rules.admits_cookies() {
            fetched.response.fields.remove("set-cookie");
        }
        Ok(fetched)
    }
}

/// Most tags of a response that count (CloudFront, "Invalidate by tag").
const TAGS: usize = 50;
/// Longest tag in octets.
const TAG_LENGTH: usize = 256;

impl App {
    /// Counts a request of its client, who may have asked too often.
    pub(super) fn admit(&self, request: &Request, connection: &Connection) -> Result<(), Box<Notice>> {
        let mut reader = self.plan.borrow_mut();
        let plan = reader.get();
        let rate = plan.requests_per_second;
        if rate == 0 {
            return Ok(());
        }
        let client = plan.viewer(request, connection).client.ip();
        let admitted = self.shared.limiter.admit(client, rate, self.now().monotonic_ms);
        admitted.map_err(|exceeded| Box::new(Notice::limited(exceeded)))
    }

    /// Finds the way of a request, or what is answered instead.
    pub(super) fn route(&self, request: &Request, connection: &Connection) -> Result<Rc<Route>, Box<Notice>> {
        let mut reader = self.plan.borrow_mut();
        let plan: &Plan = reader.get();
        let distribution = plan.distribution(request.host()).ok_or_else(|| Box::new(Notice::unknown_host()))?;
        if has_passed(request, &distribution.domain_name) {
            return Err(Box::new(Notice::looped()));
        }
        let viewer = plan.viewer(request, connection);
        let (_, behaviour) = distribution.behaviour(&request.path).ok_or_else(|| Box::new(Notice::unknown_host()))?;
        let mut remembered = self.remembered.borrow_mut();
        let moment = Moment { now_s: self.now().wall_s, plan: plan.serial, remembered: &mut remembered };
        let admitted = access::check(distribution, behaviour, &viewer, moment);
        let admitted = admitted.map_err(|refusal| Box::new(Notice::refusal(&refusal)))?;
        let asked = Asked { path: distribution.object_path(&request.path), query: admitted.query.as_deref() };
        Ok(self.way(plan, (distribution, behaviour), &viewer, asked))
    }

    /// The way to a custom error page: whoever sees the error may see its page.
    pub(super) fn route_to_page(&self, request: &Request, connection: &Connection) -> Option<Rc<Route>> {
        let mut reader = self.plan.borrow_mut();
        let plan: &Plan = reader.get();
        let distribution = plan.distribution(request.host())?;
        let (_, behaviour) = distribution.behaviour(&request.path)?;
        let asked = Asked { path: &request.path, query: None };
        Some(self.way(plan, (distribution, behaviour), &plan.viewer(request, connection), asked))
    }

    fn way(
        &self,
        plan: &Plan,
        (distribution, behaviour): (&Arc<Distribution>, &Arc<Behaviour>),
        viewer: &Viewer<'_>,
        asked: Asked<'_>,
    ) -> Rc<Route> {
        let encodings = behaviour.key.encodings(viewer);
        let is_timed = behaviour.response_headers.as_ref().is_some_and(|policy| policy.may_want_timing());
        let mut key = self.key.borrow_mut();
        key.clear();
        behaviour.key.write(&distribution.id, viewer, asked, encodings, &mut key);
        Rc::new(Route {
            distribution: distribution.clone(),
            behaviour: behaviour.clone(),
            mark: self.shared.written.mark(key::uri(&key)),
            key: key.as_slice().into(),
            encodings,
            path: asked.path.into(),
            query: asked.query.map(Into::into),
            sequence: self.shared.generations.sequence(),
            id: RequestId::new(&mut self.random.borrow_mut()),
            withheld: OnceCell::new(),
            decided: Cell::new(None),
            looked_again: Cell::new(false),
            begun: is_timed.then(Instant::now),
            account: self.account_of(plan, distribution),
            asked: Cell::new(None),
        })
    }

    /// The distribution of a request, if it has custom error pages. Who is refused has no route, but may see a page.
    pub(super) fn with_pages(
        &self,
        request: &Request,
        routed: &Result<Rc<Route>, Box<Notice>>,
    ) -> Option<Arc<Distribution>> {
        let mut reader = self.plan.borrow_mut();
        let distribution = match routed {
            Ok(route) => &route.distribution,
            Err(_) => reader.get().distribution(request.host())?,
        };
        let has_pages = distribution.custom_errors.iter().any(|error| error.page.is_some());
        (has_pages && distribution.enabled).then(|| distribution.clone())
    }

    /// What the origin is asked for this client.
    pub(super) fn outgoing(
        &self,
        route: &Route,
        request: &Request,
        connection: &Connection,
        purpose: Purpose,
    ) -> Request {
        let mut reader = self.plan.borrow_mut();
        let plan = reader.get();
        let viewer = plan.viewer(request, connection);
        let asked = Asked { path: &route.path, query: route.query.as_deref() };
        let hop = Hop { request_id: route.id.as_str(), name: &route.distribution.domain_name };
        route.behaviour.forward.outgoing(&viewer, asked, route.encodings, purpose, hop)
    }
}

/// Whether a request went through a distribution of this name before: it comes from an origin that leads back (RFC 9110
/// section 7.6.3).
fn has_passed(request: &Request, name: &str) -> bool {
    let received_by = |member: &[u8]| member.split(|octet| *octet == b' ').nth(1) == Some(name.as_bytes());
    request.fields.members("via").any(received_by)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::plan::tests::{behaviour, distribution, load};
    use crate::store::generations::{Generations, Scope};

    fn route(cached_query: &serde_json::Value, target: &str) -> Route {
        let parameters = json!({"EnableAcceptEncodingGzip": false, "HeadersConfig": {"HeaderBehavior": "none"},
            "CookiesConfig": {"CookieBehavior": "none"}, "QueryStringsConfig": cached_query});
        let policy = json!({"id": "c", "path": "t: Resources.C", "config": {"Name": "c", "MinTTL": 0, "DefaultTTL": 5, "MaxTTL": 50,
            "ParametersInCacheKeyAndForwardedToOrigin": parameters}});
        let config = json!({"DefaultCacheBehavior": behaviour(json!({"CachePolicyId": "c"}))});
        let plan = load(vec![distribution(config)], json!({"cache_policies": [policy]})).unwrap();
        let distribution = plan.distributions[0].clone();
        let (path, query) = target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)));
        let behaviour = distribution.behaviour(path).unwrap().1.clone();
        Route {
            distribution,
            behaviour,
            key: Box::default(),
            mark: Mark::default(),
            encodings: Encodings::NONE,
            path: path.into(),
            query: query.map(Into::into),
            sequence: 0,
            id: RequestId::new(&mut edgeplane_base::random::Random::seeded(1)),
            withheld: OnceCell::new(),
            decided: Cell::new(None),
            looked_again: Cell::new(false),
            begun: None,
            account: 0,
            asked: Cell::new(None),
        }
    }

    #[test]
    fn an_object_is_invalidated_by_what_its_key_has() {
        let none = json!({"QueryStringBehavior": "none"});
        let some = json!({"QueryStringBehavior": "whitelist", "QueryStrings": ["page"]});
        let all = json!({"QueryStringBehavior": "all"});
        for (rule, target, invalidated, expected) in [
            (&none, "/page/inv?utm=evil", "/page/inv", true),
            (&some, "/list?utm=evil&page=2", "/list?page=2", true),
            (&some, "/list?utm=evil", "/list", true),
            (&some, "/list?page=2", "/list", false),
            (&all, "/list?utm=evil", "/list", false),
            (&all, "/list?utm=evil", "/list?utm=evil", true),
            (&none, "/page/%69nv3", "/page/inv3", true),
        ] {
            let subject = route(rule, target).subject(&Fields::new());
            let generations = Generations::in_memory();
            let fetched = generations.sequence();
            generations.invalidate(&subject.distribution, &[Scope::path(invalidated).unwrap()]);
            assert_eq!(generations.is_invalidated(&subject.as_kept(), fetched), expected, "{target} {invalidated}");
        }
    }
}

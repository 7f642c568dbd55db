//! The path of a cache hit: nothing waits, and little is allocated.

use std::sync::Arc;

use edgeplane_http::{Connection, Method, PreparedHead, Reply, Request};

use super::app::Desk;
use super::lines::{self, Outcome, RequestId, Said};
use super::render::Rendered;
use crate::access::{self, Moment};
use crate::behaviour::Asked;
use crate::object::Object;
use crate::semantics::{self, CacheStatus, Now, Reuse, age_s};

impl Desk {
    /// Answers from memory where that needs no waiting; else leaves `reply` without a head.
    #[inline]
    pub(super) fn hit(&self, request: &Request, connection: &Connection, reply: &mut Reply) -> Option<()> {
        let mut reader = self.plan.try_borrow_mut().ok()?;
        let plan = reader.get();
        let begun = self.begin(plan);
        let distribution = plan.distribution(request.host())?;
        let (_, behaviour) = distribution.behaviour(&request.path)?;
        let policy = behaviour.response_headers.as_ref();
        if policy.is_some_and(|policy| !policy.is_fixed_for(request)) {
            return None;
        }
        let (viewer, now) = (plan.viewer(request, connection), self.now());
        let mut remembered = self.remembered.try_borrow_mut().ok()?;
        let moment = Moment { now_s: now.wall_s, plan: plan.serial, remembered: &mut remembered };
        let admitted = access::check(distribution, behaviour, &viewer, moment).ok()?;
        let asked = Asked { path: distribution.object_path(&request.path), query: admitted.query.as_deref() };
        let mut key = self.key.try_borrow_mut().ok()?;
        key.clear();
        behaviour.key.write(&distribution.id, &viewer, asked, behaviour.key.encodings(&viewer), &mut key);
        let resource = self.shared.memory.get(&key)?;
        let object = resource.select(&request.fields)?;
        if object.stored.status == 206 {
            return None;
        }
        if object.stored.status >= 400 && distribution.custom_error(object.stored.status).is_some() {
            return None;
        }
        if !semantics::is_plainly_fresh(&object.stored.lifetime, now) || self.is_invalidated(object) {
            return None;
        }
        let plain = semantics::is_plain(&behaviour.rules, request);
        if !plain
            && (policy.is_some()
                || !matches!(semantics::reuse(&behaviour.rules, request, &object.stored, now), Reuse::Fresh(_)))
        {
            return None;
        }
        // Who asked too often is told so by `exchange`.
        let rate = plan.requests_per_second;
        if rate > 0 && self.shared.limiter.admit(viewer.client.ip(), rate, now.monotonic_ms).is_err() {
            return None;
        }
        let whole = match policy {
            Some(policy) => Some(object.dressed(policy)?),
            None => plain.then_some(&object.head),
        };
        self.fill(&distribution.domain_name, object, whole, request, now, reply)?;
        self.note(distribution, begun, reply);
        Some(())
    }

    #[inline]
    fn fill(
        &self,
        name: &str,
        object: &Object,
        whole: Option<&Arc<PreparedHead>>,
        request: &Request,
        now: Now,
        reply: &mut Reply,
    ) -> Option<()> {
        let (head, content) = if let Some(head) = whole {
            (head.clone(), object.content.clone())
        } else {
            let Rendered { head, mut content, .. } = object.render(request);
            if content.len() > 1 {
                return None;
            }
            (head, content.pop().unwrap_or_default())
        };
        let id = RequestId::new(&mut self.random.borrow_mut());
        let status = CacheStatus { ttl_s: Some(object.stored.lifetime.ttl_s(now)), ..CacheStatus::default() };
        let said = Said { outcome: Outcome::Hit, age_s: Some(age_s(&object.stored.lifetime, now)), status };
        lines::write(&mut reply.lines, name, &said, id.as_bytes());
        self.counters.requests.add(1);
        self.count(Outcome::Hit, head.status);
        if request.method == Method::Head {
            reply.field("content-length", object.content.len().to_string());
        } else {
            reply.content = content;
        }
        reply.head = Some(head);
        Some(())
    }
}

//! The path of a cache hit: nothing waits, and little is allocated.

use std::sync::Arc;

use edgeplane_http::{Connection, Content, Method, PreparedHead, Reply, Request};

use super::app::Desk;
use super::lines::{self, Outcome, RequestId, Said};
use super::render::Rendered;
use crate::access::{self, Moment};
use crate::behaviour::forward::Hop;
use crate::behaviour::{Asked, Purpose};
use crate::object::Object;
use crate::semantics::{self, Asker, CacheStatus, Now, Reuse, age_s};

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
        let encodings = behaviour.key.encodings(&viewer);
        behaviour.key.write(&distribution.id, &viewer, asked, encodings, &mut key);
        let resource = self.shared.memory.get(&key)?;
        // The request has no id yet. Each has another, so that what varies by it answers none.
        let hop = Hop { request_id: "", name: &distribution.domain_name };
        let tell = || behaviour.forward.outgoing(&viewer, asked, encodings, Purpose::Fill, hop);
        let object = resource.select(&Asker::client(request, &tell))?;
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
        let whole = match policy {
            Some(policy) => Some(object.dressed(policy)?),
            None => plain.then_some(&object.head),
        };
        let answer = answer(object, whole, request)?;
        // Once it is sure that this is answered here: `exchange` counts the others, and tells those who asked too often.
        let rate = plan.requests_per_second;
        if rate > 0 && self.shared.limiter.admit(viewer.client.ip(), rate, now.monotonic_ms).is_err() {
            return None;
        }
        self.fill(&distribution.lines, object, answer, request, now, reply);
        self.note(distribution, begun, reply);
        Some(())
    }

    #[inline]
    fn fill(
        &self,
        lines: &[u8],
        object: &Object,
        (head, content, length): Answer,
        request: &Request,
        now: Now,
        reply: &mut Reply,
    ) {
        let id = RequestId::new(&mut self.random.borrow_mut());
        let status = CacheStatus { ttl_s: Some(object.stored.lifetime.ttl_s(now)), ..CacheStatus::default() };
        let said =
            Said { outcome: Outcome::Hit, age_s: Some(age_s(&object.stored.lifetime, now)), status: Some(status) };
        lines::write(&mut reply.lines, lines, &said, id.as_bytes());
        self.counters.requests.add(1);
        self.count(Outcome::Hit, head.status);
        match (request.method == Method::Head, length) {
            // RFC 9110 section 8.6: not with 204.
            (true, Some(length)) if head.status != 204 => reply.field("content-length", length.to_string()),
            (true, _) => {}
            (false, _) => reply.content = content,
        }
        reply.head = Some(head);
    }
}

/// Head, content in one piece, and what `Content-Length` says of it where there is none.
type Answer = (Arc<PreparedHead>, Content, Option<u64>);

/// What answers a request from an object, with this head where it is sent as a `whole`; none: the content is in several pieces.
#[inline]
fn answer(object: &Object, whole: Option<&Arc<PreparedHead>>, request: &Request) -> Option<Answer> {
    if let Some(head) = whole {
        return Some((head.clone(), object.content.clone(), Some(object.content.len())));
    }
    let Rendered { head, mut content, length } = object.render(request);
    (content.len() <= 1).then(|| (head, content.pop().unwrap_or_default(), length))
}

//! Sending what is at hand.

use std::time::Duration;

use edgeplane_http::{Request, Response, Session};

use super::app::{App, Desk};
use super::exchange::Told;
use super::lines::{self, Outcome, RequestId, Said};
use super::notice::Notice;
use super::render::Rendered;
use super::route::Route;
use crate::behaviour::response_headers::{Served, ServerTiming, Upstream};
use crate::object::Object;
use crate::plan::distribution::pop_line;
use crate::semantics::{CacheStatus, age_s};

impl App {
    /// Sends a stored response.
    pub(super) async fn send<S: Session>(
        &self,
        session: &mut S,
        route: &Route,
        object: &Object,
        outcome: Outcome,
        status: CacheStatus<'_>,
    ) -> Told {
        let Rendered { head, content, length } = object.render(session.request());
        self.count(outcome, head.status);
        let mut response = Response { status: head.status, fields: head.fields.clone() };
        self.dress(route, session.request(), &mut response, Some(object), outcome, status);
        session.head(&response, length).await?;
        for piece in content {
            session.send(piece).await?;
        }
        session.end().await
    }

    /// Sends an answer of the edge's own.
    pub(super) async fn notify<S: Session>(&self, session: &mut S, notice: Notice) -> Told {
        self.count(notice.outcome, notice.response.status);
        tracing::debug!("{} for {}", notice.reason, session.request().authority);
        let id = RequestId::new(&mut self.random.borrow_mut());
        let said = Said { outcome: notice.outcome, ..Said::default() };
        let location = pop_line(&self.plan.borrow_mut().get().settings.location);
        let mut response = notice.response;
        lines::write(&mut response.fields, &location, &said, id.as_bytes());
        session.head(&response, Some(notice.content.len() as u64)).await?;
        if session.request().method != edgeplane_http::Method::Head {
            session.send(edgeplane_http::Content::Bytes(notice.content)).await?;
        }
        session.end().await
    }

    /// Adds to an answer's head what the edge says of every answer, and what the response headers policy wants.
    pub(super) fn dress(
        &self,
        route: &Route,
        request: &Request,
        response: &mut Response,
        object: Option<&Object>,
        outcome: Outcome,
        status: CacheStatus<'_>,
    ) {
        let now = self.now();
        // The origin has been told the same one.
        let id = &route.id;
        let status = CacheStatus {
            ttl_s: object.map(|object| object.stored.lifetime.ttl_s(now)),
            stored: status.forward.is_some() && object.is_some() && outcome != Outcome::Stale,
            detail: route.decided.get().or(status.detail),
            ..status
        };
        let said =
            Said { outcome, age_s: object.map(|object| age_s(&object.stored.lifetime, now)), status: Some(status) };
        lines::write(&mut response.fields, &route.distribution.lines, &said, id.as_bytes());
        if let Some(withheld) = route.withheld.get().filter(|_| object.is_some()) {
            withheld.iter().for_each(|(name, value)| response.fields.push(name, value));
        }
        if let Some(policy) = &route.behaviour.response_headers {
            policy.apply(request, response);
            if policy.wants_timing(request, &mut self.random.borrow_mut()) {
                response.fields.push("server-timing", server_timing(route, outcome, id.as_str()));
            }
        }
    }
}

/// `Server-Timing` of an answer that begins now.
fn server_timing(route: &Route, outcome: Outcome, request_id: &str) -> String {
    let served = match outcome {
        Outcome::Hit | Outcome::Stale => Served::Hit,
        Outcome::RefreshHit => Served::Refresh,
        _ => Served::Miss,
    };
    let upstream = route.asked.get().filter(|_| served != Served::Hit).map(|timing| {
        let [connected, resolved] = [timing.connect_us.unwrap_or(0), timing.resolve_us];
        Upstream {
            resolved: Duration::from_micros(resolved),
            connected: Duration::from_micros(connected.saturating_sub(resolved)),
            first_octet: Duration::from_micros(timing.first_octet_us.saturating_sub(connected)),
        }
    });
    let (location, first_octet) =
        (&route.distribution.location, route.begun.map_or(Duration::ZERO, |begun| begun.elapsed()));
    ServerTiming { served, location, request_id, upstream, first_octet }.value()
}

impl Desk {
    /// Counts an answer.
    #[inline]
    pub(super) fn count(&self, outcome: Outcome, status: u16) {
        let counters = &self.counters;
        counters.response(status).add(1);
        let result = match outcome {
            Outcome::Hit => &counters.results_hit,
            Outcome::RefreshHit => &counters.results_refresh_hit,
            Outcome::Stale => &counters.results_stale,
            Outcome::Miss => &counters.results_miss,
            Outcome::Error => &counters.results_error,
            Outcome::Redirect => &counters.results_redirect,
            Outcome::Denied => &counters.results_denied,
            Outcome::Limited => &counters.limited,
        };
        result.add(1);
    }

    /// Whether a stored response was invalidated.
    #[inline]
    pub(super) fn is_invalidated(&self, object: &Object) -> bool {
        let invalidated = self.shared.generations.is_invalidated_since(&object.subject.as_kept(), &object.sequence)
            || self.shared.written.covers(&object.subject.mark);
        if invalidated {
            self.counters.invalidated.add(1);
        }
        invalidated
    }
}

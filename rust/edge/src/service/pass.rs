//! What the store has no part in: unsafe methods, content, upgrades. Handed on as it comes, and invalidating what it changes.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use edgeplane_http::{Framing, Method, Request, Response, Session, SessionError};

use super::app::App;
use super::exchange::Told;
use super::route::Route;
use crate::behaviour::Purpose;
use crate::fill::Failure;
use crate::object::Object;
use crate::origin::{Fetched, OriginError, Outgoing, OutgoingSender};
use crate::semantics::{self, Reuse, Target};
use crate::store::generations::Scope;

impl App {
    /// Asks the origin for one client alone. `found` may stand in if the origin fails.
    pub(super) async fn pass<S: Session>(
        &self,
        route: &Route,
        session: &mut S,
        reuse: Reuse,
        found: Option<Arc<Object>>,
    ) -> Told {
        let requested = self.now();
        let request = self.outgoing(route, session.request(), session.connection(), Purpose::Pass);
        let fetched = match self.hand_on(route, request, session).await? {
            Ok(fetched) => fetched,
            Err(error) => return self.failed(session, route, found, Failure::Error(error.into())).await,
        };
        self.invalidate_changed(route, session.request(), &fetched.response).await;
        if session.request().method == Method::Head {
            self.freshen(route, session.request(), &fetched.response, requested);
        }
        self.relay(session, route, fetched, reuse.forward()).await
    }

    async fn hand_on<S: Session>(
        &self,
        route: &Route,
        request: Request,
        session: &mut S,
    ) -> Result<Result<Fetched, OriginError>, SessionError> {
        let length = match session.request().framing {
            Framing::None => return Ok(self.ask(route, request, Outgoing::None).await),
            Framing::Length(length) => Some(length),
            Framing::Chunked => None,
        };
        let (sender, content) = Outgoing::stream(length);
        let asked = self.ask(route, request, content);
        let mut asked = std::pin::pin!(asked);
        tokio::select! {
            // The origin may answer before it has read everything.
            fetched = &mut asked => return Ok(fetched),
            pumped = pump(session, sender) => pumped?,
        }
        Ok(asked.await)
    }

    /// What an unsafe request changed is not served any more (RFC 9111 section 4.4).
    async fn invalidate_changed(&self, route: &Route, request: &Request, response: &Response) {
        if !matches!(route.behaviour.rules, semantics::Rules::Rfc9111(_)) {
            return;
        }
        let changed = semantics::invalidates(request, response.status, &response.fields);
        let scopes: Vec<Scope> = changed.iter().filter_map(|target| Scope::path(&written(target)).ok()).collect();
        if !scopes.is_empty() {
            let (shared, distribution) = (self.shared.clone(), route.distribution.clone());
            let invalidate = move || shared.generations.invalidate(&distribution.id, &scopes);
            // It holds at once; what takes time is that a restart knows of it. A panic was told of when it happened.
            let _ = tokio::task::spawn_blocking(invalidate).await;
        }
    }

    /// A HEAD may bring what is stored for GET up to date, or show that it is no more (RFC 9111 section 4.3.5).
    fn freshen(&self, route: &Route, request: &Request, head: &Response, requested: semantics::Now) {
        let Some(resource) = self.shared.memory.get(&route.key) else { return };
        let Some(object) = resource.select(&request.fields) else { return };
        if object.part().is_some() {
            return;
        }
        let rules = &route.behaviour.rules;
        match semantics::freshen(rules, request, &object.stored, head, requested, self.now()) {
            Some(semantics::Update::Keep(stored)) => {
                let stored = route.kept(stored, Some(&object.stored));
                self.keep(route, &object.renewed(stored, object.sequence.load(Relaxed)).into())
            }
            Some(semantics::Update::UseOnce(..) | semantics::Update::Mismatch) => self.forget(route, object),
            None => {}
        }
    }
}

/// Hands the content of a request on until its end, or until nobody takes it.
async fn pump<S: Session>(session: &mut S, sender: OutgoingSender) -> Result<(), SessionError> {
    while let Some(piece) = session.content().await? {
        if sender.send(piece).await.is_err() {
            return Ok(());
        }
    }
    let _ = sender.end().await;
    Ok(())
}

/// As an invalidation names it.
fn written(target: &Target) -> String {
    match &target.query {
        Some(query) => format!("{}?{query}", target.path),
        None => target.path.clone(),
    }
}

//! What the store has no part in: unsafe methods, content, upgrades. Handed on as it comes, and invalidating what it changes.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use edgeplane_http::{Framing, Method, Request, Response, Session, SessionError};

use super::app::App;
use super::exchange::Told;
use super::interim;
use super::render::Begun;
use super::route::Route;
use crate::behaviour::{Asked, Purpose};
use crate::fill::Failure;
use crate::object::Object;
use crate::origin::{Fetched, OriginError, Outgoing, OutgoingSender};
use crate::semantics::{self, Asker, Reuse, Target};

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
        let mut fetched = match self.hand_on(route, &request, session).await? {
            Ok(fetched) => fetched,
            Err(error) => return self.failed(session, route, found, Failure::Error(error.into())).await,
        };
        self.invalidate_changed(route, session.request(), &fetched.response).await;
        if session.request().method == Method::Head {
            let fill = self.outgoing(route, session.request(), session.connection(), Purpose::Fill);
            let get = Request { method: Method::Get, ..fill };
            self.freshen(route, &get, &fetched, requested);
            self.as_for_get(route, &get, &mut fetched, requested);
        }
        let begun = Begun::whole(std::mem::take(&mut fetched.response), fetched.length);
        self.relay(session, route, fetched, begun, reuse.status()).await
    }

    async fn hand_on<S: Session>(
        &self,
        route: &Route,
        request: &Request,
        session: &mut S,
    ) -> Result<Result<Box<Fetched>, OriginError>, SessionError> {
        let (teller, mut interims) = interim::channel();
        let length = match session.request().framing {
            Framing::None => {
                return interims.until(session, self.ask(route, request, Outgoing::None, Some(&teller))).await;
            }
            Framing::Length(length) => Some(length),
            Framing::Chunked => None,
        };
        let (sender, content) = Outgoing::stream(length);
        let mut pump = Pump(Some(sender));
        let mut asked = pin!(self.ask(route, request, content, Some(&teller)));
        let fetched = loop {
            tokio::select! {
                biased;
                interim = interims.next() => session.interim(&interim).await?,
                // Before the origin hears of it: a request that has come with content that is none is nobody's.
                pumped = pump.step(session), if !pump.is_done() => pumped?,
                // The origin may answer before it has read everything.
                fetched = &mut asked => break fetched,
            }
        };
        interims.rest(session).await?;
        Ok(fetched)
    }

    /// What an unsafe request changed is not served any more (RFC 9111 section 4.4).
    async fn invalidate_changed(&self, route: &Route, request: &Request, response: &Response) {
        if !matches!(route.behaviour.rules, semantics::Rules::Rfc9111(_)) {
            return;
        }
        let changed = semantics::invalidates(request, response.status, &response.fields);
        let uris: Vec<Vec<u8>> = changed.iter().filter_map(|target| uri_of(route, request, target)).collect();
        uris.iter().for_each(|uri| self.shared.written.add(uri));
        if let Some(archive) = self.shared.archive.clone().filter(|_| !uris.is_empty()) {
            // It holds at once; what takes time is that a restart finds nothing of it. A panic was told of when it happened.
            let remove = move || uris.iter().for_each(|uri| archive.remove_uri(uri));
            let _ = tokio::task::spawn_blocking(remove).await;
        }
    }

    /// A HEAD may bring what is stored for GET up to date, or show that it is no more (RFC 9111 section 4.3.5).
    fn freshen(&self, route: &Route, get: &Request, head: &Fetched, requested: semantics::Now) {
        let Some(resource) = self.shared.memory.get(&route.key) else { return };
        let Some(object) = resource.select(&Asker::outgoing(get)) else { return };
        if object.part().is_some() {
            return;
        }
        let (rules, now) = (&route.behaviour.rules, self.now());
        let (kept, said) = ((&object.stored, object.content.len()), (&head.response, head.length));
        match semantics::freshen(rules, get, kept, said, requested, now) {
            Some(semantics::Update::Keep(stored)) => {
                let stored = route.kept(stored, Some(&object.stored));
                self.keep(route, &object.renewed(stored, object.sequence.load(Relaxed)).into())
            }
            Some(semantics::Update::UseOnce(..) | semantics::Update::Mismatch) => self.forget(route, object),
            None => {}
        }
    }
}

/// The content of a request on its way to the origin, until its end, or until nobody takes it.
struct Pump(Option<OutgoingSender>);

impl Pump {
    fn is_done(&self) -> bool {
        self.0.is_none()
    }

    /// Hands the next piece on. A step that is given up has lost nothing: only when there is room for a piece is it taken.
    async fn step<S: Session>(&mut self, session: &mut S) -> Result<(), SessionError> {
        let Some(sender) = &self.0 else { return Ok(()) };
        let Ok(room) = sender.room().await else {
            self.0 = None;
            return Ok(());
        };
        if let Some(piece) = session.content().await? {
            room.put(piece);
        } else {
            room.end();
            self.0 = None;
        }
        Ok(())
    }
}

/// What all keys of a target share; none where it has no behaviour.
fn uri_of(route: &Route, request: &Request, target: &Target) -> Option<Vec<u8>> {
    let (_, behaviour) = route.distribution.behaviour(&target.path)?;
    let asked = if target.path == request.path && target.query == request.query {
        Asked { path: &route.path, query: route.query.as_deref() }
    } else {
        Asked { path: route.distribution.object_path(&target.path), query: target.query.as_deref() }
    };
    let mut uri = Vec::new();
    behaviour.key.write_uri(&route.distribution.id, asked, &mut uri);
    Some(uri)
}

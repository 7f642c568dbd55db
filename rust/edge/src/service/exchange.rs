//! A request that has to wait: for the store, for somebody else's fetch, for an origin.
//!
//! ```text
//! route ─ access ─ stored? ─┬─ Fresh, StaleWhileRevalidate ─────────────► send
//!                           ├─ Validate, Fetch ─ lead or follow a fill ─► send · stream · relay · stale · failed
//!                           ├─ Pass, Upgrade ─ origin ──────────────────► relay · tunnel
//!                           └─ OnlyIfCached ────────────────────────────► 504
//! ```

use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use edgeplane_http::{Content, Method, Request, Session, SessionError};
use tokio::sync::oneshot;

use super::app::App;
use super::aside::Aside;
use super::fetch::Errand;
use super::interim;
use super::lines::Outcome;
use super::notice::Notice;
use super::part::{Asking, range_of};
use super::render::Begun;
use super::route::Route;
use super::watch::Watch;
use crate::behaviour::Purpose;
use crate::course::{Course, asks_as_client};
use crate::fill::{Came, Failure, Fill, Joined, Opening, Piece, Reader, Stage};
use crate::object::{Object, Resource};
use crate::origin::Fetched;
use crate::semantics::{self, CacheStatus, Forward, OriginFailure, Reason, Reuse};

/// How an exchange ended, for counters and logs.
pub type Told = Result<(), SessionError>;

impl App {
    /// Answers one request.
    pub(super) async fn exchange<S: Session>(&self, session: &mut S) {
        self.counters.requests.add(1);
        let session = &mut self.watch(session);
        let admitted = self.admit(session.request(), session.connection());
        let routed = admitted.and_then(|()| self.route(session.request(), session.connection()));
        let told = match self.with_pages(session.request(), &routed) {
            // Boxed, here and below, so that a miss does not carry the room for what is seldom done.
            Some(distribution) => Box::pin(self.answer_with_pages(routed, session, &distribution)).await,
            None => self.answer(routed, session).await,
        };
        if let Err(error) = told {
            tracing::debug!("an answer did not reach its client: {error:?}");
            self.excuse(session, &error).await;
        }
        self.counters.octets_sent.add(session.sent());
        self.settle(session);
    }

    /// Says what was wrong with a request's content, where nothing was said yet.
    async fn excuse<S: Session>(&self, session: &mut Watch<'_, S>, error: &SessionError) {
        let (status, why) = match error {
            SessionError::Malformed(why) => (400, *why),
            SessionError::TooLarge => (413, "the content is too long"),
            SessionError::Slow(why) => (408, *why),
            SessionError::Gone | SessionError::Unsupported(_) => return,
        };
        if session.status == 0 {
            let _ = self.notify(session, Notice::new(status, Outcome::Error, "InvalidRequest", why)).await;
        }
    }

    pub(super) async fn answer<S: Session>(&self, routed: Result<Rc<Route>, Box<Notice>>, session: &mut S) -> Told {
        match routed {
            Ok(route) => self.serve(&route, session).await,
            Err(notice) => {
                // Who asks by a method that nobody knows may be no client of HTTP, and what follows no request.
                if session.request().method.is_extension() {
                    session.close();
                }
                self.notify(session, *notice).await
            }
        }
    }

    pub(super) async fn serve<S: Session>(&self, route: &Rc<Route>, session: &mut S) -> Told {
        if session.request().upgrade.is_some() {
            return Box::pin(self.tunnel(route, session)).await;
        }
        let (rules, now) = (&route.behaviour.rules, self.now());
        let resource = self.shared.memory.get(&route.key);
        let found = self.find(route, session, session.request(), resource.as_deref()).await;
        let reuse = match &found {
            Some(object) => semantics::reuse(rules, session.request(), &object.stored, now),
            None => semantics::miss(rules, session.request()),
        };
        match (reuse, found) {
            (Reuse::Fresh(_), Some(object)) => self.send(session, route, &object, Outcome::Hit, reuse.status()).await,
            (Reuse::StaleWhileRevalidate(_), Some(object)) => {
                if resource.as_deref().is_none_or(|resource| resource.failed_lately(now).is_none()) {
                    let request = self.outgoing(route, session.request(), session.connection(), Purpose::Fill);
                    let method = if request.method == Method::Head { Method::Get } else { request.method };
                    self.revalidate_aside(route, Request { method, ..request }, &object, resource.as_deref());
                }
                self.send(session, route, &object, Outcome::Stale, reuse.status()).await
            }
            (Reuse::OnlyIfCached(_), _) => self.notify(session, Notice::not_cached()).await,
            (Reuse::Validate(_) | Reuse::Fetch(_), found) => {
                let remembered = resource.as_deref();
                let course = remembered.map(|kept| kept.course(rules, session.request(), found.as_deref(), now));
                match (course, &found) {
                    (Some(Course::Stale(reason)), Some(object)) => {
                        let status = CacheStatus { detail: Some(reason), ..CacheStatus::default() };
                        return self.send(session, route, object, Outcome::Stale, status).await;
                    }
                    (Some(Course::Fail(error)), _) => return self.notify(session, Notice::origin(error)).await,
                    _ => {}
                }
                if session.request().method == Method::Head {
                    return Box::pin(self.pass(route, session, reuse, found)).await;
                }
                if found.is_none()
                    && let Some(told) = self.serve_slices(route, session, reuse).await
                {
                    return told;
                }
                self.fetch(route, session, found, resource.as_deref(), reuse).await
            }
            _ => Box::pin(self.pass(route, session, reuse, None)).await,
        }
    }

    /// Why what is stored may be sent in place of an answer that did not come.
    fn stands_in<S: Session>(&self, route: &Route, session: &S, object: &Object) -> Option<Reason> {
        let (rules, failure) = (&route.behaviour.rules, OriginFailure::Disconnected);
        semantics::on_error(rules, session.request(), &object.stored, failure, self.now())
    }

    /// Looks again where another's fetch has ended since this was looked up: then its answer is there, and nothing is to be
    /// fetched. Once a request: to look again is worth a try, not more.
    pub(super) fn looks_again(&self, route: &Route, resource: Option<&Resource>) -> bool {
        let now = self.shared.memory.get(&route.key);
        let has_moved = now.as_deref().map(std::ptr::from_ref) != resource.map(std::ptr::from_ref);
        has_moved && !route.looked_again.replace(true)
    }

    fn has_moved_on_from(&self, route: &Route, object: &Arc<Object>) -> bool {
        let now = self.shared.memory.get(&route.key);
        now.is_some_and(|resource| {
            !resource.objects.is_empty() && !resource.objects.iter().any(|stored| Arc::ptr_eq(stored, object))
        })
    }

    fn revalidate_aside(&self, route: &Rc<Route>, request: Request, object: &Arc<Object>, resource: Option<&Resource>) {
        let validates = object.stored.has_validator();
        if let Joined::Leads(lead) = self.join(route, || self.has_moved_on_from(route, object)) {
            let errand = Errand {
                route: route.clone(),
                asking: if validates { Asking::Whole } else { self.asking(resource, Some(object), &request, None) },
                separate_until_ms: resource.map_or(0, |resource| resource.separate_until_ms),
                request,
                found: Some(object.clone()),
                validates,
                own: false,
                range: None,
                sliced: false,
                fill: lead.fill.clone(),
                lead: Some(lead),
                alone: None,
                teller: None,
            };
            tokio::task::spawn_local(errand.run(self.clone()));
        }
    }

    async fn fetch<S: Session>(
        &self,
        route: &Rc<Route>,
        session: &mut S,
        found: Option<Arc<Object>>,
        resource: Option<&Resource>,
        reuse: Reuse,
    ) -> Told {
        let separate = resource.is_some_and(|resource| resource.separate_ms(self.now()) > 0);
        let own = found.is_none() && asks_as_client(&route.behaviour.rules, session.request(), separate);
        let purpose = if own { Purpose::Pass } else { Purpose::Fill };
        let collapses = !separate && !own && semantics::may_collapse(&route.behaviour.rules, session.request());
        let joined = collapses.then(|| self.join(route, || self.looks_again(route, resource)));
        let (fill, lead) = match joined {
            Some(Joined::Follows(fill)) => return self.follow(route, session, found, &fill, reuse).await,
            Some(Joined::LooksAgain) => return Box::pin(self.serve(route, session)).await,
            Some(Joined::Leads(lead)) => (lead.fill.clone(), Some(lead)),
            None => (Arc::new(Fill::new(route.sequence, route.mark.clone())), None),
        };
        let ((alone, given), (teller, mut interims)) = (oneshot::channel(), interim::channel());
        let is_joined = lead.is_some();
        let request = self.outgoing(route, session.request(), session.connection(), purpose);
        let (range, validates) = (range_of(session.request()).filter(|_| !own), matches!(reuse, Reuse::Validate(_)));
        let errand = Errand {
            route: route.clone(),
            asking: match validates || own {
                true => Asking::Whole,
                false => self.asking(resource, found.as_ref(), &request, range.as_ref()),
            },
            separate_until_ms: resource.map_or(0, |resource| resource.separate_until_ms),
            request,
            own,
            found: found.clone(),
            validates,
            range,
            sliced: false,
            fill: fill.clone(),
            lead,
            alone: Some(alone),
            teller: Some(teller),
        };
        let stage = if is_joined {
            tokio::task::spawn_local(errand.run(self.clone()));
            interims.beside(session, fill.opened()).await
        } else {
            let mut errand = Aside::new(|| errand.run(self.clone()));
            let stage = interims.until(session, errand.opened(&fill)).await;
            errand.let_go();
            stage
        };
        self.opened(route, session, found, (stage?, given), reuse).await
    }

    /// Answers who started a fetch, now that it is beyond `Asked`; `given` brings what is for nobody else.
    async fn opened<S: Session>(
        &self,
        route: &Rc<Route>,
        session: &mut S,
        found: Option<Arc<Object>>,
        (stage, given): (Stage, oneshot::Receiver<Box<Fetched>>),
        reuse: Reuse,
    ) -> Told {
        match stage {
            Stage::Private => match given.await {
                Ok(fetched) => self.give(session, route, fetched, reuse.status()).await,
                Err(_) => self.failed(session, route, found, Failure::Lost).await,
            },
            Stage::Streaming(opening) => match opening.first_reader() {
                Some(reader) => self.stream(session, route, &opening, reader, Outcome::Miss, reuse).await,
                None => self.fetch_alone(route, session, found, reuse).await,
            },
            stage => self.settled(route, session, found, stage, reuse, Outcome::Miss).await,
        }
    }

    /// Joins the fetch of a route's key, unless it began before an invalidation that covers what it brings; leads a new one,
    /// unless who asks `looks_again`.
    pub(super) fn join(&self, route: &Route, looks_again: impl FnOnce() -> bool) -> Joined {
        let generations = &self.shared.generations;
        let is_outdated = |fill: &Fill| {
            self.shared.written.covers(&fill.mark)
                || fill.sequence < route.sequence
                    && (generations.is_invalidated(&route.untagged().as_kept(), fill.sequence)
                        || self.is_outdated(route, &fill.stage()))
        };
        let begun = || Fill::new(generations.sequence(), route.mark.clone());
        self.shared.fills.join(&route.key, begun, is_outdated, looks_again)
    }

    /// Whether what another's fetch brought was invalidated before this request came.
    pub(super) fn is_outdated(&self, route: &Route, stage: &Stage) -> bool {
        let object = match stage {
            Stage::Streaming(opening) => &opening.object,
            Stage::Done(object, _) => object,
            Stage::Asked | Stage::Private | Stage::Failed(_) => return false,
        };
        object.sequence.load(Relaxed) < route.sequence && self.is_invalidated(object)
    }

    /// Waits for another request's fetch.
    async fn follow<S: Session>(
        &self,
        route: &Rc<Route>,
        session: &mut S,
        found: Option<Arc<Object>>,
        fill: &Fill,
        reuse: Reuse,
    ) -> Told {
        self.counters.fills_collapsed.add(1);
        let stage = tokio::select! {
            stage = fill.opened() => stage,
            () = session.gone() => return Err(SessionError::Gone),
        };
        match stage {
            // Its tags were not known when this request joined. The next fetch begins after this request came.
            stage if self.is_outdated(route, &stage) => Box::pin(self.serve(route, session)).await,
            Stage::Streaming(opening)
                if self.is_for(route, session, session.request(), |asker| opening.serves(asker)) =>
            {
                match opening.body.reader() {
                    Some(reader) => self.stream(session, route, &opening, reader, Outcome::Hit, reuse).await,
                    None => self.fetch_alone(route, session, found, reuse).await,
                }
            }
            Stage::Streaming(_) | Stage::Private => self.fetch_alone(route, session, found, reuse).await,
            stage => self.settled(route, session, found, stage, reuse, Outcome::Hit).await,
        }
    }

    /// A fetch that nobody else may join.
    async fn fetch_alone<S: Session>(
        &self,
        route: &Rc<Route>,
        session: &mut S,
        found: Option<Arc<Object>>,
        reuse: Reuse,
    ) -> Told {
        let kept = self.shared.memory.get(&route.key);
        let kept = kept.map(|resource| Resource::clone(&resource)).unwrap_or_default();
        let separate = Resource { separate_until_ms: u64::MAX, ..kept };
        Box::pin(self.fetch(route, session, found, Some(&separate), reuse)).await
    }

    async fn settled<S: Session>(
        &self,
        route: &Rc<Route>,
        session: &mut S,
        found: Option<Arc<Object>>,
        stage: Stage,
        reuse: Reuse,
        fetched: Outcome,
    ) -> Told {
        match stage {
            // Who asked gets the answer to what was asked, whatever it says of others.
            Stage::Done(object, came)
                if fetched == Outcome::Miss
                    || self.is_for(route, session, session.request(), |asker| came.serves(&object, asker)) =>
            {
                let (outcome, forward_status) = match came {
                    Came::Fetched => (fetched, None),
                    Came::Confirmed | Came::ConfirmedOnce => (Outcome::RefreshHit, Some(304)),
                    Came::Stale => (Outcome::Stale, None),
                };
                let status = CacheStatus { forward_status, collapsed: fetched == Outcome::Hit, ..reuse.status() };
                self.send(session, route, &object, outcome, status).await
            }
            Stage::Done(..) => self.fetch_alone(route, session, found, reuse).await,
            Stage::Failed(failure) => self.failed(session, route, found, failure).await,
            Stage::Asked | Stage::Streaming(_) | Stage::Private => {
                self.failed(session, route, found, Failure::Lost).await
            }
        }
    }

    /// The origin failed: what is stored, where that is allowed, else its failure in our words.
    pub(super) async fn failed<S: Session>(
        &self,
        session: &mut S,
        route: &Route,
        found: Option<Arc<Object>>,
        failure: Failure,
    ) -> Told {
        let stands_in = found.and_then(|object| Some((self.stands_in(route, session, &object)?, object)));
        if let Some((reason, object)) = stands_in {
            let status = CacheStatus { forward: Some(Forward::Stale), detail: Some(reason), ..CacheStatus::default() };
            return self.send(session, route, &object, Outcome::Stale, status).await;
        }
        let notice = match failure {
            Failure::Error(error) => Notice::origin(&error),
            Failure::Lost => Notice::new(502, Outcome::Error, "OriginError", "the fetch ended without an answer"),
        };
        self.notify(session, notice).await
    }

    /// Sends content while it comes.
    async fn stream<S: Session>(
        &self,
        session: &mut S,
        route: &Route,
        opening: &Opening,
        reader: Reader,
        outcome: Outcome,
        reuse: Reuse,
    ) -> Told {
        self.count(outcome, opening.object.stored.status);
        let Begun { mut response, length, octets } =
            Begun::new(session.request(), &opening.object.stored, opening.length);
        let status = CacheStatus { collapsed: outcome == Outcome::Hit, ..reuse.status() };
        self.dress(route, session.request(), &mut response, Some(&opening.object), outcome, status);
        session.head(&response, length).await?;
        let mut at = octets.start;
        while at < octets.end {
            match reader.at(at).await {
                Piece::Content(content) => {
                    let length = content.len().min(octets.end - at);
                    session.send(content.slice(0, length)).await?;
                    at += length;
                }
                Piece::End => break,
                Piece::Broken => return Err(SessionError::Gone),
            }
        }
        session.end().await
    }

    /// Makes the client's answer from one that the cache asked for and that nobody else may have.
    async fn give<S: Session>(
        &self,
        session: &mut S,
        route: &Route,
        mut fetched: Box<Fetched>,
        status: CacheStatus<'_>,
    ) -> Told {
        let response = std::mem::take(&mut fetched.response);
        let begun = Begun::given(session.request(), response, fetched.length, self.now());
        self.relay(session, route, fetched, begun, status).await
    }

    /// Hands an answer of the origin on as it comes: what has `begun` of it.
    pub(super) async fn relay<S: Session>(
        &self,
        session: &mut S,
        route: &Route,
        mut fetched: Box<Fetched>,
        Begun { mut response, length, octets }: Begun,
        status: CacheStatus<'_>,
    ) -> Told {
        self.count(Outcome::Miss, response.status);
        self.dress(route, session.request(), &mut response, None, Outcome::Miss, status);
        session.head(&response, length).await?;
        let mut at = 0;
        while at < octets.end {
            let piece = match fetched.body.next().await {
                Ok(Some(piece)) => piece,
                Ok(None) => break,
                Err(error) => {
                    fetched.tell(&error);
                    return Err(SessionError::Gone);
                }
            };
            let content = Content::Bytes(piece);
            let (length, skipped) = (content.len(), octets.start.saturating_sub(at));
            let wanted = (octets.end - at).min(length).saturating_sub(skipped);
            at += length;
            if wanted == length {
                session.send(content).await?;
            } else if wanted > 0 {
                session.send(content.slice(skipped, wanted)).await?;
            }
        }
        session.end().await
    }
}

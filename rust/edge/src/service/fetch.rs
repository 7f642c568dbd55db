//! A fetch whose answer may be stored: a task of its own, which outlives the request that started it.

use std::borrow::Cow;
use std::rc::Rc;
use std::sync::{Arc, Mutex};

use edgeplane_http::{Content, Fields, Request};
use tokio::sync::oneshot;

use super::app::App;
use super::interim::Teller;
use super::part::{Asking, is_of_a_range};
use super::route::Route;
use super::sink::Sink;
use crate::fill::{Came, Failure, Fill, Growing, Lead, Opening, Stage};
use crate::limits::SEPARATE_MS;
use crate::object::{Failed, Object, Resource};
use crate::origin::{Fetched, Interim, OriginError, Outgoing};
use crate::semantics::{self, Now, OriginFailure, Stored, Storing, Update};
use crate::shared::small;

/// A fetch before it begins.
pub struct Errand {
    /// What is fetched.
    pub route: Rc<Route>,
    /// What the origin is asked, without conditions unless they are the client's own.
    pub request: Request,
    /// Whether it has the client's own range and conditions: only a 200 to them is for anybody else.
    pub own: bool,
    /// What is stored, and is to be confirmed or replaced.
    pub found: Option<Arc<Object>>,
    /// Whether the origin is asked if it still holds.
    pub validates: bool,
    /// `Range` and `If-Range` of the client that asked, or of the slice that is fetched.
    pub range: Option<Fields>,
    /// Which range is asked for first.
    pub asking: Asking,
    /// Until when it is known that nobody waits for an answer to this key, as `Resource` has it.
    pub separate_until_ms: u64,
    /// Whether a slice is fetched: that range, and nothing else.
    pub sliced: bool,
    /// Whom to tell.
    pub fill: Arc<Fill>,
    /// The key's place among the fetches under way; none where nobody may join.
    pub lead: Option<Lead>,
    /// Who gets an answer that cannot be shared.
    pub alone: Option<oneshot::Sender<Box<Fetched>>>,
    /// Who gets interim responses.
    pub teller: Option<Teller>,
}

impl Errand {
    /// Does it. The fill always moves on, whatever happens. No `async fn`, whose future would hold all of this twice.
    #[expect(clippy::manual_async_fn)]
    pub fn run(mut self, app: App) -> impl Future<Output = ()> {
        async move {
            let _ended = Ended(self.fill.clone());
            app.counters.fills.add(1);
            let mut asking = std::mem::replace(&mut self.asking, Asking::Whole);
            while let Some(next) = self.step(&app, asking).await {
                asking = next;
            }
        }
    }

    /// Asks the origin once; what is to be asked next, if anything.
    async fn step(&mut self, app: &App, asking: Asking) -> Option<Asking> {
        let request = self.conditional(app, &asking);
        let (sequence, requested) = (app.shared.generations.sequence(), app.now());
        let asked = app.ask(&self.route, &request, Outgoing::None, self.teller.as_ref()).await;
        drop(request);
        let next = match asked {
            Err(error) => {
                self.failed(app, error);
                return None;
            }
            Ok(fetched) => match self.received(app, fetched, &asking, sequence, requested).await {
                Step::Done => return None,
                Step::Again(next) => next,
            },
        };
        self.validates = false;
        Some(self.range.clone().filter(|_| self.sliced).map_or(next, Asking::Clients))
    }

    /// What the origin is asked, with conditions and a range where they belong to it.
    fn conditional(&self, app: &App, asking: &Asking) -> Cow<'_, Request> {
        let mut request = Cow::Borrowed(&self.request);
        if let Some(found) = self.found.as_ref().filter(|_| self.validates) {
            app.counters.revalidations.add(1);
            let fields = &mut request.to_mut().fields;
            semantics::conditions(&found.stored).iter().for_each(|(name, value)| fields.set(name, value));
        }
        if let Some(range) = asking.fields() {
            let fields = &mut request.to_mut().fields;
            range.iter().for_each(|(name, value)| fields.push(name, value));
        }
        request
    }

    fn failed(&self, app: &App, error: OriginError) {
        let error = Arc::new(error);
        app.remember_failure(&self.route, OriginFailure::Disconnected, Some(&error));
        self.fill.advance(Stage::Failed(Failure::Error(error)));
    }

    async fn received(
        &mut self,
        app: &App,
        fetched: Box<Fetched>,
        asking: &Asking,
        sequence: u64,
        requested: Now,
    ) -> Step {
        let (received, status) = (app.now(), fetched.response.status);
        if self.validates && status == 304 {
            return self.not_modified(app, &fetched, sequence, requested);
        }
        if self.stand_in(app, status, received) {
            return Step::Done;
        }
        if matches!(asking, Asking::Rest(..)) && is_of_a_range(status) {
            // Boxed, here and below, so that an answer that is given away does not carry the room for storing one.
            return Box::pin(self.complete(app, fetched, asking, sequence, requested)).await;
        }
        if self.sliced && status != 206 {
            self.give_away(app, fetched, received);
            return Step::Done;
        }
        self.answered(app, fetched, sequence, (requested, received)).await
    }

    /// An answer that neither confirms nor completes what is stored: stored itself, or given to who asked.
    async fn answered(&mut self, app: &App, fetched: Box<Fetched>, sequence: u64, times: (Now, Now)) -> Step {
        let ((requested, received), status) = (times, fetched.response.status);
        let storing =
            semantics::store(&self.route.behaviour.rules, &self.request, &fetched.response, requested, received);
        self.route.decided.set(storing.refusal());
        if self.own && status != 200 {
            self.hand_over(fetched);
            return Step::Done;
        }
        // Whether those who wait may have it: not what each of them would have to validate anew.
        let shared = storing.serves_waiters(received);
        if let Some(stored) = storing.stored() {
            let _ = self.route.withheld.set(semantics::withheld(&stored.fields, &fetched.response.fields));
        }
        match storing {
            Storing::Whole(stored) if Sink::takes(app, fetched.length) => {
                let mut stored = self.route.kept(stored, None);
                match self.coding(app, fetched.length, &mut stored, shared) {
                    Some(place) => Box::pin(self.encode(app, fetched, stored, sequence, place)).await,
                    None => Box::pin(self.stream(app, fetched, stored, sequence, shared)).await,
                }
            }
            Storing::Whole(_) | Storing::Not(_)
                if status == 200 && self.range.is_some() && !Sink::takes(app, fetched.length) =>
            {
                // Too long to be kept: of such a response nobody is sent more than was asked for.
                self.supersede(app, status);
                if let Some(range) = self.range.take() {
                    return Step::Again(Asking::Clients(range));
                }
            }
            Storing::Partial(stored, part) if app.keeps_part(&part, fetched.length) => {
                let stored = self.route.kept(stored, None);
                Box::pin(self.stream(app, fetched, stored, sequence, false)).await;
            }
            _ => self.give_away(app, fetched, received),
        }
        Step::Done
    }

    /// Confirms what was found.
    fn not_modified(&self, app: &App, fetched: &Fetched, sequence: u64, requested: Now) -> Step {
        let (Some(found), rules) = (&self.found, &self.route.behaviour.rules) else {
            return Step::Again(Asking::Whole);
        };
        let news = &fetched.response;
        let update = semantics::update(rules, &self.request, &found.stored, news, requested, app.now());
        if let Some(stored) = update.stored() {
            let _ = self.route.withheld.set(semantics::withheld_cookies(&stored.fields, &news.fields));
        }
        self.confirmed(app, update, sequence)
    }

    /// Gives what was found to those who wait, where it may stand in for an origin that failed; tells whether.
    fn stand_in(&self, app: &App, status: u16, now: Now) -> bool {
        let (Some(found), failure) = (&self.found, OriginFailure::Status(status)) else { return false };
        let stands_in = semantics::on_error(&self.route.behaviour.rules, &self.request, &found.stored, failure, now);
        if !failure.is_error() || stands_in.is_none() {
            return false;
        }
        self.route.decided.set(stands_in);
        app.remember_failure(&self.route, failure, None);
        self.fill.advance(Stage::Done(found.clone(), Came::Stale));
        true
    }

    /// Puts a stored part and what was missing together; where they do not fit, all is asked for.
    async fn complete(
        &mut self,
        app: &App,
        mut fetched: Box<Fetched>,
        asking: &Asking,
        sequence: u64,
        requested: Now,
    ) -> Step {
        let (rules, times) = (&self.route.behaviour.rules, (requested, app.now()));
        let whole = asking.completed(rules, &self.request, &fetched.response, times);
        let Some((stored, body)) = whole else { return Step::Again(Asking::Whole) };
        let stored = self.route.kept(stored, None);
        if read_whole(app, &mut fetched, &body).await.is_err() {
            return Step::Again(Asking::Whole);
        }
        let subject = Arc::new(self.route.subject(&fetched.response.fields));
        let object = Arc::new(Object::new(stored, body.finish(), asking.sequence(sequence), subject));
        app.counters.fills_stored.add(1);
        app.keep(&self.route, &object);
        self.fill.advance(Stage::Done(object, Came::Fetched));
        Step::Done
    }

    fn confirmed(&self, app: &App, update: Update, sequence: u64) -> Step {
        let Some(found) = &self.found else { return Step::Again(Asking::Whole) };
        match update {
            Update::Keep(stored) => {
                let stored = self.route.kept(stored, Some(&found.stored));
                let object = Arc::new(found.renewed(stored, sequence));
                app.keep(&self.route, &object);
                self.part_from_others(app, &object);
                self.fill.advance(Stage::Done(object, Came::Confirmed));
                Step::Done
            }
            Update::UseOnce(stored, _) => {
                app.forget(&self.route, found);
                self.fill.advance(Stage::Done(Arc::new(found.renewed(stored, sequence)), Came::ConfirmedOnce));
                Step::Done
            }
            Update::Mismatch => Step::Again(Asking::Whole),
        }
    }

    /// Hands a whole answer that is not stored to the client that asked; the others are told to ask for themselves.
    pub(super) fn give_away(&mut self, app: &App, fetched: Box<Fetched>, now: Now) {
        // A key that is asked for all the time is written down once in half of the time, not at every answer.
        if self.separate_until_ms.saturating_sub(now.monotonic_ms) <= SEPARATE_MS.default / 2 {
            self.remember_separate(app, now);
        }
        self.supersede(app, fetched.response.status);
        self.hand_over(fetched);
    }

    /// What was found has no claim any more to be the answer, now that another came.
    fn supersede(&self, app: &App, status: u16) {
        let is_whole = semantics::supersedes(status) || (self.sliced && status == 206);
        if let Some(found) = self.found.as_ref().filter(|_| is_whole) {
            app.forget(&self.route, found);
        }
    }

    fn hand_over(&mut self, fetched: Box<Fetched>) {
        self.lead = None;
        self.fill.advance(Stage::Private);
        if let Some(alone) = self.alone.take() {
            let _ = alone.send(fetched);
        }
    }

    /// Has nobody wait, for a while, for what each has to validate; slices are asked for one by one as it is. To be said each
    /// time, since what is stored anew has forgotten it.
    pub(super) fn part_from_others(&self, app: &App, object: &Object) {
        let lifetime = &object.stored.lifetime;
        if !self.sliced && !semantics::is_plainly_fresh(lifetime, lifetime.received) {
            self.remember_separate(app, lifetime.received);
        }
    }

    fn remember_separate(&self, app: &App, now: Now) {
        let separate_until_ms = now.monotonic_ms + SEPARATE_MS.default;
        app.change(&self.route, |before| Some(Resource { separate_until_ms, ..before }));
    }

    async fn stream(&mut self, app: &App, mut fetched: Box<Fetched>, stored: Stored, sequence: u64, shared: bool) {
        let Some((sink, body)) = Sink::open(app, &self.route, &stored.vary, fetched.length).await else {
            return self.give_away(app, fetched, app.now());
        };
        let subject = Arc::new(self.route.subject(&fetched.response.fields));
        let object = Arc::new(Object::new(stored, Content::None, sequence, subject));
        let first = Mutex::new(self.alone.as_ref().and_then(|_| body.reader()));
        let opening = Opening { object: object.clone(), body: body.clone(), length: fetched.length, shared, first };
        let opening = Arc::new(opening);
        self.fill.advance(Stage::Streaming(opening.clone()));
        match self.read(app, &mut fetched, &opening, sink).await {
            Ok(sink) => match sink.close(app, &self.route, &object, &body).await {
                Some((content, on_disk)) => {
                    let object = Arc::new(object.with_content(content));
                    app.counters.fills_stored.add(1);
                    match on_disk {
                        true => app.keep_in_memory(&self.route, &object),
                        false => app.keep(&self.route, &object),
                    }
                    self.part_from_others(app, &object);
                    self.fill.advance(Stage::Done(object, Came::Fetched));
                }
                None => {
                    self.supersede(app, object.stored.status);
                    self.lead = None;
                }
            },
            Err(error) => {
                app.counters.fills_broken.add(1);
                fetched.tell(&error);
                self.lead = None;
                body.break_off();
            }
        }
    }

    async fn read(
        &mut self,
        app: &App,
        fetched: &mut Fetched,
        opening: &Opening,
        mut sink: Sink,
    ) -> Result<Sink, String> {
        while let Some(piece) = fetched.body.next().await.map_err(|error| error.to_string())? {
            sink = sink.take(app, &self.route, opening, piece).await?;
            if let Sink::Passing(piece, _) = &mut sink {
                self.lead = None;
                self.wait_for_readers(opening).await?;
                opening.body.pass(std::mem::take(piece));
            }
        }
        Ok(sink)
    }

    /// Until those who read have room for more. Who started the fetch counts from the first moment, until it is gone.
    async fn wait_for_readers(&mut self, opening: &Opening) -> Result<(), String> {
        let room = loop {
            tokio::select! {
                room = opening.body.has_room() => break room,
                () = gone(&mut self.alone) => drop(crate::lock(&opening.first).take()),
            }
            self.alone = None;
        };
        room.then_some(()).ok_or_else(|| "nobody reads an answer that is too long to be kept".to_owned())
    }
}

/// Reads content that memory holds and that nobody reads yet.
pub(super) async fn read_whole(app: &App, fetched: &mut Fetched, body: &Growing) -> Result<(), String> {
    let most = small(&app.shared.memory);
    while let Some(piece) = fetched.body.next().await.map_err(|error| error.to_string())? {
        body.push(piece).map_err(|error| format!("no room for an answer under way: {error}"))?;
        if body.len() > most {
            return Err(format!("an answer is longer than {most} octets"));
        }
    }
    Ok(())
}

/// Waits for the one who started a fetch to go away.
async fn gone(alone: &mut Option<oneshot::Sender<Box<Fetched>>>) {
    match alone {
        Some(alone) => alone.closed().await,
        None => std::future::pending().await,
    }
}

enum Step {
    Done,
    Again(Asking),
}

/// Tells those who wait when a fetch ends without a word, which only a panic brings about.
struct Ended(Arc<Fill>);

impl Drop for Ended {
    fn drop(&mut self) {
        self.0.end();
    }
}

impl App {
    /// Asks the origin, or the origins of the group, that a route leads to.
    pub(super) async fn ask(
        &self,
        route: &Route,
        request: &Request,
        content: Outgoing,
        teller: Option<&Teller>,
    ) -> Result<Box<Fetched>, OriginError> {
        let mut tell = teller.map(|teller| {
            move |response| {
                self.counters.interim_responses.add(1);
                teller.tell(response);
            }
        });
        let interim = tell.as_mut().map(|tell| tell as Interim<'_>);
        let asked = route.ask(&self.origins, request, content, interim).await;
        // Counted afterwards: a request whose content breaks off on the way is given up, and is none.
        let handed_on = asked.as_ref().err().is_none_or(OriginError::was_asked).into();
        let (errors, microseconds) = match &asked {
            Ok(fetched) => {
                route.asked.set(Some(fetched.timing));
                (0, fetched.timing.first_octet_us)
            }
            Err(_) => (1, 0),
        };
        self.counters.origin_requests.add(handed_on);
        self.counters.origin_errors.add(errors);
        self.counters.origin_microseconds.add(microseconds);
        self.with_account(route.account, |account| {
            account.origin_requests.add(handed_on);
            account.origin_errors.add(errors);
            account.origin_microseconds.add(microseconds);
        });
        asked
    }

    /// Stores an object under a route's key, in place of the variant that it answers for. What was invalidated on its way
    /// takes nobody's place.
    pub(super) fn keep(&self, route: &Route, object: &Arc<Object>) {
        if self.is_invalidated(object) {
            return;
        }
        self.keep_on_disk(route, object);
        self.keep_in_memory(route, object);
    }

    fn keep_in_memory(&self, route: &Route, object: &Arc<Object>) {
        if self.is_invalidated(object) {
            return;
        }
        if object.content.len() > small(&self.shared.memory) {
            self.shared.memory.remove(&route.key);
            return;
        }
        self.change(route, |before| Some(before.with(object.clone())));
    }

    /// Takes an object out.
    pub(super) fn forget(&self, route: &Route, object: &Arc<Object>) {
        self.forget_on_disk(route, object);
        self.change(route, |before| before.has(object).then(|| before.without(object)));
    }

    /// `error`: what failed where no response came. An open breaker is not remembered: it answers by itself.
    fn remember_failure(&self, route: &Route, failure: OriginFailure, error: Option<&Arc<OriginError>>) {
        let status = error.map_or(failure, |error| OriginFailure::Status(error.status()));
        let seconds = semantics::error_ttl_s(&route.behaviour.rules, status);
        if seconds == 0 || matches!(error.map(|error| &**error), Some(OriginError::BreakerOpen)) {
            return;
        }
        let until_ms = self.now().monotonic_ms + seconds.saturating_mul(1_000);
        let failed = Failed { failure, error: error.cloned(), until_ms };
        self.change(route, |before| Some(Resource { failed: Some(failed), ..before }));
    }

    /// Changes what memory has under a route's key, with no other worker's change in between; none: it stays as it is.
    pub(super) fn change(&self, route: &Route, change: impl FnOnce(Resource) -> Option<Resource>) {
        self.shared.memory.update(route.key.clone(), |before| {
            let changed = change(before.map(|before| Resource::clone(before)).unwrap_or_default())?;
            let weight = changed.weight(route.behaviour.response_headers.as_deref()) as u64;
            Some((Arc::new(changed), weight))
        });
    }
}

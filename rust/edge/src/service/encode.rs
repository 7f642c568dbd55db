//! A fetch whose answer is encoded before it is stored.
//!
//! Nobody gets such an answer before it is whole and encoded, not even the first client: it is short (10 MB at most, and
//! its length is known), comes sooner in fewer octets over most lines, everybody gets the same representation with the
//! same entity tag, and an origin that breaks off shows as an error instead of half an answer.

use std::sync::Arc;

use edgeplane_http::{Fields, Request};

use super::app::App;
use super::fetch::{Errand, read_whole};
use super::route::Route;
use crate::behaviour::Encoding;
use crate::behaviour::forward::is_made_here;
use crate::compress::{self, Place};
use crate::fill::{Came, Failure, Growing, Stage};
use crate::object::Object;
use crate::origin::Fetched;
use crate::semantics::{self, Now, Stored, Storing};
use crate::shared::small;
use crate::store::hold;

impl Errand {
    /// Room for an answer that is to be encoded; marks it as one of which there are several codings. `shared`: it may be
    /// sent from the store.
    pub(super) fn coding(&self, app: &App, length: Option<u64>, stored: &mut Stored, shared: bool) -> Option<Place> {
        let encoding = app.coding(&self.route, stored.status, &mut stored.fields, length, shared)?;
        let place = app.shared.encoders.place(encoding, length?);
        app.counters.encodings_skipped.add(place.is_none().into());
        place
    }

    /// Reads, encodes and stores an answer, then tells all who wait.
    pub(super) async fn encode(
        &mut self,
        app: &App,
        mut fetched: Box<Fetched>,
        mut stored: Stored,
        sequence: u64,
        place: Place,
    ) {
        let body = Growing::new(fetched.length, small(&app.shared.memory));
        let subject = Arc::new(self.route.subject(&fetched.response.fields));
        if let Err(error) = read_whole(app, &mut fetched, &body).await {
            app.counters.fills_broken.add(1);
            fetched.tell(&error);
            self.lead = None;
            return self.fill.advance(Stage::Failed(Failure::Lost));
        }
        let (mut content, encoding) = (body.finish(), place.encoding());
        if let Some(encoded) = place.encode(content.clone()).await {
            app.counters.encodings.add(1);
            compress::relabel(&mut stored.fields, encoding);
            content = hold(&[encoded]);
        }
        let object = Arc::new(Object::new(stored, content, sequence, subject));
        app.counters.fills_stored.add(1);
        app.keep(&self.route, &object);
        self.part_from_others(app, &object);
        self.fill.advance(Stage::Done(object, Came::Fetched));
    }
}

impl App {
    /// The coding in which an answer is stored, if it is encoded at all; marks it as one of which there are several.
    fn coding(
        &self,
        route: &Route,
        status: u16,
        fields: &mut Fields,
        length: Option<u64>,
        shared: bool,
    ) -> Option<Encoding> {
        let short = length.unwrap_or(0) <= small(&self.shared.memory);
        if !(route.behaviour.compress && shared && short && compress::is_suitable(status, fields, length)) {
            return None;
        }
        compress::add_vary(fields);
        Some(route.encodings.best()).filter(|&best| best != Encoding::Identity)
    }

    /// Makes of the answer to a HEAD that is handed on what `get` would be answered: encoded, and then without a length, which
    /// would be known once the content is there (RFC 9110 sections 8.6 and 9.3.2).
    pub(super) fn as_for_get(&self, route: &Route, get: &Request, fetched: &mut Fetched, requested: Now) {
        let (now, status) = (self.now(), fetched.response.status);
        let storing = semantics::store(&route.behaviour.rules, get, &fetched.response, requested, now);
        let shared = matches!(storing, Storing::Whole(_)) && storing.serves_waiters(now);
        let fields = &mut fetched.response.fields;
        if let Some(encoding) = self.coding(route, status, fields, fetched.length, shared) {
            compress::relabel(fields, encoding);
            fetched.length = None;
        }
    }
}

impl Route {
    /// A decision about an answer, as it is kept under the key. Nothing tells variants apart that stands whole in the key, or
    /// that no origin learns of a client; nor what a client writes where the edge tells the origin something of its own. An
    /// answer that names `Accept-Encoding` in `Vary` goes on to do so when a 304 brought it up to date.
    pub(super) fn kept(&self, mut stored: Stored, before: Option<&Stored>) -> Stored {
        if before.is_some_and(|before| compress::has_vary(&before.fields)) {
            compress::add_vary(&mut stored.fields);
        }
        let (key, forward) = (&self.behaviour.key, &self.behaviour.forward);
        let is_keyed = |name: &str| match name {
            "accept-encoding" => !forward.hands_on_codings() || key.has_header(name),
            "cookie" => key.cookies == forward.cookies,
            _ => key.has_header(name),
        };
        stored.vary.ignore(|name| is_keyed(name) || forward.is_kept_from_origins(name));
        stored.vary.make(is_made_here);
        stored
    }
}

//! One worker's answers.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use edgeplane_base::Reader;
use edgeplane_base::clock::Clock;
use edgeplane_base::random::Random;
use edgeplane_http::service::Sent;
use edgeplane_http::{Connection, Reply, Request, Service, Session};
use edgeplane_net::clock::CoarseClock;

use super::ledger::Ledger;
use crate::access::Remembered;
use crate::metrics::Counters;
use crate::origin::Origins;
use crate::plan::Plan;
use crate::semantics::Now;
use crate::shared::Shared;

/// One worker's answers. Cheap to clone: a fetch that outlives its request keeps one.
#[derive(Clone)]
pub struct App(Rc<Desk>);

/// What a worker has at hand.
pub struct Desk {
    /// What all workers share.
    pub shared: Arc<Shared>,
    /// Connections to origins.
    pub origins: Origins,
    /// This worker's counters.
    pub counters: Arc<Counters>,
    pub(super) plan: RefCell<Reader<Plan>>,
    pub(super) key: RefCell<Vec<u8>>,
    pub(super) remembered: RefCell<Remembered>,
    pub(super) random: RefCell<Random>,
    pub(super) ledger: RefCell<Ledger>,
}

impl App {
    /// For one worker; to be made inside its `LocalSet`.
    pub fn new(shared: Arc<Shared>, counters: Arc<Counters>) -> Self {
        let origins = Origins::new(shared.origins.clone());
        shared.counters.enlist_origins(origins.counters().clone());
        let plan = RefCell::new(Reader::new(shared.plan.clone()));
        let (key, random) = (RefCell::default(), RefCell::new(Random::from_process()));
        let (remembered, ledger) = (RefCell::default(), RefCell::default());
        Self(Rc::new(Desk { shared, origins, counters, plan, key, random, remembered, ledger }))
    }
}

impl std::ops::Deref for App {
    type Target = Desk;

    fn deref(&self) -> &Desk {
        &self.0
    }
}

impl Desk {
    /// Follows the plan of now, as the next request would.
    pub fn follow(&self) {
        self.ledger.borrow_mut().follow(&self.shared, self.plan.borrow_mut().get());
    }

    /// The moment of a decision.
    pub fn now(&self) -> Now {
        Now { monotonic_ms: CoarseClock.monotonic_ms(), wall_s: CoarseClock.wall_ms() / 1000 }
    }
}

impl Service for App {
    #[inline]
    fn ready(&self, request: &Request, connection: &Connection, reply: &mut Reply) {
        self.hit(request, connection, reply);
    }

    fn sent(&self, request: &Request, connection: &Connection, reply: &Reply, sent: Sent) {
        self.told(request, connection, reply, sent);
    }

    async fn handle<S: Session>(&self, session: &mut S) {
        self.exchange(session).await;
    }

    fn refused(&self, connection: &Connection, status: u16, why: &'static str) {
        self.write_refused(connection, status, why);
        self.counters.requests_refused.add(1);
        self.counters.response(status).add(1);
    }
}

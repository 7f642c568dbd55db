//! What is counted for distributions and written into the access log.

use std::time::Instant;

use edgeplane_base::clock::Clock;
use edgeplane_http::service::Sent;
use edgeplane_http::{Connection, Reply, Request, Session};
use edgeplane_net::clock::CoarseClock;

use super::app::Desk;
use super::watch::Watch;
use crate::log::{Answer, Entry, Octets, Server, Times};
use crate::metrics::Account;
use crate::plan::{Distribution, Plan};

impl Desk {
    /// When a request was taken up, if it is to be written down.
    #[inline]
    pub(super) fn begin(&self, plan: &Plan) -> Option<Instant> {
        let mut ledger = self.ledger.try_borrow_mut().ok()?;
        ledger.follow(&self.shared, plan);
        let pen = ledger.pen.as_ref()?;
        pen.samples(&mut self.random.borrow_mut()).then(Instant::now)
    }

    /// Counts a hit, and notes in its answer what `told` wants to know.
    #[inline]
    pub(super) fn note(&self, distribution: &Distribution, begun: Option<Instant>, reply: &mut Reply) {
        let ledger = self.ledger.borrow();
        reply.note.number = ledger.number(distribution);
        reply.note.times = begun.map(|begun| (begun, Instant::now()));
        if let Some(account) = ledger.account(reply.note.number) {
            account.requests.add(1);
            account.hits.add(1);
            account.errors.add(reply.head.as_ref().is_some_and(|head| head.status >= 400).into());
        }
    }

    /// A hit was sent.
    #[inline]
    pub(super) fn told(&self, request: &Request, connection: &Connection, reply: &Reply, sent: Sent) {
        self.counters.octets_sent.add(sent.octets);
        if let Some(account) = self.ledger.borrow().account(reply.note.number) {
            account.octets.add(sent.octets);
        }
        if let Some((begun, answered)) = reply.note.times {
            let octets = Octets { received: 0, sent: sent.octets, complete: sent.complete };
            self.write((request, connection), &Answer::of_reply(reply), (begun, Some(answered)), octets);
        }
    }

    /// Begins to watch a session.
    pub(super) fn watch<'s, S: Session>(&self, session: &'s mut S) -> Watch<'s, S> {
        let begun = self.begin(self.plan.borrow_mut().get());
        Watch::new(session, begun)
    }

    /// Counts what a session came to.
    pub(super) fn settle<S: Session>(&self, watch: &Watch<'_, S>) {
        self.settle_account(watch);
        let Some(times) = watch.times() else { return };
        let octets = Octets { received: watch.received, sent: watch.sent(), complete: watch.complete };
        let answer = watch.head.as_ref().map(|head| Answer::of_response(head, watch.result, watch.length));
        self.write((watch.request(), watch.connection()), &answer.unwrap_or_default(), times, octets);
    }

    fn settle_account<S: Session>(&self, watch: &Watch<'_, S>) {
        self.counters.octets_received.add(watch.received);
        let mut reader = self.plan.borrow_mut();
        let plan = reader.get();
        let Some(distribution) = plan.distribution(watch.request().host()) else {
            return self.counters.requests_unrouted.add(1);
        };
        self.with_account(self.account_of(plan, distribution), |account| {
            account.requests.add(1);
            account.octets.add(watch.sent());
            account.errors.add((watch.status >= 400).into());
            account.hits.add(watch.is_hit().into());
            account.misses.add(watch.is_miss().into());
        });
    }

    /// The number of the account of one of a plan's distributions.
    pub(super) fn account_of(&self, plan: &Plan, distribution: &Distribution) -> usize {
        let mut ledger = self.ledger.borrow_mut();
        ledger.follow(&self.shared, plan);
        ledger.number(distribution)
    }

    /// Changes the account with a number.
    pub(super) fn with_account(&self, number: usize, change: impl FnOnce(&Account)) {
        if let Some(account) = self.ledger.borrow().account(number) {
            change(account);
        }
    }

    fn write(
        &self,
        asked: (&Request, &Connection),
        answer: &Answer<'_>,
        (begun, answered): (Instant, Option<Instant>),
        octets: Octets,
    ) {
        let times = Times { begun, answered, ended: Instant::now(), ended_ms: CoarseClock.wall_ms() };
        let mut reader = self.plan.borrow_mut();
        let distribution = reader.get().distribution(asked.0.host());
        let server = distribution.map(|found| Server {
            id: &found.id,
            domain_name: &found.domain_name,
            cookies: found.log_cookies,
        });
        self.put_down(|| Entry::new(asked, server.unwrap_or_default(), answer, times, octets));
    }

    /// Writes down what was no request.
    pub(super) fn write_refused(&self, connection: &Connection, status: u16, why: &str) {
        if self.begin(self.plan.borrow_mut().get()).is_some() {
            self.put_down(|| Entry::refused(connection, status, why.as_bytes(), CoarseClock.wall_ms()));
        }
    }

    fn put_down(&self, entry: impl FnOnce() -> Entry) {
        let ledger = self.ledger.borrow();
        let Some(pen) = &ledger.pen else { return };
        if !pen.write(entry()) {
            self.counters.access_log_dropped.add(1);
        }
    }
}

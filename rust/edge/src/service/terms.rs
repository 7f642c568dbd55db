//! On what terms a worker serves connections: limits of the plan of now for new ones; those that are open keep theirs.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use edgeplane_http::{h1, h2};

use crate::plan::Plan;
use crate::plan::limits::{HEAD_TIMEOUT_S, KEEP_ALIVE_TIMEOUT_S, MINIMUM_RATE, SEND_GRACE_S};

/// One worker's terms. To be used inside its `LocalSet`.
pub struct Terms {
    now: RefCell<Now>,
    /// What connections that began under other plans still use.
    before: RefCell<Vec<Rc<h1::Thread>>>,
    draining: Cell<bool>,
}

struct Now {
    plan: u64,
    settings: h1::Settings,
    http1: Rc<h1::Thread>,
    http2: Rc<h2::Settings>,
}

impl Terms {
    /// Those of a plan.
    pub fn new(plan: &Plan) -> Self {
        let now = RefCell::new(Now::new(plan.serial, settings(plan)));
        Self { now, before: RefCell::default(), draining: Cell::new(false) }
    }

    /// Follows a plan from now on.
    #[inline]
    pub fn follow(&self, plan: &Plan) {
        if self.now.borrow().plan != plan.serial {
            self.change(plan);
        }
    }

    #[cold]
    fn change(&self, plan: &Plan) {
        let (mut now, settings) = (self.now.borrow_mut(), settings(plan));
        now.plan = plan.serial;
        if now.settings == settings {
            return;
        }
        let old = std::mem::replace(&mut *now, Now::new(plan.serial, settings));
        if self.draining.get() {
            now.http1.drain();
        }
        let mut before = self.before.borrow_mut();
        before.retain(|thread| thread.connections() > 0);
        before.push(old.http1);
    }

    /// For a new connection of HTTP/1.1.
    pub fn http1(&self) -> Rc<h1::Thread> {
        self.now.borrow().http1.clone()
    }

    /// For a new connection of HTTP/2, which is a guest at HTTP/1.1's table.
    pub fn http2(&self) -> (Rc<h2::Settings>, h1::Guest) {
        let now = self.now.borrow();
        (now.http2.clone(), now.http1.guest())
    }

    /// Seconds for a request head.
    pub fn head_timeout_s(&self) -> u32 {
        self.now.borrow().settings.head_timeout_s
    }

    /// Connections of HTTP/1.1 end with the answer they wait for.
    pub fn drain(&self) {
        self.draining.set(true);
        self.threads(|thread| thread.drain());
    }

    /// Closes a connection that waits for a request, the one that has waited longest; whether there is one.
    pub fn close_idlest(&self) -> bool {
        self.before.borrow().iter().any(|thread| thread.close_idlest()) || self.http1().close_idlest()
    }

    fn threads(&self, each: impl Fn(&h1::Thread)) {
        self.before.borrow().iter().for_each(|thread| each(thread));
        each(&self.http1());
    }
}

impl Now {
    fn new(plan: u64, settings: h1::Settings) -> Self {
        let http2 = Rc::new(h2::Settings::from(&settings));
        Self { plan, http1: h1::Thread::start(settings.clone()), settings, http2 }
    }
}

fn settings(plan: &Plan) -> h1::Settings {
    let limit = |limit| plan.settings.limit(limit) as u32;
    h1::Settings {
        head_timeout_s: limit(&HEAD_TIMEOUT_S),
        keep_alive_timeout_s: limit(&KEEP_ALIVE_TIMEOUT_S),
        minimum_rate: limit(&MINIMUM_RATE),
        send_grace_s: limit(&SEND_GRACE_S),
        ..h1::Settings::default()
    }
}

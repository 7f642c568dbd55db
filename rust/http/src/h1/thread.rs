//! What the connections of one thread share.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{MissedTickBehavior, interval};

use super::buffer::Buffer;
use super::date::Date;
use super::guest::Guest;
use super::limits::{BENCHES, FIRST_REQUEST_S};
use super::output::Output;
use super::seats::Seats;
use super::settings::Settings;
use crate::{Reply, Request};

/// Settings, buffers, deadlines and the date of one thread's connections.
pub struct Thread {
    pub(super) settings: Settings,
    pub(super) seats: Seats,
    pub(super) date: Date,
    /// In boxes, which move between here and the connections.
    #[allow(clippy::vec_box)]
    benches: RefCell<Vec<Box<Bench>>>,
    draining: Cell<bool>,
    left: Notify,
}

/// What a connection needs while a request is under way.
pub(super) struct Bench {
    pub input: Buffer,
    pub request: Request,
    pub reply: Reply,
    pub output: Output,
    /// Memory of a query, while a request has none.
    pub spare: String,
}

impl Thread {
    /// To be called inside a `LocalSet`, where a task of it looks at the deadlines once a second.
    pub fn start(settings: Settings) -> Rc<Self> {
        let thread = Rc::new(Self {
            settings,
            seats: Seats::new(),
            date: Date::new(),
            benches: RefCell::default(),
            draining: Cell::new(false),
            left: Notify::new(),
        });
        tokio::task::spawn_local(sweep(Rc::downgrade(&thread)));
        thread
    }

    /// From now on answers say `Connection: close`, and connections without a request are closed; one that has just come
    /// may make its first. Requests under way are answered.
    pub fn drain(&self) {
        self.draining.set(true);
        self.seats.wake_idle(FIRST_REQUEST_S.default as u32);
    }

    /// How long a request is waited for, in seconds.
    fn idle_s(&self) -> u32 {
        if self.is_draining() { FIRST_REQUEST_S.default as u32 } else { self.settings.keep_alive_timeout_s }
    }

    /// A seat for a connection of another protocol.
    pub fn guest(self: &Rc<Self>) -> Guest {
        Guest::new(self.clone())
    }

    /// Closes the connection that has waited longest for its next request, guests included; whether there is one. It is
    /// gone once its task ran.
    pub fn close_idlest(&self) -> bool {
        self.seats.end_idlest()
    }

    /// Whether `drain` was called.
    #[inline]
    pub fn is_draining(&self) -> bool {
        self.draining.get()
    }

    /// Open connections.
    pub fn connections(&self) -> usize {
        self.seats.len()
    }

    /// Waits until no connection is open.
    pub async fn drained(&self) {
        while self.connections() > 0 {
            self.left.notified().await;
        }
    }

    /// A connection has given its seat back.
    pub(super) fn one_left(&self) {
        if self.seats.len() == 0 {
            self.left.notify_waiters();
        }
    }

    /// Sets of buffers that wait for a request.
    #[cfg(test)]
    pub(super) fn kept(&self) -> usize {
        self.benches.borrow().len()
    }

    #[inline]
    pub(super) fn take_bench(&self) -> Box<Bench> {
        self.benches.borrow_mut().pop().unwrap_or_else(Bench::new)
    }

    #[inline]
    pub(super) fn give_back(&self, mut bench: Box<Bench>) {
        let mut benches = self.benches.borrow_mut();
        if benches.len() < BENCHES.default as usize && !bench.input.is_wide() {
            bench.reply.clear();
            bench.output.shrink();
            benches.push(bench);
        }
    }
}

impl Bench {
    #[cold]
    fn new() -> Box<Self> {
        let (request, reply) = (Request::default(), Reply::default());
        Box::new(Self { input: Buffer::new(), request, reply, output: Output::new(), spare: String::new() })
    }

    /// Whether nothing of a request is left.
    #[inline]
    pub fn is_idle(&self) -> bool {
        self.input.is_empty() && self.output.is_empty()
    }
}

async fn sweep(thread: Weak<Thread>) {
    let mut second = interval(Duration::from_secs(1));
    // A thread that stood still must not find that its clients did.
    second.set_missed_tick_behavior(MissedTickBehavior::Delay);
    second.tick().await;
    loop {
        second.tick().await;
        let Some(thread) = thread.upgrade() else { return };
        thread.seats.sweep(&thread.settings, thread.idle_s());
    }
}

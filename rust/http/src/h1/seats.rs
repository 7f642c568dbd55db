//! Who waits for its client, for what, since when: one table a thread, swept once a second, so that no request costs a timer.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::task::{Context, Waker};

use super::settings::Settings;

/// What a connection waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wait {
    /// Nothing of its client's: the service is at work.
    Service,
    /// The next request.
    Request,
    /// The next stream, on a connection that counts its time by itself.
    Stream,
    /// The rest of a head.
    Head,
    /// Content of a request.
    Content,
    /// Room for more of an answer.
    Room,
    /// The client to close.
    Close,
}

/// A connection's place in the table.
pub(crate) struct Seat {
    number: usize,
    wait: Cell<Wait>,
    since: Cell<u32>,
    /// Its turn among the waits, more exact than `since`.
    turn: Cell<u64>,
    over: Cell<bool>,
    /// Octets by which the client is ahead of the smallest rate.
    content_ahead: Cell<i64>,
    room_ahead: Cell<i64>,
    waker: RefCell<Option<Waker>>,
}

impl Seat {
    /// Waits from now on; when it takes too long, the task is woken and `is_over` says so.
    #[inline]
    pub fn wait(&self, wait: Wait, seats: &Seats, cx: &Context<'_>) {
        self.set(wait, seats);
        let mut waker = self.waker.borrow_mut();
        if !waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
            *waker = Some(cx.waker().clone());
        }
    }

    /// As `wait`, for what takes no time of the client's.
    #[inline]
    pub fn set(&self, wait: Wait, seats: &Seats) {
        if self.wait.replace(wait) != wait {
            self.since.set(seats.second.get());
            self.turn.set(seats.next_turn());
            self.over.set(false);
        }
    }

    /// Whether what is waited for takes too long.
    #[inline]
    pub fn is_over(&self) -> bool {
        match self.wait.get() {
            Wait::Content => self.content_ahead.get() < 0,
            Wait::Room => self.room_ahead.get() < 0,
            _ => self.over.get(),
        }
    }

    /// A new request or answer: the client may lag as far as allowed.
    pub fn refill(&self, settings: &Settings) {
        self.content_ahead.set(allowance(settings.minimum_rate, settings.content_grace_s));
        self.room_ahead.set(allowance(settings.minimum_rate, settings.send_grace_s));
    }

    /// The client sent so many octets of content.
    pub fn came(&self, octets: usize, settings: &Settings) {
        let most = allowance(settings.minimum_rate, settings.content_grace_s);
        self.content_ahead.set(self.content_ahead.get().saturating_add(octets as i64).min(most));
    }

    /// The client took so many octets of an answer.
    pub fn went(&self, octets: usize, settings: &Settings) {
        let most = allowance(settings.minimum_rate, settings.send_grace_s);
        self.room_ahead.set(self.room_ahead.get().saturating_add(octets as i64).min(most));
    }

    fn wake(&self) {
        if let Some(waker) = &*self.waker.borrow() {
            waker.wake_by_ref();
        }
    }

    /// A second has passed. `idle_s`: how long a request is waited for.
    fn sweep(&self, now: u32, settings: &Settings, idle_s: u32) {
        let waited = now.wrapping_sub(self.since.get());
        let over = match self.wait.get() {
            Wait::Service | Wait::Stream => false,
            Wait::Request => waited > idle_s,
            Wait::Head => waited > settings.head_timeout_s,
            Wait::Close => waited > settings.linger_s,
            Wait::Content => lags(&self.content_ahead, settings),
            Wait::Room => lags(&self.room_ahead, settings),
        };
        if over {
            self.over.set(true);
            self.wake();
        }
    }
}

fn allowance(rate: u32, seconds: u32) -> i64 {
    i64::from(rate) * i64::from(seconds)
}

fn lags(ahead: &Cell<i64>, settings: &Settings) -> bool {
    ahead.set(ahead.get() - i64::from(settings.minimum_rate));
    ahead.get() < 0
}

/// The table.
pub(crate) struct Seats {
    second: Cell<u32>,
    /// Waits begun.
    turns: Cell<u64>,
    taken: RefCell<Vec<Option<Rc<Seat>>>>,
    free: RefCell<Vec<usize>>,
}

impl Seats {
    pub fn new() -> Self {
        Self { second: Cell::new(0), turns: Cell::new(0), taken: RefCell::default(), free: RefCell::default() }
    }

    /// A place for a connection that was just made.
    pub fn take(&self, settings: &Settings) -> Rc<Seat> {
        let mut taken = self.taken.borrow_mut();
        let number = self.free.borrow_mut().pop().unwrap_or(taken.len());
        let seat = Rc::new(Seat {
            number,
            wait: Cell::new(Wait::Request),
            since: Cell::new(self.second.get()),
            turn: Cell::new(self.next_turn()),
            over: Cell::new(false),
            content_ahead: Cell::new(0),
            room_ahead: Cell::new(0),
            waker: RefCell::new(None),
        });
        seat.refill(settings);
        match taken.get_mut(number) {
            Some(place) => *place = Some(seat.clone()),
            None => taken.push(Some(seat.clone())),
        }
        seat
    }

    #[inline]
    fn next_turn(&self) -> u64 {
        self.turns.set(self.turns.get() + 1);
        self.turns.get()
    }

    /// Gives a place back.
    pub fn leave(&self, seat: &Seat) {
        if let Some(place) = self.taken.borrow_mut().get_mut(seat.number) {
            *place = None;
            self.free.borrow_mut().push(seat.number);
        }
    }

    /// How many are taken.
    pub fn len(&self) -> usize {
        self.taken.borrow().len() - self.free.borrow().len()
    }

    /// Wakes all that wait for a request; who has for more than so many seconds, has waited too long.
    pub fn wake_idle(&self, seconds: u32) {
        for seat in self.taken.borrow().iter().flatten().filter(|seat| seat.wait.get() == Wait::Request) {
            seat.over.set(self.second.get().wrapping_sub(seat.since.get()) > seconds);
            seat.wake();
        }
    }

    /// Ends the wait of who has waited longest for a request or a stream; whether there is one.
    pub fn end_idlest(&self) -> bool {
        let taken = self.taken.borrow();
        let idle = |seat: &&Rc<Seat>| matches!(seat.wait.get(), Wait::Request | Wait::Stream) && !seat.over.get();
        let Some(seat) = taken.iter().flatten().filter(idle).min_by_key(|seat| seat.turn.get()) else { return false };
        seat.over.set(true);
        seat.wake();
        true
    }

    /// To be called once a second. `idle_s`: how long a request is waited for.
    pub fn sweep(&self, settings: &Settings, idle_s: u32) {
        self.second.set(self.second.get().wrapping_add(1));
        let now = self.second.get();
        self.taken.borrow().iter().flatten().for_each(|seat| seat.sweep(now, settings, idle_s));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sweep(seats: &Seats, settings: &Settings) {
        seats.sweep(settings, settings.keep_alive_timeout_s);
    }

    fn swept(seats: &Seats, seat: &Seat, settings: &Settings) -> u32 {
        (1..10_000)
            .find(|_| {
                sweep(seats, settings);
                seat.is_over()
            })
            .unwrap()
    }

    #[test]
    fn each_wait_has_its_time() {
        let (seats, settings) = (Seats::new(), Settings::default());
        let seat = seats.take(&settings);
        for (wait, seconds) in
            [(Wait::Request, 61), (Wait::Head, 11), (Wait::Content, 11), (Wait::Room, 31), (Wait::Close, 3)]
        {
            seat.set(wait, &seats);
            assert_eq!(swept(&seats, &seat, &settings), seconds, "{wait:?}");
        }
    }

    #[test]
    fn a_trickle_lags_and_the_smallest_rate_does_not() {
        let (seats, settings) = (Seats::new(), Settings::default());
        let seat = seats.take(&settings);
        for (octets, lags) in [(500, false), (499, true), (1, true)] {
            seat.refill(&settings);
            seat.set(Wait::Service, &seats);
            let over = (0..6_000).any(|_| {
                seat.set(Wait::Content, &seats);
                sweep(&seats, &settings);
                let over = seat.is_over();
                seat.came(octets, &settings);
                seat.set(Wait::Service, &seats);
                over
            });
            assert_eq!(over, lags, "{octets}");
        }
    }

    #[test]
    fn the_idlest_goes_first_and_who_is_served_stays() {
        let (seats, settings) = (Seats::new(), Settings::default());
        let busy = seats.take(&settings);
        busy.set(Wait::Head, &seats);
        let older = seats.take(&settings);
        let newer = seats.take(&settings);
        let over = || [&busy, &older, &newer].map(|seat| seat.is_over());
        assert!(seats.end_idlest());
        assert_eq!(over(), [false, true, false]);
        assert!(seats.end_idlest());
        assert_eq!(over(), [false, true, true]);
        assert!(!seats.end_idlest());
    }

    #[test]
    fn who_waits_for_a_stream_takes_its_turn_and_has_no_time_here() {
        let (seats, settings) = (Seats::new(), Settings::default());
        let first = seats.take(&settings);
        let stream = seats.take(&settings);
        let last = seats.take(&settings);
        stream.set(Wait::Stream, &seats);
        last.set(Wait::Service, &seats);
        last.set(Wait::Request, &seats);
        (0..50).for_each(|_| sweep(&seats, &settings));
        let over = || [&first, &stream, &last].map(|seat| seat.is_over());
        assert!(seats.end_idlest() && seats.end_idlest());
        assert_eq!(over(), [true, true, false]);
        stream.set(Wait::Service, &seats);
        stream.set(Wait::Stream, &seats);
        (0..100).for_each(|_| sweep(&seats, &settings));
        assert_eq!(over(), [true, false, true]);
    }

    #[test]
    fn who_has_just_come_is_waited_for_when_the_others_are_woken() {
        let (seats, settings) = (Seats::new(), Settings::default());
        let old = seats.take(&settings);
        (0..3).for_each(|_| sweep(&seats, &settings));
        let new = seats.take(&settings);
        seats.wake_idle(1);
        assert_eq!([old.is_over(), new.is_over()], [true, false]);
        seats.sweep(&settings, 1);
        seats.sweep(&settings, 1);
        assert!(new.is_over());
    }

    #[test]
    fn places_are_given_again() {
        let (seats, settings) = (Seats::new(), Settings::default());
        let first = seats.take(&settings);
        let second = seats.take(&settings);
        seats.leave(&first);
        assert_eq!((seats.len(), seats.take(&settings).number), (1, 0));
        assert_eq!((seats.len(), second.number), (2, 1));
    }
}

//! A seat for a connection of another protocol, so that who is idle is known to one table, whatever it speaks.

use std::rc::Rc;
use std::task::Context;

use super::seats::{Seat, Wait};
use super::thread::Thread;

/// Counts its time by itself, but leaves when room is to be made and nobody has been idle for longer.
pub struct Guest {
    thread: Rc<Thread>,
    seat: Rc<Seat>,
}

impl Guest {
    /// At work until it says otherwise.
    pub(super) fn new(thread: Rc<Thread>) -> Self {
        let guest = Self { seat: thread.seats.take(&thread.settings), thread };
        guest.works();
        guest
    }

    /// No stream is open from now on; the task is woken when the connection is to leave.
    pub(crate) fn waits(&self, cx: &Context<'_>) {
        self.seat.wait(Wait::Stream, &self.thread.seats, cx);
    }

    /// There is a stream.
    pub(crate) fn works(&self) {
        self.seat.set(Wait::Service, &self.thread.seats);
    }

    /// Whether the connection is to leave.
    pub(crate) fn must_leave(&self) -> bool {
        self.seat.is_over()
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        self.thread.seats.leave(&self.seat);
        self.thread.one_left();
    }
}

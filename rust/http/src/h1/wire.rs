//! A connection: reads requests, answers what can be answered at once, and says what else is to be done.

use std::io;
use std::mem::take;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncWriteExt, ReadBuf};

use super::answer::{self, Persistence};
use super::buffer::Buffer;
use super::head::{self, Head};
use super::io::Io;
use super::output::Output;
use super::refusal::Refusal;
use super::seats::{Seat, Wait};
use super::thread::{Bench, Thread};
use crate::reply::PreparedHead;
use crate::request::{Framing, Request};
use crate::service::Sent;
use crate::{Connection, Fields, Service};

/// A socket, its seat, and buffers while a request is under way.
pub(crate) struct Wire<I: Io> {
    /// None once it was given to a tunnel.
    pub io: Option<I>,
    pub thread: Rc<Thread>,
    seat: Rc<Seat>,
    pub bench: Option<Box<Bench>>,
    /// Whether another request may follow the one that was read last.
    pub keep_alive: bool,
    /// Nothing has come yet.
    is_new: bool,
    /// A request was answered, or is being answered.
    has_served: bool,
    /// An answer of `Service::ready` is in the output, of which the service was not told yet that it went.
    unsettled: Option<u64>,
    /// Whether a write could not be finished, so that the client is being waited for.
    is_stuck: bool,
}

/// What is to be done with a connection.
pub(crate) enum Next {
    /// `bench.request` is for `Service::handle`.
    Handle,
    /// What came is no request.
    Refuse(Refusal),
    /// It ends; `linger`: octets may be on their way that nobody will read.
    Close { linger: bool },
    /// It is broken, or its client too slow.
    Drop,
}

/// What came of looking at the input.
enum Step {
    Answered,
    Starved,
    Next(Next),
}

impl<I: Io> Wire<I> {
    pub fn new(io: I, thread: Rc<Thread>) -> Self {
        let seat = thread.seats.take(&thread.settings);
        Self {
            io: Some(io),
            thread,
            seat,
            bench: None,
            keep_alive: true,
            is_new: true,
            has_served: false,
            unsettled: None,
            is_stuck: false,
        }
    }

    /// Answers requests at once until there is something else to do.
    #[inline]
    pub fn poll_ready<S: Service>(&mut self, connection: &Connection, service: &S, cx: &mut Context<'_>) -> Poll<Next> {
        let mut bench = self.bench.take().unwrap_or_else(|| self.thread.take_bench());
        let next = self.work(&mut bench, connection, service, cx);
        if next.is_pending() && bench.is_idle() {
            self.thread.give_back(bench);
        } else {
            self.bench = Some(bench);
        }
        next
    }

    fn work<S: Service>(
        &mut self,
        bench: &mut Bench,
        of: &Connection,
        service: &S,
        cx: &mut Context<'_>,
    ) -> Poll<Next> {
        loop {
            // All that came is answered before anything is written, so that answers to pipelined requests share a write.
            while self.keep_alive && !bench.output.is_heavy() {
                match self.step(bench, of, service) {
                    Step::Answered => {}
                    Step::Starved => break,
                    Step::Next(next) => return Poll::Ready(next),
                }
            }
            if !bench.output.is_empty() {
                let flushed = ready!(self.poll_flush(&mut bench.output, cx));
                self.settle(bench, of, service, flushed.is_ok());
                if flushed.is_err() {
                    return Poll::Ready(Next::Drop);
                }
                if !self.keep_alive {
                    return Poll::Ready(Next::Close { linger: !bench.input.is_empty() });
                }
                if !bench.input.is_empty() {
                    continue;
                }
            }
            if let Some(next) = ready!(self.poll_more(bench, cx)) {
                return Poll::Ready(next);
            }
        }
    }

    /// Answers the request at the front of the input.
    #[inline]
    fn step<S: Service>(&mut self, bench: &mut Bench, connection: &Connection, service: &S) -> Step {
        if bench.input.is_empty() {
            return Step::Starved;
        }
        self.settle(bench, connection, service, true);
        let Bench { input, request, spare, .. } = bench;
        let head = match head::read(input.unread(), &self.thread.settings, request, spare) {
            Ok(Some(head)) => head,
            Ok(None) => return Step::Starved,
            Err(refusal) => return Step::Next(Next::Refuse(refusal)),
        };
        input.consume(head.length);
        self.answer(bench, head, connection, service)
    }

    #[inline]
    fn answer<S: Service>(&mut self, bench: &mut Bench, head: Head, connection: &Connection, service: &S) -> Step {
        let Bench { request, reply, output, .. } = bench;
        request.scheme = connection.scheme;
        request.reused = std::mem::replace(&mut self.has_served, true);
        self.keep_alive = head.keep_alive && !self.thread.is_draining();
        if request.upgrade.is_some() || !matches!(request.framing, Framing::None | Framing::Length(0)) {
            return Step::Next(Next::Handle);
        }
        reply.clear();
        service.ready(request, connection, reply);
        let Some(head) = &reply.head else { return Step::Next(Next::Handle) };
        self.keep_alive &= !reply.close;
        let persistence = Persistence::new(self.keep_alive, request.version);
        let before = output.waiting();
        answer::write(head, reply, request, persistence, &self.thread.date.line(), I::COPY, output);
        self.unsettled = Some(output.waiting() - before);
        Step::Answered
    }

    /// Tells the service what became of its answer.
    #[inline]
    fn settle<S: Service>(&mut self, bench: &Bench, connection: &Connection, service: &S, complete: bool) {
        if let Some(octets) = self.unsettled.take() {
            let octets = if complete { octets } else { octets.saturating_sub(bench.output.waiting()) };
            service.sent(&bench.request, connection, &bench.reply, Sent { octets, complete });
        }
    }

    /// Writes all of the output. Fails with `TimedOut` when the client takes it too slowly.
    #[inline]
    pub fn poll_flush(&mut self, output: &mut Output, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Some(io) = &mut self.io else { return Poll::Ready(Err(io::ErrorKind::NotConnected.into())) };
        let before = output.written();
        let outcome = output.poll_flush(io, cx);
        if outcome.is_ready() && !self.is_stuck {
            return outcome;
        }
        self.stuck(outcome, (output.written() - before) as usize, cx)
    }

    #[cold]
    fn stuck(&mut self, flushed: Poll<io::Result<()>>, went: usize, cx: &Context<'_>) -> Poll<io::Result<()>> {
        let Thread { settings, seats, .. } = &*self.thread;
        if !self.is_stuck && self.unsettled.is_some() {
            self.seat.refill(settings);
        }
        self.is_stuck = flushed.is_pending();
        self.seat.went(went, settings);
        if !self.is_stuck {
            self.seat.set(Wait::Service, seats);
            return flushed;
        }
        self.seat.wait(Wait::Room, seats, cx);
        if self.seat.is_over() { Poll::Ready(Err(io::ErrorKind::TimedOut.into())) } else { Poll::Pending }
    }

    /// Reads more of a request that was not there as a whole.
    #[inline]
    fn poll_more(&mut self, bench: &mut Bench, cx: &mut Context<'_>) -> Poll<Option<Next>> {
        let wait = if bench.input.is_empty() { Wait::Request } else { Wait::Head };
        match self.poll_read(&mut bench.input, wait, cx) {
            Poll::Ready(Ok(0)) => Poll::Ready(Some(Next::Close { linger: false })),
            Poll::Ready(Ok(_)) => {
                if wait == Wait::Request {
                    self.is_new = false;
                    self.pause();
                }
                Poll::Ready(None)
            }
            Poll::Ready(Err(error)) if error.kind() == io::ErrorKind::TimedOut && wait == Wait::Head => {
                Poll::Ready(Some(Next::Refuse(Refusal::new(408, "the head took too long"))))
            }
            Poll::Ready(Err(error)) if error.kind() == io::ErrorKind::TimedOut => {
                Poll::Ready(Some(Next::Close { linger: false }))
            }
            Poll::Ready(Err(_)) => Poll::Ready(Some(Next::Drop)),
            Poll::Pending if wait == Wait::Request && self.thread.is_draining() && !self.is_new => {
                Poll::Ready(Some(Next::Close { linger: false }))
            }
            Poll::Pending => Poll::Pending,
        }
    }

    /// Reads octets; 0 at their end or where there is no room. Fails with `TimedOut` when what is waited for takes too long.
    #[inline]
    pub fn poll_read(&mut self, input: &mut Buffer, wait: Wait, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let Some(io) = &mut self.io else { return Poll::Ready(Err(io::ErrorKind::NotConnected.into())) };
        let mut room = ReadBuf::new(input.room(self.thread.settings.buffer_size()));
        if let Poll::Ready(outcome) = Pin::new(io).poll_read(cx, &mut room) {
            let count = room.filled().len();
            input.filled(count);
            return Poll::Ready(outcome.map(|()| count));
        }
        let seats = &self.thread.seats;
        self.seat.wait(wait, seats, cx);
        if self.seat.is_over() { Poll::Ready(Err(io::ErrorKind::TimedOut.into())) } else { Poll::Pending }
    }

    /// The service is at work: the client is not waited for.
    pub fn pause(&self) {
        self.seat.set(Wait::Service, &self.thread.seats);
    }

    /// A new exchange: the client may lag as far as allowed.
    pub fn begin_exchange(&mut self) {
        self.pause();
        self.is_stuck = false;
        self.seat.refill(&self.thread.settings);
    }

    /// The client sent content.
    pub fn came(&self, octets: usize) {
        self.seat.came(octets, &self.thread.settings);
    }

    /// Ends the connection.
    pub async fn end<S: Service>(&mut self, next: Next, connection: &Connection, service: &S) {
        match next {
            Next::Refuse(refusal) => self.refuse(refusal, connection, service).await,
            Next::Close { linger: true } => self.linger().await,
            Next::Close { linger: false } => self.close().await,
            Next::Handle | Next::Drop => {}
        }
    }

    /// Answers what is no request, after what was answered before it, and closes.
    async fn refuse<S: Service>(&mut self, refusal: Refusal, connection: &Connection, service: &S) {
        service.refused(connection, refusal.status, refusal.why);
        let mut bench = self.bench.take().unwrap_or_else(|| self.thread.take_bench());
        let flushed = std::future::poll_fn(|cx| self.poll_flush(&mut bench.output, cx)).await;
        self.settle(&bench, connection, service, flushed.is_ok());
        bench.reply.clear();
        let head = PreparedHead::new(refusal.status, Fields::new());
        let date = self.thread.date.line();
        let get = Request::default();
        answer::write(&head, &bench.reply, &get, Persistence::Close, &date, 0, &mut bench.output);
        let flushed = std::future::poll_fn(|cx| self.poll_flush(&mut bench.output, cx)).await;
        self.bench = Some(bench);
        if flushed.is_ok() {
            self.linger().await;
        }
    }

    /// Ends our side and reads on for a moment: a close with octets unread would take the answer away from the client
    /// (RFC 9112 section 9.6).
    async fn linger(&mut self) {
        let mut bench = self.bench.take().unwrap_or_else(|| self.thread.take_bench());
        self.close().await;
        let mut left = self.thread.settings.linger_size;
        while left > 0 {
            bench.input.consume(usize::MAX);
            match std::future::poll_fn(|cx| self.poll_read(&mut bench.input, Wait::Close, cx)).await {
                Ok(0) | Err(_) => return,
                Ok(count) => left = left.saturating_sub(count as u64),
            }
        }
    }

    /// Ends our side.
    async fn close(&mut self) {
        let (seat, thread) = (self.seat.clone(), self.thread.clone());
        let Some(io) = &mut self.io else { return };
        let mut shutdown = std::pin::pin!(io.shutdown());
        std::future::poll_fn(|cx| {
            let outcome = shutdown.as_mut().poll(cx);
            if outcome.is_pending() {
                seat.wait(Wait::Close, &thread.seats, cx);
            }
            if seat.is_over() { Poll::Ready(()) } else { outcome.map(drop) }
        })
        .await;
    }

    /// Makes the client see an error when the connection closes.
    pub fn break_off(&mut self) {
        if let Some(io) = &mut self.io {
            io.break_off();
        }
    }
}

impl<I: Io> Drop for Wire<I> {
    fn drop(&mut self) {
        if let Some(mut bench) = take(&mut self.bench) {
            bench.input.consume(usize::MAX);
            bench.output.clear();
            self.thread.give_back(bench);
        }
        self.thread.seats.leave(&self.seat);
        self.thread.one_left();
    }
}

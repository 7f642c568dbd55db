//! One connection: its loop, its clock, its answers.

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use h2::server::{Builder, SendResponse};
use h2::{Reason, RecvStream};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, Sleep, sleep, timeout};

use super::Settings;
use super::content::Outlet;
use super::head;
use super::pace::{Pace, Piece};
use super::session::Stream;
use super::wire::Wire;
use crate::h1::{Guest, Refusal};
use crate::service::Sent;
use crate::{Connection, Method, Reply, Request, Service};

/// How often a connection looks at its clock.
const TICK: Duration = Duration::from_secs(5);
/// Streams that a client may cancel before they are looked at, and streams that may end by our error; see `meter`.
const MAX_EARLY_RESETS: usize = 100;
/// Octets of a stream that wait in memory to be sent.
const MAX_BUFFER: usize = 128 << 10;
/// Time in which a client is to take the last words.
const LINGER: Duration = Duration::from_secs(1);

/// How a connection ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// As both sides wished.
    Closed,
    /// The client broke off, or broke the protocol; the sentence is crate `h2`'s.
    Failed(String),
    /// No preface came in time.
    NoPreface,
    /// The client stood still for too long; at what.
    Slow(&'static str),
    /// A budget is exceeded: ENHANCE_YOUR_CALM; whose.
    Flood(&'static str),
}

/// Serves a connection until it ends. Streams that cannot be answered at once run as tasks of the `LocalSet` around it.
/// After `drain` is ready the client is told to go elsewhere, and what was begun is finished. While no stream is open,
/// the holder of the `guest`'s table may have the connection leave.
pub async fn serve_connection<IO, S>(
    io: IO,
    connection: Connection,
    service: &Rc<S>,
    settings: &Rc<Settings>,
    guest: Guest,
    drain: impl Future<Output = ()>,
) -> Ended
where
    IO: AsyncRead + AsyncWrite + Unpin,
    S: Service,
{
    let wire = Wire::new(io);
    let handshake = builder(settings).handshake::<_, Piece>(wire.clone());
    let h2 = match timeout(settings.preface, handshake).await {
        Ok(Ok(h2)) => h2,
        Ok(Err(error)) => return Ended::Failed(error.to_string()),
        Err(_) => return Ended::NoPreface,
    };
    let shared = Rc::new(Shared {
        service: service.clone(),
        connection: Rc::new(connection),
        settings: settings.clone(),
        pace: Rc::default(),
        open: Cell::new(0),
        answered: Cell::new(0),
    });
    let mut loops = Loop {
        h2,
        wire,
        guest,
        shared,
        request: Request::default(),
        reply: Reply::default(),
        has_served: false,
        spare: String::new(),
        watch: Watch::default(),
    };
    let (mut drain, mut tick) = (pin!(drain), pin!(sleep(TICK)));
    let ended = poll_fn(|cx| loops.poll(drain.as_mut(), tick.as_mut(), cx)).await;
    if !matches!(ended, Ended::Slow(_)) {
        let _ = timeout(LINGER, loops.say_farewell(ended == Ended::Closed)).await;
    }
    ended
}

fn builder(settings: &Settings) -> Builder {
    let mut builder = Builder::new();
    builder
        .max_concurrent_streams(settings.streams)
        .max_header_list_size(settings.head_size)
        .initial_window_size(settings.stream_window)
        .initial_connection_window_size(settings.connection_window)
        .max_send_buffer_size(MAX_BUFFER)
        .max_pending_accept_reset_streams(MAX_EARLY_RESETS)
        .max_local_error_reset_streams(Some(MAX_EARLY_RESETS));
    builder
}

/// What the loop and the tasks of its streams share.
struct Shared<S> {
    service: Rc<S>,
    connection: Rc<Connection>,
    settings: Rc<Settings>,
    pace: Rc<Pace>,
    /// Streams that run as tasks.
    open: Cell<usize>,
    /// Requests answered since the loop looked.
    answered: Cell<u32>,
}

impl<S> Shared<S> {
    fn answered(&self) {
        self.answered.set(self.answered.get().saturating_add(1));
    }
}

/// A stream that runs as a task.
struct Running<S>(Rc<Shared<S>>);

impl<S> Running<S> {
    fn new(shared: &Rc<Shared<S>>) -> Self {
        shared.open.set(shared.open.get() + 1);
        Self(shared.clone())
    }
}

impl<S> Drop for Running<S> {
    fn drop(&mut self) {
        self.0.open.set(self.0.open.get() - 1);
    }
}

/// What the clock sees.
#[derive(Default)]
struct Watch {
    draining: bool,
    calmed: bool,
    leaving: bool,
    /// A request came since the last look.
    active: bool,
    /// Time without a stream.
    idle: Duration,
    /// The client does not take what is ready for it, since when there was no progress, and the octets sent by then.
    stalled: bool,
    still: Duration,
    total: u64,
    /// The header block that was open at the last look.
    block: Option<u64>,
}

struct Loop<IO, S> {
    h2: h2::server::Connection<Wire<IO>, Piece>,
    wire: Wire<IO>,
    guest: Guest,
    shared: Rc<Shared<S>>,
    request: Request,
    reply: Reply,
    /// A request was answered, or is being answered.
    has_served: bool,
    /// Memory of a query, while a request has none.
    spare: String,
    watch: Watch,
}

impl<IO: AsyncRead + AsyncWrite + Unpin, S: Service> Loop<IO, S> {
    fn poll(
        &mut self,
        drain: Pin<&mut impl Future<Output = ()>>,
        tick: Pin<&mut Sleep>,
        cx: &mut Context<'_>,
    ) -> Poll<Ended> {
        self.wire.begin();
        if !self.watch.draining && drain.poll(cx).is_ready() {
            self.drain();
        }
        if let Poll::Ready(ended) = self.poll_clock(tick, cx) {
            return Poll::Ready(ended);
        }
        self.wire.meter().starved(self.shared.pace.starved());
        let ended = self.poll_streams(cx);
        self.wire.meter().answered(self.shared.answered.take());
        let sent = self.wire.poll_send(cx);
        self.watch.stalled = sent.is_pending();
        match (ended, sent) {
            (Poll::Ready(ended), _) => Poll::Ready(ended),
            (_, Poll::Ready(Err(error))) => Poll::Ready(Ended::Failed(error.to_string())),
            _ => Poll::Pending,
        }
    }

    /// Takes what the client asks, until there is no more.
    fn poll_streams(&mut self, cx: &mut Context<'_>) -> Poll<Ended> {
        loop {
            match self.h2.poll_accept(cx) {
                Poll::Ready(Some(Ok((request, respond)))) => self.take(request, respond),
                Poll::Ready(Some(Err(error))) => return Poll::Ready(self.ended(Some(&error))),
                Poll::Ready(None) => return Poll::Ready(self.ended(None)),
                Poll::Pending if self.is_flooded() => {
                    self.watch.calmed = true;
                    self.h2.abrupt_shutdown(Reason::ENHANCE_YOUR_CALM);
                }
                Poll::Pending if self.makes_room(cx) => {
                    self.watch.leaving = true;
                    self.h2.abrupt_shutdown(Reason::NO_ERROR);
                }
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    /// Whether no stream is open and the connection is to leave at once. What the client asks meanwhile is after the last
    /// stream that GOAWAY names, so that it may ask again elsewhere.
    fn makes_room(&self, cx: &Context<'_>) -> bool {
        if self.shared.open.get() > 0 || self.h2.has_streams() {
            self.guest.works();
            return false;
        }
        self.guest.waits(cx);
        self.guest.must_leave() && !self.watch.leaving
    }

    fn is_flooded(&self) -> bool {
        !self.watch.calmed && self.wire.meter().exceeded().is_some()
    }

    fn ended(&self, error: Option<&h2::Error>) -> Ended {
        let calm = |error: &&h2::Error| error.reason() == Some(Reason::ENHANCE_YOUR_CALM) && !error.is_remote();
        match (self.wire.meter().exceeded(), error) {
            (Some(why), _) => Ended::Flood(why),
            (None, None) => Ended::Closed,
            (None, Some(error)) if calm(&error) => Ended::Flood("streams"),
            // It was told to leave, and left without a word.
            (None, Some(error)) if self.watch.draining && error.is_io() && self.shared.open.get() == 0 => Ended::Closed,
            (None, Some(error)) => Ended::Failed(error.to_string()),
        }
    }

    fn drain(&mut self) {
        self.watch.draining = true;
        self.h2.graceful_shutdown();
    }

    fn poll_clock(&mut self, mut tick: Pin<&mut Sleep>, cx: &mut Context<'_>) -> Poll<Ended> {
        while tick.as_mut().poll(cx).is_ready() {
            tick.as_mut().reset(Instant::now() + TICK);
            if let Some(why) = self.look() {
                return Poll::Ready(Ended::Slow(why));
            }
        }
        Poll::Pending
    }

    /// Looks for clients that stand still: in reading, in the middle of a head, or altogether.
    fn look(&mut self) -> Option<&'static str> {
        self.wire.meter().aged();
        let total = self.wire.total();
        let moved =
            total - std::mem::replace(&mut self.watch.total, total) >= self.shared.settings.rate * TICK.as_secs();
        let still = self.watch.stalled && !moved;
        self.watch.still = if still { self.watch.still + TICK } else { Duration::ZERO };
        if self.watch.still >= self.shared.settings.send_grace {
            return Some("reading");
        }
        let block = self.wire.meter().open_block();
        if block.is_some() && block == std::mem::replace(&mut self.watch.block, block) {
            return Some("sending a head");
        }
        self.look_at_idleness()
    }

    fn look_at_idleness(&mut self) -> Option<&'static str> {
        let idle = self.shared.open.get() == 0 && !std::mem::take(&mut self.watch.active);
        self.watch.idle = if idle { self.watch.idle + TICK } else { Duration::ZERO };
        if idle {
            self.wire.rest();
        }
        if self.watch.idle > self.shared.settings.idle + TICK || (self.watch.draining && self.watch.idle > TICK) {
            return Some("leaving");
        }
        if self.watch.idle >= self.shared.settings.idle && !self.watch.draining {
            self.drain();
        }
        None
    }

    /// Answers one request, at once or by a task.
    fn take(&mut self, request: http::Request<RecvStream>, mut respond: SendResponse<Piece>) {
        self.watch.active = true;
        self.guest.works();
        let (parts, content) = request.into_parts();
        let ended = content.is_end_stream();
        if let Some(query) = self.request.query.take() {
            self.spare = query;
        }
        self.request.clear();
        let Shared { connection, settings, .. } = &*self.shared;
        let read = head::read(&parts, ended, connection.scheme, settings, &mut self.request, &mut self.spare);
        if let Err(refusal) = read {
            return self.refuse(refusal, &mut respond);
        }
        self.request.reused = std::mem::replace(&mut self.has_served, true);
        if ended {
            self.reply.clear();
            self.shared.service.ready(&self.request, &self.shared.connection, &mut self.reply);
            if self.reply.head.is_some() {
                return self.answer(&mut respond);
            }
        }
        self.begin(content, respond);
    }

    fn refuse(&self, refusal: Refusal, respond: &mut SendResponse<Piece>) {
        self.shared.service.refused(&self.shared.connection, refusal.status, refusal.why);
        if let Some(head) = head::response(&crate::Response::new(refusal.status), Some(0)) {
            let _ = respond.send_response(head, true);
        }
    }

    /// Sends what the service had ready.
    fn answer(&mut self, respond: &mut SendResponse<Piece>) {
        self.shared.answered();
        let Some(head) = head::prepared(&self.reply) else { return respond.send_reset(Reason::INTERNAL_ERROR) };
        let length = if self.request.method == Method::Head { 0 } else { self.reply.content.len() };
        let sent = respond.send_response(head, length == 0);
        let complete = match sent {
            Err(_) => false,
            Ok(_) if length == 0 => true,
            Ok(stream) => {
                let mut outlet = Outlet::new(stream, self.shared.pace.clone());
                let Some(sent) = outlet.send_now(&self.reply.content) else { return self.pour(outlet) };
                sent.is_ok()
            }
        };
        let octets = head_weight(&self.reply) + if complete { length } else { 0 };
        self.shared.service.sent(&self.request, &self.shared.connection, &self.reply, Sent { octets, complete });
        if self.reply.close {
            self.drain();
        }
    }

    /// Sends ready content that the client has no room for yet.
    fn pour(&mut self, mut outlet: Outlet) {
        let running = Running::new(&self.shared);
        let (request, reply) = (std::mem::take(&mut self.request), std::mem::take(&mut self.reply));
        if reply.close {
            self.drain();
        }
        tokio::task::spawn_local(async move {
            let shared = &running.0;
            let complete = outlet.send(&reply.content, true, &shared.settings).await.is_ok();
            let octets = head_weight(&reply) + outlet.sent();
            shared.service.sent(&request, &shared.connection, &reply, Sent { octets, complete });
        });
    }

    /// Hands a stream to the service.
    fn begin(&mut self, mut content: RecvStream, mut respond: SendResponse<Piece>) {
        let running = Running::new(&self.shared);
        let request = std::mem::take(&mut self.request);
        tokio::task::spawn_local(async move {
            // A cancellation comes in the same octets as what it cancels where that is meant to make work (fault H2).
            if is_cancelled(&mut content, &mut respond) {
                return;
            }
            let Shared { connection, settings, pace, .. } = &*running.0;
            let mut stream = Stream::new(request, connection.clone(), settings.clone(), pace.clone(), content, respond);
            if stream.settle().await.is_break() {
                return;
            }
            running.0.service.handle(&mut stream).await;
            running.0.answered();
            stream.discard().await;
        });
    }

    /// Sends the last frames, and reads on for a moment: a socket closed with octets unread takes GOAWAY back.
    async fn say_farewell(&mut self, clean: bool) {
        let sent = poll_fn(|cx| self.wire.poll_send(cx)).await;
        let mut discarded = 0;
        while !clean && sent.is_ok() && discarded < 4 << 20 {
            match poll_fn(|cx| self.wire.poll_discard(cx)).await {
                Ok(0) | Err(_) => return,
                Ok(octets) => discarded += octets,
            }
        }
    }
}

/// Whether a client has taken its request back by now. One whose content breaks a rule has not: the service is to hear of it.
fn is_cancelled(content: &mut RecvStream, respond: &mut SendResponse<Piece>) -> bool {
    let mut cx = Context::from_waker(Waker::noop());
    if respond.poll_reset(&mut cx).is_pending() {
        return false;
    }
    loop {
        match content.poll_data(&mut cx) {
            Poll::Ready(Some(Ok(_))) => {}
            Poll::Ready(Some(Err(error))) => return error.is_remote(),
            Poll::Ready(None) | Poll::Pending => return true,
        }
    }
}

/// Octets of a prepared head as HTTP/1.1 sends it; see `session`.
fn head_weight(reply: &Reply) -> u64 {
    (reply.head.as_ref().map_or(0, |head| head.lines().len()) + reply.lines.len()) as u64
}

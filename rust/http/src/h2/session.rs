//! One stream whose answer takes time.

use std::future::poll_fn;
use std::ops::ControlFlow;
use std::rc::Rc;
use std::task::{Context, Waker};
use std::time::Duration;

use bytes::Bytes;
use h2::server::SendResponse;
use h2::{Reason, RecvStream};
use tokio::time::{Instant, timeout};

use super::Settings;
use super::content::{Outlet, too_slow};
use super::head;
use super::pace::{Pace, Piece};
use crate::{Connection, Content, Framing, Method, Request, Response, Session, SessionError};

/// A request and the stream that it came in on.
pub(super) struct Stream {
    request: Request,
    connection: Rc<Connection>,
    settings: Rc<Settings>,
    incoming: Incoming,
    respond: SendResponse<Piece>,
    pace: Rc<Pace>,
    outlet: Option<Outlet>,
    state: State,
    head_sent: u64,
}

/// How far the answer is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// No head yet.
    Waiting,
    /// A head; so many octets are still to come, none: until `end`.
    Open(Option<u64>),
    /// All was sent.
    Ended,
    /// It broke off.
    Broken,
}

impl Stream {
    pub fn new(
        request: Request,
        connection: Rc<Connection>,
        settings: Rc<Settings>,
        pace: Rc<Pace>,
        content: RecvStream,
        respond: SendResponse<Piece>,
    ) -> Self {
        let continues = request.expects_continue;
        let incoming =
            Incoming { stream: content, ahead: None, unread: 0, received: 0, waited: Duration::ZERO, continues };
        let (outlet, state, head_sent) = (None, State::Waiting, 0);
        Self { request, connection, settings, incoming, respond, pace, outlet, state, head_sent }
    }

    /// Whether a GET or HEAD that did not end with its head has content, or only an end of its own, as some clients send it:
    /// the next frame says so. Asked of no other method, whose clients may want an answer first, nor of a client that
    /// waits for 100 (Continue). Breaks: the client is gone.
    pub async fn settle(&mut self) -> ControlFlow<()> {
        let Self { incoming, request, settings, respond, .. } = self;
        let is_open = request.framing == Framing::Chunked && !incoming.continues;
        if !is_open || !matches!(request.method, Method::Get | Method::Head) {
            return ControlFlow::Continue(());
        }
        match incoming.next(settings).await {
            // Crate `h2` tells of an end also where the request was taken back right behind it.
            Ok(None) if respond.poll_reset(&mut Context::from_waker(Waker::noop())).is_ready() => {
                return ControlFlow::Break(());
            }
            Ok(None) => request.framing = Framing::None,
            Ok(Some(piece)) => incoming.ahead = Some(Ok(piece)),
            Err(SessionError::Gone) => return ControlFlow::Break(()),
            Err(error) => incoming.ahead = Some(Err(error)),
        }
        ControlFlow::Continue(())
    }

    /// Tells the client that there is no whole answer.
    fn break_off(&mut self, why: &'static str) -> SessionError {
        self.state = State::Broken;
        match &mut self.outlet {
            Some(outlet) => outlet.break_off(why),
            None => {
                self.respond.send_reset(Reason::INTERNAL_ERROR);
                SessionError::Unsupported(why)
            }
        }
    }

    /// Reads on for a moment where the answer was there before the request had ended: what is wrong with the rest is still
    /// said, and a client that sends a little more is not reset for it.
    pub async fn discard(&mut self) {
        if self.state != State::Ended {
            return;
        }
        let Self { incoming, settings, .. } = self;
        let rest = async {
            while incoming.received < DISCARDED && matches!(incoming.next(settings).await, Ok(Some(_))) {}
            let _ = incoming.stream.trailers().await;
        };
        let _ = timeout(DISCARDING, rest).await;
    }

    /// What remains after so many octets, and whether they are the last.
    fn remaining(&self, octets: u64) -> Option<(Option<u64>, bool)> {
        match self.state {
            State::Open(None) => Some((None, false)),
            State::Open(Some(left)) => left.checked_sub(octets).map(|left| (Some(left), left == 0)),
            _ => None,
        }
    }
}

impl Session for Stream {
    type Tunnel = tokio::io::DuplexStream;

    fn request(&self) -> &Request {
        &self.request
    }

    fn connection(&self) -> &Connection {
        &self.connection
    }

    async fn content(&mut self) -> Result<Option<Bytes>, SessionError> {
        if std::mem::take(&mut self.incoming.continues) && self.state == State::Waiting {
            self.interim(&Response::new(100)).await?;
        }
        self.incoming.next(&self.settings).await
    }

    async fn interim(&mut self, response: &Response) -> Result<(), SessionError> {
        let head = head::response(response, None).ok_or(SessionError::Unsupported("a status that is none"))?;
        self.respond.send_informational(head).map_err(|_| SessionError::Gone)
    }

    fn close(&mut self) {}

    async fn head(&mut self, response: &Response, length: Option<u64>) -> Result<(), SessionError> {
        if self.state != State::Waiting {
            return Err(SessionError::Unsupported("a second head"));
        }
        let bare = self.request.method == Method::Head || response.is_without_content();
        let announced = length.filter(|_| !response.is_without_content());
        let Some(head) = head::response(response, announced) else {
            return Err(self.break_off("a head that cannot be sent"));
        };
        let ends = bare || length == Some(0);
        self.head_sent = weight(response);
        let stream = self.respond.send_response(head, ends).map_err(|_| SessionError::Gone)?;
        self.outlet = Some(Outlet::new(stream, self.pace.clone()));
        self.state = if ends { State::Ended } else { State::Open(length) };
        Ok(())
    }

    async fn send(&mut self, content: Content) -> Result<(), SessionError> {
        if content.is_empty() {
            return Ok(());
        }
        let Some((left, last)) = self.remaining(content.len()) else {
            return Err(self.break_off("more content than was announced"));
        };
        let Some(outlet) = &mut self.outlet else { return Err(self.break_off("content before its head")) };
        // Until all of it is handed over, the answer is a broken one.
        self.state = State::Broken;
        outlet.send(&content, last, &self.settings).await?;
        self.state = if last { State::Ended } else { State::Open(left) };
        Ok(())
    }

    async fn end(&mut self) -> Result<(), SessionError> {
        match (self.state, &mut self.outlet) {
            (State::Ended, _) => Ok(()),
            (State::Open(None), Some(outlet)) => {
                self.state = State::Ended;
                outlet.end()
            }
            _ => Err(self.break_off("less content than was announced")),
        }
    }

    async fn tunnel(&mut self, _: &Response) -> Result<Self::Tunnel, SessionError> {
        Err(SessionError::Unsupported("HTTP/2 has no Upgrade"))
    }

    async fn gone(&mut self) {
        match &mut self.outlet {
            Some(outlet) => outlet.gone().await,
            None => drop(poll_fn(|cx| self.respond.poll_reset(cx)).await),
        }
    }

    fn sent(&self) -> u64 {
        self.head_sent + self.outlet.as_ref().map_or(0, Outlet::sent)
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        // Crate `h2` cancels by itself the rest of a request that nobody reads, after what is still to be sent.
        if matches!(self.state, State::Waiting | State::Open(_)) {
            self.break_off("dropped");
        }
    }
}

/// Octets of a head as HTTP/1.1 would send it; what HPACK makes of it is known to the crate alone.
fn weight(response: &Response) -> u64 {
    response.fields.iter().map(|(name, value)| name.len() + value.len() + 4).sum::<usize>() as u64 + 17
}

/// The content of a request, as it comes.
struct Incoming {
    stream: RecvStream,
    /// What was read before it was asked for, or why it could not be.
    ahead: Option<Result<Bytes, SessionError>>,
    /// Octets given out last, for which the client gets new room with the next call.
    unread: usize,
    received: u64,
    waited: Duration,
    /// 100 (Continue) is still to be sent.
    continues: bool,
}

impl Incoming {
    async fn next(&mut self, settings: &Settings) -> Result<Option<Bytes>, SessionError> {
        match self.ahead.take() {
            Some(Ok(piece)) => return Ok(Some(piece)),
            Some(Err(error)) => {
                self.ahead = Some(Err(error.clone()));
                return Err(error);
            }
            None => {}
        }
        let _ = self.stream.flow_control().release_capacity(std::mem::take(&mut self.unread));
        loop {
            let begun = Instant::now();
            let piece = timeout(settings.content_grace, self.stream.data()).await.map_err(|_| SLOW)?;
            self.waited += begun.elapsed();
            match piece {
                None => return Ok(None),
                Some(Err(error)) => return Err(failure(&error)),
                Some(Ok(octets)) if octets.is_empty() => {}
                Some(Ok(octets)) => {
                    self.received += octets.len() as u64;
                    self.unread = octets.len();
                    return self.judge(settings).map(|()| Some(octets));
                }
            }
        }
    }

    fn judge(&self, settings: &Settings) -> Result<(), SessionError> {
        match too_slow(self.received, self.waited, settings.content_grace, settings.rate) {
            _ if self.received > settings.content_size => Err(SessionError::TooLarge),
            true => Err(SLOW),
            false => Ok(()),
        }
    }
}

/// Octets of a request that are read after its answer.
const DISCARDED: u64 = 64 << 10;
/// How long is waited for them.
const DISCARDING: Duration = Duration::from_secs(1);
const SLOW: SessionError = SessionError::Slow("sending content");

fn failure(error: &h2::Error) -> SessionError {
    if error.is_library() && error.reason() == Some(Reason::PROTOCOL_ERROR) {
        return SessionError::Malformed("content that is not as long as announced");
    }
    SessionError::Gone
}

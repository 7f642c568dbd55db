//! One request and its response on one connection.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Buf;

use super::body::Lease;
use super::connection::Wire;
use super::head::{self, Head};
use super::sending::{Sending, Stopped};
use super::stream::Stream;
use super::{Client, Connection, Failure, Incoming, Outgoing, Peer, Waiting};
use crate::{Request, Response};

/// What becomes of a connection after its exchange.
#[derive(Debug, Clone, Copy)]
pub struct Keep {
    /// How long it may idle.
    pub idle: Duration,
    /// How many connections to its peer are kept beside it, itself included.
    pub at_most: usize,
}

/// A response and the way to the rest of it.
pub struct Received {
    /// The head, without fields of the connection and without `Content-Length`; those of a 101 are all there.
    pub response: Response,
    /// `Content-Length`: of the content, or of what HEAD asked about.
    pub length: Option<u64>,
    /// The content; none after 101.
    pub content: Option<Incoming>,
    /// After 101: the connection, given away.
    pub tunnel: Option<Tunnel>,
}

/// Octets both ways, after 101.
pub type Tunnel = crate::h1::Tunnel<Stream>;

/// An exchange that failed, and what is left to try.
pub struct Failed {
    /// Why.
    pub failure: Failure,
    /// The request's content, where nothing of the request was sent.
    pub unsent: Option<Outgoing>,
    /// Whether anything of a response came.
    pub answered: bool,
}

impl From<Failure> for Failed {
    fn from(failure: Failure) -> Self {
        Self { failure, unsent: None, answered: false }
    }
}

/// What is asked of whom.
#[derive(Clone, Copy)]
pub struct Call<'a> {
    /// Whom the connection leads to.
    pub peer: &'a Arc<Peer>,
    /// The request; what it says of its framing gives way to its content's, and where it names no authority, it is sent to
    /// the peer's.
    pub request: &'a Request,
    /// For the response's head, counted from the last octet sent, and then for each piece of the content.
    pub patience: Duration,
    /// For afterwards.
    pub keep: Keep,
}

/// Called for interim responses other than 100 (Continue).
pub type Interim<'a> = &'a mut dyn FnMut(Response);

impl Client {
    /// Sends a request and waits for the response's head. What is left of the request when that comes is not sent.
    pub async fn exchange(
        &self,
        mut connection: Connection,
        call: Call<'_>,
        content: Outgoing,
        mut interim: Option<Interim<'_>>,
    ) -> Result<Received, Failed> {
        let mut asking = Asking::new(&mut connection.wire, call, content)?;
        let asked = poll_fn(|cx| asking.poll(&mut interim, cx)).await;
        let Asking { sending, is_sent, answered, .. } = asking;
        let head = asked.map_err(|failure| Failed { failure, unsent: sending.into_unsent(), answered })?;
        connection.used = true;
        let Head { response, length, framing, keeps_alive } = head;
        if response.status == 101 {
            let (stream, unread) = connection.wire.into_parts();
            let tunnel = Some(Tunnel::new(stream, unread.freeze()));
            return Ok(Received { response, length: None, content: None, tunnel });
        }
        let keep = Some(call.keep).filter(|_| keeps_alive && is_sent);
        let lease = Lease { connection, pool: self.pool.clone(), peer: call.peer.clone(), keep };
        let content = Some(Incoming::new(framing, lease, call.patience));
        Ok(Received { response, length, content, tunnel: None })
    }
}

/// An exchange until the response's head is there.
struct Asking<'a> {
    wire: &'a mut Wire,
    request: &'a Request,
    patience: Duration,
    sending: Sending,
    /// Whether all of the request went.
    is_sent: bool,
    /// Whether the peer takes no more of the request; it may have answered all the same.
    is_stopped: bool,
    /// Octets of the input in which no head ends.
    searched: usize,
    /// Whether anything of a response came.
    answered: bool,
}

impl<'a> Asking<'a> {
    fn new(wire: &'a mut Wire, call: Call<'a>, content: Outgoing) -> Result<Self, Failure> {
        let Call { peer, request, patience, .. } = call;
        wire.moved = true;
        let sending = Sending::new(request, peer, content, &mut wire.output)?;
        Ok(Self { wire, request, patience, sending, is_sent: false, is_stopped: false, searched: 0, answered: false })
    }

    /// Sends and reads. Octets that go out are progress; octets of the head that come in are not.
    fn poll(&mut self, interim: &mut Option<Interim<'_>>, cx: &mut Context<'_>) -> Poll<Result<Head, Failure>> {
        self.send(cx)?;
        loop {
            match self.take_head()? {
                Some(head) if head.is_interim() => tell(head.response, interim),
                Some(head) => return Poll::Ready(Ok(head)),
                None => match self.wire.poll_fill(cx) {
                    Poll::Ready(Ok(1..)) => self.answered = true,
                    Poll::Ready(_) => return Poll::Ready(Err(Failure::Closed)),
                    Poll::Pending => break,
                },
            }
        }
        ready!(self.wire.poll_late(self.patience, cx));
        Poll::Ready(Err(Failure::Timeout(Waiting::Head)))
    }

    fn send(&mut self, cx: &mut Context<'_>) -> Result<(), Failure> {
        if self.is_sent || self.is_stopped {
            return Ok(());
        }
        match self.sending.poll(self.wire, cx) {
            Poll::Ready(Ok(())) => self.is_sent = true,
            Poll::Ready(Err(Stopped::Peer)) => self.is_stopped = true,
            Poll::Ready(Err(Stopped::Content)) => return Err(Failure::Content),
            Poll::Pending => {}
        }
        Ok(())
    }

    /// The head at the front of what was read; none: it has not come.
    fn take_head(&mut self) -> Result<Option<Head>, Failure> {
        let input = &mut self.wire.input;
        let Some(end) = head::end(input, &mut self.searched)? else { return Ok(None) };
        self.searched = 0;
        let head = head::read(input.get(..end).unwrap_or_default(), self.request)?;
        input.advance(end);
        Ok(Some(head))
    }
}

/// 100 (Continue) was not asked for, and says nothing to anybody else.
fn tell(response: Response, interim: &mut Option<Interim<'_>>) {
    if let Some(tell) = interim.as_mut().filter(|_| response.status != 100) {
        tell(response);
    }
}

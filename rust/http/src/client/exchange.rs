//! One request and its response on one connection.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use hyper::client::conn::http1::SendRequest;
use hyper_util::rt::TokioIo;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::body::Lease;
use super::connection::HEAD_OCTETS;
use super::{Client, Connection, Failure, Incoming, Outgoing, Peer, Waiting, head};
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
pub type Tunnel = TokioIo<hyper::upgrade::Upgraded>;

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
    /// The request; what it says of its framing gives way to its content's.
    pub request: &'a Request,
    /// For the response's head, counted from the last octet sent, and then for each piece of the content.
    pub patience: Duration,
    /// For afterwards.
    pub keep: Keep,
}

/// Called for interim responses other than 100 (Continue).
pub type Interim<'a> = &'a mut dyn FnMut(Response);

impl Client {
    /// Sends a request and waits for the response's head.
    pub async fn exchange(
        &self,
        mut connection: Connection,
        call: Call<'_>,
        content: Outgoing,
        interim: Option<Interim<'_>>,
    ) -> Result<Received, Failed> {
        let Call { peer, request, patience, keep } = call;
        let mut outgoing = head::outgoing(request, content)?;
        let interims = interim.map(|tell| (listen(&mut outgoing), tell));
        let received = connection.traffic.received.get();
        let answer = answer(&mut connection, outgoing, patience, interims).await;
        let octets = connection.traffic.received.get() - received;
        let mut answer = answer.map_err(|failed| Failed { answered: octets > 0, ..explain(failed, octets) })?;
        let upgrade = (answer.status() == 101).then(|| hyper::upgrade::on(&mut answer));
        let (parts, frames) = answer.into_parts();
        let (response, length) =
            head::incoming(request, &parts).map_err(|failure| Failed { answered: true, ..failure.into() })?;
        connection.used = true;
        let Some(upgrade) = upgrade else {
            let lease = Lease { connection, pool: self.pool.clone(), peer: peer.clone(), keep };
            return Ok(Received {
                response,
                length,
                content: Some(Incoming::new(frames, lease, patience)),
                tunnel: None,
            });
        };
        let upgraded = upgrade.await.map_err(|_| Failure::Closed)?;
        Ok(Received { response, length: None, content: None, tunnel: Some(TokioIo::new(upgraded)) })
    }
}

/// Interim responses from where hyper reads them.
fn listen(outgoing: &mut http::Request<Outgoing>) -> UnboundedReceiver<Response> {
    let (sender, receiver) = unbounded_channel();
    hyper::ext::on_informational(outgoing, move |response| {
        if response.status() != http::StatusCode::CONTINUE {
            let _ = sender.send(head::interim(response.status().as_u16(), response.headers()));
        }
    });
    receiver
}

type Sent = Result<http::Response<hyper::body::Incoming>, Failed>;

/// Waits for the head. Octets that go out are progress; octets of the head that come in are not.
async fn answer(
    connection: &mut Connection,
    outgoing: http::Request<Outgoing>,
    patience: Duration,
    mut interims: Option<(UnboundedReceiver<Response>, Interim<'_>)>,
) -> Sent {
    let Connection { sender, watch, traffic, .. } = connection;
    watch.restart(patience);
    let mut answer = pin!(send(sender, outgoing));
    poll_fn(|cx| {
        let polled = answer.as_mut().poll(cx);
        if let Some((receiver, tell)) = &mut interims {
            tell_all(receiver, tell, cx);
        }
        if polled.is_ready() {
            return polled;
        }
        loop {
            ready!(watch.poll_expired(cx));
            if !watch.progressed_at(traffic.sent_at()) {
                return Poll::Ready(Err(Failure::Timeout(Waiting::Head).into()));
            }
        }
    })
    .await
}

fn tell_all(receiver: &mut UnboundedReceiver<Response>, tell: &mut Interim<'_>, cx: &mut Context<'_>) {
    while let Poll::Ready(Some(response)) = receiver.poll_recv(cx) {
        tell(response);
    }
}

async fn send(sender: &mut SendRequest<Outgoing>, outgoing: http::Request<Outgoing>) -> Sent {
    sender.try_send_request(outgoing).await.map_err(|mut error| {
        let unsent = error.take_message().map(http::Request::into_body);
        Failed { failure: failure(error.error()), unsent, answered: false }
    })
}

fn failure(error: &hyper::Error) -> Failure {
    if error.is_parse() {
        Failure::Malformed(error.to_string().into())
    } else if error.is_user() {
        Failure::Content
    } else {
        Failure::Closed
    }
}

/// A head that cannot be parsed and is longer than allowed is too big.
fn explain(failed: Failed, octets: u64) -> Failed {
    let too_big = matches!(failed.failure, Failure::Malformed(_)) && octets >= HEAD_OCTETS as u64;
    if too_big { Failed { failure: Failure::HeadTooBig, ..failed } } else { failed }
}

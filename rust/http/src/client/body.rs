//! The content of a response, read with back-pressure. One that breaks off is an error, never an end.

use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::Body;

use super::pool::Pool;
use super::{Connection, Failure, Keep, Peer, Waiting};

/// The content of a response. Read to its end it gives its connection back; dropped before, it closes it.
pub struct Incoming {
    frames: hyper::body::Incoming,
    lease: Option<Lease>,
    broken: Option<Failure>,
}

/// A connection that goes back to its pool.
pub(super) struct Lease {
    pub connection: Connection,
    pub pool: Rc<Pool>,
    pub peer: Arc<Peer>,
    pub keep: Keep,
}

impl Incoming {
    /// Content whose pieces come within `limit` of each other.
    pub(super) fn new(frames: hyper::body::Incoming, mut lease: Lease, limit: Duration) -> Self {
        lease.connection.watch.restart(limit);
        let mut incoming = Self { frames, lease: Some(lease), broken: None };
        incoming.give_back_at_end();
        incoming
    }

    /// The next piece; none at the end. A piece that is too late, an end that is too early and framing that is wrong are
    /// errors, and stay errors.
    pub async fn next(&mut self) -> Result<Option<Bytes>, Failure> {
        poll_fn(|cx| self.poll_next(cx)).await
    }

    /// Like `next`.
    pub fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, Failure>> {
        if let Some(failure) = &self.broken {
            return Poll::Ready(Err(failure.clone()));
        }
        loop {
            let frame = match Pin::new(&mut self.frames).poll_frame(cx) {
                Poll::Ready(frame) => frame,
                Poll::Pending => {
                    ready!(self.poll_expired(cx));
                    return Poll::Ready(Err(self.broke(Failure::Timeout(Waiting::Content))));
                }
            };
            match frame.map(|frame| frame.map(http_body::Frame::into_data)) {
                None => {
                    self.give_back();
                    return Poll::Ready(Ok(None));
                }
                Some(Err(_)) => return Poll::Ready(Err(self.broke(Failure::Broken))),
                Some(Ok(Ok(octets))) if !octets.is_empty() => {
                    self.progress();
                    return Poll::Ready(Ok(Some(octets)));
                }
                // Trailer fields are not kept.
                Some(Ok(_)) => {}
            }
        }
    }

    fn progress(&mut self) {
        if let Some(lease) = &mut self.lease {
            lease.connection.watch.progress();
        }
        self.give_back_at_end();
    }

    /// Without a lease the content is already here.
    fn poll_expired(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match &mut self.lease {
            Some(lease) => lease.connection.watch.poll_expired(cx),
            None => Poll::Pending,
        }
    }

    fn broke(&mut self, failure: Failure) -> Failure {
        self.lease = None;
        self.broken.insert(failure).clone()
    }

    fn give_back_at_end(&mut self) {
        if self.frames.is_end_stream() {
            self.give_back();
        }
    }

    fn give_back(&mut self) {
        if let Some(Lease { connection, pool, peer, keep }) = self.lease.take() {
            pool.put(&peer, connection, keep);
        }
    }
}

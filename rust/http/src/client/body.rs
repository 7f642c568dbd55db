//! The content of a response, read with back-pressure. One that breaks off is an error, never an end.

use std::future::poll_fn;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;

use super::framing::Framing;
use super::pool::Pool;
use super::{Connection, Failure, Keep, Peer, Waiting};

/// The content of a response. Read to its end it gives its connection back; dropped before, it closes it.
pub struct Incoming {
    framing: Framing,
    lease: Option<Lease>,
    /// Longest time between two pieces.
    limit: Duration,
    broken: Option<Failure>,
}

/// A connection that goes back to its pool.
pub(super) struct Lease {
    pub connection: Connection,
    pub pool: Rc<Pool>,
    pub peer: Arc<Peer>,
    /// None: it is closed.
    pub keep: Option<Keep>,
}

impl Incoming {
    /// Content whose pieces come within `limit` of each other.
    pub(super) fn new(framing: Framing, mut lease: Lease, limit: Duration) -> Self {
        lease.connection.wire.moved = true;
        let mut incoming = Self { framing, lease: Some(lease), limit, broken: None };
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
        while let Some(lease) = &mut self.lease {
            let wire = &mut *lease.connection.wire;
            match self.framing.take(&mut wire.input) {
                Ok(Some(piece)) => {
                    wire.moved = true;
                    self.give_back_at_end();
                    return Poll::Ready(Ok(Some(piece)));
                }
                Ok(None) if self.framing.is_end() => self.give_back(),
                Ok(None) => match wire.poll_fill(cx) {
                    Poll::Ready(Ok(1..)) => {}
                    Poll::Ready(Ok(0)) if matches!(self.framing, Framing::UntilClose) => self.lease = None,
                    Poll::Ready(_) => return Poll::Ready(Err(self.broke(Failure::Broken))),
                    Poll::Pending => {
                        ready!(wire.poll_late(self.limit, cx));
                        return Poll::Ready(Err(self.broke(Failure::Timeout(Waiting::Content))));
                    }
                },
                Err(_) => return Poll::Ready(Err(self.broke(Failure::Broken))),
            }
        }
        Poll::Ready(Ok(None))
    }

    fn broke(&mut self, failure: Failure) -> Failure {
        self.lease = None;
        self.broken.insert(failure).clone()
    }

    fn give_back_at_end(&mut self) {
        if self.framing.is_end() {
            self.give_back();
        }
    }

    fn give_back(&mut self) {
        if let Some(Lease { connection, pool, peer, keep: Some(keep) }) = self.lease.take() {
            pool.put(&peer, connection, keep);
        }
    }
}

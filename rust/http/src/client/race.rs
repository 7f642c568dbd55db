//! The first of several addresses to be connected (RFC 8305 section 5): one that drops packets holds up nobody for long.

use std::cell::Cell;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::{Connection, Failure};

/// RFC 8305's "Connection Attempt Delay": how long after an address the next one is tried beside it.
const DELAY: Duration = Duration::from_millis(250);
/// The same after an address took a connection and TLS goes on: longer than a distant peer needs, so that few make two.
const HANDSHAKE: Duration = Duration::from_secs(1);

type Outcome = Result<Connection, Failure>;

/// The first connection that is made of all addresses; the last failure where there is none. What is on its way then is given
/// up, and nothing before. When one fails, the next is tried at once.
pub(super) async fn first<F: Future<Output = Outcome>>(
    addresses: impl Iterator<Item = SocketAddr>,
    pace: &Pace,
    connect: impl Fn(SocketAddr) -> F,
) -> Outcome {
    let mut failure = Failure::Connect(io::ErrorKind::AddrNotAvailable);
    let mut running = Running(Vec::new());
    for address in addresses {
        running.0.push(Box::pin(connect(address)));
        pace.put_off(DELAY);
        match pace.in_time(running.next()).await {
            Some(Ok(connection)) => return Ok(connection),
            Some(Err(error)) => failure = error,
            None => {}
        }
    }
    while !running.0.is_empty() {
        match running.next().await {
            Ok(connection) => return Ok(connection),
            Err(error) => failure = error,
        }
    }
    Err(failure)
}

/// When the next address is tried.
pub(super) struct Pace(Cell<Instant>);

impl Pace {
    pub fn new() -> Self {
        Self(Cell::new(Instant::now()))
    }

    /// An address took a connection.
    pub fn connected(&self) {
        self.put_off(HANDSHAKE);
    }

    fn put_off(&self, by: Duration) {
        self.0.set(Instant::now() + by);
    }

    /// What came before that time, which may be put off meanwhile.
    async fn in_time(&self, outcome: impl Future<Output = Outcome>) -> Option<Outcome> {
        let mut outcome = pin!(outcome);
        loop {
            let due = self.0.get();
            match timeout_at(due, outcome.as_mut()).await {
                Ok(outcome) => return Some(outcome),
                Err(_) if self.0.get() > due => {}
                Err(_) => return None,
            }
        }
    }
}

/// Addresses on their way to a connection.
struct Running<F>(Vec<Pin<Box<F>>>);

impl<F: Future<Output = Outcome>> Running<F> {
    /// Waits for ever where none is.
    async fn next(&mut self) -> Outcome {
        poll_fn(|cx| self.poll_next(cx)).await
    }

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Outcome> {
        let ready = |(index, connecting): (usize, &mut Pin<Box<F>>)| match connecting.as_mut().poll(cx) {
            Poll::Ready(outcome) => Some((index, outcome)),
            Poll::Pending => None,
        };
        let Some((index, outcome)) = self.0.iter_mut().enumerate().find_map(ready) else { return Poll::Pending };
        drop(self.0.swap_remove(index));
        Poll::Ready(outcome)
    }
}

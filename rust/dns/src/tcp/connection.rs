//! One connection: read what has come, answer every whole query, write all answers, wait again.
//!
//! The time to the next whole query is bounded, not the time to the next octet: who sends a query slowly has no more
//! time than who sends none. Nothing is read while answers wait to be taken.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::time::Duration;

use edgeplane_net::tcp::Ticket;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout, timeout_at};

use super::frames::{Frames, Next};
use super::{Desk, Handler, Stage, reached};
use crate::limits;

/// Octets read at a time: other connections have their turn in between.
const READ_SIZE: usize = 16_384;
/// How long a draining connection still looks for queries: what is on its way when the service begins to drain.
const GRACE: Duration = Duration::from_millis(50);
/// How long a drained connection waits for the client to close, so that its last answers are not reset away.
const LINGER: Duration = Duration::from_secs(1);

/// Why a connection ends.
#[derive(Debug, PartialEq, Eq)]
enum End {
    /// The client closed, or the network did.
    Gone,
    /// Nothing whole came, or answers were not taken, in time.
    TimedOut,
    /// Its place was given to another client.
    Evicted,
    /// A length that no query has.
    Senseless,
    /// Answering panicked.
    Panicked,
    /// The service drains and everything that came is answered.
    Drained,
}

/// One client's connection.
pub struct Connection<H> {
    stream: TcpStream,
    client: SocketAddr,
    ticket: Ticket,
    desk: Rc<Desk<H>>,
    frames: Frames,
    answers: Vec<u8>,
}

impl<H: Handler> Connection<H> {
    /// A connection that was just accepted.
    pub fn new(stream: TcpStream, client: SocketAddr, ticket: Ticket, desk: Rc<Desk<H>>) -> Self {
        Self { stream, client, ticket, desk, frames: Frames::default(), answers: Vec::new() }
    }

    /// Serves until one side ends it.
    pub async fn serve(mut self) {
        let end = match self.converse().await {
            Ok(never) => match never {},
            Err(end) => end,
        };
        let counters = &self.desk.counters;
        match end {
            End::TimedOut => counters.tcp_timed_out.add(1),
            End::Senseless => counters.dropped_malformed.add(1),
            End::Panicked => counters.panics.add(1),
            End::Drained => self.say_goodbye().await,
            End::Gone | End::Evicted => {}
        }
    }

    async fn converse(&mut self) -> Result<std::convert::Infallible, End> {
        let mut deadline = Instant::now() + self.desk.shared.idle();
        loop {
            self.readable(deadline).await?;
            if !self.read()? {
                continue;
            }
            self.ticket.busy();
            if self.answer_all().await? {
                deadline = Instant::now() + self.desk.shared.idle();
            }
            self.ticket.wait();
        }
    }

    /// Waits until there may be something to read.
    async fn readable(&self, deadline: Instant) -> Result<(), End> {
        let mut stage = self.desk.stage.clone();
        let ready = tokio::select! {
            biased;
            () = reached(&mut stage, Stage::Draining) => {
                // A query that has begun to come has the time that it would have had.
                let last = if self.frames.is_empty() { Instant::now() + GRACE } else { deadline };
                timeout_at(last, self.stream.readable()).await.map_err(|_| End::Drained)?
            }
            () = self.ticket.evicted() => return Err(End::Evicted),
            ready = timeout_at(deadline, self.stream.readable()) => ready.map_err(|_| End::TimedOut)?,
        };
        ready.map_err(|_| End::Gone)
    }

    /// Reads what has come; whether anything has.
    fn read(&mut self) -> Result<bool, End> {
        let mut scratch = self.desk.scratch.borrow_mut();
        let room = scratch.get_mut(..READ_SIZE).ok_or(End::Gone)?;
        match self.stream.try_read(room) {
            Ok(0) => Err(End::Gone),
            Ok(len) => {
                self.frames.push(room.get(..len).unwrap_or_default());
                Ok(true)
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(false),
            Err(_) => Err(End::Gone),
        }
    }

    /// Answers every whole query that has come and writes the answers; whether there was one.
    async fn answer_all(&mut self) -> Result<bool, End> {
        let mut any = false;
        let end = loop {
            match self.answer_next() {
                Ok(true) => any = true,
                other => break other.err(),
            }
            if self.answers.len() >= limits::TCP_WRITE_SIZE.default as usize {
                self.flush().await?;
            }
        };
        self.flush().await?;
        self.frames.shrink();
        end.map_or(Ok(any), Err)
    }

    /// Answers one query into `answers`; false when none is whole.
    fn answer_next(&mut self) -> Result<bool, End> {
        let query = match self.frames.next() {
            Next::Message(query) => query,
            Next::Incomplete => return Ok(false),
            Next::Senseless => return Err(End::Senseless),
        };
        let mut scratch = self.desk.scratch.borrow_mut();
        scratch.get_mut(..query.len()).ok_or(End::Gone)?.copy_from_slice(query);
        let mut handler = self.desk.handler.borrow_mut();
        let ask = AssertUnwindSafe(|| handler(&mut scratch, query.len(), self.client));
        let len = catch_unwind(ask).map_err(|_| End::Panicked)?;
        if let (Some(answer @ [_, ..]), Ok(length)) = (scratch.get(..len), u16::try_from(len)) {
            self.answers.extend_from_slice(&length.to_be_bytes());
            self.answers.extend_from_slice(answer);
        }
        Ok(true)
    }

    /// Writes all answers within a bounded time.
    async fn flush(&mut self) -> Result<(), End> {
        if self.answers.is_empty() {
            return Ok(());
        }
        let patience = Duration::from_secs(limits::TCP_WRITE_TIMEOUT_S.default);
        let written = timeout(patience, self.stream.write_all(&self.answers)).await;
        // An idle connection holds no buffer.
        self.answers = Vec::new();
        written.map_err(|_| End::TimedOut)?.map_err(|_| End::Gone)
    }

    /// Closes our side and waits a little for the client's: closing a socket with octets unread resets the connection,
    /// which would take away answers on their way.
    async fn say_goodbye(&mut self) {
        let _ = self.stream.shutdown().await;
        let _ = timeout(LINGER, self.discard()).await;
    }

    async fn discard(&self) -> io::Result<()> {
        let mut sink = [0; 512];
        loop {
            self.stream.readable().await?;
            match self.stream.try_read(&mut sink) {
                Ok(0) => return Ok(()),
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
    }
}

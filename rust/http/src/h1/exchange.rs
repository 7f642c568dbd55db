//! One request that `Service::handle` answers.
//!
//! What is said is gathered, and written when there is enough of it, when the service waits for something, or at the end; so a
//! short answer leaves with one write, and no head waits for its content.

use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::io;
use std::mem::take;
use std::pin::pin;
use std::task::{Context, Poll};

use bytes::Bytes;

use super::answer::{Persistence, is_without_content, push_chunk_size, push_length};
use super::content::Incoming;
use super::date::DateLine;
use super::framing::digits;
use super::io::Io;
use super::limits::BUFFER_MAX_SIZE;
use super::output::Output;
use super::seats::Wait;
use super::thread::Bench;
use super::tunnel::Tunnel;
use super::wire::{Next, Wire};
use crate::reply::{push_decimal, push_end_to_end};
use crate::request::{Framing, Version};
use crate::response::reason;
use crate::{Connection, Content, Method, Request, Response, Service, Session, SessionError};

/// Has the service answer `bench.request`; none when the connection goes on.
pub(crate) async fn handle<I: Io, S: Service>(wire: &mut Wire<I>, of: &Connection, service: &S) -> Option<Next> {
    let Some(mut bench) = wire.bench.take() else { return Some(Next::Drop) };
    wire.begin_exchange();
    let request = take(&mut bench.request);
    let pipe = RefCell::new(Pipe { wire, bench, failed: None });
    let mut exchange = Exchange::new(&pipe, request, of);
    serve(service, &mut exchange, &pipe).await;
    let next = exchange.finish().await;
    let Exchange { request, .. } = exchange;
    let Pipe { wire, mut bench, .. } = pipe.into_inner();
    bench.request = request;
    wire.bench = Some(bench);
    next
}

/// Runs the service; whenever it waits, what was gathered is written.
async fn serve<I: Io, S: Service>(service: &S, exchange: &mut Exchange<'_, '_, I>, pipe: &RefCell<Pipe<'_, I>>) {
    let mut handling = pin!(service.handle(exchange));
    poll_fn(|cx| {
        let handled = handling.as_mut().poll(cx);
        if handled.is_pending() {
            pipe.borrow_mut().flush_aside(cx);
        }
        handled
    })
    .await;
}

/// What the service's side and the writing beside it share; borrowed only while something is polled.
struct Pipe<'a, I: Io> {
    wire: &'a mut Wire<I>,
    bench: Box<Bench>,
    /// Why nothing can be written any more.
    failed: Option<SessionError>,
}

impl<I: Io> Pipe<'_, I> {
    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), SessionError>> {
        if let Some(error) = &self.failed {
            return Poll::Ready(Err(error.clone()));
        }
        if self.bench.output.is_empty() {
            return Poll::Ready(Ok(()));
        }
        self.wire.poll_flush(&mut self.bench.output, cx).map_err(|error| {
            let error = session_error(&error, "reading the answer");
            self.failed = Some(error.clone());
            error
        })
    }

    /// Writes while the service waits for something else, which learns of a failure when it is polled again.
    fn flush_aside(&mut self, cx: &mut Context<'_>) {
        if self.failed.is_none() && matches!(self.poll_flush(cx), Poll::Ready(Err(_))) {
            cx.waker().wake_by_ref();
        }
    }

    fn poll_read(&mut self, wait: Wait, cx: &mut Context<'_>) -> Poll<Result<usize, SessionError>> {
        if let Some(error) = &self.failed {
            return Poll::Ready(Err(error.clone()));
        }
        let read = self.wire.poll_read(&mut self.bench.input, wait, cx);
        if let Poll::Ready(Ok(count)) = read {
            self.wire.came(count);
            self.wire.pause();
        }
        read.map_err(|error| session_error(&error, "sending content"))
    }

    /// Reads ahead as far as there is room, to see whether the client is still there.
    fn poll_gone(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            let is_full = self.bench.input.room(self.wire.thread.settings.buffer_size()).is_empty();
            if is_full && self.failed.is_none() {
                return Poll::Pending;
            }
            match self.poll_read(Wait::Service, cx) {
                Poll::Ready(Ok(0) | Err(_)) => return Poll::Ready(()),
                Poll::Ready(Ok(_)) => {}
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    fn date(&self) -> DateLine {
        self.wire.thread.date.line()
    }
}

fn session_error(error: &io::Error, slow_at: &'static str) -> SessionError {
    match error.kind() {
        io::ErrorKind::TimedOut => SessionError::Slow(slow_at),
        _ => SessionError::Gone,
    }
}

/// How far the answer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outgoing {
    /// Nothing was said.
    Unsent,
    /// The head was; content is not sent (HEAD, 204, 304).
    Empty,
    /// So many octets of content follow.
    Length(u64),
    /// Chunks follow; whether one is open, without the line end after its data.
    Chunks { open: bool },
    /// Content follows until the connection closes (HTTP/1.0).
    UntilClose,
    /// All was said.
    Ended,
    /// The connection was given away.
    Given,
    /// What was said cannot be ended.
    Broken,
}

/// The session of HTTP/1.1.
pub(crate) struct Exchange<'a, 'w, I: Io> {
    pipe: &'a RefCell<Pipe<'w, I>>,
    request: Request,
    connection: &'a Connection,
    incoming: Incoming,
    outgoing: Outgoing,
    /// The client waits for 100 (Continue) before it sends content.
    must_continue: bool,
    /// Octets written before this exchange.
    before: u64,
}

impl<'a, 'w, I: Io> Exchange<'a, 'w, I> {
    fn new(pipe: &'a RefCell<Pipe<'w, I>>, request: Request, connection: &'a Connection) -> Self {
        let mut open = pipe.borrow_mut();
        if !matches!(request.framing, Framing::None | Framing::Length(0..=4096)) {
            open.bench.input.widen(BUFFER_MAX_SIZE.default as usize);
        }
        let incoming = Incoming::new(request.framing, &open.wire.thread.settings);
        let before = open.bench.output.written() + open.bench.output.waiting();
        drop(open);
        let must_continue = request.expects_continue;
        Self { pipe, request, connection, incoming, outgoing: Outgoing::Unsent, must_continue, before }
    }

    fn is_head_due(&self) -> Result<(), SessionError> {
        match self.outgoing {
            Outgoing::Unsent => Ok(()),
            _ => Err(SessionError::Unsupported("a second head")),
        }
    }

    async fn flush(&self) -> Result<(), SessionError> {
        poll_fn(|cx| self.pipe.borrow_mut().poll_flush(cx)).await
    }

    /// Waits until more can be gathered.
    async fn room(&self) -> Result<(), SessionError> {
        if self.pipe.borrow().bench.output.is_heavy() { self.flush().await } else { Ok(()) }
    }

    async fn read(&self) -> Result<usize, SessionError> {
        poll_fn(|cx| self.pipe.borrow_mut().poll_read(Wait::Content, cx)).await
    }

    fn with_output<T>(&self, write: impl FnOnce(&mut Output) -> T) -> T {
        write(&mut self.pipe.borrow_mut().bench.output)
    }

    /// Sends 100 (Continue) where the client waits for it: not when it sent content already, nor after the head.
    async fn invite(&mut self) -> Result<(), SessionError> {
        let is_due = self.must_continue && self.outgoing == Outgoing::Unsent;
        if is_due && self.pipe.borrow().bench.input.is_empty() {
            self.room().await?;
            self.with_output(|output| output.octets().extend_from_slice(b"HTTP/1.1 100 Continue\r\n\r\n"));
        }
        // Last, so that a call that is given up before may be made again.
        self.must_continue = false;
        Ok(())
    }

    /// The next piece of content, read or thrown away; empty at its end.
    async fn next_content(&mut self) -> Result<Vec<u8>, SessionError> {
        let mut data = Vec::new();
        loop {
            self.incoming.take(&mut self.pipe.borrow_mut().bench.input, &mut data)?;
            if !data.is_empty() || self.incoming.is_end() {
                return Ok(data);
            }
            if self.read().await? == 0 {
                self.incoming = Incoming::Broken(SessionError::Gone);
            }
        }
    }

    /// Whether the connection can be used again after an answer that begins now.
    fn keeps_alive(&self, outgoing: Outgoing) -> bool {
        let pipe = self.pipe.borrow();
        let Wire { thread, keep_alive, .. } = &*pipe.wire;
        let is_clean = !self.must_continue && !self.incoming.is_longer_than(thread.settings.drain_size);
        *keep_alive
            && !thread.is_draining()
            && is_clean
            && self.request.upgrade.is_none()
            && outgoing != Outgoing::UntilClose
    }

    /// How content of this length is framed.
    fn framing(&self, status: u16, length: Option<u64>) -> Outgoing {
        match length {
            _ if self.request.method == Method::Head || is_without_content(status) => Outgoing::Empty,
            Some(length) => Outgoing::Length(length),
            None if self.request.version == Version::Http10 => Outgoing::UntilClose,
            None => Outgoing::Chunks { open: false },
        }
    }

    /// Status line and fields, without the empty line.
    fn push_head(&self, response: &Response, framing: impl FnOnce(&mut Vec<u8>), persistence: Persistence) {
        let date = self.pipe.borrow().date();
        self.with_output(|output| {
            let lines = output.octets();
            push_status(lines, response.status);
            push_end_to_end(lines, &response.fields);
            if !response.fields.has("date") {
                lines.extend_from_slice(&date);
            }
            framing(lines);
            lines.extend_from_slice(persistence.line());
            lines.extend_from_slice(b"\r\n");
        });
    }

    /// Counts content that is to be sent; whether it is sent at all.
    fn account(&mut self, length: u64) -> Result<bool, SessionError> {
        match &mut self.outgoing {
            Outgoing::Unsent => Err(SessionError::Unsupported("content before its head")),
            Outgoing::Empty => Ok(false),
            Outgoing::Length(left) if length > *left => {
                self.outgoing = Outgoing::Broken;
                Err(SessionError::Unsupported("content beyond its length"))
            }
            Outgoing::Length(left) => {
                *left -= length;
                Ok(length > 0)
            }
            Outgoing::Chunks { .. } | Outgoing::UntilClose => Ok(length > 0),
            Outgoing::Ended | Outgoing::Given | Outgoing::Broken => {
                Err(SessionError::Unsupported("content after its end"))
            }
        }
    }

    /// Ends the chunk that is open, and begins one.
    fn next_chunk(&mut self, size: u64) {
        self.end_chunk();
        if let Outgoing::Chunks { open } = &mut self.outgoing {
            *open = true;
            self.with_output(|output| push_chunk_size(output.octets(), size));
        }
    }

    /// Ends the chunk that is open, unless its data is still to be written.
    fn end_chunk(&mut self) {
        if self.outgoing == (Outgoing::Chunks { open: true }) && self.with_output(|output| !output.has_tail()) {
            self.with_output(|output| output.octets().extend_from_slice(b"\r\n"));
            self.outgoing = Outgoing::Chunks { open: false };
        }
    }

    /// What becomes of the connection when the service is done; none: it goes on.
    async fn finish(&mut self) -> Option<Next> {
        match self.outgoing {
            Outgoing::Ended => self.clean().await,
            Outgoing::Given => Some(Next::Drop),
            Outgoing::Unsent if self.flush().await.is_ok() => Some(Next::Close { linger: false }),
            // A close would look like the end.
            Outgoing::UntilClose => {
                self.pipe.borrow_mut().wire.break_off();
                Some(Next::Drop)
            }
            _ => Some(Next::Drop),
        }
    }

    /// Throws unread content away, as long as that is cheaper than another connection.
    async fn clean(&mut self) -> Option<Next> {
        let (keep_alive, mut left) = {
            let wire = &self.pipe.borrow().wire;
            (wire.keep_alive, wire.thread.settings.drain_size)
        };
        while keep_alive && !self.incoming.is_end() {
            let Ok(dropped) = self.next_content().await else { return Some(Next::Close { linger: true }) };
            match left.checked_sub(dropped.len() as u64) {
                Some(less) => left = less,
                None => return Some(Next::Close { linger: true }),
            }
        }
        let linger = !self.incoming.is_end() || !self.pipe.borrow().bench.input.is_empty();
        (!keep_alive).then_some(Next::Close { linger })
    }
}

impl<I: Io> Session for Exchange<'_, '_, I> {
    type Tunnel = Tunnel<I>;

    fn request(&self) -> &Request {
        &self.request
    }

    fn connection(&self) -> &Connection {
        self.connection
    }

    async fn content(&mut self) -> Result<Option<Bytes>, SessionError> {
        self.invite().await?;
        let data = self.next_content().await?;
        Ok((!data.is_empty()).then(|| data.into()))
    }

    async fn interim(&mut self, response: &Response) -> Result<(), SessionError> {
        self.is_head_due()?;
        if !matches!(response.status, 100 | 102..=199) {
            return Err(SessionError::Unsupported("not an interim status"));
        }
        if self.request.version == Version::Http10 {
            return Ok(());
        }
        self.room().await?;
        self.with_output(|output| {
            push_status(output.octets(), response.status);
            push_end_to_end(output.octets(), &response.fields);
            output.octets().extend_from_slice(b"\r\n");
        });
        self.flush().await
    }

    fn close(&mut self) {
        self.pipe.borrow_mut().wire.keep_alive = false;
    }

    async fn head(&mut self, response: &Response, length: Option<u64>) -> Result<(), SessionError> {
        self.is_head_due()?;
        if !matches!(response.status, 200..=599) {
            return Err(SessionError::Unsupported("not a final status"));
        }
        self.room().await?;
        let outgoing = self.framing(response.status, length);
        let framing = |lines: &mut Vec<u8>| match outgoing {
            Outgoing::Length(length) => push_length(lines, length),
            Outgoing::Chunks { .. } => lines.extend_from_slice(b"transfer-encoding: chunked\r\n"),
            Outgoing::Empty if response.status != 204 => {
                let said = || response.fields.get("content-length").and_then(digits);
                length.or_else(said).into_iter().for_each(|length| push_length(lines, length));
            }
            _ => {}
        };
        let keep_alive = self.keeps_alive(outgoing);
        self.pipe.borrow_mut().wire.keep_alive = keep_alive;
        self.push_head(response, framing, Persistence::new(keep_alive, self.request.version));
        self.outgoing = outgoing;
        Ok(())
    }

    async fn send(&mut self, content: Content) -> Result<(), SessionError> {
        self.room().await?;
        if !self.account(content.len())? {
            return Ok(());
        }
        self.next_chunk(content.len());
        self.with_output(|output| output.push(&content, I::COPY));
        self.end_chunk();
        self.room().await
    }

    async fn end(&mut self) -> Result<(), SessionError> {
        self.room().await?;
        match self.outgoing {
            Outgoing::Empty | Outgoing::Length(0) | Outgoing::UntilClose => {}
            Outgoing::Chunks { .. } => {
                self.next_chunk(0);
                self.end_chunk();
            }
            Outgoing::Length(_) => {
                self.outgoing = Outgoing::Broken;
                return Err(SessionError::Unsupported("content short of its length"));
            }
            Outgoing::Unsent => return Err(SessionError::Unsupported("an end before the head")),
            Outgoing::Ended | Outgoing::Given | Outgoing::Broken => {
                return Err(SessionError::Unsupported("a second end"));
            }
        }
        self.outgoing = Outgoing::Broken;
        self.flush().await?;
        self.outgoing = Outgoing::Ended;
        Ok(())
    }

    async fn tunnel(&mut self, response: &Response) -> Result<Tunnel<I>, SessionError> {
        self.is_head_due()?;
        let Some(protocol) = self.request.upgrade.clone().filter(|_| self.incoming.is_end()) else {
            return Err(SessionError::Unsupported("a tunnel that was not asked for"));
        };
        self.room().await?;
        self.with_output(|output| {
            let lines = output.octets();
            push_status(lines, 101);
            push_end_to_end(lines, &response.fields);
            lines.extend_from_slice(b"connection: upgrade\r\nupgrade: ");
            lines.extend_from_slice(response.fields.get("upgrade").unwrap_or(&protocol));
            lines.extend_from_slice(b"\r\n\r\n");
        });
        self.outgoing = Outgoing::Broken;
        self.flush().await?;
        self.outgoing = Outgoing::Given;
        let mut pipe = self.pipe.borrow_mut();
        let unread = Bytes::copy_from_slice(pipe.bench.input.unread());
        pipe.wire.io.take().map(|io| Tunnel::new(io, unread)).ok_or(SessionError::Gone)
    }

    async fn gone(&mut self) {
        poll_fn(|cx| self.pipe.borrow_mut().poll_gone(cx)).await;
    }

    fn sent(&self) -> u64 {
        self.with_output(|output| output.written()).saturating_sub(self.before)
    }
}

fn push_status(lines: &mut Vec<u8>, status: u16) {
    lines.extend_from_slice(b"HTTP/1.1 ");
    push_decimal(lines, status.into());
    lines.push(b' ');
    lines.extend_from_slice(reason(status).as_bytes());
    lines.extend_from_slice(b"\r\n");
}

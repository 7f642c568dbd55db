//! A visit to the server of HTTP/1.1: a client's octets that come in pieces, a service that writes down what it is
//! asked.

use std::cell::RefCell;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use edgeplane_base::random::Random;
use edgeplane_http::h1::{Io, Settings, Thread, serve_connection};
use edgeplane_http::service::Sent;
use edgeplane_http::{
    Connection, Content, Fields, Framing, Method, PreparedHead, Reply, Request, Response, Scheme, Service, Session,
    SessionError, Version,
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::runtime::{Builder, Runtime};
use tokio::task::LocalSet;

thread_local! {
    static RUNTIME: Runtime = Builder::new_current_thread().enable_time().build().unwrap();
}

/// A request, and its content where all of it came and was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    pub request: Request,
    pub content: Option<Vec<u8>>,
}

/// What came of a visit.
#[derive(Debug, PartialEq)]
pub struct Outcome {
    pub asked: Vec<Asked>,
    pub sent: Vec<(u64, bool)>,
    /// Whether something that came was no request.
    pub refused: bool,
    /// What the service answered, without dates and without 100 (Continue), which is for clients that still wait.
    pub answers: String,
}

/// How fast octets move: pieces of up to so many octets, with a wait before each.
pub struct Pace {
    random: Random,
    most: u32,
}

impl Pace {
    /// Octet by octet, or in pieces of up to 2, 4, … 128.
    pub fn new(choice: u8) -> Self {
        Self { random: Random::seeded(choice.into()), most: 1 << (choice & 7) }
    }
}

/// Sends octets to a server with tight limits. Without a pace all come and go at once; `reads`: the service reads content.
pub fn visit(octets: &[u8], pace: Option<Pace>, reads: bool) -> Outcome {
    let (notes, written) = (Rc::new(Notes { reads, ..Notes::default() }), Rc::<RefCell<Vec<u8>>>::default());
    let line = Line { unread: octets.to_vec().into(), written: written.clone(), pace, waited: false };
    let address = "192.0.2.1:80".parse().unwrap();
    let connection = Connection { client: address, local: address, scheme: Scheme::Http, tls: None };
    RUNTIME.with(|runtime| {
        LocalSet::new().block_on(runtime, async {
            serve_connection(line, connection, notes.clone(), Thread::start(settings()), ()).await;
        });
    });
    let refused = notes.refused.take();
    let answers = shown(written.take(), refused);
    Outcome { asked: notes.asked.take(), sent: notes.sent.take(), refused, answers }
}

/// Limits that a few thousand octets reach.
fn settings() -> Settings {
    Settings {
        head_size: 1_024,
        target_size: 256,
        fields: 16,
        content_size: 1_024,
        drain_size: 256,
        ..Settings::default()
    }
}

/// The status of a refusal is left out: who sends slowly is refused at the first thing that is wrong, who sends all at once
/// at the worst.
fn shown(written: Vec<u8>, refused: bool) -> String {
    let text = String::from_utf8(written).expect("all that we write is text");
    let lines = text.split_inclusive("\r\n").filter(|line| !line.starts_with("date: "));
    let text = lines.collect::<String>().replace("HTTP/1.1 100 Continue\r\n\r\n", "");
    match text.rfind("HTTP/1.1 ") {
        Some(at) if refused => text[..at].to_owned(),
        _ => text,
    }
}

/// A request in as few octets as say the same. What `Connection` names is not among its fields; where that was about the
/// message itself, it is said again.
pub fn rewritten(asked: &Asked) -> Vec<u8> {
    let Request { method, version, fields, .. } = &asked.request;
    let version = if *version == Version::Http10 { "HTTP/1.0" } else { "HTTP/1.1" };
    let mut octets = format!("{} {} {version}\r\n", method.token(), target(&asked.request)).into_bytes();
    for (name, value) in fields.iter() {
        octets.extend([name, b":", value, b"\r\n"].concat());
    }
    for (name, value) in of_the_message(&asked.request).into_iter().filter(|(name, _)| !fields.has(name)) {
        octets.extend(value.map(|value| [name.as_bytes(), b":", &value, b"\r\n"].concat()).unwrap_or_default());
    }
    octets.extend(b"\r\n");
    octets.extend(framed(asked.request.framing, asked.content.as_deref().unwrap_or_default()));
    octets
}

fn of_the_message(request: &Request) -> [(&'static str, Option<Vec<u8>>); 5] {
    let (length, chunked) = match request.framing {
        Framing::None => (None, None),
        Framing::Length(length) => (Some(length.to_string().into()), None),
        Framing::Chunked => (None, Some(b"chunked".to_vec())),
    };
    [
        ("host", (request.version == Version::Http11).then(|| request.authority.clone().into())),
        ("content-length", length),
        ("transfer-encoding", chunked),
        ("expect", request.expects_continue.then(|| b"100-continue".to_vec())),
        ("upgrade", request.upgrade.as_ref().map(|protocol| protocol.to_vec())),
    ]
}

/// In absolute form where no field names the host.
fn target(request: &Request) -> String {
    let Request { path, authority, version, fields, .. } = request;
    let query = request.query.as_ref().map(|query| format!("?{query}")).unwrap_or_default();
    let is_named = *version == Version::Http11 || fields.has("host") || authority.is_empty();
    match (is_named, path.as_str()) {
        (true, path) => format!("{path}{query}"),
        (false, "/") => format!("http://{authority}{query}"),
        (false, path) => format!("http://{authority}{path}{query}"),
    }
}

fn framed(framing: Framing, content: &[u8]) -> Vec<u8> {
    match framing {
        Framing::Chunked if content.is_empty() => b"0\r\n\r\n".to_vec(),
        Framing::Chunked => [format!("{:x}\r\n", content.len()).as_bytes(), content, b"\r\n0\r\n\r\n"].concat(),
        _ => content.to_vec(),
    }
}

/// Answers GET and HEAD at once with their path, everything else once it was read.
#[derive(Default)]
struct Notes {
    reads: bool,
    asked: RefCell<Vec<Asked>>,
    sent: RefCell<Vec<(u64, bool)>>,
    refused: RefCell<bool>,
}

impl Notes {
    async fn answer<S: Session>(&self, session: &mut S) -> Result<(), SessionError> {
        let content = if self.reads { Some(whole(session).await) } else { None };
        let failed = content.as_ref().and_then(|content| content.as_ref().err().cloned());
        let content = content.and_then(Result::ok);
        self.asked.borrow_mut().push(Asked { request: session.request().clone(), content });
        if let Some(error) = failed {
            return Err(error);
        }
        session.head(&Response::new(200), Some(4)).await?;
        session.send(Content::Bytes(Bytes::from_static(b"done"))).await?;
        session.end().await
    }
}

async fn whole<S: Session>(session: &mut S) -> Result<Vec<u8>, SessionError> {
    let mut content = Vec::new();
    while let Some(piece) = session.content().await? {
        content.extend_from_slice(&piece);
    }
    Ok(content)
}

impl Service for Notes {
    fn ready(&self, request: &Request, _: &Connection, reply: &mut Reply) {
        if matches!(request.method, Method::Get | Method::Head) {
            self.asked.borrow_mut().push(Asked { request: request.clone(), content: Some(Vec::new()) });
            reply.head = Some(Arc::new(PreparedHead::new(200, Fields::new())));
            reply.content = Content::Bytes(request.path.clone().into());
        }
    }

    fn sent(&self, _: &Request, _: &Connection, _: &Reply, sent: Sent) {
        self.sent.borrow_mut().push((sent.octets, sent.complete));
    }

    async fn handle<S: Session>(&self, session: &mut S) {
        // Why it failed is for the log.
        let _ = self.answer(session).await;
    }

    fn refused(&self, _: &Connection, _: u16, _: &'static str) {
        *self.refused.borrow_mut() = true;
    }
}

/// The client's side.
struct Line {
    unread: Bytes,
    written: Rc<RefCell<Vec<u8>>>,
    pace: Option<Pace>,
    waited: bool,
}

impl Line {
    /// How many octets may move now.
    fn poll_step(&mut self, cx: &Context<'_>) -> Poll<usize> {
        let Some(Pace { random, most }) = &mut self.pace else { return Poll::Ready(usize::MAX) };
        self.waited = !self.waited;
        if self.waited {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(1 + random.below(*most) as usize)
    }
}

impl Io for Line {
    const COPY: usize = 64;
}

impl AsyncRead for Line {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, room: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.poll_step(cx).map(|most| {
            let count = most.min(room.remaining()).min(self.unread.len());
            room.put_slice(&self.unread.split_to(count));
            Ok(())
        })
    }
}

impl AsyncWrite for Line {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_step(cx).map(|most| {
            let count = most.min(octets.len());
            self.written.borrow_mut().extend_from_slice(&octets[..count]);
            Ok(count)
        })
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

//! A session that remembers what was said in it, for counters and the access log.

use std::time::Instant;

use bytes::Bytes;
use edgeplane_http::{Connection, Content, Request, Response, Session, SessionError};

use crate::log::ResultType;

/// A session under observation.
pub struct Watch<'s, S> {
    session: &'s mut S,
    /// When the request was taken up, where it goes into the access log.
    begun: Option<Instant>,
    /// When the head of the answer went out, where that goes into the log.
    answered: Option<Instant>,
    /// Status of the answer; 0 while there is none.
    pub status: u16,
    /// What the answer was.
    pub result: ResultType,
    /// `Content-Length` of the answer.
    pub length: Option<u64>,
    /// The head of the answer, where it goes into the log.
    pub head: Option<Response>,
    /// Octets of the request's content.
    pub received: u64,
    /// Whether all of the answer was handed over.
    pub complete: bool,
}

impl<'s, S: Session> Watch<'s, S> {
    /// A session that was taken up at this time, if it goes into the access log.
    pub fn new(session: &'s mut S, begun: Option<Instant>) -> Self {
        Self {
            session,
            begun,
            answered: None,
            status: 0,
            result: ResultType::default(),
            length: None,
            head: None,
            received: 0,
            complete: false,
        }
    }

    /// When the request was taken up and when its answer's head went out, if it goes into the access log.
    pub fn times(&self) -> Option<(Instant, Option<Instant>)> {
        self.begun.map(|begun| (begun, self.answered))
    }

    /// Whether the answer came from the store.
    pub fn is_hit(&self) -> bool {
        self.status > 0 && self.result.is_hit()
    }

    /// Whether the answer came from an origin.
    pub fn is_miss(&self) -> bool {
        self.status > 0 && self.result == ResultType::Miss
    }

    fn answers(&mut self, response: &Response, length: Option<u64>) {
        (self.status, self.length) = (response.status, length);
        self.answered = self.begun.map(|_| Instant::now());
        self.result = ResultType::of(response.fields.all("x-cache").last());
        self.head = self.begun.map(|_| response.clone());
    }
}

impl<S: Session> Session for Watch<'_, S> {
    type Tunnel = S::Tunnel;

    fn request(&self) -> &Request {
        self.session.request()
    }

    fn connection(&self) -> &Connection {
        self.session.connection()
    }

    async fn content(&mut self) -> Result<Option<Bytes>, SessionError> {
        let piece = self.session.content().await?;
        self.received += piece.as_ref().map_or(0, |piece| piece.len() as u64);
        Ok(piece)
    }

    async fn interim(&mut self, response: &Response) -> Result<(), SessionError> {
        self.session.interim(response).await
    }

    fn close(&mut self) {
        self.session.close();
    }

    async fn head(&mut self, response: &Response, length: Option<u64>) -> Result<(), SessionError> {
        self.answers(response, length);
        self.session.head(response, length).await
    }

    async fn send(&mut self, content: Content) -> Result<(), SessionError> {
        self.session.send(content).await
    }

    async fn end(&mut self) -> Result<(), SessionError> {
        let ended = self.session.end().await;
        self.complete = ended.is_ok();
        ended
    }

    async fn tunnel(&mut self, response: &Response) -> Result<Self::Tunnel, SessionError> {
        self.answers(response, None);
        self.complete = true;
        self.session.tunnel(response).await
    }

    async fn gone(&mut self) {
        self.session.gone().await;
    }

    fn sent(&self) -> u64 {
        self.session.sent()
    }
}

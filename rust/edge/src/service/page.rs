//! Custom error pages: what the distribution has for a status stands in for answers of origins and of the edge itself.
//!
//! ```text
//! an answer ─ head ─► Guarded: a page for this status? ─ no ──► client
//!                                    └ yes: held back ─ a route to the page ─ served as usual ─► Page: status replaced ─► client
//! ```

use std::rc::Rc;

use bytes::Bytes;
use edgeplane_http::{Connection, Content, Framing, Method, Request, Response, Session, SessionError};

use super::app::App;
use super::exchange::Told;
use super::notice::Notice;
use super::route::Route;
use crate::access::REASON;
use crate::plan::{CustomError, Distribution};

/// A page that stands in.
struct Instead {
    path: String,
    status: u16,
    /// Why the edge itself failed, where it did.
    reason: Option<Vec<u8>>,
}

impl Instead {
    fn of(error: &CustomError, response: &Response) -> Option<Self> {
        let (path, status) = error.page.clone()?;
        Some(Self { path, status, reason: response.fields.get(REASON).map(<[u8]>::to_vec) })
    }

    /// What is asked for in place of the client's request: the page, whole.
    fn request(&self, request: &Request) -> Request {
        let method = if request.method == Method::Head { Method::Head } else { Method::Get };
        let kept = |name: &[u8]| !name.to_ascii_lowercase().starts_with(b"content-") && !is_dropped(name);
        Request {
            method,
            scheme: request.scheme,
            version: request.version,
            authority: request.authority.clone(),
            path: self.path.clone(),
            query: None,
            fields: request.fields.iter().filter(|(name, _)| kept(name)).collect(),
            framing: Framing::None,
            expects_continue: false,
            reused: request.reused,
            upgrade: None,
        }
    }
}

/// What the client said of another object.
fn is_dropped(name: &[u8]) -> bool {
    const DROPPED: [&str; 8] = [
        "range",
        "if-range",
        "if-match",
        "if-none-match",
        "if-modified-since",
        "if-unmodified-since",
        "expect",
        "upgrade",
    ];
    DROPPED.iter().any(|dropped| name.eq_ignore_ascii_case(dropped.as_bytes()))
}

impl App {
    /// Answers with the pages of a distribution.
    pub(super) async fn answer_with_pages<S: Session>(
        &self,
        routed: Result<Rc<Route>, Box<Notice>>,
        session: &mut S,
        distribution: &Distribution,
    ) -> Told {
        let mut guarded = Guarded { session, distribution, instead: None };
        let told = self.answer(routed, &mut guarded).await;
        let Some(instead) = guarded.instead else { return told };
        let request = instead.request(session.request());
        let Some(route) = self.route_to_page(&request, session.connection()) else { return told };
        self.serve(&route, &mut Page { session, request, instead }).await
    }
}

/// Holds back heads for which there is a page.
struct Guarded<'s, S> {
    session: &'s mut S,
    distribution: &'s Distribution,
    instead: Option<Instead>,
}

/// Answers with a page in place of what was asked for.
struct Page<'s, S> {
    session: &'s mut S,
    request: Request,
    instead: Instead,
}

impl<S: Session> Guarded<'_, S> {
    fn page(&self, response: &Response) -> Option<Instead> {
        Instead::of(self.distribution.custom_error(response.status)?, response)
    }
}

impl<S: Session> Page<'_, S> {
    /// A page that came gets the status of the error; what else came stays as it is.
    fn dressed(&self, response: &Response) -> Response {
        let mut dressed = response.clone();
        if response.status == 200 {
            dressed.status = self.instead.status;
            dressed.fields.set("x-cache", "Error from cloudfront");
        }
        if let Some(reason) = self.instead.reason.as_ref() {
            dressed.fields.set(REASON, reason);
        }
        dressed
    }
}

impl<S: Session> Session for Guarded<'_, S> {
    type Tunnel = S::Tunnel;

    fn request(&self) -> &Request {
        self.session.request()
    }

    fn connection(&self) -> &Connection {
        self.session.connection()
    }

    async fn content(&mut self) -> Result<Option<Bytes>, SessionError> {
        self.session.content().await
    }

    async fn interim(&mut self, response: &Response) -> Result<(), SessionError> {
        self.session.interim(response).await
    }

    fn close(&mut self) {
        self.session.close();
    }

    async fn head(&mut self, response: &Response, length: Option<u64>) -> Result<(), SessionError> {
        self.instead = self.page(response);
        match self.instead {
            Some(_) => Err(SessionError::Unsupported("a page stands in for this answer")),
            None => self.session.head(response, length).await,
        }
    }

    async fn send(&mut self, content: Content) -> Result<(), SessionError> {
        self.session.send(content).await
    }

    async fn end(&mut self) -> Result<(), SessionError> {
        self.session.end().await
    }

    async fn tunnel(&mut self, response: &Response) -> Result<Self::Tunnel, SessionError> {
        self.session.tunnel(response).await
    }

    async fn gone(&mut self) {
        self.session.gone().await;
    }

    fn sent(&self) -> u64 {
        self.session.sent()
    }
}

impl<S: Session> Session for Page<'_, S> {
    type Tunnel = S::Tunnel;

    fn request(&self) -> &Request {
        &self.request
    }

    fn connection(&self) -> &Connection {
        self.session.connection()
    }

    async fn content(&mut self) -> Result<Option<Bytes>, SessionError> {
        Ok(None)
    }

    async fn interim(&mut self, response: &Response) -> Result<(), SessionError> {
        self.session.interim(response).await
    }

    fn close(&mut self) {
        self.session.close();
    }

    async fn head(&mut self, response: &Response, length: Option<u64>) -> Result<(), SessionError> {
        self.session.head(&self.dressed(response), length).await
    }

    async fn send(&mut self, content: Content) -> Result<(), SessionError> {
        self.session.send(content).await
    }

    async fn end(&mut self) -> Result<(), SessionError> {
        self.session.end().await
    }

    async fn tunnel(&mut self, _: &Response) -> Result<Self::Tunnel, SessionError> {
        Err(SessionError::Unsupported("a page is no tunnel"))
    }

    async fn gone(&mut self) {
        self.session.gone().await;
    }

    fn sent(&self) -> u64 {
        self.session.sent()
    }
}

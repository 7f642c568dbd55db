//! A service that does what a path says.

use std::cell::RefCell;
use std::sync::Arc;

use bytes::Bytes;
use edgeplane_net::pages::Pages;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::sample;
use crate::service::Sent;
use crate::{Connection, Content, Fields, PreparedHead, Reply, Request, Response, Service, Session, SessionError};

/// Writes down what it is asked and told.
#[derive(Default)]
pub struct Site {
    pub log: RefCell<Vec<String>>,
    pub sent: RefCell<Vec<Sent>>,
    pub refused: RefCell<Vec<(u16, &'static str)>>,
}

pub fn big() -> Bytes {
    (0..100_000u32).map(|number| b'a' + (number % 23) as u8).collect()
}

pub fn file(octets: &[u8]) -> Content {
    Content::File { file: sample::file(octets), offset: 0, length: octets.len() as u64 }
}

/// So many octets of an endless pattern, from the middle of pages that were sent often before.
pub fn pages(length: usize) -> Content {
    let octets = pattern(length + 2);
    let pages = Pages::hold(octets.len() as u64, [&octets[..]]).unwrap();
    while !pages.is_popular() {
        pages.count_sent(octets.len());
    }
    Content::Pages(pages).slice(1, length as u64)
}

/// The start of that pattern.
pub fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|number| (number % 251) as u8).collect()
}

impl Site {
    fn note(&self, line: impl Into<String>) {
        self.log.borrow_mut().push(line.into());
    }

    async fn answer<S: Session>(&self, session: &mut S) -> Result<(), SessionError> {
        let path = session.request().path.clone();
        match path.as_str() {
            "/echo" => echo(session).await,
            "/stream" => stream(session).await,
            "/last" => {
                session.close();
                whole(session, 200, "last").await
            }
            "/ignore" => whole(session, 200, "ignored").await,
            "/slowly" => {
                session.head(&Response::new(200), Some(3)).await?;
                tokio::time::sleep(std::time::Duration::from_secs(100)).await;
                session.send(Content::Bytes("abc".into())).await?;
                session.end().await
            }
            "/short" => {
                session.head(&Response::new(200), Some(10)).await?;
                session.send(Content::Bytes("short".into())).await?;
                session.end().await
            }
            "/long" => {
                session.head(&Response::new(200), Some(3)).await?;
                session.send(Content::Bytes("long".into())).await
            }
            "/broken" => {
                session.head(&Response::new(200), None).await?;
                session.send(Content::Bytes("abc".into())).await
            }
            "/interim" => {
                session.interim(&Response::new(103).with("link", "</a>")).await?;
                whole(session, 200, "after").await
            }
            "/big" => {
                session.head(&Response::new(200), None).await?;
                session.send(Content::Bytes(big())).await?;
                session.send(Content::None).await?;
                session.send(file(&big())).await?;
                session.end().await
            }
            "/framed" => {
                let fields = [
                    ("Content-Length", "7"),
                    ("Transfer-Encoding", "gzip"),
                    ("Connection", "x"),
                    ("a\r\nb", "c"),
                    ("d", "e\nf"),
                ];
                let fields: Fields = fields.into_iter().collect();
                session.head(&Response { status: 200, fields }, Some(2)).await?;
                session.send(Content::Bytes("ok".into())).await?;
                session.end().await
            }
            "/gone" => {
                session.gone().await;
                Err(SessionError::Gone)
            }
            "/tunnel" => tunnel(session).await,
            _ => Ok(()),
        }
    }
}

async fn whole<S: Session>(session: &mut S, status: u16, text: &'static str) -> Result<(), SessionError> {
    session.head(&Response::new(status), Some(text.len() as u64)).await?;
    session.send(Content::Bytes(text.into())).await?;
    session.end().await
}

async fn echo<S: Session>(session: &mut S) -> Result<(), SessionError> {
    let mut content = Vec::new();
    while let Some(piece) = session.content().await? {
        content.extend_from_slice(&piece);
    }
    session.head(&Response::new(200), Some(content.len() as u64)).await?;
    session.send(Content::Bytes(content.into())).await?;
    session.end().await
}

async fn stream<S: Session>(session: &mut S) -> Result<(), SessionError> {
    session.head(&Response::new(200), None).await?;
    while let Some(piece) = session.content().await? {
        session.send(Content::Bytes(piece)).await?;
    }
    session.end().await
}

/// Sends everything back in capitals until the client ends its side.
async fn tunnel<S: Session>(session: &mut S) -> Result<(), SessionError> {
    let mut tunnel = session.tunnel(&Response::new(101).with("upgrade", "websocket")).await?;
    let mut octets = [0; 100];
    while let Ok(count @ 1..) = tunnel.read(&mut octets).await {
        tunnel.write_all(&octets[..count].to_ascii_uppercase()).await.unwrap();
    }
    tunnel.shutdown().await.unwrap();
    Ok(())
}

impl Service for Site {
    fn ready(&self, request: &Request, _: &Connection, reply: &mut Reply) {
        let head = |status, fields: &[(&str, &str)]| {
            Some(Arc::new(PreparedHead::new(status, fields.iter().copied().collect())))
        };
        (reply.head, reply.content) = match request.path.as_str() {
            "/hit" => (head(200, &[("a", "b")]), Content::Bytes("hello".into())),
            "/where" => (head(200, &[]), Content::Bytes(describe(request).into())),
            "/huge" => (head(200, &[]), Content::Bytes(big())),
            "/file" => (head(200, &[]), file(&big())),
            "/pages" => (head(200, &[]), pages(request.query.as_deref().unwrap().parse().unwrap())),
            "/empty" => (head(200, &[]), Content::None),
            "/none" => (head(204, &[]), Content::None),
            "/same" => (head(304, &[("content-length", "5")]), Content::Bytes("hello".into())),
            "/length" => (head(200, &[("content-length", "77")]), Content::None),
            _ => return,
        };
        reply.close = request.query.as_deref() == Some("close");
        if request.query.as_deref() == Some("line") {
            reply.field("age", "7");
        }
        self.note(format!("{} {}", request.method.token(), request.path));
    }

    fn sent(&self, _: &Request, _: &Connection, _: &Reply, sent: Sent) {
        self.sent.borrow_mut().push(sent);
    }

    async fn handle<S: Session>(&self, session: &mut S) {
        let request = format!("{} {}", session.request().method.token(), session.request().path);
        match self.answer(session).await {
            Ok(()) => self.note(request),
            Err(error) => self.note(format!("{request}: {error:?}")),
        }
    }

    fn refused(&self, _: &Connection, status: u16, why: &'static str) {
        self.refused.borrow_mut().push((status, why));
    }
}

fn describe(request: &Request) -> String {
    format!("{} {} {:?}", request.authority, request.path, request.query)
}

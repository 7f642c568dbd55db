//! Where content goes while it comes: memory, disk where it is too long for memory, or nowhere but to those who read it.

use std::sync::Arc;

use bytes::Bytes;
use edgeplane_http::Content;
use tokio::task::spawn_blocking;

use super::app::App;
use super::route::Route;
use crate::archive::copy;
use crate::fill::{Growing, Opening, Piece, Share};
use crate::object::Object;
use crate::semantics::Vary;
use crate::shared::small;
use crate::store::disk::Writer;

/// Where the content of one answer goes.
pub enum Sink {
    /// To memory, as far as there is some for what is under way.
    Memory(Share),
    /// To a file on disk; each piece is written before the next is read, so that the origin is no faster than the disk.
    Disk(Box<Writer>),
    /// Through, at the pace of those who read; with a piece that has not gone yet, and what is held in memory of those before.
    Passing(Bytes, Option<Share>),
}

impl Sink {
    /// Whether content of this length may be kept; one that is unknown is tried.
    pub fn takes(app: &App, length: Option<u64>) -> bool {
        let on_disk = app.shared.archive.as_ref().map_or(0, |archive| archive.largest());
        length.unwrap_or(0) <= small(&app.shared.memory).max(on_disk)
    }

    /// For content of this length, of a response that varies by this; none where it has no place.
    pub async fn open(app: &App, route: &Route, vary: &Vary, length: Option<u64>) -> Option<(Self, Arc<Growing>)> {
        if length.unwrap_or(0) <= small(&app.shared.memory) {
            let body = Growing::new(length, small(&app.shared.memory));
            return Some((Self::Memory(app.shared.under_way.share()), Arc::new(body)));
        }
        let writer = writer(app, route, vary, Vec::new()).await?;
        let body = Growing::on_disk(writer.file()?);
        Some((Self::Disk(writer), Arc::new(body)))
    }

    /// Takes a piece; where it goes from then on. `Passing` gives it back.
    pub async fn take(self, app: &App, route: &Route, opening: &Opening, piece: Bytes) -> Result<Self, String> {
        let body = &opening.body;
        match self {
            Self::Memory(mut share) => {
                let length = piece.len() as u64;
                if body.len() + length <= small(&app.shared.memory) && share.grow(length) {
                    body.push(piece).map_err(|error| format!("no room for an answer under way: {error}"))?;
                    return Ok(Self::Memory(share));
                }
                match move_to_disk(app, route, opening).await {
                    Some(writer) => Ok(write(writer, body, piece).await),
                    None => Ok(Self::Passing(piece, Some(share))),
                }
            }
            Self::Disk(writer) => Ok(write(writer, body, piece).await),
            Self::Passing(_, share) => Ok(Self::Passing(piece, share)),
        }
    }

    /// The content has come; where it is kept, if it is, and whether the disk has it already.
    pub async fn close(
        self,
        app: &App,
        route: &Route,
        object: &Arc<Object>,
        body: &Growing,
    ) -> Option<(Content, bool)> {
        match self {
            Self::Memory(_) => Some((body.finish(), false)),
            Self::Disk(writer) => {
                let (archive, key, object) = (app.shared.archive.clone(), route.key.clone(), object.clone());
                let content = spawn_blocking(move || archive?.commit(&key, *writer, &object)).await;
                body.end();
                Some((content.ok()??, true))
            }
            Self::Passing(..) => {
                body.end();
                None
            }
        }
    }
}

/// A file on disk with what has come so far.
async fn move_to_disk(app: &App, route: &Route, opening: &Opening) -> Option<Box<Writer>> {
    let (body, mut so_far, mut at) = (&opening.body, Vec::new(), 0);
    while at < body.len() {
        let Piece::Content(content) = body.at(at).await else { return None };
        at += content.len();
        so_far.push(content);
    }
    let writer = writer(app, route, &opening.object.stored.vary, so_far).await?;
    body.move_to_disk(writer.file()?);
    Some(writer)
}

async fn writer(app: &App, route: &Route, vary: &Vary, so_far: Vec<Content>) -> Option<Box<Writer>> {
    let (archive, key, vary) = (app.shared.archive.clone()?, route.key.clone(), vary.clone());
    let begin = move || {
        let mut writer = archive.writer(&key, &vary)?;
        so_far.iter().all(|content| copy(content, &mut writer)).then_some(Box::new(writer))
    };
    spawn_blocking(begin).await.ok()?
}

/// Where the disk takes no more, what it has stays readable, and the rest passes through.
async fn write(mut writer: Box<Writer>, body: &Growing, piece: Bytes) -> Sink {
    let octets = piece.clone();
    let written = spawn_blocking(move || writer.write(&octets).then_some(writer)).await;
    match written {
        Ok(Some(writer)) => {
            body.grown(writer.length());
            Sink::Disk(writer)
        }
        _ => Sink::Passing(piece, None),
    }
}

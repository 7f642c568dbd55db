//! One fetch a key, however many wait for it.
//!
//! ```text
//! first request ─ lead ─► a task of its own asks the origin ─► Stage moves: Asked → Streaming → Done, or Private, or Failed
//! others ─ follow ──────► wait for the stage, then read what has come, each at its own pace
//! ```
//! The task outlives the request that started it: a client that goes away costs nobody their answer. What began before an
//! invalidation answers those who came before it; who comes after it leads a fetch of its own, which all others then follow.

mod body;
mod budget;
mod table;

pub use body::{Growing, Piece, Reader};
pub use budget::{Budget, Share};
pub use table::{Fills, Joined, Lead};

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use tokio::sync::Notify;

use crate::object::Object;
use crate::origin::OriginError;
use crate::semantics::{self, Asker};
use crate::store::written::Mark;

/// How far a fill is.
#[derive(Clone)]
pub enum Stage {
    /// The origin was asked and has not answered.
    Asked,
    /// The head is known and may be shared; content comes.
    Streaming(Arc<Opening>),
    /// Stored, or brought up to date: to be used like one from the store.
    Done(Arc<Object>, Came),
    /// The answer belongs to one client: the others ask for themselves.
    Private,
    /// There is no answer.
    Failed(Failure),
}

impl Stage {
    /// For people.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Asked => "the origin is asked",
            Self::Streaming(_) => "content comes",
            Self::Done(..) => "done",
            Self::Private => "for one client",
            Self::Failed(_) => "failed",
        }
    }
}

/// How an object came to be at hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Came {
    /// The origin sent it.
    Fetched,
    /// It was stored, and the origin confirmed it.
    Confirmed,
    /// The same, for the one who asked alone: nobody may keep it any more.
    ConfirmedOnce,
    /// It was stored, and the origin failed.
    Stale,
}

impl Came {
    /// Whether an object that came so is for a request that waited for another's: what everybody has to validate is for
    /// nobody but the one who did (RFC 9111 sections 4.2.4, 5.2.2), whoever waited may not even be allowed to see it.
    pub fn serves(self, object: &Object, asker: &Asker<'_>) -> bool {
        let lifetime = &object.stored.lifetime;
        let is_for_many = match self {
            Self::Fetched | Self::Confirmed => semantics::is_plainly_fresh(lifetime, lifetime.received),
            Self::ConfirmedOnce => false,
            Self::Stale => true,
        };
        is_for_many && object.answers(asker.request()) && object.stored.vary.matches(asker)
    }
}

/// Why there is no answer.
#[derive(Clone)]
pub enum Failure {
    /// The origin's.
    Error(Arc<OriginError>),
    /// Our own: the fetch ended without a word.
    Lost,
}

/// A response whose content is on its way.
pub struct Opening {
    /// What it will be; its content is still empty.
    pub object: Arc<Object>,
    /// The content so far.
    pub body: Arc<Growing>,
    /// Octets of the whole content, where they are known.
    pub length: Option<u64>,
    /// Whether those who wait may have it; else it is the first one's alone.
    pub shared: bool,
    /// The place of the one who started the fetch, until it is taken.
    pub first: Mutex<Option<Reader>>,
}

impl Opening {
    /// The place of the one who started the fetch, else another; none where the beginning has gone by.
    pub fn first_reader(&self) -> Option<Reader> {
        let first = crate::lock(&self.first).take();
        first.or_else(|| self.body.reader())
    }

    /// Whether it is for a request that waited for another's.
    pub fn serves(&self, asker: &Asker<'_>) -> bool {
        self.shared && self.object.stored.vary.matches(asker)
    }
}

/// One fetch that many may wait for.
pub struct Fill {
    /// Number of the last invalidation when it began; no answer to it is older.
    pub sequence: u64,
    /// The URI as it was then.
    pub mark: Mark,
    stage: Mutex<Stage>,
    ended: AtomicBool,
    moved: Notify,
}

impl Fill {
    /// One that begins after this invalidation and what this mark has seen.
    pub fn new(sequence: u64, mark: Mark) -> Self {
        Self { sequence, mark, stage: Mutex::new(Stage::Asked), ended: AtomicBool::new(false), moved: Notify::new() }
    }

    /// Moves on and wakes all who wait.
    pub fn advance(&self, stage: Stage) {
        *crate::lock(&self.stage) = stage;
        self.moved.notify_waiters();
    }

    /// Says that nothing more will come; what was said before stays.
    pub fn end(&self) {
        self.ended.store(true, Ordering::Release);
        let mut stage = crate::lock(&self.stage);
        match &*stage {
            Stage::Asked => *stage = Stage::Failed(Failure::Lost),
            Stage::Streaming(opening) => opening.body.break_off(),
            _ => {}
        }
        drop(stage);
        self.moved.notify_waiters();
    }

    /// Says that nobody asks the origin: those who wait are to do it for themselves.
    pub fn give_up(&self) {
        let mut stage = crate::lock(&self.stage);
        if matches!(*stage, Stage::Asked) {
            *stage = Stage::Private;
            drop(stage);
            self.moved.notify_waiters();
        }
    }

    /// How far it is.
    pub fn stage(&self) -> Stage {
        crate::lock(&self.stage).clone()
    }

    /// Waits until it is beyond `Asked`.
    pub async fn opened(&self) -> Stage {
        loop {
            let mut moved = std::pin::pin!(self.moved.notified());
            moved.as_mut().enable();
            match self.stage() {
                Stage::Asked => moved.await,
                stage => return stage,
            }
        }
    }

    /// Waits until it is over: what streams then will not be stored.
    pub async fn settled(&self) -> Stage {
        loop {
            let mut moved = std::pin::pin!(self.moved.notified());
            moved.as_mut().enable();
            let ended = self.ended.load(Ordering::Acquire);
            match self.stage() {
                Stage::Asked | Stage::Streaming(_) if !ended => moved.await,
                stage => return stage,
            }
        }
    }
}

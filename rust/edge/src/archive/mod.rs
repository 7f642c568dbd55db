//! Responses on disk: they outlive the limits of memory, and a restart.
//!
//! ```text
//! not in memory ─► may_have ─ find ─ description, content ─► Object, and back into memory where it is small
//! stored, confirmed ─► keep ─ queue ─ one thread ─► a file, or another description for the content that is there
//! ```
//! A key has one response on disk, the newest: of those that `Vary` tells apart the others are fetched anew after a restart.
//! Where more waits for the disk than the queue holds, a response passes by, and what the disk has of its key counts as gone.

mod entry;
mod finds;
mod queue;
#[cfg(test)]
mod tests;

use std::io;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use bytes::Bytes;
use edgeplane_base::clock::Clock;
use edgeplane_http::Content;

use crate::behaviour::key::uri;
use crate::object::Object;
use crate::plan::settings;
use crate::semantics::Now;
use crate::store::disk::{Keeper, Stats, Writer};
use crate::store::{Bodies, Disk, DiskHit, Written};
use finds::Finds;
pub use queue::copy;
use queue::{Job, Queue};

/// Responses on disk.
pub struct Archive {
    disk: Arc<Disk>,
    queue: Queue,
    bodies: Bodies,
    small: u64,
    written: Arc<Written>,
    finds: Arc<Finds>,
    _keeper: Keeper,
}

impl Archive {
    /// In the folder that the settings name. Content of up to `small` octets comes back as memory holds it.
    /// What was `written` meanwhile does not stay.
    pub fn open(
        settings: &settings::Disk,
        clock: Arc<dyn Clock>,
        bodies: Bodies,
        small: u64,
        written: Arc<Written>,
    ) -> io::Result<Self> {
        let disk = Disk::open(&settings.path, settings.size, clock, uri);
        disk.allow_open(bodies.open_files());
        let _keeper = Keeper::start(disk.clone())?;
        Ok(Self {
            queue: Queue::start(disk.clone(), written.clone())?,
            disk,
            bodies,
            small,
            written,
            finds: Arc::default(),
            _keeper,
        })
    }

    /// Whether `find` may find something. Does not block.
    pub fn may_have(&self, key: &[u8]) -> bool {
        self.disk.may_have(key)
    }

    /// As `find`, for many at once: one of them reads, and what is long stays open for those who come later.
    pub async fn find_together(self: &Arc<Self>, key: &[u8], now: Now) -> Option<Arc<Object>> {
        if let Some(object) = self.opened(key) {
            return Some(object);
        }
        let (archive, wanted) = (self.clone(), Box::<[u8]>::from(key));
        self.finds.find(key, move || archive.find_and_hold(&wanted, now)).await
    }

    /// A long response whose file is open, and not cut off since.
    fn opened(&self, key: &[u8]) -> Option<Arc<Object>> {
        let object = self.disk.opened(key)?.downcast::<Object>().ok()?;
        let Content::File { file, offset, length } = &object.content else { return None };
        file.metadata().is_ok_and(|file| file.len() > offset + length).then_some(object)
    }

    fn find_and_hold(&self, key: &[u8], now: Now) -> Option<Arc<Object>> {
        let (object, number) = self.read(key, now)?;
        let object = Arc::new(object);
        if object.content.len() > self.small {
            let described = object.head.weight() + object.stored.fields.weight();
            self.disk.hold_open(key, number, object.clone(), described as u64);
        }
        Some(object)
    }

    /// The response of a key, in the time of this process. Blocks.
    pub fn find(&self, key: &[u8], now: Now) -> Option<Object> {
        self.read(key, now).map(|(object, _)| object)
    }

    /// With the number under which the disk has it.
    fn read(&self, key: &[u8], now: Now) -> Option<(Object, u64)> {
        let hit = self.disk.get(key)?;
        let Some(entry) = entry::read(key, &hit.meta, &self.written) else {
            self.disk.remove(key);
            return None;
        };
        let (number, content) = (hit.number(), self.content(hit)?);
        Some((Object::new(entry.stored.placed(now), content, entry.sequence, Arc::new(entry.subject)), number))
    }

    /// Puts a response in the place of what is there under its key, soon. False: too much waits for the disk.
    pub fn keep(&self, key: &[u8], object: &Arc<Object>) -> bool {
        let octets = if object.content.len() <= self.small { object.content.len() } else { 0 };
        let described = object.head.weight() + object.stored.fields.weight();
        self.queue.add(Job::Keep(key.into(), object.clone()), octets + described as u64)
    }

    /// Takes a key's response out: it is not found any more from now on, and its file goes soon.
    pub fn remove(&self, key: &[u8]) {
        self.disk.drop_later(key);
        self.queue.add(Job::Remove(key.into()), 0);
    }

    /// Takes all responses of a URI out. Blocks.
    pub fn remove_uri(&self, uri: &[u8]) {
        self.disk.remove_group(uri);
    }

    /// Begins a response that goes to disk while it comes; none where the disk takes no writes now. Blocks.
    pub fn writer(&self, key: &[u8]) -> Option<Writer> {
        self.disk.writer(key)
    }

    /// Ends a response that was written while it came: the content as it lies on disk. Blocks.
    pub fn commit(&self, writer: Writer, object: &Object) -> Option<Content> {
        let key = writer.key().to_vec();
        let hit = writer.commit(&entry::write(object, &self.written)?)?;
        if self.written.covers(&object.subject.mark) {
            self.disk.remove(&key);
        }
        Some(Content::File { file: hit.file, offset: hit.offset, length: hit.length })
    }

    /// The largest content that is taken.
    pub fn largest(&self) -> u64 {
        self.disk.largest()
    }

    /// What happened on disk, and what is there.
    pub fn stats(&self) -> Stats {
        self.disk.stats()
    }

    fn content(&self, hit: DiskHit) -> Option<Content> {
        if hit.length > self.small {
            return Some(Content::File { file: hit.file, offset: hit.offset, length: hit.length });
        }
        let mut octets = vec![0; hit.length as usize];
        hit.file.read_exact_at(&mut octets, hit.offset).ok()?;
        Some(self.bodies.hold(&[Bytes::from(octets)]))
    }
}

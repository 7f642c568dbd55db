//! Responses on disk: they outlive the limits of memory, and a restart.
//!
//! ```text
//! not in memory ─► may_have ─ find ─ description, content ─► Object, and back into memory where it is small
//! stored, confirmed ─► keep ─ queue ─ one thread ─► a file, or another description for the content that is there
//! ```
//! Of the responses of a key that `Vary` tells apart, the disk has as many as memory has, and a list of them (`variants`).
//! Where more waits for the disk than the queue holds, a response passes by, and what the disk has of its key counts as gone.

mod entry;
mod finds;
mod places;
mod queue;
#[cfg(test)]
mod tests;
mod variants;

use std::collections::BTreeSet;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use bytes::Bytes;
use edgeplane_base::clock::Clock;
use edgeplane_http::Content;

use crate::behaviour::key::uri;
use crate::object::Object;
use crate::plan::settings;
use crate::semantics::{Asker, Now, Vary};
use crate::store::disk::{Keeper, Stats, Writer};
use crate::store::{Disk, DiskHit, Written, hold};
use finds::Finds;
use places::{List, Places};
pub use queue::copy;
use queue::{Job, Queue};
use variants::place;

/// Responses on disk.
pub struct Archive {
    disk: Arc<Disk>,
    places: Arc<Places>,
    queue: Queue,
    small: u64,
    written: Arc<Written>,
    finds: Arc<Finds<Object>>,
    lists: Arc<Finds<List>>,
    _keeper: Keeper,
}

impl Archive {
    /// In the folder that the settings name. Content of up to `small` octets comes back as memory holds it;
    /// `open_files` longer ones stay open.
    /// What was `written` meanwhile does not stay.
    pub fn open(
        settings: &settings::Disk,
        clock: Arc<dyn Clock>,
        open_files: u64,
        small: u64,
        written: Arc<Written>,
    ) -> io::Result<Self> {
        let disk = Disk::open(&settings.path, settings.size, clock, uri);
        disk.allow_open(open_files);
        let _keeper = Keeper::start(disk.clone())?;
        let places = Arc::new(Places::new(disk.clone(), written.clone()));
        Ok(Self {
            queue: Queue::start(places.clone(), written.clone())?,
            disk,
            places,
            small,
            written,
            finds: Arc::default(),
            lists: Arc::default(),
            _keeper,
        })
    }

    /// Whether `find` may find something. Does not block.
    pub fn may_have(&self, key: &[u8]) -> bool {
        self.places.may_have(key)
    }

    /// As `find`, for many at once: one of them reads, and what is long stays open for those who come later.
    pub async fn find_together(self: &Arc<Self>, key: &[u8], asker: &Asker<'_>, now: Now) -> Option<Arc<Object>> {
        if !self.places.has_list(key) {
            return self.read_together(key, now).await.filter(|object| object.stored.vary.matches(asker));
        }
        let (list, is_at_hand) = self.list_together(key).await;
        for place in list.variants.places(key, asker) {
            let found = self.read_together(&place, now).await;
            if let Some(object) = found.filter(|object| object.stored.vary.matches(asker)) {
                if !is_at_hand && object.content.len() > self.small {
                    self.disk.hold_open(&variants::list(key), list.number, list.clone(), list.variants.weight());
                }
                return Some(object);
            }
        }
        None
    }

    async fn read_together(self: &Arc<Self>, place: &[u8], now: Now) -> Option<Arc<Object>> {
        if let Some(object) = self.opened(place) {
            return Some(object);
        }
        let (archive, wanted) = (self.clone(), Box::<[u8]>::from(place));
        self.finds.find(place, move || archive.find_and_hold(&wanted, now)).await
    }

    /// The list of a key's variants, and whether it was at hand: where one of them is long, it stays so with that.
    async fn list_together(self: &Arc<Self>, key: &[u8]) -> (Arc<List>, bool) {
        let list = variants::list(key);
        if let Some(made) = self.disk.look_up_opened(&list).and_then(|made| made.downcast().ok()) {
            return (made, true);
        }
        let (places, wanted) = (self.places.clone(), Box::<[u8]>::from(key));
        let read = self.lists.find(&list, move || places.list(&wanted).map(Arc::new)).await;
        (read.unwrap_or_default(), false)
    }

    /// A long response whose file is open, and not cut off since.
    fn opened(&self, place: &[u8]) -> Option<Arc<Object>> {
        let object = self.disk.opened(place)?.downcast::<Object>().ok()?;
        let Content::File { file, offset, length } = &object.content else { return None };
        file.metadata().is_ok_and(|file| file.len() > offset + length).then_some(object)
    }

    fn find_and_hold(&self, place: &[u8], now: Now) -> Option<Arc<Object>> {
        let (object, number) = self.read(place, now)?;
        let object = Arc::new(object);
        if object.content.len() > self.small {
            let described = object.head.weight() + object.stored.fields.weight();
            self.disk.hold_open(place, number, object.clone(), described as u64);
        }
        Some(object)
    }

    /// The newest response of a key for who asks, in the time of this process. Blocks.
    pub fn find(&self, key: &[u8], asker: &Asker<'_>, now: Now) -> Option<Object> {
        let places = self.places.list(key).unwrap_or_default().variants.places(key, asker);
        let found = places.into_iter().filter_map(|place| self.read(&place, now));
        found.map(|(object, _)| object).find(|object| object.stored.vary.matches(asker))
    }

    /// All responses of a key, the newest first; their content stays in its files, and nothing is changed. Blocks.
    pub fn all(&self, key: &[u8], now: Now) -> Vec<Object> {
        let places = self.places.peek(key).unwrap_or_default().variants.all(key);
        let found = places.iter().filter_map(|place| {
            let hit = self.disk.get(place)?;
            Some(entry::read(place, &hit.meta, &self.written)?.into_object(in_file(hit), now))
        });
        found.collect()
    }

    /// Keys of a URI under which there are files. Blocks.
    pub fn keys(&self, uri: &[u8]) -> BTreeSet<Vec<u8>> {
        let described = self.disk.described(uri);
        let keys = described.iter().filter_map(|(place, meta)| {
            let entry = entry::read(place, meta, &self.written)?;
            variants::key(place, &entry.stored.vary)
        });
        keys.map(<[u8]>::to_vec).collect()
    }

    /// With the number under which the disk has it.
    fn read(&self, place: &[u8], now: Now) -> Option<(Object, u64)> {
        let hit = self.disk.get(place)?;
        let Some(entry) = entry::read(place, &hit.meta, &self.written) else {
            self.disk.remove(place);
            return None;
        };
        let (number, content) = (hit.number(), self.content(hit)?);
        Some((entry.into_object(content, now), number))
    }

    /// Puts a response in the place of what is there for the same requests, soon. False: too much waits for the disk.
    pub fn keep(&self, key: &[u8], object: &Arc<Object>) -> bool {
        let octets = if object.content.len() <= self.small { object.content.len() } else { 0 };
        let described = object.head.weight() + object.stored.fields.weight();
        self.queue.add(Job::Keep(key.into(), object.clone()), octets + described as u64)
    }

    /// Takes a key's response that varies by this out: it is not found any more from now on, and its file goes soon.
    pub fn remove(&self, key: &[u8], vary: &Vary) {
        self.disk.drop_later(&place(key, vary));
        self.queue.add(Job::Remove(key.into(), vary.clone()), vary.weight() as u64);
    }

    /// Takes all responses of a URI out. Blocks.
    pub fn remove_uri(&self, uri: &[u8]) {
        self.disk.remove_group(uri);
    }

    /// Begins a response that varies by this and goes to disk while it comes; none where the disk takes no writes now.
    /// Blocks.
    pub fn writer(&self, key: &[u8], vary: &Vary) -> Option<Writer> {
        self.disk.writer(&place(key, vary))
    }

    /// Ends a response that was written while it came: the content as it lies on disk. Blocks.
    pub fn commit(&self, key: &[u8], writer: Writer, object: &Object) -> Option<Content> {
        let hit = self.places.commit(key, writer, object)?;
        if self.written.covers(&object.subject.mark) {
            self.places.take(key, &object.stored.vary);
        }
        Some(in_file(hit))
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
            return Some(in_file(hit));
        }
        let mut octets = vec![0; hit.length as usize];
        hit.file.read_exact_at(&mut octets, hit.offset).ok()?;
        Some(hold(&[Bytes::from(octets)]))
    }
}

fn in_file(hit: DiskHit) -> Content {
    Content::File { file: hit.file, offset: hit.offset, length: hit.length }
}

//! The disk tier: a file an object, found by the hash of its key, in a folder that this process alone holds.
//!
//! Everything here blocks on files; callers run it on threads without sockets. A fault of the disk is counted and logged,
//! and the tier then lets writes pass by for a while: callers see misses, never errors. Only whole objects are served: the
//! end of a file is checked at every use, its content at the first use after a start, and again by a slow scrub.

mod directory;
mod dropped;
mod format;
mod index;
mod keeper;
mod opened;
mod scrub;
#[cfg(test)]
mod tests;
mod writer;

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwapOption;
use edgeplane_base::clock::Clock;

use self::directory::{Digest, Directory, FOLDERS};
use self::dropped::Dropped;
use self::format::{Checking, Checksum, Damage, Tail, Unreadable};
use self::index::{Index, Kept, Room, blocks};
use self::opened::Opened;
use super::limits::{DISK_COPY, DISK_OBJECT_SHARE, DISK_RETRY_MS, DISK_STRIPES};

pub use keeper::Keeper;
pub use opened::Made;
pub use scrub::Scrubbed;
pub use writer::Writer;

/// Objects on disk, at most so many octets of them, what is being written included.
pub struct Disk {
    root: PathBuf,
    capacity: u64,
    clock: Arc<dyn Clock>,
    grouping: Grouping,
    directory: ArcSwapOption<Directory>,
    opening: Mutex<()>,
    index: Index,
    dropped: Dropped,
    opened: Opened,
    /// Over the paths: a rename or unlink and what the index says of it are one.
    stripes: Box<[Mutex<()>]>,
    /// Whether there may be objects that the index does not know.
    rebuilding: AtomicBool,
    stopping: AtomicBool,
    /// Monotonic milliseconds until which writes pass by; 0: they do not.
    closed_until: AtomicU64,
    /// Whether a fault was logged since an object was last written.
    said: AtomicBool,
    next_file: AtomicU64,
    scrub: Mutex<scrub::Position>,
    counts: Counts,
}

/// What keys that are removed together have in common.
pub type Grouping = fn(&[u8]) -> &[u8];

/// An object that was found whole. The file stays readable when the object is removed meanwhile.
#[derive(Debug, Clone)]
pub struct DiskHit {
    /// The caller's description.
    pub meta: Vec<u8>,
    /// Holds the content.
    pub file: Arc<File>,
    /// Where the content begins in the file.
    pub offset: u64,
    /// Octets of content.
    pub length: u64,
    checksum: Checksum,
    id: u64,
}

impl DiskHit {
    /// Of this object as it is: one that takes its place, or gets another description, has another number.
    pub fn number(&self) -> u64 {
        self.id
    }
}

macro_rules! counts {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        #[derive(Default)]
        struct Counts { $($name: AtomicU64,)* }

        /// What happened since the start, and what is there now.
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
        pub struct Stats {
            $($(#[$doc])* pub $name: u64,)*
            /// Objects now.
            pub entries: u64,
            /// Octets that objects take on disk now.
            pub octets: u64,
            /// Octets that files take which are being written, or unlinked.
            pub pending: u64,
            /// Octets at most.
            pub capacity: u64,
            /// Whether writes are taken; otherwise they pass by.
            pub open: bool,
            /// Whether files from before the start are still being looked through.
            pub rebuilding: bool,
        }

        impl Counts {
            fn fill(&self) -> Stats {
                Stats { $($name: self.$name.load(Relaxed),)* ..Stats::default() }
            }
        }
    };
}

counts! {
    /// `get` found something.
    hits,
    /// `get` found nothing.
    misses,
    /// Objects written.
    insertions,
    /// Objects that left to make room.
    evictions,
    /// Objects that were too large, or for which no room could be made.
    refusals,
    /// Files removed because their checksum did not fit.
    corrupted,
    /// Files removed that were cut off, or not ours.
    foreign,
    /// Files removed that another version wrote.
    outdated,
    /// Times the disk said no.
    faults,
    /// Octets read by the scrub.
    scrubbed,
}

impl Disk {
    /// The tier in this folder. Where it cannot be used now (another process has it, the disk is read-only), everything
    /// passes by, and it is tried again later. Objects from before are found once `rebuild` has run, which `Keeper` does.
    pub fn open(root: &Path, capacity: u64, clock: Arc<dyn Clock>, grouping: Grouping) -> Arc<Self> {
        let disk = Arc::new(Self {
            root: root.to_owned(),
            capacity,
            clock,
            grouping,
            directory: ArcSwapOption::empty(),
            opening: Mutex::default(),
            index: Index::new(capacity),
            dropped: Dropped::default(),
            opened: Opened::default(),
            stripes: (0..DISK_STRIPES.default).map(|_| Mutex::default()).collect(),
            rebuilding: AtomicBool::new(false),
            stopping: AtomicBool::new(false),
            closed_until: AtomicU64::new(0),
            said: AtomicBool::new(false),
            next_file: AtomicU64::new(0),
            scrub: Mutex::default(),
            counts: Counts::default(),
        });
        disk.reopen();
        disk
    }

    /// The object of a key.
    pub fn get(&self, key: &[u8]) -> Option<DiskHit> {
        let hit = self.look_up(key);
        self.count(if hit.is_some() { &self.counts.hits } else { &self.counts.misses });
        hit
    }

    /// Whether `get` may find something; looks at no file and does not block.
    pub fn may_have(&self, key: &[u8]) -> bool {
        let digest = self.digest(key);
        (self.rebuilding.load(Relaxed) || self.index.may_have(digest)) && !self.dropped.has(digest)
    }

    /// The object of a key is not found any more from now on; `sweep` removes it. Waits for no file.
    pub fn drop_later(&self, key: &[u8]) {
        if self.may_have(key) {
            let digest = self.digest(key);
            self.dropped.insert(digest);
            self.opened.remove(digest);
        }
    }

    /// Lets objects stay open, with what callers make of them: so many files at most.
    pub fn allow_open(&self, files: u64) {
        self.opened.allow(files);
    }

    /// What was made of the object of a key that stays open; counts as use. Looks at no file and does not block.
    pub fn opened(&self, key: &[u8]) -> Option<Made> {
        let made = self.look_up_opened(key)?;
        self.count(&self.counts.hits);
        Some(made)
    }

    /// As `opened`, not counted.
    pub fn look_up_opened(&self, key: &[u8]) -> Option<Made> {
        let digest = self.digest(key);
        let made = self.opened.get(digest)?;
        self.index.touch(digest);
        Some(made)
    }

    /// Keeps what was made of an object as long as it is there as it was found, or until others need the place.
    pub fn hold_open(&self, key: &[u8], found: u64, made: Made, weight: u64) {
        let digest = self.digest(key);
        let _stripe = self.stripe(digest);
        if self.index.peek(digest).is_some_and(|kept| kept.id == found) && !self.dropped.has(digest) {
            self.opened.insert(digest, made, weight);
        }
    }

    /// Removes what was dropped.
    pub fn sweep(&self) {
        let Some(directory) = self.directory.load_full() else { return };
        while let Some(digest) = self.dropped.any() {
            self.remove_digest(&directory, digest);
        }
    }

    /// Removes the object of a key.
    pub fn remove(&self, key: &[u8]) {
        if let Some(directory) = self.directory.load_full() {
            self.remove_digest(&directory, self.digest(key));
        }
    }

    /// Removes the objects of all keys of a group: what `grouping` gives for each of them.
    pub fn remove_group(&self, group: &[u8]) {
        let Some(directory) = self.directory.load_full() else { return };
        match directory.group(group) {
            Ok(digests) => digests.into_iter().for_each(|digest| self.remove_digest(&directory, digest)),
            Err(error) => self.fault("list a folder", &error),
        }
    }

    /// Keys and descriptions, as they were written, of all objects of a group. Reads a folder, and the ends of their files.
    pub fn described(&self, group: &[u8]) -> Vec<(Vec<u8>, Vec<u8>)> {
        let Some(directory) = self.directory.load_full() else { return Vec::new() };
        let digests = directory.group(group).inspect_err(|error| self.fault("list a folder", error));
        let digests = digests.unwrap_or_default().into_iter().filter(|digest| !self.dropped.has(*digest));
        let files = digests.filter_map(|digest| Some((digest, directory.open_object(digest).ok()??)));
        let tails = files.filter_map(|(digest, file)| Some((digest, Tail::read(&file).ok()?)));
        tails
            .filter(|(digest, tail)| self.digest(&tail.key) == *digest)
            .map(|(_, tail)| (tail.key, tail.meta))
            .collect()
    }

    fn remove_digest(&self, directory: &Directory, digest: Digest) {
        let _stripe = self.stripe(digest);
        self.unlink(directory, digest);
        if let Some(kept) = self.index.peek(digest) {
            self.index.remove(digest, kept.id);
        }
        self.dropped.remove(digest);
    }

    /// What happened, and what is there.
    pub fn stats(&self) -> Stats {
        let usage = self.index.usage();
        Stats {
            entries: usage.entries,
            octets: usage.octets,
            pending: usage.pending,
            capacity: self.capacity,
            open: self.directory.load().is_some() && self.closed_until.load(Relaxed) == 0,
            rebuilding: self.rebuilding.load(Relaxed),
            ..self.counts.fill()
        }
    }

    /// Looks through all files from before the start. `get` finds objects that were not reached yet, too. Ends early when
    /// the tier is being stopped, or the disk says no.
    pub fn rebuild(&self) {
        let Some(directory) = self.directory.load_full() else { return };
        let mut skipped = 0;
        for folder in 0..FOLDERS {
            match self.rebuild_folder(&directory, folder) {
                Ok(true) => {}
                Ok(false) => return,
                Err(error) => self.skipped(folder, &error, &mut skipped),
            }
        }
        let _opening = self.opening.lock().unwrap_or_else(PoisonError::into_inner);
        if self.directory.load().as_ref().is_some_and(|now| Arc::ptr_eq(now, &directory)) {
            self.rebuilding.store(false, Relaxed);
        }
    }

    /// The largest object that is taken, in octets on disk.
    pub fn largest(&self) -> u64 {
        self.capacity / DISK_OBJECT_SHARE.default
    }

    fn digest(&self, key: &[u8]) -> Digest {
        Digest::of((self.grouping)(key), key)
    }

    /// As `get`, for what callers keep in order by themselves: not counted.
    pub fn look_up(&self, key: &[u8]) -> Option<DiskHit> {
        let digest = self.digest(key);
        let directory = self.directory.load_full()?;
        if self.dropped.has(digest) {
            return None;
        }
        let kept = self.index.get(digest).or_else(|| self.adopt_unless_known(&directory, digest))?;
        let opened = directory.open_object(digest).inspect_err(|error| self.fault("open an object", error)).ok()?;
        let Some(file) = opened else {
            self.index.remove(digest, kept.id);
            return None;
        };
        let checked = self.check(&file, digest, kept).and_then(|tail| news(&directory, digest, tail));
        let tail = checked.map_err(|why| self.discard(&directory, digest, kept.id, &why)).ok()?;
        // Another key with the same digest: not ours to serve, and not damaged.
        (tail.key == key).then(|| DiskHit {
            meta: tail.meta,
            file: Arc::new(file),
            offset: 0,
            length: tail.length,
            checksum: tail.checksum,
            id: kept.id,
        })
    }

    /// The tail of a file, and on first use its content too.
    fn check(&self, file: &File, digest: Digest, kept: Kept) -> Result<Tail, Unreadable> {
        let tail = Tail::read(file)?;
        if !kept.verified {
            let mut checking = Checking::new(&tail);
            checking.step(file, u64::MAX)?;
            if checking.outcome() != Some(true) {
                return Err(Damage::Corrupted.into());
            }
            self.index.verify(digest, kept.id);
        }
        Ok(tail)
    }

    /// What stands in a folder that cannot be listed is not found; all other folders are none the worse.
    fn skipped(&self, folder: u32, error: &io::Error, skipped: &mut u32) {
        self.count(&self.counts.faults);
        *skipped += 1;
        if *skipped == 1 {
            let folder = format!("{folder:03x}");
            tracing::warn!(path = %self.root.display(), folder, %error, "a folder of the disk tier cannot be listed, and is left out");
        }
    }

    /// Whether to go on.
    fn rebuild_folder(&self, directory: &Directory, folder: u32) -> io::Result<bool> {
        let (objects, foreign) = directory.list(folder)?;
        foreign.iter().for_each(|path| self.remove_foreign(path));
        for digest in objects {
            if self.stopping.load(Relaxed) {
                return Ok(false);
            }
            self.adopt(directory, digest);
            while self.make_room(self.index.surplus()) {}
        }
        Ok(true)
    }

    fn adopt_unless_known(&self, directory: &Directory, digest: Digest) -> Option<Kept> {
        if !self.rebuilding.load(Relaxed) {
            return None;
        }
        self.adopt(directory, digest)?;
        self.index.get(digest)
    }

    /// Takes a file from before into the index; one that is damaged is removed.
    fn adopt(&self, directory: &Directory, digest: Digest) -> Option<Kept> {
        let _stripe = self.stripe(digest);
        if let Some(kept) = self.index.peek(digest) {
            return Some(kept);
        }
        let file = directory.open_object(digest).inspect_err(|error| self.fault("open an object", error)).ok()??;
        match Tail::read(&file) {
            // Of a time when names were made otherwise: nobody would ever look for it.
            Ok(tail) if self.digest(&tail.key) != digest => {
                self.count(&self.counts.outdated);
                self.unlink(directory, digest);
                None
            }
            Ok(tail) => {
                let length = tail.length + format::tail_length(&tail.key, &tail.meta);
                let news = directory.open_news(digest).ok().flatten().and_then(|file| file.metadata().ok());
                Some(self.index.found(digest, blocks(length) + news.map_or(0, |news| blocks(news.len()))))
            }
            Err(why) => {
                self.count_damage(&why);
                self.unlink(directory, digest);
                None
            }
        }
    }

    /// Removes an object that cannot be served, unless another has taken its place.
    fn discard(&self, directory: &Directory, digest: Digest, id: u64, why: &Unreadable) {
        let _stripe = self.stripe(digest);
        if self.index.peek(digest).is_some_and(|kept| kept.id == id) {
            self.count_damage(why);
            self.unlink(directory, digest);
            self.index.remove(digest, id);
        }
    }

    /// Acts on what the index said about room; whether to ask again.
    fn make_room(&self, room: Room) -> bool {
        let Room::Evict(digest, weight) = room else { return false };
        let stripe = self.stripe(digest);
        if let Some(directory) = self.directory.load_full()
            && self.index.peek(digest).is_none()
        {
            self.unlink(&directory, digest);
        }
        drop(stripe);
        self.index.release(weight);
        self.count(&self.counts.evictions);
        true
    }

    /// Room for a file being written; false when there is none to be made.
    fn reserve(&self, octets: u64) -> bool {
        loop {
            match self.index.reserve(octets) {
                Room::Reserved => return true,
                Room::None => return false,
                room => self.make_room(room),
            };
        }
    }

    /// The folder, where it may be written to now.
    fn writable(&self) -> Option<Arc<Directory>> {
        match self.closed_until.load(Relaxed) {
            0 => self.directory.load_full(),
            until if self.clock.monotonic_ms() < until => None,
            _ => self.reopen(),
        }
    }

    /// Takes writes again: in the folder that is held, or in one that is opened anew where it is no longer the same.
    fn reopen(&self) -> Option<Arc<Directory>> {
        let _opening = self.opening.try_lock().ok()?;
        if let Some(directory) = self.directory.load_full().filter(|directory| directory.is_held()) {
            self.closed_until.store(0, Relaxed);
            return Some(directory);
        }
        self.directory.store(None);
        self.index.clear();
        self.opened.clear();
        let opened = Directory::open(&self.root).inspect_err(|error| self.fault("open its folder", error)).ok()?;
        let directory = Arc::new(opened);
        self.rebuilding.store(true, Relaxed);
        self.directory.store(Some(directory.clone()));
        self.closed_until.store(0, Relaxed);
        Some(directory)
    }

    /// The disk said no: writes pass by for a while.
    fn fault(&self, doing: &'static str, error: &io::Error) {
        self.count(&self.counts.faults);
        let until = self.clock.monotonic_ms() + DISK_RETRY_MS.default;
        self.closed_until.store(until.max(1), Relaxed);
        if !self.said.swap(true, Relaxed) {
            let retry_s = DISK_RETRY_MS.default / 1_000;
            tracing::warn!(path = %self.root.display(), %error, retry_s, "the disk tier cannot {doing}; responses pass by it");
        }
    }

    /// An object was written: the disk is well.
    fn well(&self) {
        self.count(&self.counts.insertions);
        if self.said.swap(false, Relaxed) {
            tracing::info!(path = %self.root.display(), "the disk tier takes responses again");
        }
    }

    fn unlink(&self, directory: &Directory, digest: Digest) {
        self.opened.remove(digest);
        if let Err(error) = directory.remove_object(digest) {
            self.fault("remove an object", &error);
        }
    }

    fn remove_foreign(&self, path: &Path) {
        // A folder that somebody put there stays.
        if directory::remove(path).is_ok() {
            self.count(&self.counts.foreign);
        }
    }

    fn count_damage(&self, why: &Unreadable) {
        match why {
            Unreadable::System(error) => self.fault("read an object", error),
            Unreadable::Damaged(Damage::Unknown) => self.count(&self.counts.foreign),
            Unreadable::Damaged(Damage::Outdated) => self.count(&self.counts.outdated),
            Unreadable::Damaged(Damage::Corrupted) => self.count(&self.counts.corrupted),
        }
    }

    fn count(&self, counter: &AtomicU64) {
        counter.fetch_add(1, Relaxed);
    }

    fn stripe(&self, digest: Digest) -> Option<MutexGuard<'_, ()>> {
        let [.., last] = digest.0;
        let stripe = self.stripes.get(usize::from(last) % self.stripes.len())?;
        Some(stripe.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// What is known of an object by now. News that cannot be read may have said that less is allowed than before.
fn news(directory: &Directory, digest: Digest, tail: Tail) -> Result<Tail, Unreadable> {
    if tail.length <= DISK_COPY.default {
        return Ok(tail);
    }
    let Some(file) = directory.open_news(digest)? else { return Ok(tail) };
    let news = Tail::read_news(&file)?;
    // About what was there before, or came after it: the file that is open has its own description.
    Ok(if news.is_about_same(&tail) { news } else { tail })
}

//! What unsafe requests changed (RFC 9111 section 4.4). Unlike invalidations of operators these come as often as clients
//! write, so that they have no log: a table of fixed size remembers the last of them, and what is kept of a URI is
//! compared with its bucket alone.
//!
//! A bucket that is full forgets its oldest write and takes everything of itself for invalid that was fetched before it:
//! too much is invalidated then, but of one bucket, and never too little.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use edgeplane_base::random::Random;

use super::hash::Hasher;
use super::limits::WRITTEN_BUCKETS;

/// The writes of this process. Readers take no lock.
pub struct Written {
    epoch: u64,
    latest: AtomicU64,
    hasher: Hasher,
    buckets: Box<[Bucket]>,
    writing: Mutex<()>,
}

/// Writes that a bucket remembers: with its floor they fill a cache line.
const WAYS: usize = 7;
/// A write is a number of so many bits below some of the URI's hash; at a million writes a second for half a year.
const NUMBER_BITS: u32 = 44;
const NUMBER: u64 = (1 << NUMBER_BITS) - 1;

#[derive(Default)]
#[repr(align(64))]
struct Bucket {
    /// The newest write that was forgotten.
    floor: AtomicU64,
    writes: [AtomicU64; WAYS],
}

/// Which URI something is kept of, and up to which write it is known that none changed it.
#[derive(Debug, Default)]
pub struct Mark {
    hash: u64,
    seen: AtomicU64,
}

impl Clone for Mark {
    fn clone(&self) -> Self {
        Self { hash: self.hash, seen: self.seen.load(Ordering::Relaxed).into() }
    }
}

/// A mark as it is kept on disk: the process that counted, and its number.
pub type Kept = (u64, u64);

impl Default for Written {
    fn default() -> Self {
        Self {
            epoch: Random::from_process().next_u64(),
            latest: AtomicU64::new(0),
            hasher: Hasher::random(),
            buckets: (0..WRITTEN_BUCKETS.default).map(|_| Bucket::default()).collect(),
            writing: Mutex::default(),
        }
    }
}

impl Written {
    /// A URI as of now: to be taken before a fetch begins, and kept with what it brings.
    pub fn mark(&self, uri: &[u8]) -> Mark {
        Mark { hash: self.hasher.hash(uri), seen: self.latest.load(Ordering::Acquire).into() }
    }

    /// A mark for disk.
    pub fn keep(&self, mark: &Mark) -> Kept {
        (self.epoch, mark.seen.load(Ordering::Relaxed))
    }

    /// A mark from disk. What another process counted came before all that this one knows of.
    pub fn recall(&self, uri: &[u8], (epoch, seen): Kept) -> Mark {
        Mark { hash: self.hasher.hash(uri), seen: if epoch == self.epoch { seen } else { 0 }.into() }
    }

    /// Everything that was fetched of a URI until now is invalid.
    pub fn add(&self, uri: &[u8]) {
        let hash = self.hasher.hash(uri);
        let Some(bucket) = self.bucket(hash) else { return };
        let _writing = crate::lock(&self.writing);
        let number = self.latest.load(Ordering::Relaxed) + 1;
        bucket.add(tag(hash), number);
        // After the write: who reads the new number must find what it stands for.
        self.latest.store(number, Ordering::Release);
    }

    /// Whether what has this mark must no longer be served. One atomic load where nothing was written since the last
    /// question, else one cache line more.
    #[inline]
    pub fn covers(&self, mark: &Mark) -> bool {
        // Read before the bucket, which is at least as new.
        let latest = self.latest.load(Ordering::Acquire);
        let seen = mark.seen.load(Ordering::Relaxed);
        if latest == seen {
            return false;
        }
        let covered = self.bucket(mark.hash).is_some_and(|bucket| bucket.covers(tag(mark.hash), seen));
        if !covered {
            mark.seen.fetch_max(latest, Ordering::Relaxed);
        }
        covered
    }

    fn bucket(&self, hash: u64) -> Option<&Bucket> {
        self.buckets.get(hash as usize % self.buckets.len())
    }
}

fn tag(hash: u64) -> u64 {
    hash & !NUMBER
}

impl Bucket {
    /// One at a time; readers come at any moment.
    fn add(&self, tag: u64, number: u64) {
        let same = self.writes.iter().find(|write| {
            let write = write.load(Ordering::Relaxed);
            write != 0 && write & !NUMBER == tag
        });
        let oldest = || self.writes.iter().min_by_key(|write| write.load(Ordering::Relaxed) & NUMBER);
        let Some(place) = same.or_else(oldest) else { return };
        if same.is_none() {
            // Before it is gone: who no longer finds the write finds the floor.
            self.floor.fetch_max(place.load(Ordering::Relaxed) & NUMBER, Ordering::Relaxed);
        }
        place.store(tag | number, Ordering::Release);
    }

    fn covers(&self, tag: u64, seen: u64) -> bool {
        let newer = |write: &AtomicU64| {
            let write = write.load(Ordering::Acquire);
            write & !NUMBER == tag && write & NUMBER > seen
        };
        self.writes.iter().any(newer) || self.floor.load(Ordering::Relaxed) > seen
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_fetched_before_a_write_is_invalid_and_what_comes_after_it_is_not() {
        let written = Written::default();
        let (before, other) = (written.mark(b"/a"), written.mark(b"/b"));
        assert!(!written.covers(&before));
        written.add(b"/a");
        assert!(written.covers(&before) && written.covers(&before), "for ever");
        assert!(!written.covers(&other) && !written.covers(&written.mark(b"/a")));
        let since = written.mark(b"/a");
        written.add(b"/a");
        assert!(written.covers(&since));
    }

    #[test]
    fn a_client_that_writes_much_leaves_what_is_asked_for_alone() {
        let written = Written::default();
        let (hot, cold) = (written.mark(b"/hot"), written.mark(b"/cold"));
        for n in 0..200_000u32 {
            written.add(&n.to_le_bytes());
            assert!(n % 1_000 != 0 || !written.covers(&hot), "{n}");
        }
        let last = written.mark(&199_999u32.to_le_bytes());
        assert!(!written.covers(&last));
        assert!(written.covers(&cold), "what was forgotten is taken for everything of its bucket");
    }

    #[test]
    fn nothing_that_was_written_is_served_whatever_was_forgotten() {
        let written = Written::default();
        let marks: Vec<Mark> = (0..200_000u32).map(|n| written.mark(&n.to_le_bytes())).collect();
        (0..200_000u32).for_each(|n| written.add(&n.to_le_bytes()));
        assert!(marks.iter().all(|mark| written.covers(mark)));
    }

    #[test]
    fn marks_on_disk_are_those_of_this_process_or_older_than_all() {
        let (one, other) = (Written::default(), Written::default());
        one.add(b"/a");
        let kept = one.keep(&one.mark(b"/a"));
        assert!(!one.covers(&one.recall(b"/a", kept)));
        assert!(!other.covers(&other.recall(b"/a", kept)));
        other.add(b"/a");
        assert!(other.covers(&other.recall(b"/a", kept)));
        one.add(b"/a");
        assert!(one.covers(&one.recall(b"/a", kept)));
    }

    #[test]
    fn readers_never_miss_a_write_while_others_write() {
        let written = Written::default();
        std::thread::scope(|scope| {
            scope.spawn(|| (0..50_000u32).for_each(|n| written.add(&n.to_le_bytes())));
            for n in (0..50_000u32).step_by(7) {
                let mark = written.mark(b"/a");
                written.add(b"/a");
                assert!(written.covers(&mark), "{n}");
            }
        });
    }
}

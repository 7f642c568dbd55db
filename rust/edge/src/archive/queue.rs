//! What waits for the disk: one thread takes it in order, so that the last word about a key is the last one written.

use std::io;
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};

use edgeplane_http::Content;

use super::places::Places;
use crate::limits;
use crate::object::Object;
use crate::semantics::Vary;
use crate::store::Written;
use crate::store::disk::Writer;
use crate::store::hash::Hasher;

/// One thing to do.
pub enum Job {
    /// Put a response in its place.
    Keep(Box<[u8]>, Arc<Object>),
    /// Take the response of a key out that varies by this.
    Remove(Box<[u8]>, Vary),
    /// Take out what was dropped because too much waited.
    Sweep,
}

/// A job, its number, and what it was charged.
type Numbered = (Job, u64, u64);

/// Jobs in order; so many octets of them wait at most. Dropped, it waits until all is done.
pub struct Queue {
    places: Arc<Places>,
    jobs: Option<Sender<Numbered>>,
    count: Arc<Count>,
    thread: Option<JoinHandle<()>>,
}

struct Count {
    /// Octets of what waits.
    waiting: AtomicU64,
    /// Jobs so far.
    number: AtomicU64,
    /// Whether a `Sweep` waits.
    sweeps: AtomicBool,
    /// The last job of each bucket of keys that found no room.
    refused: Box<[AtomicU64]>,
    hasher: Hasher,
}

/// Buckets of keys: older jobs of those that share one with a refused one are given up, too.
const BUCKETS: usize = 4_096;

impl Default for Count {
    fn default() -> Self {
        let refused = (0..BUCKETS).map(|_| AtomicU64::default()).collect();
        let (waiting, number, sweeps) = (AtomicU64::default(), AtomicU64::default(), AtomicBool::default());
        Self { waiting, number, sweeps, refused, hasher: Hasher::random() }
    }
}

impl Count {
    fn last_refused(&self, key: &[u8]) -> Option<&AtomicU64> {
        self.refused.get(self.hasher.hash(key) as usize % BUCKETS)
    }

    /// Whether a newer word about a key found no room.
    fn is_outdated(&self, key: &[u8], number: u64) -> bool {
        self.last_refused(key).is_some_and(|refused| refused.load(Acquire) > number)
    }
}

impl Queue {
    /// Starts the thread.
    pub fn start(places: Arc<Places>, written: Arc<Written>) -> io::Result<Self> {
        let (jobs, taken) = channel();
        let count = Arc::<Count>::default();
        let mut queue = Self { places: places.clone(), jobs: Some(jobs), count: count.clone(), thread: None };
        let name = "edge-archive".to_owned();
        queue.thread = Some(thread::Builder::new().name(name).spawn(move || work(&places, &written, &taken, &count))?);
        Ok(queue)
    }

    /// Adds a job that holds so many octets of memory beside its key. False where too much waits: then what the disk has
    /// under the key is not found any more.
    pub fn add(&self, job: Job, octets: u64) -> bool {
        let most = limits::ARCHIVE_QUEUE.default;
        let charged = octets + job.key().len() as u64 + limits::ARCHIVE_JOB.default;
        let room = |waiting: u64| Some(waiting + charged).filter(|sum| *sum <= most);
        let number = self.count.number.fetch_add(1, Relaxed) + 1;
        if self.count.waiting.fetch_update(Relaxed, Relaxed, room).is_ok() {
            return self.send(job, number, charged);
        }
        if let Some(refused) = self.count.last_refused(job.key()) {
            refused.fetch_max(number, Release);
        }
        self.places.drop_later(job.key());
        // Not charged: there is one at most.
        if !self.count.sweeps.swap(true, AcqRel) {
            self.send(Job::Sweep, number, 0);
        }
        false
    }

    fn send(&self, job: Job, number: u64, charged: u64) -> bool {
        self.jobs.as_ref().is_some_and(|jobs| jobs.send((job, number, charged)).is_ok())
    }
}

impl Job {
    fn key(&self) -> &[u8] {
        match self {
            Self::Keep(key, _) | Self::Remove(key, _) => key,
            Self::Sweep => b"",
        }
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        drop(self.jobs.take());
        if let Some(thread) = self.thread.take() {
            // A panic was told of when it happened.
            let _ = thread.join();
        }
    }
}

fn work(places: &Places, written: &Written, jobs: &Receiver<Numbered>, count: &Count) {
    while let Ok((job, number, charged)) = jobs.recv() {
        match job {
            Job::Keep(key, object) => {
                if !count.is_outdated(&key, number) {
                    places.put(&key, &object);
                }
                // Asked last: what is written or refused from now on is removed, or dropped, by who does so.
                if count.is_outdated(&key, number) {
                    places.clear(&key);
                } else if written.covers(&object.subject.mark) {
                    places.take(&key, &object.stored.vary);
                }
            }
            Job::Remove(key, vary) => places.take(&key, &vary),
            Job::Sweep => {
                // First, so that who comes meanwhile asks for another.
                count.sweeps.store(false, Release);
                places.sweep();
            }
        }
        count.waiting.fetch_sub(charged, Relaxed);
    }
}

const STEP: u64 = 262_144;

/// Whether all of it was written.
pub fn copy(content: &Content, writer: &mut Writer) -> bool {
    let (file, offset, length) = match content {
        Content::None => return true,
        Content::Bytes(octets) => return writer.write(octets),
        Content::Pages(pages) => return writer.write(pages),
        Content::File { file, offset, length } => (file, *offset, *length),
    };
    let mut octets = vec![0; length.min(STEP) as usize];
    let (mut at, end) = (offset, offset + length);
    while at < end {
        let step = (end - at).min(STEP) as usize;
        let Some(piece) = octets.get_mut(..step) else { return false };
        if file.read_exact_at(piece, at).is_err() || !writer.write(piece) {
            return false;
        }
        at += step as u64;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::super::tests::{Place, object};
    use super::*;
    use crate::store::Disk;
    use edgeplane_net::clock::CoarseClock;

    /// A queue that nobody works on yet, over a folder of its own.
    fn standing(name: &str) -> (Queue, Receiver<Numbered>, Arc<Disk>, Place) {
        let place = Place::new(name);
        let disk = Disk::open(&place.0, 64 << 20, Arc::new(CoarseClock), |key| key);
        disk.rebuild();
        let (jobs, taken) = channel();
        let places = Arc::new(Places::new(disk.clone(), Arc::default()));
        (Queue { places, jobs: Some(jobs), count: Arc::default(), thread: None }, taken, disk, place)
    }

    fn keep(key: &[u8]) -> Job {
        Job::Keep(key.into(), object("r1", &[("Cache-Control", "max-age=60")], b"content"))
    }

    fn remove(key: &[u8]) -> Job {
        Job::Remove(key.into(), Vary::default())
    }

    #[test]
    fn what_waits_is_bounded_whatever_it_is() {
        let (queue, taken, _disk, _place) = standing("bounded");
        let most = limits::ARCHIVE_QUEUE.default / limits::ARCHIVE_JOB.default;
        let added = (0..2 * most).take_while(|n| queue.add(remove(&n.to_le_bytes()), 0)).count() as u64;
        assert!((most / 2..most).contains(&added), "{added}");
        (0..1_000u64).for_each(|n| assert!(!queue.add(remove(&n.to_le_bytes()), 0)));
        assert_eq!(taken.try_iter().count() as u64, added + 1, "and one that sweeps");
    }

    #[test]
    fn what_finds_no_room_is_gone_at_once_and_stays_gone() {
        let (mut queue, taken, disk, _place) = standing("dropped");
        let put = |key: &[u8], meta: &[u8]| disk.writer(key).unwrap().commit(meta).unwrap();
        put(b"a", b"old");
        put(b"b", b"old");
        let most = limits::ARCHIVE_QUEUE.default;
        assert!(queue.add(keep(b"c"), 0) && queue.add(keep(b"d"), 0) && !queue.add(remove(b"c"), most));
        assert!(!queue.add(remove(b"a"), most) && !queue.add(remove(b"b"), most));
        assert!(!disk.may_have(b"a") && disk.get(b"a").is_none() && disk.update(b"a", b"x").is_none());
        put(b"b", b"new");
        drop(queue.jobs.take());
        work(&queue.places, &Written::default(), &taken, &queue.count);
        assert_eq!(disk.get(b"b").unwrap().meta, b"new");
        assert_eq!([b"a", b"c", b"d"].map(|key| disk.get(key).is_some()), [false, false, true]);
        assert_eq!(disk.stats().entries, 2);
    }
}

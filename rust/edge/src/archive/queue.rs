//! What waits for the disk: one thread takes it in order, so that the last word about a key is the last one written.

use std::io;
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};

use edgeplane_http::Content;

use super::entry;
use crate::limits;
use crate::object::Object;
use crate::store::disk::Writer;
use crate::store::{Disk, Written};

/// One thing to do.
pub enum Job {
    /// Put a response in its place.
    Keep(Box<[u8]>, Arc<Object>),
    /// Take a key out.
    Remove(Box<[u8]>),
}

/// Jobs in order; contents of so many octets wait at most. Dropped, it waits until all is done.
pub struct Queue {
    jobs: Option<Sender<(Job, u64)>>,
    waiting: Arc<AtomicU64>,
    thread: Option<JoinHandle<()>>,
}

impl Queue {
    /// Starts the thread.
    pub fn start(disk: Arc<Disk>, written: Arc<Written>) -> io::Result<Self> {
        let (jobs, taken) = channel();
        let waiting = Arc::<AtomicU64>::default();
        let left = waiting.clone();
        let name = "edge-archive".to_owned();
        let thread = thread::Builder::new().name(name).spawn(move || work(&disk, &written, &taken, &left))?;
        Ok(Self { jobs: Some(jobs), waiting, thread: Some(thread) })
    }

    /// Adds a job that holds so many octets of memory; false where too many wait.
    pub fn add(&self, job: Job, octets: u64) -> bool {
        let most = limits::ARCHIVE_QUEUE.default;
        let room = |waiting: u64| (waiting + octets <= most || octets == 0).then_some(waiting + octets);
        self.waiting.fetch_update(Relaxed, Relaxed, room).is_ok() && self.send(job, octets)
    }

    fn send(&self, job: Job, octets: u64) -> bool {
        self.jobs.as_ref().is_some_and(|jobs| jobs.send((job, octets)).is_ok())
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

fn work(disk: &Arc<Disk>, written: &Written, jobs: &Receiver<(Job, u64)>, waiting: &AtomicU64) {
    while let Ok((job, octets)) = jobs.recv() {
        match job {
            Job::Keep(key, object) => keep(disk, written, &key, &object),
            Job::Remove(key) => disk.remove(&key),
        }
        waiting.fetch_sub(octets, Relaxed);
    }
}

/// Where the content is on disk already, it gets the new description; else both are written, or what is there goes.
fn keep(disk: &Arc<Disk>, written: &Written, key: &[u8], object: &Object) {
    put(disk, written, key, object);
    // Asked last: what is written from now on is removed by who writes it.
    if written.covers(&object.subject.mark) {
        disk.remove(key);
    }
}

fn put(disk: &Arc<Disk>, written: &Written, key: &[u8], object: &Object) {
    let Some(meta) = entry::write(object, written) else { return disk.remove(key) };
    let is_same = |old: &[u8], length: u64| {
        length == object.content.len()
            && entry::read(key, old, written).is_some_and(|entry| entry.subject.request_id == object.subject.request_id)
    };
    if disk.may_have(key) && disk.update_if(key, &meta, is_same).is_some() {
        return;
    }
    let written = disk.writer(key).and_then(|mut writer| copy(&object.content, &mut writer).then_some(writer));
    if written.and_then(|writer| writer.commit(&meta)).is_none() {
        disk.remove(key);
    }
}

const STEP: u64 = 262_144;

/// Whether all of it was written.
pub fn copy(content: &Content, writer: &mut Writer) -> bool {
    let (file, offset, length) = match content {
        Content::None => return true,
        Content::Bytes(octets) => return writer.write(octets),
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

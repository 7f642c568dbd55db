//! An object on its way to disk: content streams into a temporary file, which is then moved to its place.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use super::directory::{self, Directory};
use super::format::{Checksum, Tail, tail_length};
use super::index::blocks;
use super::{Disk, DiskHit};
use crate::store::limits::{DISK_COPY, DISK_KEY, DISK_META};

/// Takes content piece by piece. Dropped without `commit`, it leaves nothing behind.
pub struct Writer {
    disk: Arc<Disk>,
    key: Vec<u8>,
    length: u64,
    hasher: blake3::Hasher,
    /// None: the object was given up, and what else comes is not kept.
    draft: Option<Draft>,
}

struct Draft {
    directory: Arc<Directory>,
    path: PathBuf,
    file: Arc<File>,
    reserved: u64,
}

impl Disk {
    /// Begins an object; none where the tier takes no writes now or the key is too long.
    pub fn writer(self: &Arc<Self>, key: &[u8]) -> Option<Writer> {
        if key.len() as u64 > DISK_KEY.default {
            self.count(&self.counts.refusals);
            return None;
        }
        let directory = self.writable()?;
        let number = self.next_file.fetch_add(1, Relaxed);
        let created = directory.create(number).inspect_err(|error| self.fault("make a file", error));
        let (path, file) = created.ok()?;
        let draft = Some(Draft { directory, path, file: Arc::new(file), reserved: 0 });
        Some(Writer { disk: self.clone(), key: key.to_vec(), length: 0, hasher: blake3::Hasher::new(), draft })
    }

    /// Gives an object another description and keeps its content: what is short is copied within the kernel and not read
    /// again, of what is long the description alone is written, beside it. The object as it is then. None where it is not there (any more), or the tier takes no writes.
    pub fn update(self: &Arc<Self>, key: &[u8], meta: &[u8]) -> Option<DiskHit> {
        self.update_if(key, meta, |_, _| true)
    }

    /// As `update`, where what is there is meant: `is_meant` sees its description and the length of its content.
    pub fn update_if(
        self: &Arc<Self>,
        key: &[u8],
        meta: &[u8],
        is_meant: impl FnOnce(&[u8], u64) -> bool,
    ) -> Option<DiskHit> {
        let hit = self.look_up(key).filter(|hit| is_meant(&hit.meta, hit.length))?;
        if hit.meta == meta {
            return Some(hit);
        }
        let mut writer = self.writer(key)?;
        if hit.length > DISK_COPY.default {
            return writer.finish_news(meta, hit);
        }
        if !writer.write_copy(&hit) {
            return None;
        }
        writer.finish(meta, hit.checksum, Some(hit.id))
    }
}

impl Writer {
    /// Adds content; false once the object was given up: no room, or a fault of the disk.
    pub fn write(&mut self, piece: &[u8]) -> bool {
        self.length += piece.len() as u64;
        self.hasher.update(piece);
        self.reserve(b"") && self.attempt(|mut file| file.write_all(piece))
    }

    /// Where the content so far can be read; none once the object was given up.
    pub fn file(&self) -> Option<Arc<File>> {
        self.draft.as_ref().map(|draft| draft.file.clone())
    }

    /// Octets of content so far.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Puts the object in its place with the caller's description; what was there under its key is replaced in one step.
    /// None where it could not be kept.
    pub fn commit(self, meta: &[u8]) -> Option<DiskHit> {
        let checksum = *self.hasher.finalize().as_bytes();
        self.finish(meta, checksum, None)
    }

    /// Gives the object up.
    pub fn abandon(self) {}

    fn write_copy(&mut self, hit: &DiskHit) -> bool {
        self.length = hit.length;
        let copy = |mut file: &File| {
            let copied = io::copy(&mut hit.file.as_ref().take(hit.length), &mut file)?;
            if copied == hit.length { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
        };
        self.reserve(b"") && self.attempt(copy)
    }

    /// `replaces`: give up where another object than this has the key.
    fn finish(mut self, meta: &[u8], checksum: Checksum, replaces: Option<u64>) -> Option<DiskHit> {
        if meta.len() as u64 > DISK_META.default {
            self.give_up(true);
        }
        let tail = Tail { key: std::mem::take(&mut self.key), meta: meta.to_vec(), length: self.length, checksum };
        let octets = tail.encode();
        let written =
            self.reserve_to(self.length + octets.len() as u64) && self.attempt(|mut file| file.write_all(&octets));
        if !written {
            return None;
        }
        self.place(tail, octets.len() as u64, replaces)
    }

    /// What is in place of the description of an object that is still there.
    fn finish_news(mut self, meta: &[u8], hit: DiskHit) -> Option<DiskHit> {
        let (key, meta) = (std::mem::take(&mut self.key), meta.to_vec());
        let tail = Tail { key, meta, length: hit.length, checksum: hit.checksum };
        let octets = tail.encode();
        let fits = tail.meta.len() as u64 <= DISK_META.default && self.reserve_to(octets.len() as u64);
        if !fits || !self.attempt(|mut file| file.write_all(&octets)) {
            return None;
        }
        let disk = self.disk.clone();
        let digest = disk.digest(&tail.key);
        let _stripe = disk.stripe(digest);
        let is_there = !disk.dropped.has(digest);
        let is_same = is_there && disk.index.peek(digest).is_some_and(|kept| kept.id == hit.id);
        let draft = self.draft.as_ref().filter(|_| is_same)?;
        let placed = draft.directory.place_news(&draft.path, digest).and_then(|()| hit.file.metadata());
        let file = placed.inspect_err(|error| disk.fault("put a description in its place", error)).ok()?;
        let Draft { reserved, .. } = self.draft.take()?;
        disk.opened.remove(digest);
        let kept = disk.index.commit(digest, blocks(file.len()) + blocks(octets.len() as u64), reserved);
        disk.well();
        Some(DiskHit { meta: tail.meta, id: kept.id, ..hit })
    }

    fn place(mut self, tail: Tail, tail_length: u64, replaces: Option<u64>) -> Option<DiskHit> {
        let disk = self.disk.clone();
        let digest = disk.digest(&tail.key);
        let _stripe = disk.stripe(digest);
        if replaces.is_some_and(|id| disk.index.peek(digest).is_none_or(|kept| kept.id != id)) {
            return None;
        }
        if replaces.is_some() && disk.dropped.has(digest) {
            return None;
        }
        let draft = self.draft.as_ref()?;
        if let Err(error) = draft.directory.place(&draft.path, digest) {
            disk.fault("put an object in its place", &error);
            return None;
        }
        let Draft { file, reserved, .. } = self.draft.take()?;
        disk.opened.remove(digest);
        let kept = disk.index.commit(digest, blocks(tail.length + tail_length), reserved);
        disk.dropped.remove(digest);
        disk.well();
        let Tail { meta, length, checksum, .. } = tail;
        Some(DiskHit { meta, file, offset: 0, length, checksum, id: kept.id })
    }

    fn reserve(&mut self, meta: &[u8]) -> bool {
        self.reserve_to(self.length + tail_length(&self.key, meta))
    }

    /// Room for a file of this length; the object is given up where there is none.
    fn reserve_to(&mut self, file_length: u64) -> bool {
        let wanted = blocks(file_length);
        let Some(draft) = &mut self.draft else { return false };
        let more = wanted.saturating_sub(draft.reserved);
        if more == 0 {
            return true;
        }
        if wanted > self.disk.largest() || !self.disk.reserve(more) {
            self.give_up(true);
            return false;
        }
        draft.reserved = wanted;
        true
    }

    fn attempt(&mut self, work: impl FnOnce(&File) -> io::Result<()>) -> bool {
        let Some(draft) = &self.draft else { return false };
        let outcome = work(&draft.file);
        if let Err(error) = &outcome {
            self.disk.fault("write an object", error);
            self.give_up(false);
        }
        outcome.is_ok()
    }

    fn give_up(&mut self, refused: bool) {
        let Some(draft) = self.draft.take() else { return };
        if let Err(error) = directory::remove(&draft.path) {
            self.disk.fault("remove a file", &error);
        }
        drop(draft.file);
        self.disk.index.release(draft.reserved);
        if refused {
            self.disk.count(&self.disk.counts.refusals);
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.give_up(false);
    }
}

//! The slow check of all content: an object at a time, so many octets a step, round and round.

use std::fs::File;
use std::sync::PoisonError;
use std::sync::atomic::Ordering::Relaxed;

use super::Disk;
use super::directory::{Digest, Directory};
use super::format::{Checking, Damage, Tail, Unreadable};
use super::index::Kept;
use crate::store::limits::DISK_BLOCK;

/// Where the scrub stands.
#[derive(Default)]
pub struct Position {
    place: u32,
    current: Option<Current>,
}

struct Current {
    digest: Digest,
    kept: Kept,
    file: File,
    checking: Checking,
}

/// What a step did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Scrubbed {
    /// Octets read.
    pub octets: u64,
    /// Objects found whole.
    pub whole: u64,
    /// Objects removed.
    pub damaged: u64,
    /// Whether all objects have now been checked since the round began.
    pub round: bool,
}

impl Disk {
    /// Checks on for about so many octets, or to the end of the round.
    pub fn scrub_step(&self, octets: u64) -> Scrubbed {
        let mut position = self.scrub.lock().unwrap_or_else(PoisonError::into_inner);
        let mut done = Scrubbed::default();
        let Some(directory) = self.directory.load_full() else { return done };
        while done.octets < octets && !done.round {
            match position.current.take() {
                None => self.scrub_next(&directory, &mut position, &mut done),
                Some(current) => position.current = self.scrub_on(&directory, current, octets, &mut done),
            }
        }
        self.counts.scrubbed.fetch_add(done.octets, Relaxed);
        done
    }

    /// Opens the next object; an object counts a block at least, so that a step ends.
    fn scrub_next(&self, directory: &Directory, position: &mut Position, done: &mut Scrubbed) {
        let Some((digest, kept, next)) = self.index.next(position.place) else {
            position.place = 0;
            done.round = true;
            return;
        };
        position.place = next;
        done.octets += DISK_BLOCK.default;
        let Ok(Some(file)) = directory.open_object(digest) else { return };
        match Tail::read(&file) {
            Ok(tail) => position.current = Some(Current { digest, kept, file, checking: Checking::new(&tail) }),
            Err(why) => self.scrub_discard(directory, digest, kept, &why, done),
        }
    }

    fn scrub_on(
        &self,
        directory: &Directory,
        mut current: Current,
        octets: u64,
        done: &mut Scrubbed,
    ) -> Option<Current> {
        let Current { digest, kept, .. } = current;
        match current.checking.step(&current.file, octets - done.octets) {
            Ok(read) => done.octets += read,
            Err(error) => {
                self.scrub_discard(directory, digest, kept, &error.into(), done);
                return None;
            }
        }
        match current.checking.outcome() {
            None => return Some(current),
            Some(true) => {
                self.index.verify(digest, kept.id);
                done.whole += 1;
            }
            Some(false) => self.scrub_discard(directory, digest, kept, &Damage::Corrupted.into(), done),
        }
        None
    }

    fn scrub_discard(&self, directory: &Directory, digest: Digest, kept: Kept, why: &Unreadable, done: &mut Scrubbed) {
        self.discard(directory, digest, kept.id, why);
        done.damaged += 1;
    }
}

//! The thread that keeps the disk tier in order: looks through what is there at start, tries a closed tier again, scrubs.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::Disk;
use crate::store::limits::{DISK_KEEPER_MS, DISK_SCRUB, DISK_SCRUB_EVERY_MS};

/// Runs until it is dropped, which waits for its end.
pub struct Keeper {
    disk: Arc<Disk>,
    end: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Keeper {
    /// Starts the thread.
    pub fn start(disk: Arc<Disk>) -> io::Result<Self> {
        let (end, ended) = channel();
        let kept = disk.clone();
        let thread = thread::Builder::new().name("edge-disk".to_owned()).spawn(move || kept.keep(&ended))?;
        Ok(Self { disk, end: Some(end), thread: Some(thread) })
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.disk.stopping.store(true, Relaxed);
        drop(self.end.take());
        if let Some(thread) = self.thread.take() {
            // A panic was told of when it happened.
            let _ = thread.join();
        }
    }
}

impl Disk {
    fn keep(&self, ended: &Receiver<()>) {
        let mut next_round = self.clock.monotonic_ms();
        loop {
            self.maintain();
            if self.clock.monotonic_ms() >= next_round && self.scrub_step(DISK_SCRUB.default).round {
                next_round += DISK_SCRUB_EVERY_MS.default;
            }
            let pause = ended.recv_timeout(Duration::from_millis(DISK_KEEPER_MS.default));
            if pause != Err(RecvTimeoutError::Timeout) {
                return;
            }
        }
    }

    /// Tries a closed tier again when it is time, and looks through files that the index does not know.
    pub fn maintain(&self) {
        if self.writable().is_some() && self.rebuilding.load(Relaxed) {
            self.rebuild();
        }
    }
}

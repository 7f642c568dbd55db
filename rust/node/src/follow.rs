//! Publishes what is served: a new snapshot, or the same under new health. One thread watches the health table.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use edgeplane_base::SnapshotCell;
use edgeplane_dns::plan::{Serving, Snapshot};
use edgeplane_edge::Edge;
use edgeplane_policy::{HealthState, HealthTable};

/// How often the health table is looked at: short beside a probe's interval, long beside a look.
const LOOK: Duration = Duration::from_millis(20);

/// What serving threads read, and who may replace it.
pub(crate) struct Stage {
    pub cell: Arc<SnapshotCell<Serving>>,
    /// Held while something is published, so that health never brings back a snapshot that was replaced.
    publishing: Mutex<()>,
    health: Mutex<Option<Arc<HealthTable>>>,
    followed: AtomicU64,
    retired: AtomicU64,
    stopping: AtomicBool,
}

impl Stage {
    /// Serves nothing yet.
    pub fn new() -> Self {
        let empty = Arc::new(Snapshot::default());
        Self {
            cell: Arc::new(SnapshotCell::new(Serving::derive(empty, &|_| None))),
            publishing: Mutex::default(),
            health: Mutex::default(),
            followed: AtomicU64::new(0),
            retired: AtomicU64::new(0),
            stopping: AtomicBool::new(false),
        }
    }

    /// Serves a snapshot under the health of now.
    pub fn publish(&self, snapshot: Arc<Snapshot>) {
        let _one = lock(&self.publishing);
        self.replace(snapshot);
    }

    /// Follows a table from now on.
    pub fn attach(&self, table: Arc<HealthTable>) {
        *lock(&self.health) = Some(table);
        self.refresh();
    }

    /// The state in a slot, `None` where nothing is known.
    pub fn state(&self, slot: u32) -> Option<bool> {
        read(lock(&self.health).as_deref(), slot)
    }

    /// Epoch of the table.
    pub fn epoch(&self) -> Option<u64> {
        lock(&self.health).as_ref().map(|table| table.epoch())
    }

    /// Replaced values that a reader still held when last looked.
    pub fn retired(&self) -> u64 {
        self.retired.load(Ordering::Relaxed)
    }

    /// Watches the table until `stop`; frees what was replaced, the edge's plans included, which serving threads never do.
    pub fn follow(&self, edge: &Edge) {
        while !self.stopping.load(Ordering::Relaxed) {
            if self.epoch().is_some_and(|epoch| epoch != self.followed.load(Ordering::Relaxed)) {
                self.refresh();
            }
            let waiting = self.cell.collect() + edge.collect();
            self.retired.store(waiting as u64, Ordering::Relaxed);
            std::thread::park_timeout(LOOK);
        }
    }

    /// Ends `follow` at its next look.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    fn refresh(&self) {
        let _one = lock(&self.publishing);
        self.replace(self.cell.load().snapshot.clone());
    }

    /// The epoch is read before the states, so that what moves meanwhile is seen at the next look.
    fn replace(&self, snapshot: Arc<Snapshot>) {
        let table = lock(&self.health).clone();
        let epoch = table.as_ref().map_or(0, |table| table.epoch());
        let serving = Serving::derive(snapshot, &|slot| read(table.as_deref(), slot));
        self.cell.publish(Arc::new(serving));
        self.followed.store(epoch, Ordering::Relaxed);
    }
}

fn read(table: Option<&HealthTable>, slot: u32) -> Option<bool> {
    match table?.state(slot) {
        HealthState::Unknown => None,
        state => Some(state == HealthState::Healthy),
    }
}

/// A lock whose holder panicked still guards a value that is whole: every change here is one assignment.
pub(crate) fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

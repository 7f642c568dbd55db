//! One pointer that serving threads read and a control thread replaces.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::ArcSwap;

/// Holds the value that answers are made from.
///
/// Readers keep a reference of their own and refresh it once a batch. The publisher keeps what it replaced until no
/// reader holds it, so that freeing never happens on a thread that serves.
pub struct SnapshotCell<T> {
    current: ArcSwap<T>,
    /// How many values came after the first: what readers look at.
    serial: AtomicU64,
    retired: std::sync::Mutex<Vec<Arc<T>>>,
}

impl<T> SnapshotCell<T> {
    /// A cell with its first value.
    pub fn new(value: T) -> Self {
        Self { current: ArcSwap::from_pointee(value), serial: AtomicU64::new(0), retired: std::sync::Mutex::default() }
    }

    /// The value of now.
    pub fn load(&self) -> Arc<T> {
        self.current.load_full()
    }

    /// Looks at the value of now without keeping it; for readers that come seldom and must not hold what was replaced.
    pub fn with<R>(&self, look: impl FnOnce(&T) -> R) -> R {
        look(&self.current.load())
    }

    /// Publishes a value; the one before is kept until `collect` finds it unused.
    pub fn publish(&self, value: Arc<T>) {
        let old = self.current.swap(value);
        self.serial.fetch_add(1, Ordering::Release);
        let mut retired = self.retired.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        retired.push(old);
    }

    /// Frees what no reader holds any more; returns how many values still wait. Call off the serving threads.
    pub fn collect(&self) -> usize {
        let mut retired = self.retired.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let (free, held): (Vec<_>, Vec<_>) = retired.drain(..).partition(|value| Arc::strong_count(value) == 1);
        *retired = held;
        let waiting = retired.len();
        drop(retired);
        drop(free);
        waiting
    }
}

/// A serving thread's own reference.
pub struct Reader<T> {
    cell: Arc<SnapshotCell<T>>,
    serial: u64,
    held: Arc<T>,
}

impl<T> Reader<T> {
    /// A reader of the cell.
    pub fn new(cell: Arc<SnapshotCell<T>>) -> Self {
        let serial = cell.serial.load(Ordering::Acquire);
        let held = cell.load();
        Self { cell, serial, held }
    }

    /// The current value: one atomic load when nothing changed.
    #[inline]
    pub fn get(&mut self) -> &T {
        let serial = self.cell.serial.load(Ordering::Acquire);
        if serial != self.serial {
            self.serial = serial;
            self.held = self.cell.load();
        }
        &self.held
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replaced_value_waits_for_its_readers() {
        let cell = Arc::new(SnapshotCell::new(1));
        let mut reader = Reader::new(cell.clone());
        assert_eq!(*reader.get(), 1);
        cell.publish(Arc::new(2));
        assert_eq!(cell.collect(), 1, "the reader still holds the first value");
        assert_eq!(*reader.get(), 2);
        assert_eq!(cell.collect(), 0);
    }
}

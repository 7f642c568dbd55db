//! One reading from disk a key, however many wait for it: what is read for the first time since a start is read whole.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use tokio::sync::watch;
use tokio::task::spawn_blocking;

/// What is being read. Goes on when those who asked go away, so that nobody makes it begin anew.
pub struct Finds<T>(Mutex<HashMap<Box<[u8]>, Waiting<T>>>);

type Found<T> = Option<Arc<T>>;
/// None while it is being read.
type Waiting<T> = watch::Receiver<Option<Found<T>>>;

impl<T> Default for Finds<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T: Send + Sync + 'static> Finds<T> {
    /// What `read` gives for a key, or what somebody else is already reading under it.
    pub async fn find(self: &Arc<Self>, key: &[u8], read: impl FnOnce() -> Found<T> + Send + 'static) -> Found<T> {
        let mut waiting = self.join(key, read);
        waiting.wait_for(Option::is_some).await.ok()?.clone()?
    }

    fn join(self: &Arc<Self>, key: &[u8], read: impl FnOnce() -> Found<T> + Send + 'static) -> Waiting<T> {
        let mut under_way = crate::lock(&self.0);
        if let Some(waiting) = under_way.get(key) {
            return waiting.clone();
        }
        let (sender, waiting) = watch::channel(None);
        under_way.insert(key.into(), waiting.clone());
        let reading = Reading { finds: self.clone(), key: key.into(), found: None, sender };
        spawn_blocking(move || {
            let mut reading = reading;
            reading.found = read();
        });
        waiting
    }
}

/// A key's place among what is being read. At its end, and be it by a panic, those who wait are told.
struct Reading<T> {
    finds: Arc<Finds<T>>,
    key: Box<[u8]>,
    found: Found<T>,
    sender: watch::Sender<Option<Found<T>>>,
}

impl<T> Drop for Reading<T> {
    fn drop(&mut self) {
        // First: who comes from now on looks anew.
        crate::lock(&self.finds.0).remove(&self.key);
        self.sender.send_replace(Some(self.found.take()));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
    use std::sync::mpsc::channel;

    use super::*;
    use crate::object::Object;

    #[tokio::test]
    async fn what_many_wait_for_is_read_once_even_if_the_first_goes_away() {
        let (finds, readings) = (Arc::<Finds<Object>>::default(), Arc::<AtomicU64>::default());
        let (begin, may_begin) = channel::<()>();
        let counted = readings.clone();
        let slow = move || {
            counted.fetch_add(1, Relaxed);
            let _ = may_begin.recv();
            Some(super::super::tests::object("r1", &[("Cache-Control", "max-age=60")], b"content"))
        };
        let first = finds.join(b"key", slow);
        let others: Vec<Waiting<Object>> = (0..100).map(|_| finds.join(b"key", || panic!("another reading"))).collect();
        drop(first);
        assert!(finds.find(b"other", || None).await.is_none(), "another key waits for nobody");
        begin.send(()).unwrap();
        for mut other in others {
            assert!(other.wait_for(Option::is_some).await.unwrap().as_ref().unwrap().is_some());
        }
        assert_eq!(readings.load(Relaxed), 1);
        assert!(finds.find(b"key", || None).await.is_none(), "who comes later looks anew");
    }

    #[tokio::test]
    async fn a_reading_that_panics_finds_nothing_and_leaves_nothing() {
        let finds = Arc::<Finds<Object>>::default();
        assert!(finds.find(b"key", || panic!("on purpose")).await.is_none());
        assert!(crate::lock(&finds.0).is_empty());
    }
}

//! One battery over every policy: what a map owes, what a limit owes, and that threads do not disturb each other.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

use edgeplane_base::random::Random;
use proptest::prelude::*;

use super::*;

#[derive(Debug, Clone)]
enum Step {
    Insert(u8, u64),
    Get(u8),
    Remove(u8),
    Clear,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        10 => (0u8..40, 0u64..3_000).prop_map(|(key, weight)| Step::Insert(key, weight)),
        10 => (0u8..40).prop_map(Step::Get),
        2 => (0u8..40).prop_map(Step::Remove),
        1 => Just(Step::Clear),
    ];
    prop::collection::vec(step, 0..300)
}

/// A map that never evicts: what the store has must be what was put in last, and what was never put in or was taken out
/// must not be there.
fn keeps_to_the_map_and_the_limit(policy: Policy, shards: usize, steps: Vec<Step>) -> Result<(), TestCaseError> {
    let capacity = 8_000;
    let memory = Memory::sharded(capacity, policy, shards, 1);
    let mut model: HashMap<u8, (u64, u64)> = HashMap::new();
    for (serial, step) in steps.into_iter().enumerate() {
        let serial = serial as u64;
        match step {
            Step::Insert(key, weight) => {
                let kept = memory.insert(Box::new([key]), Arc::new(serial), weight);
                let whole = weight + 1 + MEMORY_ENTRY.default;
                prop_assert_eq!(kept, whole <= memory.largest());
                model.remove(&key);
                if kept {
                    model.insert(key, (serial, whole));
                    prop_assert!(memory.peek(&[key]).is_some(), "what was just put in is there");
                }
            }
            Step::Get(key) => {
                let found = memory.get(&[key]).map(|value| *value);
                prop_assert!(found.is_none() || found == model.get(&key).map(|kept| kept.0));
            }
            Step::Remove(key) => {
                let removed = memory.remove(&[key]).map(|value| *value);
                prop_assert!(removed.is_none() || removed == model.get(&key).map(|kept| kept.0));
                model.remove(&key);
            }
            Step::Clear => {
                memory.clear();
                model.clear();
            }
        }
        let stats = memory.stats();
        prop_assert!(stats.weight <= capacity);
        let (mut entries, mut weight) = (0, 0);
        let mut same = true;
        memory.for_each(|key, value, counted| {
            entries += 1;
            weight += counted;
            same &= key.first().and_then(|key| model.get(key)) == Some(&(**value, counted));
        });
        prop_assert!(same, "an entry that the map does not have");
        prop_assert_eq!((entries, weight), (stats.entries, stats.weight));
    }
    Ok(())
}

proptest! {
    #[test]
    fn sieve_is_a_map_within_its_limit(steps in steps(), shards in 1usize..4) {
        keeps_to_the_map_and_the_limit(Policy::Sieve, shards, steps)?;
    }

    #[test]
    fn s3fifo_is_a_map_within_its_limit(steps in steps(), shards in 1usize..4) {
        keeps_to_the_map_and_the_limit(Policy::S3Fifo, shards, steps)?;
    }

    #[test]
    fn lru_is_a_map_within_its_limit(steps in steps(), shards in 1usize..4) {
        keeps_to_the_map_and_the_limit(Policy::Lru, shards, steps)?;
    }
}

#[test]
fn nothing_leaves_while_there_is_room() {
    for policy in Policy::ALL {
        let memory = Memory::sharded(100 * (MEMORY_ENTRY.default + 4), policy, 1, 1);
        for key in 0u32..100 {
            assert!(memory.insert(Box::new(key.to_le_bytes()), Arc::new(key), 0));
        }
        assert_eq!((memory.stats().entries, memory.stats().evictions), (100, 0), "{policy:?}");
        assert!((0u32..100).all(|key| memory.get(&key.to_le_bytes()).as_deref() == Some(&key)));
        memory.insert(Box::new(*b"more"), Arc::new(0), 0);
        assert_eq!((memory.stats().entries, memory.stats().evictions), (100, 1), "{policy:?}");
    }
}

#[test]
fn a_value_too_heavy_is_refused_and_takes_the_older_one_with_it() {
    let memory = Memory::sharded(10_000, Policy::default(), 1, 2);
    assert!(memory.insert(Box::new(*b"key"), Arc::new(1), 100));
    assert!(!memory.insert(Box::new(*b"key"), Arc::new(2), 5_000));
    assert_eq!(memory.get(b"key"), None, "neither the refused one nor the one before");
    assert!(!memory.insert(Box::new(*b"key"), Arc::new(3), u64::MAX), "weights that would overflow");
    assert_eq!((memory.stats().refusals, memory.stats().weight), (2, 0));
}

#[test]
fn hits_and_misses_are_counted_and_a_peek_is_neither() {
    let memory = Memory::new(1 << 20, Policy::default());
    memory.insert(Box::new(*b"a"), Arc::new(1), 1);
    memory.get(b"a");
    memory.get(b"b");
    memory.peek(b"a");
    let stats = memory.stats();
    assert_eq!((stats.hits, stats.misses, stats.insertions), (1, 1, 1));
}

#[test]
fn only_the_value_that_is_meant_is_removed() {
    let memory = Memory::new(1 << 20, Policy::default());
    memory.insert(Box::new(*b"a"), Arc::new(1), 1);
    assert_eq!(memory.remove_if(b"a", |value| **value == 2), None);
    assert_eq!(memory.remove_if(b"a", |value| **value == 1).as_deref(), Some(&1));
    assert_eq!(memory.remove(b"a"), None);
}

#[test]
fn no_change_is_lost_between_threads() {
    let memory = Memory::<u64>::sharded(1 << 20, Policy::default(), 1, 1);
    let more = |before: Option<&Arc<u64>>| Some((Arc::new(before.map_or(1, |before| **before + 1)), 0));
    std::thread::scope(|scope| {
        let add = || (0..5_000).for_each(|_| assert!(memory.update(Box::new(*b"a"), more)));
        (0..4).for_each(|_| drop(scope.spawn(add)));
    });
    assert_eq!(memory.get(b"a").as_deref(), Some(&20_000));
    assert!(memory.update(Box::new(*b"a"), |_| None));
    assert_eq!(memory.get(b"a").as_deref(), Some(&20_000), "none: it stays");
    assert!(!memory.update(Box::new(*b"a"), |_| Some((Arc::new(1), 1 << 30))));
    assert_eq!(memory.get(b"a"), None);
}

/// A value that looks at the store when it is dropped: it would wait for ever if that happened under the lock.
struct Curious(Arc<Memory<Curious>>, u8);

impl Drop for Curious {
    fn drop(&mut self) {
        self.0.remove(&[self.1.wrapping_add(1)]);
    }
}

#[test]
fn values_are_dropped_outside_the_lock() {
    for policy in Policy::ALL {
        let memory = Arc::new(Memory::sharded(3 * (MEMORY_ENTRY.default + 1), policy, 1, 1));
        for key in 0u8..20 {
            memory.insert(Box::new([key % 7]), Arc::new(Curious(memory.clone(), key)), 0);
        }
        memory.remove(&[19 % 7]);
        memory.clear();
        assert_eq!(memory.stats().entries, 0);
    }
}

#[test]
fn threads_find_only_what_was_put_under_the_key_and_the_limit_holds() {
    for policy in Policy::ALL {
        let memory = Arc::new(Memory::sharded(200_000, policy, 4, 1));
        let (done, hits) = (AtomicBool::new(false), AtomicU64::new(0));
        let (shared, counted) = (&*memory, &hits);
        std::thread::scope(|scope| {
            let workers: Vec<_> = (0..4).map(|n| scope.spawn(move || work(shared, counted, n))).collect();
            let watcher = scope.spawn(|| {
                while !done.load(Relaxed) {
                    assert!(memory.stats().weight <= 200_000);
                    std::thread::yield_now();
                }
            });
            workers.into_iter().for_each(|worker| worker.join().unwrap());
            done.store(true, Relaxed);
            watcher.join().unwrap();
        });
        let stats = memory.stats();
        assert!(stats.hits > 0 && stats.hits == hits.load(Relaxed), "{policy:?}");
        assert_eq!(stats.insertions - stats.evictions, stats.entries, "{policy:?}: keys are put in once");
    }
}

fn work(memory: &Memory<u64>, hits: &AtomicU64, seed: u64) {
    let mut random = Random::seeded(seed);
    for _ in 0..20_000 {
        // Each thread puts its own keys in, and asks for all.
        let key = u64::from(random.below(2_000));
        match memory.get(&key.to_le_bytes()) {
            Some(value) => {
                assert_eq!(*value, key);
                hits.fetch_add(1, Relaxed);
            }
            None if key % 4 == seed => {
                memory.insert(Box::new(key.to_le_bytes()), Arc::new(key), u64::from(random.below(500)));
            }
            None => {}
        }
    }
}

//! Every policy beside a naive one that keeps its queues in vectors, and the hit ratios that chose the default.

use std::collections::VecDeque;

use edgeplane_base::random::Random;
use proptest::prelude::*;

use super::Policy;
use crate::store::shelf::Shelf;

const SLOTS: u32 = 24;

#[derive(Debug, Clone)]
enum Step {
    Insert(u32),
    Touch(u32),
    Remove(u32),
    Evict,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        3 => (0..SLOTS).prop_map(Step::Insert),
        4 => (0..SLOTS).prop_map(Step::Touch),
        1 => (0..SLOTS).prop_map(Step::Remove),
        2 => Just(Step::Evict),
    ];
    prop::collection::vec(step, 0..400)
}

/// What each policy is in the fewest lines, with keys of weight one.
trait Naive {
    fn insert(&mut self, slot: u32);
    fn touch(&mut self, slot: u32);
    fn remove(&mut self, slot: u32);
    fn evict(&mut self) -> Option<u32>;
}

#[derive(Default)]
struct NaiveLru(Vec<u32>);

impl Naive for NaiveLru {
    fn insert(&mut self, slot: u32) {
        self.0.push(slot);
    }
    fn touch(&mut self, slot: u32) {
        self.remove(slot);
        self.insert(slot);
    }
    fn remove(&mut self, slot: u32) {
        self.0.retain(|&other| other != slot);
    }
    fn evict(&mut self) -> Option<u32> {
        (!self.0.is_empty()).then(|| self.0.remove(0))
    }
}

/// Oldest first; the hand is an index, at the length when it is about to start over.
#[derive(Default)]
struct NaiveSieve {
    queue: Vec<(u32, bool)>,
    hand: usize,
}

impl Naive for NaiveSieve {
    fn insert(&mut self, slot: u32) {
        // A hand that has passed the newest entry starts over; it does not wait for the next one to come.
        if self.hand == self.queue.len() {
            self.hand = 0;
        }
        self.queue.push((slot, false));
    }
    fn touch(&mut self, slot: u32) {
        self.queue.iter_mut().filter(|entry| entry.0 == slot).for_each(|entry| entry.1 = true);
    }
    fn remove(&mut self, slot: u32) {
        let at = self.queue.iter().position(|entry| entry.0 == slot).unwrap();
        self.queue.remove(at);
        if at < self.hand {
            self.hand -= 1;
        }
    }
    fn evict(&mut self) -> Option<u32> {
        if self.queue.is_empty() {
            return None;
        }
        loop {
            if self.hand >= self.queue.len() {
                self.hand = 0;
            }
            let (slot, visited) = self.queue[self.hand];
            if !visited {
                self.queue.remove(self.hand);
                return Some(slot);
            }
            self.queue[self.hand].1 = false;
            self.hand += 1;
        }
    }
}

/// Small queue of a tenth, main queue, ghost; entries with their touches.
#[derive(Default)]
struct NaiveS3Fifo {
    small: VecDeque<(u32, u8)>,
    main: VecDeque<(u32, u8)>,
    ghost: VecDeque<u32>,
    small_capacity: usize,
}

impl Naive for NaiveS3Fifo {
    fn insert(&mut self, slot: u32) {
        // A forgotten key keeps its place in the ghost's queue, as a place that stands for nothing.
        match self.ghost.iter().rposition(|&other| other == slot) {
            Some(_) => {
                self.ghost.iter_mut().filter(|other| **other == slot).for_each(|other| *other = u32::MAX);
                self.main.push_back((slot, 0));
            }
            None => self.small.push_back((slot, 0)),
        }
    }
    fn touch(&mut self, slot: u32) {
        let all = self.small.iter_mut().chain(&mut self.main);
        all.filter(|entry| entry.0 == slot).for_each(|entry| entry.1 = (entry.1 + 1).min(3));
    }
    fn remove(&mut self, slot: u32) {
        self.small.retain(|entry| entry.0 != slot);
        self.main.retain(|entry| entry.0 != slot);
    }
    fn evict(&mut self) -> Option<u32> {
        if self.small.len() > self.small_capacity || self.main.is_empty() {
            self.evict_small().or_else(|| self.evict_main())
        } else {
            self.evict_main().or_else(|| self.evict_small())
        }
    }
}

impl NaiveS3Fifo {
    fn evict_small(&mut self) -> Option<u32> {
        while let Some((slot, touches)) = self.small.pop_front() {
            if touches == 0 {
                self.ghost.iter_mut().filter(|other| **other == slot).for_each(|other| *other = u32::MAX);
                self.ghost.push_back(slot);
                let limit = self.main.len().max(self.small.len()).max(1);
                while self.ghost.len() > limit {
                    self.ghost.pop_front();
                }
                return Some(slot);
            }
            self.main.push_back((slot, 0));
        }
        None
    }
    fn evict_main(&mut self) -> Option<u32> {
        while let Some((slot, touches)) = self.main.pop_front() {
            if touches == 0 {
                return Some(slot);
            }
            self.main.push_back((slot, touches - 1));
        }
        None
    }
}

const CAPACITY: u64 = 20;

fn naive(policy: Policy) -> Box<dyn Naive> {
    match policy {
        Policy::Sieve => Box::new(NaiveSieve::default()),
        Policy::S3Fifo => Box::new(NaiveS3Fifo { small_capacity: 2, ..NaiveS3Fifo::default() }),
        Policy::Lru => Box::new(NaiveLru::default()),
    }
}

fn agree(policy: Policy, steps: Vec<Step>) -> Result<(), TestCaseError> {
    let (mut order, mut naive) = (policy.order(CAPACITY), naive(policy));
    let mut present = [false; SLOTS as usize];
    for step in steps {
        match step {
            Step::Insert(slot) if !present[slot as usize] => {
                order.insert(slot, u64::from(slot) << 40, 1);
                naive.insert(slot);
                present[slot as usize] = true;
            }
            Step::Touch(slot) if present[slot as usize] => {
                order.touch(slot);
                naive.touch(slot);
            }
            Step::Remove(slot) if present[slot as usize] => {
                order.remove(slot);
                naive.remove(slot);
                present[slot as usize] = false;
            }
            Step::Evict => {
                let (ours, theirs) = (order.evict(&|slot| u64::from(slot) << 40), naive.evict());
                prop_assert_eq!(ours, theirs);
                ours.inspect(|&slot| present[slot as usize] = false);
            }
            _ => {}
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn sieve_evicts_what_the_paper_says(steps in steps()) {
        agree(Policy::Sieve, steps)?;
    }

    #[test]
    fn s3fifo_evicts_what_the_paper_says(steps in steps()) {
        agree(Policy::S3Fifo, steps)?;
    }

    #[test]
    fn lru_evicts_what_was_used_longest_ago(steps in steps()) {
        agree(Policy::Lru, steps)?;
    }
}

/// Numbers from 0, drawn so that the n-th is asked for in proportion to n^-alpha.
struct Zipf(Vec<f64>);

impl Zipf {
    fn new(objects: u32, alpha: f64) -> Self {
        let mut sum = 0.0;
        Self(
            (1..=objects)
                .map(|n| {
                    sum += f64::from(n).powf(-alpha);
                    sum
                })
                .collect(),
        )
    }

    fn draw(&self, random: &mut Random) -> u64 {
        let point = (random.next_u64() >> 11) as f64 / (1u64 << 53) as f64 * self.0.last().unwrap();
        self.0.partition_point(|&sum| sum < point) as u64
    }
}

/// A cache of so many keys of weight one, asked in this order; hits among the requests after the first third.
fn hit_ratio(policy: Policy, room: u64, requests: &[u64]) -> f64 {
    let mut shelf: Shelf<[u8; 8], ()> = Shelf::new(policy, room);
    let mut hits = 0;
    for (n, key) in requests.iter().enumerate() {
        let hash = key.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(23);
        let hit = shelf.get(hash, &key.to_le_bytes()).is_some();
        hits += usize::from(hit && n > requests.len() / 3);
        if !hit {
            while shelf.weight() >= room {
                shelf.evict();
            }
            shelf.insert(hash, key.to_le_bytes(), (), 1);
        }
    }
    hits as f64 / (requests.len() - requests.len() / 3) as f64
}

fn zipf_requests(alpha: f64, requests: usize) -> Vec<u64> {
    let (zipf, mut random) = (Zipf::new(10_000, alpha), Random::seeded(9));
    (0..requests).map(|_| zipf.draw(&mut random)).collect()
}

/// Between every hundred requests a run of keys that nobody ever asks for again.
fn with_scans(requests: &[u64], scan: usize) -> Vec<u64> {
    let mut unseen = 1 << 32..;
    requests
        .chunks(100)
        .flat_map(|chunk| chunk.iter().copied().chain(unseen.by_ref().take(scan)).collect::<Vec<_>>())
        .collect()
}

#[test]
fn the_default_beats_lru_by_five_points_with_room_for_a_tenth() {
    let requests = zipf_requests(0.9, 300_000);
    let ratio = |policy| hit_ratio(policy, 1_000, &requests);
    let (ours, sieve, lru) = (ratio(Policy::default()), ratio(Policy::Sieve), ratio(Policy::Lru));
    println!("zipf 0.9: default {ours:.4}, sieve {sieve:.4}, lru {lru:.4}");
    assert!(ours >= lru + 0.05, "{ours:.4} against {lru:.4}");
}

#[test]
fn a_scan_takes_less_from_the_default_than_from_the_others() {
    let requests = zipf_requests(0.9, 200_000);
    let scanned = with_scans(&requests, 100);
    let loss = |policy| hit_ratio(policy, 1_000, &requests) - 2.0 * hit_ratio(policy, 1_000, &scanned);
    let (ours, sieve, lru) = (loss(Policy::default()), loss(Policy::Sieve), loss(Policy::Lru));
    println!("points lost to scans: default {ours:.4}, sieve {sieve:.4}, lru {lru:.4}");
    assert!(ours < lru / 2.0 && ours <= sieve, "{ours:.4}, {sieve:.4}, {lru:.4}");
}

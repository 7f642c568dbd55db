//! Measurements, by hand: `cargo test --release -p edgeplane-edge measure -- --ignored --nocapture --test-threads 1`.

use std::hint::black_box;
use std::sync::Arc;

use edgeplane_base::random::Random;

use super::{Memory, Policy};

/// Keys as long as those of common URLs.
fn key(n: u32) -> Box<[u8]> {
    format!("E2QWRUHAPOMQZL\0GET\0/assets/images/product/{n:08}/large.webp?v=20260102\0gzip").into_bytes().into()
}

#[test]
#[ignore = "a measurement"]
fn nanoseconds_a_hit() {
    for policy in Policy::ALL {
        for (objects, threads) in [(100, 1), (100, 2), (10_000, 1), (10_000, 2)] {
            let memory = Memory::new(256 << 20, policy);
            (0..objects).for_each(|n| assert!(memory.insert(key(n), Arc::new(n), 1_024)));
            let nanoseconds: Vec<f64> = std::thread::scope(|scope| {
                let run = |seed| {
                    scope.spawn({
                        let memory = &memory;
                        move || hits(memory, objects, seed)
                    })
                };
                let runs: Vec<_> = (0..threads).map(run).collect();
                runs.into_iter().map(|run| run.join().unwrap()).collect()
            });
            println!("{:>6}, {objects} objects, {threads} threads: {nanoseconds:.1?} ns a hit", policy.name());
        }
    }
}

/// The best of many short rounds: the others met somebody else on the machine.
fn hits(memory: &Memory<u32>, objects: u32, seed: u64) -> f64 {
    let keys: Vec<Box<[u8]>> = (0..objects).map(key).collect();
    let mut random = Random::seeded(seed);
    let order: Vec<usize> = (0..100_000).map(|_| random.below(objects) as usize).collect();
    let round = || {
        let start = processor_time();
        for &n in &order {
            assert_eq!(black_box(memory.get(&keys[n])).as_deref(), Some(&(n as u32)));
        }
        (processor_time() - start) as f64 / order.len() as f64
    };
    (0..30).map(|_| round()).fold(f64::INFINITY, f64::min)
}

#[test]
#[ignore = "a measurement"]
fn octets_an_entry() {
    for policy in Policy::ALL {
        let before = resident();
        let memory = Memory::sharded(1 << 40, policy, 64, 1);
        for n in 0..1_000_000u32 {
            memory.insert([n.to_le_bytes(); 8].concat().into_boxed_slice(), Arc::new(n), 0);
        }
        let counted = memory.stats().weight / 1_000_000;
        println!("{:>6}: {} octets an entry, {counted} counted", policy.name(), (resident() - before) / 1_000_000);
    }
}

/// Nanoseconds that this thread has run; others on the machine do not count.
fn processor_time() -> u64 {
    let schedule = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    schedule.split(' ').next().unwrap().parse().unwrap()
}

fn resident() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    statm.split(' ').nth(1).unwrap().parse::<u64>().unwrap() * 4_096
}

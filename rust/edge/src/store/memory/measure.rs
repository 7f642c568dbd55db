//! Measurements, by hand: `cargo test --release -p edgeplane-edge measure -- --ignored --nocapture --test-threads 1`.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use edgeplane_base::random::Random;

use super::{Memory, Policy};

const OBJECTS: u32 = 10_000;

/// Keys as long as those of common URLs.
fn key(n: u32) -> Box<[u8]> {
    format!("E2QWRUHAPOMQZL\0GET\0/assets/images/product/{n:08}/large.webp?v=20260102\0gzip").into_bytes().into()
}

#[test]
#[ignore = "a measurement"]
fn nanoseconds_a_hit() {
    for policy in Policy::ALL {
        for threads in [1, 2] {
            let memory = Arc::new(Memory::new(256 << 20, policy));
            (0..OBJECTS).for_each(|n| assert!(memory.insert(key(n), Arc::new(n), 1_024)));
            let nanoseconds: Vec<f64> = std::thread::scope(|scope| {
                let runs: Vec<_> = (0..threads)
                    .map(|n| (n, &memory))
                    .map(|(n, memory)| scope.spawn(move || hits(memory, n)))
                    .collect();
                runs.into_iter().map(|run| run.join().unwrap()).collect()
            });
            println!("{:>6}, {threads} threads: {nanoseconds:.1?} ns a hit", policy.name());
        }
    }
}

fn hits(memory: &Memory<u32>, seed: u64) -> f64 {
    const HITS: u32 = 2_000_000;
    let keys: Vec<Box<[u8]>> = (0..OBJECTS).map(key).collect();
    let mut random = Random::seeded(seed);
    let start = Instant::now();
    for _ in 0..HITS {
        let n = random.below(OBJECTS);
        assert_eq!(black_box(memory.get(&keys[n as usize])).as_deref(), Some(&n));
    }
    start.elapsed().as_nanos() as f64 / f64::from(HITS)
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

fn resident() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    statm.split(' ').nth(1).unwrap().parse::<u64>().unwrap() * 4_096
}

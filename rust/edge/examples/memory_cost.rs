//! What the memory tier costs: nanoseconds of a hit, octets of an entry beside key and content.
//! `cargo run --release -p edgeplane-edge --example memory_cost`.

use std::error::Error;
use std::hint::black_box;
use std::sync::Arc;
use std::thread::scope;

use edgeplane_base::random::Random;
use edgeplane_edge::store::{Memory, Policy};

const ENTRIES: u32 = 1_000_000;
const HITS: usize = 100_000;
const ROUNDS: usize = 30;

fn main() -> Result<(), Box<dyn Error>> {
    for policy in Policy::ALL {
        for (objects, threads) in [(100, 1), (100, 2), (10_000, 1), (10_000, 2)] {
            let each = threads_that_hit(policy, objects, threads)?;
            println!("{:>6}, {objects:>6} objects, {threads} threads: {each:.1?} ns a hit", policy.name());
        }
    }
    for policy in Policy::ALL {
        let (held, counted) = octets_an_entry(policy)?;
        println!("{:>6}, {ENTRIES} entries: {held} octets an entry, {counted} counted", policy.name());
    }
    Ok(())
}

/// Keys as long as those of common URLs.
fn key(n: u32) -> Box<[u8]> {
    format!("E2QWRUHAPOMQZL\0GET\0/assets/images/product/{n:08}/large.webp?v=20260102\0gzip").into_bytes().into()
}

/// Nanoseconds of a hit on each of several threads.
fn threads_that_hit(policy: Policy, objects: u32, threads: u64) -> Result<Vec<f64>, String> {
    let memory = &Memory::new(256 << 20, policy);
    if !(0..objects).all(|n| memory.insert(key(n), Arc::new(n), 1_024)) {
        return Err("an object found no room".into());
    }
    scope(|scope| {
        let runs: Vec<_> = (0..threads).map(|seed| scope.spawn(move || hits(memory, objects, seed))).collect();
        runs.into_iter().map(|run| run.join().map_err(|_| "a thread ended early")?).collect()
    })
}

/// The best of many short rounds: the others met somebody else on the machine.
fn hits(memory: &Memory<u32>, objects: u32, seed: u64) -> Result<f64, String> {
    let keys: Vec<(u32, Box<[u8]>)> = (0..objects).map(|n| (n, key(n))).collect();
    let mut random = Random::seeded(seed);
    let drawn = std::iter::repeat_with(|| keys.get(random.below(objects) as usize)).flatten();
    let order: Vec<&(u32, Box<[u8]>)> = drawn.take(HITS).collect();
    let mut least = f64::INFINITY;
    for _ in 0..ROUNDS {
        let start = processor_time()?;
        for (n, key) in &order {
            if black_box(memory.get(key)).as_deref() != Some(n) {
                return Err(format!("object {n} is not there"));
            }
        }
        least = least.min((processor_time()? - start) as f64 / order.len() as f64);
    }
    Ok(least)
}

/// What the process holds for each of a million entries, and what the store counts for it, the key included.
fn octets_an_entry(policy: Policy) -> Result<(u64, u64), String> {
    let before = resident()?;
    let memory = Memory::sharded(1 << 40, policy, 64, 1);
    for n in 0..ENTRIES {
        memory.insert([n.to_le_bytes(); 8].concat().into_boxed_slice(), Arc::new(n), 0);
    }
    let entries = u64::from(ENTRIES);
    Ok((resident()?.saturating_sub(before) / entries, memory.stats().weight / entries))
}

/// Nanoseconds that this thread has run; others on the machine do not count.
fn processor_time() -> Result<u64, String> {
    number("/proc/thread-self/schedstat", 0)
}

/// Octets of memory that this process holds.
fn resident() -> Result<u64, String> {
    Ok(number("/proc/self/statm", 1)? * 4_096)
}

/// A number of a file of numbers.
fn number(path: &str, index: usize) -> Result<u64, String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))?;
    text.split(' ').nth(index).and_then(|word| word.parse().ok()).ok_or_else(|| format!("{path} says {text}"))
}

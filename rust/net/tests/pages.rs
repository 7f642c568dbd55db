//! Pages take what they weigh, and give it back. (A process of its own, whose memory nobody else takes.)
#![allow(clippy::unwrap_used)]

use edgeplane_net::pages::{Growing, Pages, weight};

const CONTENTS: usize = 500;

/// Octets that this process holds in memory.
fn resident() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    statm.split(' ').nth(1).unwrap().parse::<u64>().unwrap() * 4_096
}

#[test]
fn what_is_counted_is_taken_and_comes_back() {
    let octets = vec![7; 100_000];
    let contents = || (0..CONTENTS).map(|_| Pages::hold(100_000, [&octets[..]]).unwrap()).collect::<Vec<_>>();
    let held = contents();
    // What is kept for the next contents is full before anything is counted.
    drop(contents());
    let mut growing = Growing::new(1 << 36).unwrap();
    growing.write(&octets).unwrap();
    let before = resident();
    drop(growing);
    assert!(before.saturating_sub(resident()) < 1 << 20, "room that was not written to takes no memory");

    let (counted, begun) = (weight(100_000) * CONTENTS as u64, resident());
    let parts: Vec<_> = held.iter().map(|content| content.slice(99_999, 1)).collect();
    drop(held);
    assert!(begun.saturating_sub(resident()) < 1 << 20, "a part keeps the whole");
    drop(parts);
    let taken = begun.saturating_sub(resident());
    assert!((counted * 97..counted * 103).contains(&(taken * 100)), "{counted} octets counted, {taken} taken");
}

//! Pages take what they weigh, and give it back. (A process of its own, whose memory nobody else takes: one test.)
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::io::Read;
use std::net::{TcpListener, TcpStream};
use std::os::fd::AsFd;

use edgeplane_net::pages::{Growing, Pages, page_size, weight};
use edgeplane_net::splice::Splicer;

const MIB: u64 = 1 << 20;
/// A mapping that contents share.
const SHARED: u64 = 64 * MIB;

/// A column of /proc/self/statm, in octets.
fn statm(column: usize) -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    statm.split(' ').nth(column).unwrap().parse::<u64>().unwrap() * page_size() as u64
}

fn resident() -> u64 {
    statm(1)
}

fn address_space() -> u64 {
    statm(0)
}

/// Pages that were made for this process so far.
fn faults() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    stat.rsplit(')').next().unwrap().split(' ').nth(8).unwrap().parse().unwrap()
}

fn mappings() -> usize {
    std::fs::read_to_string("/proc/self/maps").unwrap().lines().count()
}

fn held(octets: &[u8], contents: usize) -> Vec<Pages> {
    (0..contents).map(|_| Pages::hold(octets.len() as u64, [octets]).unwrap()).collect()
}

#[test]
fn pages_take_what_they_weigh() {
    let (octets, begun) = (vec![7; 100_000], address_space());
    let contents = held(&octets, 500);
    // What is kept for the next contents is full before anything is counted.
    drop(held(&octets, 500));
    what_is_counted_is_taken_and_comes_back(contents);
    what_was_left_is_used_again(&octets);
    what_is_promised_holds_no_memory(&octets);
    what_was_lent_comes_back(&octets);
    unknown_lengths_leave_no_gaps(&octets);
    drop((0..500).map(|_| Growing::new(2 * MIB).unwrap()).collect::<Vec<_>>());
    let taken = address_space().saturating_sub(begun);
    assert!(taken <= 6 * SHARED, "{taken} octets of address space stay");
    long_content_comes_back();
}

fn what_is_counted_is_taken_and_comes_back(contents: Vec<Pages>) {
    let (counted, begun) = (weight(100_000) * contents.len() as u64, resident());
    let parts: Vec<_> = contents.iter().map(|content| content.slice(99_999, 1)).collect();
    drop(contents);
    assert!(begun.saturating_sub(resident()) < MIB, "a part keeps the whole");
    drop(parts);
    let taken = begun.saturating_sub(resident());
    assert!((counted * 97..counted * 103).contains(&(taken * 100)), "{counted} octets counted, {taken} taken");
}

fn what_was_left_is_used_again(octets: &[u8]) {
    let mut contents = held(octets, 20);
    let begun = faults();
    for turn in 0..200 {
        contents.remove(turn % 20);
        contents.append(&mut held(octets, 1));
    }
    assert!(faults() - begun < 200, "{} pages were made", faults() - begun);
}

/// Lengths that origins tell, and that come slowly, while what is kept is full again and again.
fn what_is_promised_holds_no_memory(octets: &[u8]) {
    let begun = resident();
    let growing: Vec<_> = (0..200)
        .map(|turn| {
            drop(held(octets, 20));
            let mut growing = if turn % 2 == 0 { Growing::new(2 * MIB) } else { Growing::up_to(2 * MIB) }.unwrap();
            growing.write(&octets[..12_288]).unwrap();
            growing
        })
        .collect();
    let taken = resident().saturating_sub(begun);
    assert!(taken < 200 * 16_384 + 2 * MIB, "{taken} octets taken by {}", growing.len());
    // All that is kept.
    let contents = held(octets, 100);
    drop(growing);
    drop(contents);
    let begun = faults();
    drop(held(octets, 20));
    assert!(faults() - begun < 40, "pages without memory are kept as if they had some");
}

fn what_was_lent_comes_back(octets: &[u8]) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (server, splicer) = (listener.accept().unwrap().0, Splicer::new().unwrap());
    let (contents, mut seen, begun) = (held(octets, 500), vec![0; 100_000], resident());
    for content in &contents {
        let sent = splicer.send(server.as_fd(), content).unwrap();
        client.read_exact(&mut seen[..sent]).unwrap();
    }
    let mappings_before = mappings();
    let (even, odd): (Vec<_>, Vec<_>) = contents.into_iter().enumerate().partition(|(number, _)| number % 2 == 0);
    drop(even);
    assert!(mappings() < mappings_before + 5, "the pages were given up");
    drop(odd);
    let taken = begun.saturating_sub(resident());
    assert!(taken > 500 * 100_000 * 97 / 100, "{taken} octets came back");
}

fn unknown_lengths_leave_no_gaps(octets: &[u8]) {
    let (begun, mappings_before) = (address_space(), mappings());
    let unknown = || {
        let mut growing = Growing::up_to(16 * MIB).unwrap();
        growing.write(octets).unwrap();
        growing.finish()
    };
    let contents: Vec<_> = (0..2_000).map(|_| unknown()).collect();
    let taken = address_space().saturating_sub(begun);
    assert!(taken < 2_000 * 102_400 * 6 + SHARED, "{taken} octets of address space");
    assert!(mappings() < mappings_before + 50, "{} mappings of {}", mappings(), contents.len());
}

fn long_content_comes_back() {
    let (begun, mappings_before) = (resident(), mappings());
    let mut growing = Growing::new(100 * MIB).unwrap();
    growing.write(&vec![1; 40 << 20]).unwrap();
    let all = growing.finish();
    assert!(resident() > begun + 39 * MIB);
    drop((all, growing));
    assert!(resident() < begun + MIB && mappings() <= mappings_before);
}

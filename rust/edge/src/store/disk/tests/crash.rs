//! Killed while writing, and stopped by a disk that is full. A test runs itself in a child, which finds `FOLDER` in its
//! environment and does the writing.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use super::*;

const FOLDER: &str = "EDGEPLANE_TEST_DISK";
const KEYS: u64 = 50;

/// A test of this file in a child: behind `launcher`, in a shell that has done as `shell` says.
fn child(place: &Place, test: &str, launcher: &[&str], shell: &str) -> Child {
    let name = format!("{}::{test}", module_path!().split_once("::").unwrap().1);
    let script = format!("{shell} exec \"$0\" --exact {name} --nocapture");
    let words = [launcher, &["sh", "-c", &script]].concat();
    let mut command = Command::new(words[0]);
    command.args(&words[1..]).arg(std::env::current_exe().unwrap()).env(FOLDER, &place.root);
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Where this process is to write, if it is such a child.
fn folder() -> Option<PathBuf> {
    std::env::var_os(FOLDER).map(PathBuf::from)
}

/// The object with this number, as written in a round; content and description agree.
fn object(n: u64, round: u64) -> (Vec<u8>, Vec<u8>) {
    ([n.to_le_bytes(), round.to_le_bytes()].concat(), octets_of(n << 32 | round, 40_000 + 1_000 * n as usize))
}

fn write_until_killed(folder: &Path) {
    let disk = Disk::open(folder, 64 << 20, Arc::new(Hands::default()), |key| key);
    disk.rebuild();
    std::thread::scope(|scope| {
        for thread in 0..3 {
            let disk = &disk;
            scope.spawn(move || {
                // A key is one thread's, so that its rounds are committed in their order.
                for (round, n) in (0..2_000).flat_map(|round| (thread..KEYS).step_by(3).map(move |n| (round, n))) {
                    let (meta, body) = object(n, round);
                    put(disk, &n.to_le_bytes(), &body, &meta).unwrap();
                    println!("committed {n} {round}");
                }
            });
        }
    });
}

#[test]
fn a_kill_loses_nothing_that_was_committed_and_serves_nothing_else() {
    if let Some(folder) = folder() {
        return write_until_killed(&folder);
    }
    let test = "a_kill_loses_nothing_that_was_committed_and_serves_nothing_else";
    let place = Place::new("kill");
    for kill in 0..6 {
        let mut child = child(&place, test, &[], "");
        let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let committed: Vec<(u64, u64)> = lines.filter_map(|line| commit(&line)).take(100 + 37 * kill).collect();
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(committed.len(), 100 + 37 * kill);
        let disk = Disk::open(&place.root, 64 << 20, place.clock.clone(), |key| key);
        disk.rebuild();
        for n in 0..KEYS {
            let kept = found(&disk, &n.to_le_bytes());
            let round = kept.as_ref().map(|kept| u64::from_le_bytes(kept.0[8..].try_into().unwrap()));
            assert_eq!(kept, round.map(|round| object(n, round)), "whole, and of one write");
            let last = committed.iter().filter(|commit| commit.0 == n).map(|commit| commit.1).max();
            assert!(kill > 0 || round >= last, "what was committed last, or later");
            assert!(last.is_none() || round.is_some());
        }
        let stats = disk.stats();
        assert_eq!((stats.corrupted, stats.foreign, stats.octets), (0, 0, place.octets()));
    }
}

fn commit(line: &str) -> Option<(u64, u64)> {
    let (n, round) = line.split_once("committed ")?.1.split_once(' ')?;
    Some((n.parse().ok()?, round.parse().ok()?))
}

fn fill(folder: &Path) {
    let clock = Arc::new(Hands::default());
    let disk = Disk::open(folder, 64 << 20, clock.clone(), |key| key);
    disk.rebuild();
    let mut kept = Vec::new();
    for n in 0..200u64 {
        let length = if n % 2 == 0 { 1_000 } else { 900_000 };
        if put(&disk, &n.to_le_bytes(), &octets_of(n, length), b"").is_some() {
            kept.push((n, length));
        }
        clock.0.fetch_add(DISK_RETRY_MS.default, Relaxed);
    }
    let served = kept.iter().filter(|(n, length)| found(&disk, &n.to_le_bytes()).unwrap().1 == octets_of(*n, *length));
    assert_eq!(served.count(), kept.len());
    let stats = disk.stats();
    assert_eq!((stats.pending, stats.corrupted, stats.foreign), (0, 0, 0));
    println!("kept {} faults {}", kept.len(), stats.faults);
}

/// Objects that a child kept, and faults that it counted.
fn told(child: Child) -> (u64, u64) {
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text} {}", String::from_utf8_lossy(&output.stderr));
    let line = text.lines().find_map(|line| line.split_once("kept ")).unwrap().1;
    let (kept, faults) = line.split_once(" faults ").unwrap();
    (kept.parse().unwrap(), faults.parse().unwrap())
}

#[test]
fn files_that_may_not_grow_are_passed_by() {
    if let Some(folder) = folder() {
        return fill(&folder);
    }
    let place = Place::new("file-size");
    // 512 KiB a file; the signal that comes with it is ignored, as in a service.
    let shell = "trap '' XFSZ; ulimit -f 1024;";
    let (kept, faults) = told(child(&place, "files_that_may_not_grow_are_passed_by", &[], shell));
    assert_eq!((kept, faults), (100, 100), "the small ones, and never an error");
    assert!(place.files().iter().all(|file| !file.parent().unwrap().ends_with("temporary")), "nothing is left over");
}

#[test]
fn a_full_file_system_is_passed_by() {
    if let Some(folder) = folder() {
        return fill(&folder);
    }
    let place = Place::new("full");
    fs::create_dir_all(&place.root).unwrap();
    // A namespace of its own, in which everyone may mount.
    let space = ["unshare", "--user", "--map-root-user", "--mount"];
    let may = Command::new(space[0]).args(&space[1..]).arg("true").stderr(Stdio::null()).status();
    if !may.is_ok_and(|status| status.success()) {
        println!("no user namespaces here: the test of file sizes stands for this one");
        return;
    }
    let shell = format!("mount -t tmpfs -o size=6m none \"${FOLDER}\" &&");
    let (kept, faults) = told(child(&place, "a_full_file_system_is_passed_by", &space, &shell));
    assert!(kept >= 100 && faults >= 50, "{kept} kept, {faults} faults");
}

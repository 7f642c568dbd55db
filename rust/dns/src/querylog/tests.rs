use std::fs;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::time::Instant;

use edgeplane_net::linelog::Writer;

use super::*;

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("edgeplane-querylog-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn settings(path: &Path, sample: f64) -> QueryLogSettings {
    QueryLogSettings { path: path.to_string_lossy().into(), sample }
}

fn entry(n: u64) -> Entry {
    Entry::new(n, b"Z1", b"\x01a\0", "192.0.2.1".parse().unwrap())
}

/// A log whose writer is driven by hand, without its thread.
fn by_hand(path: &Path, sample: f64) -> (impl FnMut(u64) -> Logged, Writer<Lines>) {
    let mut writer = Writer::new(path.into(), Lines::new(""));
    let mut log = QueryLog::start(&settings(Path::new("/dev/null"), sample), "", 0).unwrap();
    log.rings.push(writer.ring());
    let mut random = Random::seeded(1);
    (move |n| log.log(0, &mut random, || entry(n)), writer)
}

fn rounds(writer: &mut Writer<Lines>) {
    while writer.round(Instant::now()) {}
}

#[test]
fn lines_of_all_threads_are_written_before_stop_returns() {
    let folder = Folder::new("all");
    let path = folder.0.join("query.log");
    let log = QueryLog::start(&settings(&path, 1.0), "FRA6", 3).unwrap();
    for thread in 0..3 {
        let mut random = Random::from_process();
        for n in 0..1_000 {
            assert_eq!(log.log(thread, &mut random, || entry(n)), Logged::Taken);
        }
    }
    log.stop(Duration::from_secs(10));
    let text = fs::read_to_string(path).unwrap();
    assert_eq!(text.lines().count(), 3_000);
    assert!(text.lines().all(|line| line.ends_with(" Z1 a TYPE0 NOERROR UDP FRA6 192.0.2.1 -")));
}

#[test]
fn a_moved_file_is_opened_anew_on_demand() {
    let folder = Folder::new("moved");
    let (path, moved) = (folder.0.join("query.log"), folder.0.join("query.log.1"));
    let (mut log, mut writer) = by_hand(&path, 1.0);
    log(1);
    rounds(&mut writer);
    fs::rename(&path, &moved).unwrap();
    log(2);
    rounds(&mut writer);
    writer.reopen();
    log(3);
    rounds(&mut writer);
    assert_eq!(fs::read_to_string(&moved).unwrap().lines().count(), 2);
    assert_eq!(fs::read_to_string(&path).unwrap().lines().count(), 1);
}

#[test]
fn a_pipe_that_nobody_reads_makes_drops_not_waits() {
    let folder = Folder::new("pipe");
    let path = folder.0.join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
    let mut reader = OpenReader::open(&path);
    let (mut log, mut writer) = by_hand(&path, 1.0);
    let mut dropped = 0;
    for n in 0..20_000 {
        dropped += u64::from(log(n) == Logged::Dropped);
        if n % 1_000 == 0 {
            rounds(&mut writer);
        }
    }
    assert!(dropped > 10_000, "{dropped}");
    let mut text = String::new();
    for _ in 0..1_000 {
        reader.read_into(&mut text);
        writer.round(Instant::now());
    }
    assert_eq!(text.lines().count() as u64, 20_000 - dropped, "everything else comes when the pipe flows again");
    assert!(text.ends_with('\n'));
}

#[test]
fn a_file_that_cannot_be_opened_is_tried_again() {
    let folder = Folder::new("later");
    let path = folder.0.join("missing/query.log");
    let (mut log, mut writer) = by_hand(&path, 1.0);
    let start = Instant::now();
    log(1);
    assert!(writer.round(start), "the line is made");
    assert!(!writer.waits());
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    writer.round(start + Duration::from_millis(900));
    assert!(!path.exists());
    writer.round(start + Duration::from_millis(1_100));
    assert_eq!(fs::read_to_string(&path).unwrap().lines().count(), 1);
}

#[test]
fn a_sample_is_its_share() {
    for (sample, expected) in [(0.0, 0..=0), (0.25, 900..=1_100), (1.0, 4_000..=4_000)] {
        let (mut log, _writer) = by_hand(Path::new("/nonexistent/x"), sample);
        let taken = (0..4_000).filter(|&n| log(n) == Logged::Taken).count();
        assert!(expected.contains(&taken), "{sample}: {taken}");
    }
}

#[test]
fn a_log_that_ended_and_a_thread_it_does_not_know_are_drops() {
    let folder = Folder::new("gone");
    let log = QueryLog::start(&settings(&folder.0.join("q"), 1.0), "-", 1).unwrap();
    let mut random = Random::from_process();
    assert_eq!(log.log(1, &mut random, || entry(1)), Logged::Dropped);
    log.stop(Duration::from_secs(10));
    assert_eq!(log.log(0, &mut random, || entry(1)), Logged::Dropped);
}

#[test]
fn a_pipe_that_stands_still_does_not_hold_the_end() {
    let folder = Folder::new("still");
    let path = folder.0.join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
    let _reader = OpenReader::open(&path);
    let log = QueryLog::start(&settings(&path, 1.0), "-", 1).unwrap();
    let mut random = Random::from_process();
    while log.log(0, &mut random, || entry(1)) != Logged::Dropped {
        std::thread::yield_now();
    }
    log.stop(Duration::from_millis(20));
    while !log.lines.is_finished() {
        std::thread::yield_now();
    }
}

/// The reading end of a pipe, read without waiting.
struct OpenReader(fs::File);

impl OpenReader {
    fn open(path: &Path) -> Self {
        Self(fs::OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(path).unwrap())
    }

    fn read_into(&mut self, text: &mut String) {
        use std::io::Read;
        let mut octets = [0; 65_536];
        if let Ok(n) = self.0.read(&mut octets) {
            text.push_str(std::str::from_utf8(&octets[..n]).unwrap());
        }
    }
}

use std::fs;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use super::*;

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("edgeplane-linelog-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Numbers, under a head.
struct Numbers;

impl Format for Numbers {
    type Entry = u64;

    fn head(&self) -> String {
        "#Numbers\n".into()
    }

    fn line(&self, entry: &u64, lines: &mut String) {
        lines.push_str(&format!("{entry:08}\n"));
    }

    fn warn(&self, trouble: &str, path: &Path, error: &io::Error) {
        println!("{trouble}: {}: {error}", path.display());
    }

    fn lost(&self, entries: u64, path: &Path) {
        println!("{entries} lost: {}", path.display());
    }
}

/// A log whose writer is driven by hand, without its thread.
fn by_hand(path: &Path) -> (Ring<u64>, Writer<Numbers>) {
    let mut writer = Writer::new(path.into(), Numbers);
    (writer.ring(), writer)
}

fn rounds(writer: &mut Writer<Numbers>) {
    while writer.round(Instant::now()) {}
}

fn make_pipe(path: &Path) -> fs::File {
    assert!(std::process::Command::new("mkfifo").arg(path).status().unwrap().success());
    fs::File::options().read(true).custom_flags(libc::O_NONBLOCK).open(path).unwrap()
}

#[test]
fn lines_of_all_threads_are_written_before_stop_returns() {
    let folder = Folder::new("all");
    let path = folder.0.join("log");
    let log = LineLog::start("numbers", path.clone(), Numbers).unwrap();
    let rings = [log.ring(), log.ring(), log.ring()];
    for ring in &rings {
        (0..1_000).for_each(|n| assert!(ring.offer(n, 1)));
    }
    log.stop(Duration::from_secs(10));
    let text = fs::read_to_string(path).unwrap();
    assert!(text.starts_with("#Numbers\n"));
    assert_eq!(text.lines().count(), 3_001);
    assert!(!rings[0].offer(1, 1), "nobody writes any more");
}

#[test]
fn a_moved_file_is_opened_anew_on_demand_with_its_head() {
    let folder = Folder::new("moved");
    let (path, moved) = (folder.0.join("log"), folder.0.join("log.1"));
    let (ring, mut writer) = by_hand(&path);
    ring.offer(1, 1);
    rounds(&mut writer);
    fs::rename(&path, &moved).unwrap();
    ring.offer(2, 1);
    rounds(&mut writer);
    writer.reopen();
    ring.offer(3, 1);
    rounds(&mut writer);
    assert_eq!(fs::read_to_string(&moved).unwrap(), "#Numbers\n00000001\n00000002\n");
    assert_eq!(fs::read_to_string(&path).unwrap(), "#Numbers\n00000003\n");
    writer.reopen();
    ring.offer(4, 1);
    rounds(&mut writer);
    assert_eq!(fs::read_to_string(&path).unwrap(), "#Numbers\n00000003\n00000004\n", "one head a file");
}

#[test]
fn a_pipe_that_nobody_reads_makes_drops_not_waits() {
    use std::io::Read;
    let folder = Folder::new("pipe");
    let path = folder.0.join("pipe");
    let mut reader = make_pipe(&path);
    let (ring, mut writer) = by_hand(&path);
    let mut dropped = 0;
    for n in 0..50_000 {
        dropped += u64::from(!ring.offer(n, 1));
        if n % 1_000 == 0 {
            rounds(&mut writer);
        }
    }
    assert!(dropped > 10_000, "{dropped}");
    let (mut text, mut octets) = (String::new(), [0; 65_536]);
    for _ in 0..1_000 {
        if let Ok(n) = reader.read(&mut octets) {
            text.push_str(std::str::from_utf8(&octets[..n]).unwrap());
        }
        writer.round(Instant::now());
    }
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines.len() as u64, 50_001 - dropped, "everything else comes when the pipe flows again");
    assert!(lines[1..].iter().all(|line| line.len() == 8));
}

#[test]
fn a_line_cut_by_reopening_is_not_continued_elsewhere() {
    let folder = Folder::new("cut");
    let path = folder.0.join("pipe");
    let _reader = make_pipe(&path);
    let (ring, mut writer) = by_hand(&path);
    for n in 0..20_000 {
        ring.offer(n, 1);
        writer.round(Instant::now());
    }
    assert!(writer.waits());
    fs::remove_file(&path).unwrap();
    writer.reopen();
    rounds(&mut writer);
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.starts_with("#Numbers\n"));
    assert!(text.lines().skip(1).all(|line| line.len() == 8), "{}", &text[..40]);
}

#[test]
fn octets_that_wait_are_bounded() {
    let (ring, end) = Ring::new();
    let half = RING_OCTETS.default as usize / 2;
    assert!(ring.offer(1, half) && ring.offer(2, half) && !ring.offer(3, 1));
    assert_eq!(end.take(), Ok(1));
    assert!(ring.offer(4, half));
}

#[test]
fn a_file_that_cannot_be_opened_is_tried_again() {
    let folder = Folder::new("later");
    let path = folder.0.join("missing/log");
    let (ring, mut writer) = by_hand(&path);
    let start = Instant::now();
    ring.offer(1, 1);
    assert!(writer.round(start), "the line is made");
    assert!(!writer.waits());
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    writer.round(start + Duration::from_millis(900));
    assert!(!path.exists());
    writer.round(start + Duration::from_millis(1_100));
    assert_eq!(fs::read_to_string(&path).unwrap().lines().count(), 2);
}

#[test]
fn a_full_disk_holds_nobody_and_lines_come_when_there_is_room() {
    let (ring, mut writer) = by_hand(Path::new("/dev/full"));
    let dropped = (0..50_000).filter(|&n| {
        if n % 100 == 0 {
            writer.round(Instant::now());
        }
        !ring.offer(n, 1)
    });
    assert!(dropped.count() > 10_000);
}

#[test]
fn a_pipe_that_stands_still_does_not_hold_the_end() {
    let folder = Folder::new("still");
    let path = folder.0.join("pipe");
    let _reader = make_pipe(&path);
    let log = LineLog::start("numbers", path, Numbers).unwrap();
    let ring = log.ring();
    while ring.offer(1, 1) {
        std::thread::yield_now();
    }
    log.stop(Duration::from_millis(20));
    while !log.is_finished() {
        std::thread::yield_now();
    }
}

#[test]
fn what_a_ring_held_at_its_end_is_written_and_then_it_goes() {
    let folder = Folder::new("ended");
    let path = folder.0.join("log");
    let (first, mut writer) = by_hand(&path);
    for n in 1..=10 {
        let (ring, end) = Ring::new();
        writer.join(&mut vec![end]);
        ring.offer(n, 1);
    }
    rounds(&mut writer);
    assert_eq!(writer.rings(), 1, "one alone has a thread");
    first.offer(11, 1);
    rounds(&mut writer);
    let text = fs::read_to_string(path).unwrap();
    let mut lines: Vec<_> = text.lines().skip(1).collect();
    lines.sort_unstable();
    assert_eq!(lines, (1..=11).map(|n| format!("{n:08}")).collect::<Vec<_>>());
}

/// Lines of 1,000 octets: those of one ring are more than the writer holds.
struct Long;

impl Format for Long {
    type Entry = u64;

    fn line(&self, entry: &u64, lines: &mut String) {
        lines.push_str(&format!("{entry:0999}\n"));
    }

    fn warn(&self, trouble: &str, path: &Path, error: &io::Error) {
        println!("{trouble}: {}: {error}", path.display());
    }

    fn lost(&self, entries: u64, path: &Path) {
        println!("{entries} lost: {}", path.display());
    }
}

#[test]
fn where_there_is_never_room_for_all_each_ring_has_its_turn() {
    let ((first, one), (last, other)) = (Ring::new(), Ring::new());
    let mut writer = Writer::new("/dev/null".into(), Long);
    writer.join(&mut vec![one, other]);
    assert!(last.offer(0, 1));
    for _ in 0..10 {
        while first.offer(0, 1) {}
        writer.round(Instant::now());
    }
    assert_eq!(last.waiting.load(Relaxed), 0);
}

/// Numbers, and what was said of those that found no room.
struct Telling(Arc<Mutex<Vec<u64>>>);

impl Format for Telling {
    type Entry = u64;

    fn line(&self, entry: &u64, lines: &mut String) {
        lines.push_str(&format!("{entry}\n"));
    }

    fn warn(&self, trouble: &str, path: &Path, error: &io::Error) {
        println!("{trouble}: {}: {error}", path.display());
    }

    fn lost(&self, entries: u64, _: &Path) {
        self.0.lock().unwrap().push(entries);
    }
}

#[test]
fn what_found_no_room_is_said_at_once_and_then_now_and_again() {
    let said = Arc::<Mutex<Vec<u64>>>::default();
    let mut writer = Writer::new("/dev/null".into(), Telling(said.clone()));
    let (ring, start) = (writer.ring(), Instant::now());
    let fill = |more: u64| (0..RING.default + more).filter(|&n| !ring.offer(n, 1)).count() as u64;
    let mut after = |ms: u64| {
        writer.round(start + Duration::from_millis(ms));
        said.lock().unwrap().clone()
    };
    assert_eq!((after(0), fill(3)), (vec![], 3));
    assert_eq!(after(1), [3]);
    assert_eq!((fill(4), after(2), fill(5), after(9_999)), (4, vec![3], 5, vec![3]));
    assert_eq!(after(10_001), [3, 9]);
    assert_eq!((after(30_000), after(30_001)), (vec![3, 9], vec![3, 9]), "nothing is said of nothing");
    assert_eq!((fill(1), after(30_002)), (1, vec![3, 9, 1]));
}

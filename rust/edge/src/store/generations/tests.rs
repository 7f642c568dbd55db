//! Invalidations beside a list of all of them, and what a restart and damage do.

use std::path::PathBuf;

use proptest::prelude::*;

use super::*;
use crate::store::limits::{INVALIDATION_LOG, INVALIDATION_ROOM};

/// A folder of this test's own, gone with it.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("edgeplane-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn log(&self) -> PathBuf {
        self.0.join("generations")
    }

    fn open(&self) -> Generations {
        Generations::open(&self.log()).unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn subject<'a>(path: &'a str, query: Option<&'a str>, tags: &'a [Box<str>]) -> Subject<'a> {
    Subject { distribution: "E1", path: path.as_bytes(), query: query.map(str::as_bytes), tags }
}

/// Whether a path of an invalidation covers a path with its query.
fn covers(pattern: &str, path: &str, query: Option<&str>) -> bool {
    let generations = Generations::in_memory();
    let fetched = generations.sequence();
    generations.invalidate_path("E1", pattern).unwrap();
    generations.is_invalidated(&subject(path, query, &[]), fetched)
}

#[test]
fn all_spellings_of_a_path_are_invalidated() {
    let table = [
        ("/page/inv", "/page/inv", None, true),
        ("/page/%69nv", "/page/inv", None, true),
        ("//page/./x/../inv?a=%69", "/page/inv", Some("a=%69"), true),
        ("/caf%c3%a9", "/caf%C3%A9", None, true),
        ("/a%2fb", "/a/b", None, false),
        ("/page/%69n*", "/page/inv", None, true),
        ("/x/../page/i*", "/page/inv", Some("x"), true),
        ("/page/.*", "/page/.hidden", None, true),
        ("/page/.*", "/page/shown", None, false),
        ("//*", "/page/inv", None, true),
    ];
    for (pattern, path, query, covered) in table {
        assert_eq!(covers(pattern, path, query), covered, "{pattern} {path} {query:?}");
    }
}

#[test]
fn paths_match_as_cloudfront_says() {
    let table = [
        ("/a.jpg", "/a.jpg", None, true),
        ("/a.jpg", "/A.jpg", None, false),
        ("/a.jpg", "/a.jpg", Some("x=1"), false),
        ("/a.jpg?x=1", "/a.jpg", Some("x=1"), true),
        ("/a.jpg?x=1", "/a.jpg", None, false),
        ("/a.jpg?x=1", "/a.jpg", Some("x=12"), false),
        ("/a.jpg?", "/a.jpg", None, true),
        ("/a.jpg", "/a.jpg", Some(""), true),
        ("/a.jpg*", "/a.jpg", Some("x=1"), true),
        ("/a.jpg?x*", "/a.jpg", Some("x=1"), true),
        ("/a.jpg?x*", "/a.jpg", Some("y=1"), false),
        ("/images/*", "/images/a/b.jpg", None, true),
        ("/images/*", "/images", None, false),
        ("/images*", "/images", None, true),
        ("/images/*", "/image", None, false),
        ("/*", "/", None, true),
        ("/*", "/any", Some("q"), true),
        ("/", "/", None, true),
        ("/", "/index.html", None, false),
    ];
    for (pattern, path, query, expected) in table {
        assert_eq!(covers(pattern, path, query), expected, "{pattern} and {path} {query:?}");
    }
}

#[test]
fn paths_and_tags_that_cannot_be() {
    assert!(Scope::path("a.jpg").unwrap_err().contains("begin with /"));
    assert!(Scope::path("/a*.jpg").unwrap_err().contains("not at its end"));
    assert!(Scope::path("/a**").is_err() && Scope::path("").is_err() && Scope::path("*").is_err());
    assert!(Scope::path(&format!("/{}", "a".repeat(3_999))).is_ok());
    assert!(Scope::path(&format!("/{}", "a".repeat(4_000))).unwrap_err().contains("4000 octets"));
    assert!(Scope::tag(&"t".repeat(256)).is_ok() && Scope::tag(&"t".repeat(257)).is_err() && Scope::tag("").is_err());
}

#[test]
fn what_is_fetched_afterwards_is_valid() {
    let generations = Generations::in_memory();
    let before = generations.sequence();
    let after = generations.invalidate_all("E1").sequence;
    assert_eq!(generations.sequence(), after);
    let object = subject("/a", None, &[]);
    assert!(generations.is_invalidated(&object, before));
    assert!(!generations.is_invalidated(&object, after));
    assert!(!generations.is_invalidated(&Subject { distribution: "E2", ..object }, before));
    assert!(generations.is_invalidated(&object, after + 1), "a number that was never given out");
}

#[test]
fn a_question_answered_is_remembered_until_something_newer_comes() {
    let generations = Generations::in_memory();
    let fetched = AtomicU64::new(generations.sequence());
    let object = subject("/a", None, &[]);
    let other = generations.invalidate_path("E1", "/b").unwrap().sequence;
    assert!(!generations.is_invalidated_since(&object, &fetched));
    assert_eq!(fetched.load(Ordering::Relaxed), other);
    generations.invalidate_path("E1", "/a").unwrap();
    assert!(generations.is_invalidated_since(&object, &fetched));
    assert!(generations.is_invalidated_since(&object, &fetched), "what is invalid stays so");
    assert_eq!(fetched.load(Ordering::Relaxed), other);
}

#[derive(Debug, Clone)]
enum Wish {
    All,
    Path(String),
    Tag(String),
}

fn wishes() -> impl Strategy<Value = Vec<(bool, Wish)>> {
    let path = "/[ab]{0,4}[*]?".prop_map(Wish::Path);
    let query = "/[ab]{0,2}[?][ab]{0,2}[*]?".prop_map(Wish::Path);
    let wish = prop_oneof![1 => Just(Wish::All), 8 => path, 4 => query, 4 => "[ab]{1,2}".prop_map(Wish::Tag)];
    prop::collection::vec((any::<bool>(), wish), 0..40)
}

fn distribution(first: bool) -> &'static str {
    if first { "E1" } else { "E2" }
}

/// The whole rule in one expression.
fn naive(wishes: &[(bool, Wish)], first: bool, url: &str, tags: &[Box<str>], from: usize) -> bool {
    wishes.iter().skip(from).filter(|wish| wish.0 == first).any(|(_, wish)| match wish {
        Wish::All => true,
        Wish::Tag(tag) => tags.iter().any(|other| **other == **tag),
        Wish::Path(path) => match path.strip_suffix('*') {
            Some(beginning) => url.starts_with(beginning),
            None => path.trim_end_matches('?') == url.trim_end_matches('?'),
        },
    })
}

proptest! {
    #[test]
    fn judged_as_by_a_list_of_all_invalidations(
        wishes in wishes(),
        objects in prop::collection::vec((any::<bool>(), "/[ab]{0,5}", prop::option::of("[ab]{0,3}"),
            prop::collection::vec("[ab]{1,2}", 0..3), any::<prop::sample::Index>()), 1..20),
    ) {
        let generations = Generations::in_memory();
        let mut numbers = vec![generations.sequence()];
        for (first, wish) in &wishes {
            let id = distribution(*first);
            numbers.push(match wish {
                Wish::All => generations.invalidate_all(id).sequence,
                Wish::Path(path) => generations.invalidate_path(id, path).unwrap().sequence,
                Wish::Tag(tag) => generations.invalidate_tag(id, tag).unwrap().sequence,
            });
        }
        for (first, path, query, tags, from) in objects {
            let tags: Vec<Box<str>> = tags.into_iter().map(Box::from).collect();
            let url = query.as_ref().filter(|q| !q.is_empty()).map_or(path.clone(), |query| format!("{path}?{query}"));
            let from = from.index(numbers.len());
            let object = Subject {
                distribution: distribution(first),
                path: path.as_bytes(),
                query: query.as_deref().map(str::as_bytes),
                tags: &tags,
            };
            prop_assert_eq!(
                generations.is_invalidated(&object, numbers[from]),
                naive(&wishes, first, &url, &tags, from),
                "{} from {}", url, from
            );
        }
    }
}

#[test]
fn a_restart_knows_every_invalidation() {
    let folder = Folder::new("generations-restart");
    let tags = [Box::from("red")];
    let objects = [subject("/a", None, &[]), subject("/b/c", Some("q"), &[]), subject("/t", None, &tags)];
    let generations = folder.open();
    let fetched = generations.sequence();
    let several = [Scope::path("/a").unwrap(), Scope::path("/b/*").unwrap(), Scope::tag("red").unwrap()];
    let done = generations.invalidate("E1", &several);
    assert!(done.kept && done.sequence == fetched + 1);
    drop(generations);
    for _ in 0..2 {
        let generations = folder.open();
        assert!(generations.sequence() > done.sequence, "numbers that were lost are not given out again");
        for object in &objects {
            assert!(generations.is_invalidated(object, fetched) && !generations.is_invalidated(object, done.sequence));
        }
        assert!(!generations.is_invalidated(&subject("/other", None, &[]), fetched));
    }
}

#[test]
fn a_restart_on_a_disk_without_room_for_a_second_file_knows_every_invalidation() {
    let folder = Folder::new("generations-room");
    let fetched = folder.open().sequence();
    let last = folder.open().invalidate_path("E1", "/a").unwrap().sequence;
    // In the way of the file that would take the place of the log.
    let new = folder.log().with_extension("new");
    std::fs::create_dir(&new).unwrap();
    for round in 0..3 {
        let generations = folder.open();
        assert!(generations.is_invalidated(&subject("/a", None, &[]), fetched), "{round}");
        assert!(!generations.is_invalidated(&subject("/b", None, &[]), fetched), "{round}");
        assert!(generations.sequence() > last, "numbers that were lost are not given out again");
        assert!(generations.invalidate_path("E1", &format!("/{round}")).unwrap().kept);
    }
    std::fs::remove_dir(&new).unwrap();
    let generations = folder.open();
    let invalidated = |path: &str| generations.is_invalidated(&subject(path, None, &[]), fetched);
    assert_eq!(["/a", "/0", "/1", "/2", "/b"].map(invalidated), [true, true, true, true, false]);
}

#[test]
fn where_the_log_cannot_be_written_at_all_it_holds_until_the_next_restart_alone() {
    let folder = Folder::new("generations-nowhere");
    let fetched = folder.open().sequence();
    std::fs::create_dir(folder.log().with_extension("new")).unwrap();
    std::fs::remove_file(folder.log()).unwrap();
    let generations = folder.open();
    assert!(!generations.invalidate_path("E1", "/a").unwrap().kept);
    assert!(generations.is_invalidated(&subject("/a", None, &[]), fetched));
    drop(generations);
    assert!(folder.open().is_invalidated(&subject("/b", None, &[]), fetched), "nothing from before is believed");
}

#[test]
fn one_process_at_a_time_has_the_log() {
    let folder = Folder::new("generations-lock");
    let first = folder.open();
    let second = Generations::open(&folder.log()).err().unwrap();
    assert_eq!(second.kind(), io::ErrorKind::WouldBlock);
    drop(first);
    folder.open();
}

/// Whatever happens to the log, what was invalidated before must not come back.
fn after_damage(folder: &Folder, damage: impl FnOnce(&mut Vec<u8>)) -> Generations {
    let mut octets = std::fs::read(folder.log()).unwrap();
    damage(&mut octets);
    std::fs::write(folder.log(), octets).unwrap();
    folder.open()
}

#[test]
fn damage_makes_everything_before_it_invalid() {
    let folder = Folder::new("generations-damage");
    let mut random = edgeplane_base::random::Random::seeded(3);
    for round in 0..200 {
        let _ = std::fs::remove_file(folder.log());
        let generations = folder.open();
        let fetched = generations.sequence();
        let last =
            (0..5).map(|n| generations.invalidate_path("E1", &format!("/{n}")).unwrap().sequence).last().unwrap();
        drop(generations);
        let length = std::fs::metadata(folder.log()).unwrap().len() as u32;
        let generations = after_damage(&folder, |octets| octets[random.below(length) as usize] ^= 1 << (round % 8));
        for n in 0..5 {
            let path = format!("/{n}");
            assert!(generations.is_invalidated(&subject(&path, None, &[]), fetched), "round {round}");
        }
        assert!(generations.is_invalidated(&subject("/x", None, &[]), last), "nothing from before can be trusted");
        assert!(!generations.is_invalidated(&subject("/x", None, &[]), generations.sequence()));
    }
}

#[test]
fn a_log_that_was_cut_off_or_is_gone_invalidates_what_was_before() {
    let folder = Folder::new("generations-cut");
    let generations = folder.open();
    let fetched = generations.invalidate_path("E1", "/a").unwrap().sequence;
    drop(generations);
    let whole = std::fs::read(folder.log()).unwrap();
    for cut in 0..whole.len() {
        let generations = after_damage(&folder, |octets| *octets = whole[..cut].to_vec());
        assert!(generations.is_invalidated(&subject("/a", None, &[]), fetched - 1), "cut at {cut}");
        drop(generations);
    }
    let generations = after_damage(&folder, |octets| *octets = [&whole[..], b"half a rec"].concat());
    assert!(generations.is_invalidated(&subject("/a", None, &[]), fetched - 1));
    assert!(
        !generations.is_invalidated(&subject("/b", None, &[]), fetched - 1),
        "what nobody was told of is no damage"
    );
    drop(generations);
    std::fs::remove_file(folder.log()).unwrap();
    let later = Generations::open(&folder.log()).unwrap();
    assert!(later.is_invalidated(&subject("/b", None, &[]), fetched), "a new log knows nothing of what was before");
}

#[test]
fn a_log_that_leaves_no_number_for_what_comes_is_none() {
    for latest in [u64::MAX, u64::MAX - 1, u64::MAX - (1 << 20)] {
        let folder = Folder::new("generations-last");
        let whole = log::snapshot(&State { floor: 1, ..State::default() }, latest);
        std::fs::write(folder.log(), whole).unwrap();
        let generations = folder.open();
        assert!(generations.is_invalidated(&subject("/a", None, &[]), latest), "{latest}");
        let fetched = generations.sequence();
        generations.invalidate_all("E1");
        assert!(generations.is_invalidated(&subject("/a", None, &[]), fetched), "{latest}");
    }
}

#[test]
fn a_log_whose_disk_says_no_is_removed() {
    let folder = Folder::new("generations-full");
    let generations = folder.open();
    let fetched = generations.sequence();
    std::fs::remove_dir_all(&folder.0).unwrap();
    // The file is written to as long as it is open; to be written anew it needs its folder.
    generations.log.lock().unwrap().as_mut().unwrap().forget_file();
    let done = generations.invalidate_all("E1");
    assert!(!done.kept, "and it holds all the same");
    assert!(generations.is_invalidated(&subject("/a", None, &[]), fetched));
    std::fs::create_dir_all(&folder.0).unwrap();
    assert!(generations.invalidate_path("E1", "/b").unwrap().kept, "the next one writes the log anew");
    drop(generations);
    assert!(folder.open().is_invalidated(&subject("/a", None, &[]), fetched));
}

#[test]
fn many_paths_become_an_invalidation_of_everything_and_are_never_forgotten() {
    let folder = Folder::new("generations-many");
    let generations = folder.open();
    let fetched = generations.sequence();
    let path = |n: u64| format!("/{n}/{}", "p".repeat(900));
    let batch = |from: u64| (from..from + 500).map(|n| Scope::path(&path(n)).unwrap()).collect::<Vec<_>>();
    let rounds = 2 * (INVALIDATION_ROOM.default / (500 * 900) + 1);
    for round in 0..rounds {
        generations.invalidate("E1", &batch(round * 500));
        let state = generations.state.load();
        assert!(state.distributions["E1"].weight() <= INVALIDATION_ROOM.default);
    }
    let all_covered = |generations: &Generations| {
        (0..rounds * 500).step_by(77).all(|n| generations.is_invalidated(&subject(&path(n), None, &[]), fetched))
    };
    assert!(all_covered(&generations));
    let last = generations.sequence();
    assert!(!generations.is_invalidated(&subject("/x", None, &[]), last - 1), "the newer half is still exact");
    drop(generations);
    let length = std::fs::metadata(folder.log()).unwrap().len();
    assert!(length <= 2 * INVALIDATION_LOG.default, "{length}");
    let generations = folder.open();
    assert!(all_covered(&generations) && !generations.is_invalidated(&subject("/x", None, &[]), last - 1));
}

#[test]
fn many_distributions_become_an_invalidation_of_everything() {
    let mut state = State::default();
    for n in 1..=INVALIDATION_DISTRIBUTIONS.default {
        state.distributions.insert(n.to_string().into(), Arc::default());
    }
    let state = state.with("one more", &[Scope::All], 7);
    assert_eq!((state.floor, state.distributions.len()), (7, 0));
}

#[test]
fn readers_see_an_invalidation_that_has_returned() {
    let generations = Generations::in_memory();
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            for n in 0..2_000 {
                let done = generations.invalidate_path("E1", &format!("/{}", n % 50)).unwrap();
                let path = format!("/{}", n % 50);
                assert!(generations.is_invalidated(&subject(&path, None, &[]), done.sequence - 1));
            }
        });
        while !writer.is_finished() {
            let fetched = generations.sequence();
            assert!(!generations.is_invalidated(&subject("/never", None, &[]), fetched));
        }
    });
}

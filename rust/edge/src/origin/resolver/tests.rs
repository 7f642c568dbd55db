use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::time::{advance, sleep, timeout};

use super::*;

/// Answers with one thing after the other, the last for ever: so many milliseconds, then addresses with spaces between them;
/// what is no address is a failure.
struct Script(Vec<(u64, &'static str)>, Arc<AtomicUsize>);

impl Lookup for Script {
    fn lookup(&self, _: &str) -> Looked {
        let asked = self.1.fetch_add(1, Ordering::Relaxed);
        let (wait, addresses) = self.0[asked.min(self.0.len() - 1)];
        Box::pin(async move {
            sleep(Duration::from_millis(wait)).await;
            addresses.split(' ').map(|address| address.parse().map_err(io::Error::other)).collect()
        })
    }
}

fn timed(answers: &[(u64, &'static str)]) -> (Resolver, Arc<AtomicUsize>) {
    let asked = Arc::<AtomicUsize>::default();
    (Resolver::new(Script(answers.to_vec(), asked.clone())), asked)
}

fn script(answers: &[&'static str]) -> (Resolver, Arc<AtomicUsize>) {
    timed(&answers.iter().map(|&answer| (1, answer)).collect::<Vec<_>>())
}

impl Resolver {
    /// The addresses of a name as the script writes them, and how many milliseconds they took.
    async fn told(&self) -> (String, u128) {
        let start = Instant::now();
        let addresses = self.resolve("a.example").await.unwrap();
        let addresses: Vec<_> = addresses.iter().map(IpAddr::to_string).collect();
        (addresses.join(" "), start.elapsed().as_millis())
    }
}

#[tokio::test(start_paused = true)]
async fn a_name_is_asked_for_once_in_a_while_and_old_addresses_outlive_failures() {
    let (resolver, asked) = script(&["192.0.2.1", "", "192.0.2.2"]);
    let (first, second) = tokio::join!(resolver.resolve("a.example"), resolver.resolve("a.example"));
    assert_eq!((&first.unwrap()[0].to_string(), asked.load(Ordering::Relaxed)), (&"192.0.2.1".to_owned(), 1));
    second.unwrap();
    advance(KEPT).await;
    assert_eq!(resolver.resolve("a.example").await.unwrap()[0].to_string(), "192.0.2.1");
    assert_eq!(resolver.resolve("a.example").await.unwrap()[0].to_string(), "192.0.2.1");
    assert_eq!(asked.load(Ordering::Relaxed), 2, "a failure is not repeated at once");
    advance(RETRIED).await;
    assert_eq!(resolver.resolve("a.example").await.unwrap()[0].to_string(), "192.0.2.2");
}

#[tokio::test(start_paused = true)]
async fn a_name_that_was_never_found_is_an_error_for_all_who_wait() {
    let (resolver, asked) = script(&["", "192.0.2.1"]);
    let (first, second) = tokio::join!(resolver.resolve("a.example"), resolver.resolve("a.example"));
    assert!(first.is_err() && second.is_err());
    assert_eq!(asked.load(Ordering::Relaxed), 1);
    assert_eq!(resolver.told().await.0, "192.0.2.1");
}

/// A resolver whose server drops packets: it takes long, and then it fails.
#[tokio::test(start_paused = true)]
async fn a_resolver_that_hangs_takes_away_no_address() {
    let (resolver, asked) = timed(&[(1, "192.0.2.1"), (20_000, ""), (1, "192.0.2.2")]);
    resolver.told().await;
    advance(KEPT).await;
    let old = "192.0.2.1".to_owned();
    assert_eq!(resolver.told().await, (old.clone(), PROMPT.as_millis()));
    assert_eq!(resolver.told().await, (old.clone(), 0), "whoever comes later does not wait");
    sleep(Duration::from_secs(20)).await;
    assert_eq!((resolver.told().await, asked.load(Ordering::Relaxed)), ((old, 0), 2), "its failure is learnt");
    sleep(RETRIED).await;
    assert_eq!(resolver.told().await.0, "192.0.2.2");
}

#[tokio::test(start_paused = true)]
async fn a_lookup_is_learnt_from_when_nobody_waits_for_it_any_more() {
    let (resolver, asked) = timed(&[(1_100, "192.0.2.1"), (1_100, "192.0.2.2")]);
    assert!(timeout(Duration::from_secs(1), resolver.told()).await.is_err());
    assert_eq!(resolver.told().await, ("192.0.2.1".to_owned(), 100));
    sleep(KEPT).await;
    assert_eq!(resolver.told().await.0, "192.0.2.1");
    sleep(Duration::from_secs(1)).await;
    assert_eq!((resolver.told().await, asked.load(Ordering::Relaxed)), (("192.0.2.2".to_owned(), 0), 2));
}

#[test]
fn a_lookup_whose_runtime_ended_is_made_again() {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    let (resolver, asked) = timed(&[(1_100, "192.0.2.1")]);
    let left = runtime().block_on(async { timeout(Duration::from_secs(1), resolver.told()).await });
    assert!(left.is_err());
    assert_eq!(runtime().block_on(resolver.told()).0, "192.0.2.1");
    assert_eq!(asked.load(Ordering::Relaxed), 2);
}

/// Takes a second, and counts how many run, and the most that did.
#[derive(Clone, Default)]
struct Crowd(Arc<(AtomicUsize, AtomicUsize)>);

impl Lookup for Crowd {
    fn lookup(&self, _: &str) -> Looked {
        let crowd = self.0.clone();
        Box::pin(async move {
            crowd.1.fetch_max(crowd.0.fetch_add(1, Ordering::Relaxed) + 1, Ordering::Relaxed);
            sleep(Duration::from_secs(1)).await;
            crowd.0.fetch_sub(1, Ordering::Relaxed);
            Ok(vec![[192, 0, 2, 1].into()])
        })
    }
}

#[tokio::test(start_paused = true)]
async fn so_many_lookups_run_at_once_and_no_more() {
    let crowd = Crowd::default();
    let resolver = Arc::new(Resolver::new(crowd.clone()));
    let mut asking = tokio::task::JoinSet::new();
    for name in 0..3 * LOOKUPS {
        let resolver = resolver.clone();
        asking.spawn(async move { resolver.resolve(&format!("{name}.example")).await });
    }
    assert!(asking.join_all().await.iter().all(Result::is_ok));
    assert_eq!(crowd.0.1.load(Ordering::Relaxed), LOOKUPS);
}

#[tokio::test(start_paused = true)]
async fn families_take_turns() {
    for (looked, told) in [
        ("::1 ::2 ::3 192.0.2.1 192.0.2.2", "::1 192.0.2.1 ::2 192.0.2.2 ::3"),
        ("192.0.2.1 ::1 ::2", "192.0.2.1 ::1 ::2"),
        ("192.0.2.1 192.0.2.2", "192.0.2.1 192.0.2.2"),
    ] {
        assert_eq!(script(&[looked]).0.told().await.0, told);
    }
}

#[tokio::test(start_paused = true)]
async fn what_took_a_connection_comes_first_until_the_next_lookup() {
    let (resolver, _) = script(&["192.0.2.1 192.0.2.2 192.0.2.3"]);
    resolver.prefer("a.example", [192, 0, 2, 2].into());
    assert_eq!(resolver.told().await.0, "192.0.2.1 192.0.2.2 192.0.2.3");
    for (address, told) in [
        ([192, 0, 2, 2], "192.0.2.2 192.0.2.3 192.0.2.1"),
        ([192, 0, 2, 2], "192.0.2.2 192.0.2.3 192.0.2.1"),
        ([192, 0, 2, 9], "192.0.2.2 192.0.2.3 192.0.2.1"),
        ([192, 0, 2, 1], "192.0.2.1 192.0.2.2 192.0.2.3"),
        ([192, 0, 2, 3], "192.0.2.3 192.0.2.1 192.0.2.2"),
    ] {
        resolver.prefer("a.example", address.into());
        assert_eq!(resolver.told().await, (told.to_owned(), 0));
    }
    advance(KEPT).await;
    assert_eq!(resolver.told().await.0, "192.0.2.1 192.0.2.2 192.0.2.3");
}

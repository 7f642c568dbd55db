//! A dead origin costs one request a window, over all workers.

use super::server::{Hole, Origin, Step, write};
use super::*;

#[tokio::test(start_paused = true)]
async fn a_dead_origin_is_asked_once_a_window_by_all_workers_together() {
    locally(async {
        let (workers, dead) = (workers(4, &Names::new(&[&["127.0.0.1"]])), nobody());
        let generations: Vec<_> = (0..2).map(|_| Settings { attempts: 1, ..at(dead) }).collect();
        let (mut asked, mut refused) = (0, 0);
        for n in 0..3_000 {
            match workers[n % 4].get(&generations[n % 2]).await.err().unwrap() {
                OriginError::BreakerOpen => refused += 1,
                error => asked += usize::from(error.name() == "OriginConnectError"),
            }
            tokio::time::advance(Duration::from_millis(10)).await;
        }
        assert_eq!(asked + refused, 3_000);
        assert!((5 + 7..=5 + 14).contains(&asked), "{asked} requests in 30 s");
        let opened: u64 = workers.iter().map(|worker| worker.counters.breaker_opened.get()).sum();
        assert_eq!(opened, 1);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn an_origin_that_came_back_is_used_within_five_seconds() {
    locally(async {
        let (worker, address) = (worker(), nobody());
        let settings = Settings { attempts: 1, ..at(address) };
        for _ in 0..5 {
            assert_eq!(worker.get(&settings).await.err().unwrap().name(), "OriginConnectError");
        }
        let _back = Origin::at(address, vec![vec![Step::Head, write(OK)]]).await;
        let refused = worker.get(&settings).await.err().unwrap();
        assert_eq!((refused.status(), refused.fails_over()), (503, true));
        tokio::time::advance(Duration::from_secs(4)).await;
        for _ in 0..3 {
            assert_eq!(worker.whole(&settings).await, Ok((200, b"ok".to_vec())));
        }
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_probe_has_one_short_attempt() {
    locally(async {
        let worker = worker();
        let settings = at(nobody());
        for _ in 0..5 {
            worker.get(&settings).await.err().unwrap();
        }
        assert_eq!(worker.counters.retries.get(), 10);
        tokio::time::advance(Duration::from_secs(4)).await;
        assert_ne!(worker.get(&settings).await.err().unwrap(), OriginError::BreakerOpen);
        assert_eq!(worker.counters.retries.get(), 10);
    })
    .await;
}

#[tokio::test]
async fn answers_keep_it_closed_whatever_they_say() {
    locally(async {
        let worker = worker();
        let ill = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n";
        for response in [ill, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nbroken"] {
            let settings = Settings { attempts: 1, ..at(Origin::once(response).await.address) };
            for _ in 0..20 {
                read(worker.get(&settings).await.unwrap()).await.ok();
            }
        }
        assert_eq!(worker.counters.breaker_opened.get(), 0);
    })
    .await;
}

/// A path on which the origin closes without an answer or takes for ever, asked in a loop by one client.
#[tokio::test(start_paused = true)]
async fn what_comes_of_requests_takes_the_origin_from_nobody() {
    locally(async {
        for crash in [vec![Step::Head], vec![Step::Head, Step::Stall]] {
            let scripts = std::iter::repeat_n(crash, 20).chain([vec![Step::Head, write(OK)]]).collect();
            let origin = Origin::new(scripts).await;
            let worker = worker();
            let settings = Settings { attempts: 1, ..at(origin.address) };
            for _ in 0..20 {
                assert_eq!(worker.get(&settings).await.err().unwrap().name(), "OriginCommError");
            }
            assert_eq!(worker.whole(&settings).await, Ok((200, b"ok".to_vec())));
            assert_eq!(worker.counters.breaker_opened.get(), 0);
        }
    })
    .await;
}

/// Nor do they keep it away once it is back: the probe's connection is what counts.
#[tokio::test(start_paused = true)]
async fn a_probe_that_gets_a_connection_closes_the_breaker_whatever_comes_of_it() {
    locally(async {
        let (worker, address) = (worker(), nobody());
        let settings = Settings { attempts: 1, ..at(address) };
        for _ in 0..5 {
            worker.get(&settings).await.err().unwrap();
        }
        let _back = Origin::at(address, vec![vec![Step::Head], vec![Step::Head, write(OK)]]).await;
        assert_eq!(worker.get(&settings).await.err(), Some(OriginError::BreakerOpen));
        tokio::time::advance(Duration::from_secs(4)).await;
        assert_eq!(worker.get(&settings).await.err().unwrap().name(), "OriginCommError");
        assert_eq!(worker.whole(&settings).await, Ok((200, b"ok".to_vec())));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn an_origin_that_drops_packets_is_found_out_before_its_time_is_over() {
    locally(async {
        let hole = Hole::at("127.0.0.1:0".parse().unwrap()).await;
        let (worker, settings) = (worker(), at(hole.address));
        let start = tokio::time::Instant::now();
        let waiting = || async {
            let error = worker.get(&settings).await.err().unwrap();
            (error.status(), start.elapsed().as_secs())
        };
        let late = async {
            tokio::time::sleep(Duration::from_millis(2_100)).await;
            waiting().await
        };
        let (a, b, c, d, e, late) = tokio::join!(waiting(), waiting(), waiting(), waiting(), waiting(), late);
        assert_eq!(late, (503, 2), "the breaker is open already");
        assert_eq!([a, b, c, d, e], [(504, 10); 5], "the others wait for their attempt, and make no other");
    })
    .await;
}

/// Holes at 127.0.0.2 and on, beside an origin at 127.0.0.1.
async fn holes(beside: SocketAddr, count: u8) -> Vec<Hole> {
    let mut holes = Vec::new();
    for last in 2..2 + count {
        holes.push(Hole::at(SocketAddr::from(([127, 0, 0, last], beside.port()))).await);
    }
    holes
}

/// One address of two drops packets, and every fetch has a connection of its own.
#[tokio::test(start_paused = true)]
async fn one_address_that_drops_packets_opens_no_breaker() {
    locally(async {
        let origin = Origin::once(OK).await;
        let _hole = holes(origin.address, 1).await;
        let worker = &workers(1, &Names::new(&[&["127.0.0.2", "127.0.0.1"]]))[0];
        let settings = settings("two.example", origin.address.port());
        let fetch = || async {
            let start = tokio::time::Instant::now();
            assert_eq!(worker.whole(&settings).await, Ok((200, b"ok".to_vec())));
            start.elapsed().as_millis()
        };
        assert_eq!(tokio::join!(fetch(), fetch(), fetch(), fetch(), fetch(), fetch()), (250, 250, 250, 250, 250, 250));
        assert_eq!(fetch().await, 0, "what took a connection comes first");
        assert_eq!((worker.counters.breaker_opened.get(), worker.counters.retries.get()), (0, 0));
    })
    .await;
}

/// More of them than a probe gets to in its time: four, a quarter of a second each.
#[tokio::test(start_paused = true)]
async fn probes_take_turns_over_the_addresses() {
    locally(async {
        let (address, second) = (nobody(), Duration::from_secs(1));
        let _holes = holes(address, 5).await;
        let all = ["127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.5", "127.0.0.6", "127.0.0.1"];
        let worker = &workers(1, &Names::new(&[&all]))[0];
        let settings = Settings { attempts: 1, connect_timeout: second, ..settings("six.example", address.port()) };
        for _ in 0..5 {
            assert_eq!(worker.get(&settings).await.err().unwrap().status(), 504);
        }
        let _back = Origin::at(address, vec![vec![Step::Head, write(OK)]]).await;
        for reached in [false, false, true] {
            assert_eq!(worker.get(&settings).await.err(), Some(OriginError::BreakerOpen));
            tokio::time::advance(Duration::from_secs(4)).await;
            assert_eq!(worker.get(&settings).await.is_ok(), reached);
        }
        assert_eq!(worker.whole(&settings).await, Ok((200, b"ok".to_vec())));
    })
    .await;
}

/// Takes its time for each answer.
struct Slow(Duration);

impl Lookup for Slow {
    fn lookup(&self, _: &str) -> Looked {
        let time = self.0;
        Box::pin(async move {
            tokio::time::sleep(time).await;
            Ok(vec![[127, 0, 0, 1].into()])
        })
    }
}

/// It takes longer than a fetch has, so that each would leave before the answer.
#[tokio::test(start_paused = true)]
async fn a_slow_resolver_does_not_take_the_origin_away() {
    locally(async {
        let origin = Origin::once(OK).await;
        let roots = Arc::new(TlsRoots::none().unwrap());
        let slow = Slow(Duration::from_millis(1_100));
        let worker = Origins::new(Arc::new(Shared::with_lookup(roots, Arc::default(), slow)));
        let port = origin.address.port();
        let settings = Settings { connect_timeout: Duration::from_secs(1), ..settings("slow.example", port) };
        assert_eq!(worker.get(&settings).await.err(), Some(OriginError::ResolverTimeout));
        for _ in 0..100 {
            assert_eq!(worker.whole(&settings).await, Ok((200, b"ok".to_vec())));
            tokio::time::advance(Duration::from_secs(7)).await;
        }
    })
    .await;
}

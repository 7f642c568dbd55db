//! How often an origin is asked, and for what.

use bytes::Bytes;
use tokio::time::Instant;

use super::server::{Hole, Origin, Step, write};
use super::*;

#[tokio::test]
async fn a_get_that_was_not_answered_is_asked_again_and_a_post_is_not() {
    locally(async {
        let shy = || vec![vec![Step::Head], vec![Step::Head], vec![Step::Head, write(OK)]];
        let origin = Origin::new(shy()).await;
        let fetched = worker().get(&at(origin.address)).await.unwrap();
        assert_eq!((fetched.timing.attempts, origin.connections.get()), (3, 3));
        for (method, content) in [
            (Method::Post, Outgoing::None),
            (Method::Put, Outgoing::None),
            (Method::Delete, Outgoing::None),
            (Method::Options, Outgoing::None),
            (Method::Get, Outgoing::Bytes(Bytes::from_static(b"content"))),
        ] {
            let origin = Origin::new(shy()).await;
            let error = worker().fetch(&at(origin.address), &request(method), content, None).await.err().unwrap();
            assert_eq!((error.name(), error.status()), ("OriginCommError", 502));
            assert_eq!(origin.connections.get(), 1, "{method:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_connection_may_be_tried_again_for_any_method() {
    locally(async {
        let worker = worker();
        let content = Outgoing::Bytes(Bytes::from_static(b"content"));
        let error = worker.fetch(&at(nobody()), &request(Method::Post), content, None).await.err().unwrap();
        assert_eq!((error.name(), error.status()), ("OriginConnectError", 502));
        assert_eq!(worker.counters.retries.get(), 2);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn an_origin_that_does_not_answer_costs_attempts_times_the_time_out() {
    locally(async {
        for (method, attempts, seconds) in [(Method::Get, 2, 60), (Method::Get, 1, 30), (Method::Post, 3, 30)] {
            let origin = Origin::new(vec![vec![Step::Head, Step::Stall]]).await;
            let settings = Settings { attempts, ..at(origin.address) };
            let start = Instant::now();
            let error = worker().fetch(&settings, &request(method), Outgoing::None, None).await.err().unwrap();
            assert_eq!((error.name(), error.status()), ("OriginCommError", 504));
            assert_eq!(start.elapsed().as_secs(), seconds, "{method:?} {attempts}");
        }
    })
    .await;
}

#[tokio::test]
async fn an_answer_that_began_is_not_asked_for_again() {
    locally(async {
        for (response, name) in [
            ("HTTP/1.1 200 OK\r\nContent-", "OriginInvalidResponseError"),
            ("HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", "OriginInvalidResponseError"),
            ("nonsense\r\n\r\n", "OriginInvalidResponseError"),
        ] {
            let origin = Origin::once(response).await;
            let error = worker().whole(&at(origin.address)).await.unwrap_err();
            assert_eq!((error.name(), error.status(), origin.connections.get()), (name, 502, 1));
        }
        let origin = Origin::once("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort").await;
        let worker = worker();
        let error = worker.whole(&at(origin.address)).await.unwrap_err();
        assert_eq!((error.name(), origin.connections.get(), worker.counters.broken.get()), ("OriginReadError", 1, 1));
    })
    .await;
}

/// An origin that closes each connection after one answer, without saying so.
#[tokio::test]
async fn a_stale_connection_is_nobodys_fault() {
    locally(async {
        let silent = vec![Step::Head, write(OK), Step::Head];
        let origin = Origin::new(vec![silent]).await;
        let worker = worker();
        let settings = Settings { attempts: 1, ..at(origin.address) };
        for n in 1..=5 {
            assert_eq!(worker.whole(&settings).await, Ok((200, b"ok".to_vec())), "fetch {n}");
        }
        assert_eq!(worker.counters.stale.get(), 4, "every kept connection closed when a second request came");
        for method in [Method::Post, Method::Patch] {
            worker.whole(&settings).await.unwrap();
            let kept = worker.fetch(&settings, &request(method), Outgoing::None, None).await;
            assert_eq!(kept.err().map(|error| error.name()), Some("OriginCommError"), "{method:?} was sent, once");
        }
    })
    .await;
}

#[tokio::test]
async fn connections_are_used_again_and_counted() {
    locally(async {
        let origin = Origin::always(OK).await;
        let worker = worker();
        let first = worker.get(&at(origin.address)).await.unwrap();
        assert!(first.timing.connect_us.is_some() && first.length == Some(2));
        read(first).await.unwrap();
        let second = worker.get(&at(origin.address)).await.unwrap();
        assert_eq!(second.timing.connect_us, None);
        read(second).await.unwrap();
        let mut totals = Totals::default();
        totals += &**worker.counters();
        let counted: std::collections::HashMap<_, _> = totals.named().collect();
        for (name, expected) in [("fetches", 2), ("connections", 1), ("reused", 1), ("octets", 4), ("failures", 0)] {
            assert_eq!(counted[&*format!("origin_{name}")], expected, "{name}");
        }
    })
    .await;
}

#[tokio::test]
async fn each_attempt_starts_with_another_address() {
    locally(async {
        let origin = Origin::always(OK).await;
        let full = SocketAddr::new("127.0.0.2".parse().unwrap(), origin.address.port());
        let _hole = Hole::at(full).await;
        let worker = &workers(1, &Names::new(&[&["127.0.0.2", "127.0.0.1"]]))[0];
        let timeout = Duration::from_millis(200);
        let settings =
            Settings { attempts: 2, connect_timeout: timeout, ..settings("two.example", origin.address.port()) };
        let fetched = worker.get(&settings).await.unwrap();
        assert_eq!((fetched.response.status, fetched.timing.attempts), (200, 2));
    })
    .await;
}

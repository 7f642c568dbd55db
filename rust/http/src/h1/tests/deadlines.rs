//! Clients that are slow, and drain. The clock is handed in: nothing here waits.

use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::time::{Instant, sleep};

use super::{Client, run};

const HIT: &str = "GET /hit HTTP/1.1\r\nHost: a\r\n\r\n";

/// Seconds until the server is done with its client.
async fn lasts(client: &mut Client) -> u64 {
    let start = Instant::now();
    (&mut client.server).await.unwrap();
    start.elapsed().as_secs()
}

#[test]
fn a_connection_without_requests_is_closed() {
    run(async {
        assert!((60..=62).contains(&lasts(&mut Client::new()).await));
        let mut client = Client::new();
        let mut asked = Instant::now();
        for _ in 0..3 {
            sleep(Duration::from_secs(50)).await;
            asked = Instant::now();
            assert!(client.ask(HIT).await.ends_with("hello"));
        }
        lasts(&mut client).await;
        assert!((60..=62).contains(&asked.elapsed().as_secs()));
    });
}

#[test]
fn a_head_that_trickles_has_ten_seconds() {
    run(async {
        let mut client = Client::new();
        sleep(Duration::from_secs(55)).await;
        let start = Instant::now();
        for octet in "GET /hit HTTP/1.1\r\nHost: aaaaaaaaaaaaaaaaaaaaa".bytes() {
            client.send([octet]).await;
            sleep(Duration::from_millis(500)).await;
        }
        let seen = client.receive().await;
        assert!(seen.starts_with("HTTP/1.1 408 ") && seen.contains("connection: close"), "{seen}");
        drop(client.stream);
        client.server.await.unwrap();
        assert!(start.elapsed() < Duration::from_secs(30));
    });
}

#[test]
fn content_that_trickles_is_given_up_and_a_slow_one_is_not() {
    for (each, slow) in [(400, true), (600, false)] {
        run(async {
            let mut client = Client::new();
            client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 60000\r\n\r\n").await;
            for _ in 0..60_000 / each {
                client.send(vec![b'x'; each]).await;
                sleep(Duration::from_secs(1)).await;
            }
            let expected = if slow { "POST /echo: Slow(\"sending content\")" } else { "POST /echo" };
            assert_eq!(*client.site.log.borrow(), [expected]);
        });
    }
}

#[test]
fn one_octet_after_the_other_does_not_start_the_time_again() {
    run(async {
        let mut client = Client::new();
        client.send("POST /stream HTTP/1.1\r\nHost: a\r\nContent-Length: 60000\r\n\r\n").await;
        for _ in 0..15 {
            client.send("x").await;
            sleep(Duration::from_secs(1)).await;
        }
        assert_eq!(*client.site.log.borrow(), ["POST /stream: Slow(\"sending content\")"]);
    });
}

#[test]
fn an_answer_that_is_not_read_is_given_up() {
    for path in ["/huge", "/file", "/big"] {
        run(async {
            let mut client = Client::with_room(1000);
            client.send(format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n")).await;
            let seconds = lasts(&mut client).await;
            assert!((30..=32).contains(&seconds), "{path}: {seconds}");
        });
    }
}

#[test]
fn an_answer_that_is_read_slowly_arrives() {
    run(async {
        let mut client = Client::with_room(1000);
        client.send("GET /huge HTTP/1.1\r\nHost: a\r\n\r\n").await;
        let (mut seen, mut octets) = (0, [0; 600]);
        while seen < 100_000 {
            seen += client.stream.read(&mut octets).await.unwrap();
            sleep(Duration::from_secs(1)).await;
        }
        assert!(client.site.sent.borrow()[0].complete);
    });
}

#[test]
fn a_service_that_takes_its_time_is_waited_for() {
    run(async {
        let mut client = Client::new();
        client.send("GET /slowly HTTP/1.1\r\nHost: a\r\n\r\n").await;
        assert!(client.receive().await.ends_with("content-length: 3\r\n\r\n"), "the head does not wait");
        sleep(Duration::from_secs(100)).await;
        assert_eq!(client.stream.read(&mut [0; 10]).await.unwrap(), 3);
    });
}

#[test]
fn a_drain_closes_who_waits_and_answers_who_asked() {
    run(async {
        let (mut waits, mut asked) = (Client::new(), Client::new());
        asked.send("GET /slowly HTTP/1.1\r\nHost: a\r\n\r\n").await;
        sleep(Duration::from_secs(2)).await;
        waits.thread.drain();
        asked.thread.drain();
        assert_eq!(lasts(&mut waits).await, 0);
        waits.thread.drained().await;
        assert_eq!((waits.thread.connections(), asked.thread.connections()), (0, 1));
        sleep(Duration::from_secs(100)).await;
        assert!(asked.receive().await.ends_with("\r\n\r\nabc"));
        asked.thread.drained().await;
        assert_eq!(*asked.site.log.borrow(), ["GET /slowly"]);
    });
}

#[test]
fn who_has_just_come_when_a_drain_begins_may_ask_once() {
    run(async {
        let (mut asks, mut silent) = (Client::new(), Client::new());
        asks.thread.drain();
        silent.thread.drain();
        sleep(Duration::from_millis(500)).await;
        let seen = asks.ask(HIT).await;
        assert!(seen.contains("connection: close\r\n") && seen.ends_with("hello"), "{seen}");
        assert!(lasts(&mut silent).await <= 2);
    });
}

#[test]
fn an_answer_during_a_drain_says_close() {
    run(async {
        let mut client = Client::new();
        client.send("GET /hit HTTP/1.1\r\nHost").await;
        sleep(Duration::from_secs(1)).await;
        client.thread.drain();
        let seen = client.ask(": a\r\n\r\n").await;
        assert!(seen.contains("connection: close\r\n"), "{seen}");
        assert!(client.is_closed().await);
    });
}

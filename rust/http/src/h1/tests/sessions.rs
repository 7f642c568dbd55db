//! What a service says in a session, and what its client sees.

use std::time::Duration;

use tokio::io::AsyncWriteExt;

use super::{Client, once, run};

const NEXT: &str = "GET /hit HTTP/1.1\r\nHost: a\r\n\r\n";
const HIT: &str = "HTTP/1.1 200 OK\r\na: b\r\ncontent-length: 5\r\n\r\nhello";

fn post(path: &str, fields: &str) -> String {
    format!("POST {path} HTTP/1.1\r\nHost: a\r\n{fields}\r\n")
}

#[test]
fn content_that_does_not_fit_its_length_breaks_the_connection() {
    for (path, answer, error) in [
        ("/short", "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nshort", "content short of its length"),
        ("/long", "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n", "content beyond its length"),
    ] {
        let (seen, site) = once(format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n{NEXT}"));
        assert!(answer.starts_with(&seen), "{path}: {seen}");
        assert!(site.log.borrow()[0].ends_with(&format!("Unsupported({error:?})")), "{path}: {:?}", site.log);
        assert_eq!(site.log.borrow().len(), 1);
    }
}

#[test]
fn an_answer_without_its_end_has_no_last_chunk() {
    let seen = once(format!("GET /broken HTTP/1.1\r\nHost: a\r\n\r\n{NEXT}")).0;
    assert!(!seen.contains("\r\n0\r\n") && !seen.contains("hello"), "{seen}");
}

#[test]
fn a_service_that_says_nothing_closes() {
    assert_eq!(once(format!("{NEXT}GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n{NEXT}")).0, HIT);
}

#[test]
fn what_frames_a_message_is_ours_to_say() {
    let seen = once("GET /framed HTTP/1.1\r\nHost: a\r\n\r\n").0;
    assert_eq!(seen, "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
}

#[test]
fn old_clients_get_content_until_the_close_and_no_interim_answers() {
    let seen = once("POST /stream HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 3\r\n\r\nabc").0;
    assert_eq!(seen, "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nabc");
    let seen = once("GET /interim HTTP/1.0\r\n\r\n").0;
    assert_eq!(seen, "HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: close\r\n\r\nafter");
}

#[test]
fn interim_answers_go_before_the_final_one() {
    let seen = once("GET /interim HTTP/1.1\r\nHost: a\r\n\r\n").0;
    assert_eq!(seen, "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nafter");
}

#[test]
fn a_service_may_end_the_connection_with_its_answer() {
    let seen = once(format!("GET /last HTTP/1.1\r\nHost: a\r\n\r\n{NEXT}")).0;
    assert_eq!(seen, "HTTP/1.1 200 OK\r\ncontent-length: 4\r\nconnection: close\r\n\r\nlast");
}

#[test]
fn a_client_that_waits_for_100_gets_it_when_its_content_is_wanted() {
    run(async {
        let mut client = Client::new();
        let head = post("/echo", "Content-Length: 3\r\nExpect: 100-Continue\r\n");
        assert_eq!(client.ask(&head).await, "HTTP/1.1 100 Continue\r\n\r\n");
        assert_eq!(client.ask("abc").await, "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabc");
        let seen = client.ask(format!("{head}abc")).await;
        assert_eq!(seen, "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabc", "it did not wait");
        let seen = client.ask(post("/ignore", "Content-Length: 3\r\nExpect: 100-continue\r\n")).await;
        assert_eq!(seen, "HTTP/1.1 200 OK\r\ncontent-length: 7\r\nconnection: close\r\n\r\nignored", "nobody wants it");
    });
}

#[test]
fn unread_content_is_thrown_away_or_ends_the_connection() {
    let ignored = "HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\nignored";
    let closed = "HTTP/1.1 200 OK\r\ncontent-length: 7\r\nconnection: close\r\n\r\nignored";
    let smuggled = "GET /hit HTTP/1.1\r\nHost: a\r\n\r\n";
    let length = post("/ignore", &format!("Content-Length: {}\r\n", smuggled.len()));
    let chunks =
        format!("{}{:x}\r\n{smuggled}\r\n0\r\n\r\n", post("/ignore", "Transfer-Encoding: chunked\r\n"), smuggled.len());
    assert_eq!(once(format!("{length}{smuggled}{NEXT}")).0, format!("{ignored}{HIT}"));
    assert_eq!(once(format!("{chunks}{NEXT}")).0, format!("{ignored}{HIT}"));
    let long = post("/ignore", "Content-Length: 65537\r\n");
    assert_eq!(once(format!("{long}{}", smuggled.repeat(4000))).0, closed);
    let many = format!("{}ffff\r\n", post("/ignore", "Transfer-Encoding: chunked\r\n"));
    let (seen, site) = once(format!("{many}{}\r\nffff\r\n{}", "x".repeat(65_535), smuggled.repeat(4000)));
    assert_eq!((seen.as_str(), site.log.borrow().len()), (ignored, 1));
}

#[test]
fn content_that_breaks_off_is_no_content() {
    let (seen, site) = once(format!("{}abc", post("/echo", "Content-Length: 4\r\n")));
    assert_eq!((seen.as_str(), &*site.log.borrow()[0]), ("", "POST /echo: Gone"));
    let (_, site) = once(format!("{}3\r\nabc\r\n", post("/echo", "Transfer-Encoding: chunked\r\n")));
    assert_eq!(&*site.log.borrow()[0], "POST /echo: Gone");
}

#[test]
fn a_tunnel_starts_with_what_was_read_already() {
    run(async {
        let mut client = Client::new();
        let head = "GET /tunnel HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
        let seen = client.ask(format!("{head}GET /hit HTTP/1.1\r\n\r\n")).await;
        let answer = "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n";
        assert_eq!(seen, format!("{answer}GET /HIT HTTP/1.1\r\n\r\n"));
        assert_eq!(client.ask("more").await, "MORE");
        client.stream.shutdown().await.unwrap();
        assert!(client.is_closed().await);
        assert_eq!(*client.site.log.borrow(), ["GET /tunnel"]);
    });
}

#[test]
fn after_an_upgrade_that_was_declined_nothing_is_taken_for_a_request() {
    let head = "GET /ignore HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
    let seen = once(format!("{head}{NEXT}")).0;
    assert_eq!(seen, "HTTP/1.1 200 OK\r\ncontent-length: 7\r\nconnection: close\r\n\r\nignored");
    let (seen, site) = once(format!("GET /tunnel HTTP/1.1\r\nHost: a\r\n\r\n{NEXT}"));
    assert_eq!((seen.as_str(), site.log.borrow().len()), ("", 1), "no upgrade, no tunnel");
}

#[test]
fn a_service_learns_that_its_client_is_gone() {
    run(async {
        let mut client = Client::new();
        client.send(format!("GET /gone HTTP/1.1\r\nHost: a\r\n\r\n{NEXT}")).await;
        tokio::time::sleep(Duration::from_secs(300)).await;
        assert!(client.site.log.borrow().is_empty(), "what follows in the pipeline is no end");
        drop(client.stream);
        client.server.await.unwrap();
        assert_eq!(*client.site.log.borrow(), ["GET /gone: Gone"]);
    });
}

#[test]
fn content_is_read_no_faster_than_it_is_taken() {
    run(async {
        let mut client = Client::with_room(4000);
        client.send(post("/stream", "Content-Length: 1000000\r\n")).await;
        let octets = vec![b'x'; 1_000_000];
        let write = client.stream.write_all(&octets);
        assert!(tokio::time::timeout(Duration::from_secs(1), write).await.is_err(), "nobody reads the answer");
    });
}

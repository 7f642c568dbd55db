//! Many requests on a connection.

use super::{Client, once, run};
use crate::service::Sent;

const HIT: &str = "HTTP/1.1 200 OK\r\na: b\r\ncontent-length: 5\r\n\r\nhello";
const LAST: &str = "HTTP/1.1 200 OK\r\na: b\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello";

fn get(target: &str) -> String {
    format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n")
}

/// Requests of all kinds, and what comes for them.
fn mixed() -> (String, String) {
    let post = "POST /echo HTTP/1.1\r\nHost: a\r\n";
    let requests = [
        get("/hit"),
        format!("{post}Content-Length: 3\r\n\r\nabc"),
        format!("{post}Transfer-Encoding: Chunked\r\n\r\n2;x\r\nab\r\n1\r\nc\r\n0\r\nt: u\r\n\r\n"),
        "HEAD /hit HTTP/1.1\r\nHost: a\r\n\r\n".into(),
        "GET /hit?line HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n".into(),
        format!("{post}\r\n"),
        "POST /stream HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n".into(),
        get("/hit?close"),
        get("/hit"),
    ];
    let echo = "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabc";
    let answers = [
        HIT,
        echo,
        echo,
        "HTTP/1.1 200 OK\r\na: b\r\ncontent-length: 5\r\n\r\n",
        "HTTP/1.1 200 OK\r\na: b\r\nage: 7\r\ncontent-length: 5\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        LAST,
    ];
    (requests.concat(), answers.concat())
}

#[test]
fn answers_come_in_the_order_of_their_requests_and_end_with_close() {
    let (requests, answers) = mixed();
    let (seen, site) = once(requests);
    assert_eq!(seen, answers);
    let log =
        ["GET /hit", "POST /echo", "POST /echo", "HEAD /hit", "GET /hit", "POST /echo", "POST /stream", "GET /hit"];
    assert_eq!(*site.log.borrow(), log);
}

#[test]
fn a_request_is_the_same_wherever_it_is_cut() {
    let (requests, answers) = mixed();
    for at in 1..requests.len() {
        let seen = run(async {
            let mut client = Client::new();
            client.send(&requests[..at]).await;
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
            client.ask(&requests[at..]).await
        });
        assert_eq!(seen, answers, "cut after {:?}", &requests[..at]);
    }
}

#[test]
fn octet_by_octet_is_the_same() {
    let (requests, answers) = mixed();
    let seen = run(async {
        let mut client = Client::new();
        for octet in requests.as_bytes() {
            client.send([*octet]).await;
            tokio::task::yield_now().await;
        }
        client.receive().await
    });
    assert_eq!(seen, answers);
}

#[test]
fn what_has_no_content_says_no_length_that_is_not_its_own() {
    for (request, answer) in [
        ("GET /none", "HTTP/1.1 204 No Content\r\n\r\n"),
        ("GET /same", "HTTP/1.1 304 Not Modified\r\ncontent-length: 5\r\n\r\n"),
        ("GET /empty", "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"),
        ("GET /length", "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"),
        ("HEAD /length", "HTTP/1.1 200 OK\r\ncontent-length: 77\r\n\r\n"),
        ("HEAD /huge", "HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n"),
        ("HEAD /big", "HTTP/1.1 200 OK\r\n\r\n"),
        ("HEAD /ignore", "HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\n"),
    ] {
        let again = format!("{request} HTTP/1.1\r\nHost: a\r\n\r\n{}", get("/hit"));
        assert_eq!(once(again).0, format!("{answer}{HIT}"), "{request}");
    }
}

#[test]
fn old_clients_are_told_that_a_connection_stays() {
    let answer =
        once("GET /hit HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /hit HTTP/1.0\r\n\r\nGET /hit HTTP/1.0\r\n\r\n").0;
    assert_eq!(answer, format!("{}{LAST}", HIT.replace("\r\n\r\n", "\r\nconnection: keep-alive\r\n\r\n")));
}

#[test]
fn more_requests_than_fit_a_buffer_are_answered_and_the_service_is_told_of_each() {
    let (seen, site) = once(get("/hit").repeat(3000));
    assert_eq!(seen, HIT.repeat(3000));
    let all = site.sent.borrow();
    assert_eq!(all.len(), 3000);
    assert!(all.iter().all(|sent| *sent == Sent { octets: HIT.len() as u64 + 37, complete: true }), "{:?}", all[0]);
}

#[test]
fn large_content_goes_whole_through_a_narrow_way() {
    for path in ["/huge", "/file", "/big"] {
        let seen = run(async {
            let mut client = Client::with_room(1000);
            client.ask([get(path), get("/hit")].concat()).await
        });
        assert!(seen.ends_with(HIT), "{path}");
        let letters = super::site::big();
        let content = String::from_utf8_lossy(&letters);
        let expected = match path {
            "/big" => {
                format!("transfer-encoding: chunked\r\n\r\n186a0\r\n{content}\r\n186a0\r\n{content}\r\n0\r\n\r\n")
            }
            _ => format!("content-length: 100000\r\n\r\n{content}"),
        };
        assert_eq!(seen, format!("HTTP/1.1 200 OK\r\n{expected}{HIT}"), "{path}");
    }
}

#[test]
fn a_client_that_leaves_is_told_of_as_incomplete() {
    run(async {
        let mut client = Client::with_room(1000);
        client.send(get("/huge")).await;
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        drop(client.stream);
        client.server.await.unwrap();
        let sent = client.site.sent.borrow()[0];
        assert!(!sent.complete && sent.octets == 1000, "{sent:?}");
        assert_eq!(client.thread.connections(), 0);
    });
}

#[test]
fn a_refusal_comes_after_the_answers_before_it() {
    let answer = once([get("/hit"), get("/hit"), "GET /hit\r\n".into()].concat()).0;
    assert_eq!(answer, format!("{HIT}{HIT}HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"));
}

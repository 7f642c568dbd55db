//! What is sent: heads, content, interim responses, tunnels.

use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::origin::{Origin, Step, write};
use super::*;

const FINE: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

fn post() -> Request {
    Request { path: "/p".into(), query: Some("q=1".into()), ..request(Method::Post) }
}

#[tokio::test]
async fn a_request_is_sent_as_it_is() {
    locally(async {
        let origin = Origin::once(FINE).await;
        let pair = Pair::new(origin.address);
        let fields = [("X-A", "1"), ("Content-Length", "99"), ("Transfer-Encoding", "chunked"), ("x-a", "2")];
        let request =
            Request { fields: fields.into_iter().collect(), query: Some("b=c%20d".into()), ..request(Method::Get) };
        pair.send(&request, Outgoing::None).await.ok().unwrap();
        assert_eq!(origin.text(), "GET /a?b=c%20d HTTP/1.1\r\nhost: origin.test\r\nx-a: 1\r\nx-a: 2\r\n\r\n");
    })
    .await;
}

#[tokio::test]
async fn content_is_framed_by_what_is_known_of_it() {
    locally(async {
        for (length, content, end, expected) in [
            (None, "", &b"\r\n\r\n"[..], "content-length: 0\r\n\r\n"),
            (None, "hello", b"0\r\n\r\n", "transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"),
            (Some(5), "hello", b"hello", "content-length: 5\r\n\r\nhello"),
        ] {
            let origin = Origin::new(vec![vec![Step::Until(end), write(FINE)]]).await;
            let pair = Pair::new(origin.address);
            let (sender, stream) = Outgoing::stream(length);
            let outgoing = Some(stream).filter(|_| !content.is_empty()).unwrap_or_default();
            let sending = async {
                let _ = sender.send(Bytes::from(content)).await;
                let _ = sender.end().await;
            };
            let request = post();
            let (received, ()) = tokio::join!(pair.send(&request, outgoing), sending);
            assert_eq!(read(received.ok().unwrap()).await, Ok(b"ok".to_vec()));
            assert_eq!(
                origin.text(),
                format!("POST /p?q=1 HTTP/1.1\r\nhost: origin.test\r\naccept: */*\r\n{expected}")
            );
        }
    })
    .await;
}

#[tokio::test]
async fn content_that_breaks_off_is_not_ended() {
    locally(async {
        for (length, pieces) in [(None, 1), (Some(9), 1), (Some(4), 1)] {
            let origin = Origin::new(vec![vec![Step::Head, Step::Until(b"never")]]).await;
            let pair = Pair::new(origin.address);
            let (sender, outgoing) = Outgoing::stream(length);
            let sending = async move {
                for _ in 0..pieces {
                    let _ = sender.send(Bytes::from_static(b"hello")).await;
                }
            };
            let request = post();
            let (received, ()) = tokio::join!(pair.send(&request, outgoing), sending);
            assert_eq!(received.err().unwrap().failure, Failure::Content, "{length:?}");
            assert!(!origin.text().ends_with("0\r\n\r\n"), "the origin must not take it for whole");
        }
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn content_waits_for_an_origin_that_does_not_read() {
    locally(async {
        let origin =
            Origin::new(vec![vec![Step::Head, Step::Wait(Duration::from_secs(20)), Step::Skip(64 << 20), write(FINE)]])
                .await;
        let pair = Pair::new(origin.address);
        let (sender, outgoing) = Outgoing::stream(Some(64 << 20));
        let sent = std::cell::Cell::new(0);
        let sending = async {
            for _ in 0..1_024 {
                sender.send(Bytes::from(vec![0; 64 << 10])).await.unwrap();
                sent.set(sent.get() + 1);
            }
        };
        let looking = async {
            tokio::time::sleep(Duration::from_secs(10)).await;
            assert!((1..500).contains(&sent.get()), "{} pieces are in flight", sent.get());
        };
        let request = post();
        let (received, (), ()) = tokio::join!(pair.send(&request, outgoing), sending, looking);
        assert_eq!(read(received.ok().unwrap()).await, Ok(b"ok".to_vec()));
    })
    .await;
}

#[tokio::test]
async fn an_answer_before_the_content_ended_is_given_and_the_connection_is_not_kept() {
    locally(async {
        let early = "HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\n\r\nno";
        let origin = Origin::new(vec![vec![Step::Head, write(early), Step::Stall]]).await;
        let pair = Pair::new(origin.address);
        let (sender, outgoing) = Outgoing::stream(None);
        sender.send(Bytes::from_static(b"hello")).await.unwrap();
        let received = pair.send(&post(), outgoing).await.ok().unwrap();
        assert_eq!(received.response.status, 413);
        assert_eq!(read(received).await, Ok(b"no".to_vec()));
        assert_eq!(pair.client.idle(), 0);
        let mut gone = false;
        for _ in 0..100 {
            gone = gone || sender.send(Bytes::from_static(b"more")).await.is_err();
        }
        assert!(gone, "nobody takes the rest");
    })
    .await;
}

#[tokio::test]
async fn interim_responses_are_told_in_order() {
    locally(async {
        let interim = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\nConnection: x\r\n\r\n";
        let pair = Pair::new(Origin::once(format!("{interim}{FINE}")).await.address);
        let request = request(Method::Get);
        let call = Call { peer: &pair.peer, request: &request, patience: PATIENCE, keep: KEEP };
        let mut told = Vec::new();
        let mut tell = |response: Response| told.push(response);
        let received = pair.client.exchange(pair.connection().await, call, Outgoing::None, Some(&mut tell)).await;
        assert_eq!(read(received.ok().unwrap()).await, Ok(b"ok".to_vec()));
        assert_eq!(told, [Response::new(102), Response::new(103).with("link", "</a>")]);
    })
    .await;
}

#[tokio::test]
async fn a_switch_of_protocols_gives_the_connection_away() {
    locally(async {
        let switching = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: x\r\n\r\nfirst";
        let origin = Origin::new(vec![vec![Step::Head, write(switching), Step::Until(b"ping"), write("pong")]]).await;
        let pair = Pair::new(origin.address);
        let request = Request { upgrade: Some(Bytes::from_static(b"websocket")), ..request(Method::Get) };
        let received = pair.send(&request, Outgoing::None).await.ok().unwrap();
        assert_eq!(received.response.fields.get("sec-websocket-accept"), Some(&b"x"[..]));
        assert!(origin.text().contains("\r\nconnection: upgrade\r\nupgrade: websocket\r\n"), "{}", origin.text());
        let mut tunnel = received.tunnel.unwrap();
        tunnel.write_all(b"ping").await.unwrap();
        let mut octets = String::new();
        tunnel.read_to_string(&mut octets).await.unwrap();
        assert_eq!(octets, "firstpong");
        assert_eq!(pair.client.idle(), 0);
    })
    .await;
}

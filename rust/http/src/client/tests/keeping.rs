//! Connections that are kept, and those that must not be.

use super::origin::{Origin, Step, write};
use super::*;

const FINE: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// Connections that the origin saw after two exchanges.
async fn connections(response: &str) -> usize {
    locally(async {
        let origin = Origin::always(response).await;
        let pair = Pair::new(origin.address);
        for _ in 0..2 {
            pair.whole(Method::Get).await.unwrap();
            tokio::task::yield_now().await;
        }
        origin.connections.get()
    })
    .await
}

#[tokio::test]
async fn a_connection_is_used_again_when_its_end_is_beyond_doubt() {
    for response in [
        FINE,
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        "HTTP/1.1 204 No Content\r\n\r\n",
        "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok",
        "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
    ] {
        assert_eq!(connections(response).await, 1, "{response:?}");
    }
    for response in [
        "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
        "HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nConnection: Close\r\nContent-Length: 2\r\n\r\nok",
        "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil",
        "HTTP/1.1 204 No Content\r\n\r\nx",
        "HTTP/1.1 204 No Content\r\nContent-Length: 4\r\n\r\nevil",
    ] {
        assert_eq!(connections(response).await, 2, "{response:?}");
    }
}

#[tokio::test]
async fn what_comes_after_a_response_is_nobodys() {
    locally(async {
        let late = vec![Step::Head, write(FINE), Step::Wait(Duration::from_millis(5)), write(FINE), Step::Stall];
        let pair = Pair::new(Origin::new(vec![late, vec![Step::Head, write(FINE)]]).await.address);
        pair.whole(Method::Get).await.unwrap();
        assert_eq!(pair.client.idle(), 1);
        tokio::time::sleep(Duration::from_millis(30)).await;
        assert!(pair.client.kept(&pair.peer, |_| true).is_none());
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn idle_connections_are_few_and_go_in_time() {
    locally(async {
        let origin = Origin::always(FINE).await;
        let pair = Pair::new(origin.address);
        let mut held = Vec::new();
        for _ in 0..6 {
            held.push(pair.get().await.ok().unwrap());
        }
        for received in held {
            read(received).await.unwrap();
        }
        assert_eq!((origin.connections.get(), pair.client.idle()), (6, KEEP.at_most));
        tokio::time::sleep(Duration::from_millis(4_900)).await;
        assert_eq!(pair.client.idle(), KEEP.at_most);
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert_eq!(pair.client.idle(), 0, "nobody asked, and they are gone all the same");
    })
    .await;
}

#[tokio::test]
async fn an_address_that_is_not_admitted_any_more_is_not_used() {
    locally(async {
        let pair = Pair::new(Origin::always(FINE).await.address);
        pair.whole(Method::Get).await.unwrap();
        assert!(pair.client.kept(&pair.peer, |address| !address.is_loopback()).is_none());
        assert_eq!(pair.client.idle(), 0);
    })
    .await;
}

#[tokio::test]
async fn peers_do_not_share_connections() {
    locally(async {
        let pair = Pair::new(Origin::always(FINE).await.address);
        pair.whole(Method::Get).await.unwrap();
        let tls = || Some(Tls::new("origin.test", MinimumTls::Tls12).unwrap());
        let port = pair.address.port();
        for other in [
            Peer::new("other.test", port, None),
            Peer::new("origin.test", 1, None),
            Peer::new("origin.test", port, tls()),
        ] {
            assert!(pair.client.kept(&other, |_| true).is_none());
        }
        assert!(pair.client.kept(&pair.peer, |_| true).is_some());
    })
    .await;
}

#[tokio::test]
async fn content_that_nobody_reads_costs_the_connection() {
    locally(async {
        let origin =
            Origin::new(vec![vec![Step::Head, write("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhe"), Step::Stall]])
                .await;
        let pair = Pair::new(origin.address);
        drop(pair.get().await.ok().unwrap());
        assert_eq!(pair.client.idle(), 0);
    })
    .await;
}

/// A connection that is kept, and its other end, which does what it does while no task waits.
async fn kept() -> (Pair, std::net::TcpStream) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let pair = Pair::new(listener.local_addr().unwrap());
    let origin = tokio::task::spawn_blocking(move || {
        let (mut stream, mut head) = (listener.accept().unwrap().0, Vec::new());
        while !head.ends_with(b"\r\n\r\n") {
            let mut octets = [0; 1_000];
            let count = std::io::Read::read(&mut stream, &mut octets).unwrap();
            head.extend_from_slice(&octets[..count]);
        }
        std::io::Write::write_all(&mut stream, FINE.as_bytes()).unwrap();
        stream
    });
    pair.whole(Method::Get).await.unwrap();
    assert_eq!(pair.client.idle(), 1);
    (pair, origin.await.unwrap())
}

#[tokio::test]
async fn what_a_peer_said_or_did_just_now_is_seen() {
    locally(async {
        let (pair, mut origin) = kept().await;
        std::io::Write::write_all(&mut origin, FINE.as_bytes()).unwrap();
        assert!(pair.client.kept(&pair.peer, |_| true).is_none(), "an answer to what was not asked yet");
        let (pair, origin) = kept().await;
        drop(origin);
        assert!(pair.client.kept(&pair.peer, |_| true).is_none(), "an end");
        let (pair, _origin) = kept().await;
        assert!(pair.client.kept(&pair.peer, |_| true).is_some());
    })
    .await;
}

#[tokio::test]
async fn a_peer_that_closes_when_it_is_asked_is_told_apart() {
    locally(async {
        let origin = Origin::new(vec![vec![Step::Head, write(FINE), Step::Head], vec![Step::Head, write(FINE)]]).await;
        let pair = Pair::new(origin.address);
        pair.whole(Method::Get).await.unwrap();
        let (stale, request) = (pair.client.kept(&pair.peer, |_| true).unwrap(), request(Method::Get));
        let call = Call { peer: &pair.peer, request: &request, patience: PATIENCE, keep: KEEP };
        let failed = pair.client.exchange(stale, call, Outgoing::None, None).await.err().unwrap();
        assert_eq!((failed.failure, failed.answered), (Failure::Closed, false));
        assert_eq!(pair.whole(Method::Get).await, Ok((200, b"ok".to_vec())));
    })
    .await;
}

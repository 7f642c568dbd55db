//! Time-outs, with a clock that only moves when everything waits.

use tokio::time::Instant;

use super::origin::{Hole, Origin, Step, write};
use super::*;

const ANY: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 0);
const HEAD: &str = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n";

async fn timed(script: Vec<Step>) -> (Result<(u16, Vec<u8>), Failure>, u64) {
    locally(async {
        let pair = Pair::new(Origin::new(vec![script]).await.address);
        let start = Instant::now();
        let whole = pair.whole(Method::Get).await;
        (whole, start.elapsed().as_secs())
    })
    .await
}

fn wait(seconds: u64) -> Step {
    Step::Wait(Duration::from_secs(seconds))
}

#[tokio::test(start_paused = true)]
async fn a_head_that_does_not_come_is_waited_for_as_long_as_told() {
    assert_eq!(timed(vec![Step::Head, Step::Stall]).await, (Err(Failure::Timeout(Waiting::Head)), 30));
    let dripping = (0..20).flat_map(|_| [wait(2), write("A: b\r\n")]);
    let script = [Step::Head, write("HTTP/1.1 200 OK\r\n")].into_iter().chain(dripping).collect();
    assert_eq!(timed(script).await, (Err(Failure::Timeout(Waiting::Head)), 30), "one that drips is none either");
    assert_eq!(
        timed(vec![Step::Head, wait(29), write(HEAD), write("in all")]).await,
        (Ok((200, b"in all".to_vec())), 29)
    );
}

#[tokio::test(start_paused = true)]
async fn content_may_be_slow_but_not_stand_still() {
    let dripping: Vec<_> = "abcdef".bytes().flat_map(|octet| [wait(20), write([octet])]).collect();
    let script = [vec![Step::Head, write(HEAD)], dripping].concat();
    assert_eq!(timed(script).await, (Ok((200, b"abcdef".to_vec())), 120));
    let script = vec![Step::Head, wait(10), write(HEAD), wait(20), write("abc"), Step::Stall];
    assert_eq!(timed(script).await, (Err(Failure::Timeout(Waiting::Content)), 60));
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_is_not_taken_is_given_up() {
    locally(async {
        let hole = Hole::at(ANY).await;
        let pair = Pair::new(hole.address);
        let start = Instant::now();
        let connected = pair.client.connect(&pair.peer, [hole.address.ip()], Duration::from_secs(3)).await;
        assert_eq!(connected.err(), Some(Failure::Timeout(Waiting::Connection)));
        assert_eq!(start.elapsed().as_secs(), 3);
    })
    .await;
}

/// Of two that drop packets and one that takes connections, in any order.
#[tokio::test(start_paused = true)]
async fn an_address_that_drops_packets_is_waited_for_a_quarter_of_a_second() {
    locally(async {
        let origin = Origin::always("HTTP/1.1 204 No Content\r\n\r\n").await;
        let at = |last| SocketAddr::from(([127, 0, 0, last], origin.address.port()));
        let holes = [Hole::at(at(2)).await, Hole::at(at(3)).await];
        let (first, second, good) = (holes[0].address.ip(), holes[1].address.ip(), origin.address.ip());
        let nobody = at(99).ip();
        let pair = Pair::new(origin.address);
        for (addresses, milliseconds) in [
            (vec![good, first, second], 0),
            (vec![first, good, second], 250),
            (vec![first, second, good], 500),
            (vec![nobody, first, nobody, good], 250),
        ] {
            let start = Instant::now();
            let connection = pair.client.connect(&pair.peer, addresses, PATIENCE).await.unwrap();
            assert_eq!((connection.address(), start.elapsed().as_millis()), (origin.address, milliseconds));
        }
        let start = Instant::now();
        let late = pair.client.connect(&pair.peer, [first, nobody, second], Duration::from_secs(3)).await;
        assert_eq!((late.err(), start.elapsed().as_secs()), (Some(Failure::Timeout(Waiting::Connection)), 3));
    })
    .await;
}

#[tokio::test]
async fn the_next_address_is_tried_when_one_refuses() {
    locally(async {
        let origin = Origin::always("HTTP/1.1 204 No Content\r\n\r\n").await;
        let pair = Pair::new(origin.address);
        let nobody = "127.0.0.99".parse().unwrap();
        let refused = pair.client.connect(&pair.peer, [nobody], PATIENCE).await;
        assert_eq!(refused.err(), Some(Failure::Connect(std::io::ErrorKind::ConnectionRefused)));
        let connection = pair.client.connect(&pair.peer, [nobody, origin.address.ip()], PATIENCE).await.unwrap();
        assert_eq!(connection.address(), origin.address);
        assert!(pair.client.connect(&pair.peer, [], PATIENCE).await.is_err());
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn the_time_for_a_head_counts_from_the_last_octet_sent() {
    locally(async {
        let pair = Pair::new(Origin::new(vec![vec![Step::Until(b"0\r\n\r\n"), Step::Stall]]).await.address);
        let (sender, outgoing) = Outgoing::stream(None);
        let start = Instant::now();
        let sending = async {
            for _ in 0..3 {
                sender.send("slow".into()).await.unwrap();
                tokio::time::sleep(Duration::from_secs(20)).await;
            }
            sender.end().await.unwrap();
        };
        let request = request(Method::Post);
        let (received, ()) = tokio::join!(pair.send(&request, outgoing), sending);
        assert_eq!(received.err().unwrap().failure, Failure::Timeout(Waiting::Head));
        assert_eq!(start.elapsed().as_secs(), 90);
    })
    .await;
}

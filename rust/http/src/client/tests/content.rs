//! Content that breaks off is an error at every octet.

use super::origin::{Origin, Step, write};
use super::*;

const SIZED: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\nA: b\r\n\r\nhello, world";
const CHUNKED: &[u8] =
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n7;x=y\r\n, world\r\n0\r\nT: t\r\n\r\n";

#[tokio::test]
async fn a_response_that_is_cut_is_never_taken_for_a_whole_one() {
    locally(async {
        for whole in [SIZED, CHUNKED] {
            let origin = Origin::always(whole).await;
            assert_eq!(Pair::new(origin.address).whole(Method::Get).await, Ok((200, b"hello, world".to_vec())));
            let head = whole.windows(4).position(|end| end == b"\r\n\r\n").unwrap() + 4;
            for cut in 0..whole.len() {
                let origin = Origin::once(&whole[..cut]).await;
                let failure = Pair::new(origin.address).whole(Method::Get).await.unwrap_err();
                let expected = if cut < head { Failure::Closed } else { Failure::Broken };
                assert_eq!(failure, expected, "cut after {cut}: {:?}", String::from_utf8_lossy(&whole[..cut]));
            }
        }
    })
    .await;
}

#[tokio::test]
async fn pieces_may_come_in_any_cut() {
    locally(async {
        for whole in [SIZED, CHUNKED] {
            for cut in 1..whole.len() {
                let pause = Step::Wait(Duration::from_micros(300));
                let script = vec![Step::Head, write(&whole[..cut]), pause, write(&whole[cut..]), Step::Stall];
                let pair = Pair::new(Origin::new(vec![script]).await.address);
                assert_eq!(pair.whole(Method::Get).await, Ok((200, b"hello, world".to_vec())), "cut after {cut}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn chunks_that_lie_are_errors() {
    locally(async {
        for chunks in [
            "5\r\nhello",
            "5\r\nhello\r\n",
            "5\r\nhello\r\n0\r\n",
            "5\r\nhelloX\r\n0\r\n\r\n",
            "4\r\nhello\r\n0\r\n\r\n",
            "6\r\nhello\r\n0\r\n\r\n",
            "g\r\nhello\r\n0\r\n\r\n",
            "-5\r\nhello\r\n0\r\n\r\n",
            "+5\r\nhello\r\n0\r\n\r\n",
            "0x5\r\nhello\r\n0\r\n\r\n",
            "\r\nhello\r\n0\r\n\r\n",
            "5\rhello\r\n0\r\n\r\n",
            "5\nhello\r\n0\r\n\r\n",
            "5;a\nb\r\nhello\r\n0\r\n\r\n",
            "5\r\nhello\n0\r\n\r\n",
            "5 5\r\nhello\r\n0\r\n\r\n",
            "fffffffffffffffff\r\nhello\r\n0\r\n\r\n",
            "10000000000000005\r\nhello\r\n0\r\n\r\n",
            "5,5\r\nhello\r\n0\r\n\r\n",
        ] {
            let response = format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}");
            let pair = Pair::new(Origin::once(response).await.address);
            assert_eq!(pair.whole(Method::Get).await, Err(Failure::Broken), "{chunks:?}");
            assert_eq!(pair.client.idle(), 0);
        }
    })
    .await;
}

#[tokio::test]
async fn an_error_stays_one() {
    locally(async {
        let pair = Pair::new(Origin::once("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello").await.address);
        let mut content = pair.get().await.ok().unwrap().content.unwrap();
        assert_eq!(content.next().await, Ok(Some("hello".into())));
        assert_eq!(content.next().await, Err(Failure::Broken));
        assert_eq!(content.next().await, Err(Failure::Broken));
    })
    .await;
}

#[tokio::test]
async fn large_content_comes_whole() {
    locally(async {
        let body: Vec<u8> = (0..3_000_000u32).map(|n| (n % 251) as u8).collect();
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
        let origin = Origin::always([head.as_bytes(), &body].concat()).await;
        let pair = Pair::new(origin.address);
        for _ in 0..2 {
            assert!(pair.whole(Method::Get).await == Ok((200, body.clone())));
        }
        assert_eq!(origin.connections.get(), 1);
    })
    .await;
}

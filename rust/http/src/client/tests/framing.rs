//! Heads and framing: what is taken, what is refused.

use super::origin::Origin;
use super::*;

const OK: &str = "HTTP/1.1 200 OK\r\n";

async fn answered(response: impl AsRef<[u8]>) -> Result<(u16, Vec<u8>), Failure> {
    locally(async { Pair::new(Origin::once(response).await.address).whole(Method::Get).await }).await
}

#[tokio::test]
async fn every_framing_is_read_to_its_end() {
    for (head, body, expected) in [
        ("Content-Length: 5\r\n\r\n", "hello", "hello"),
        ("Content-Length: 0\r\n\r\n", "", ""),
        ("Content-Length: 5\r\nContent-Length: 5\r\n\r\n", "hello", "hello"),
        ("Transfer-Encoding: chunked\r\n\r\n", "2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n", "hello"),
        ("Transfer-Encoding: chunked\r\n\r\n", "5;name=value\r\nhello\r\n0\r\nTrailer: x\r\n\r\n", "hello"),
        ("Transfer-Encoding: chunked\r\n\r\n", "00000005\r\nhello\r\n000\r\n\r\n", "hello"),
        ("Transfer-Encoding: chunked\r\n\r\n", "0\r\n\r\n", ""),
        ("\r\n", "until the end", "until the end"),
        ("\r\n", "", ""),
    ] {
        let response = format!("{OK}{head}{body}");
        assert_eq!(answered(&response).await, Ok((200, expected.into())), "{response:?}");
    }
    assert_eq!(answered("HTTP/1.0 200 OK\r\n\r\nold").await, Ok((200, "old".into())));
}

#[tokio::test]
async fn what_can_be_read_in_two_ways_is_read_in_none() {
    for head in [
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
        "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
        "Content-Length: 5, 6\r\n\r\nhello!",
        "Content-Length: +5\r\n\r\nhello",
        "Content-Length: -5\r\n\r\nhello",
        "Content-Length: 5x\r\n\r\nhello",
        "Content-Length: 0x5\r\n\r\nhello",
        "Content-Length:\r\n\r\nhello",
        "Content-Length: 18446744073709551616\r\n\r\nhello",
        "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked, identity\r\n\r\nhello",
        "Transfer-Encoding: xchunked\r\n\r\nhello",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
        "Content-Length : 5\r\n\r\nhello",
        "A: b\r\n Content-Length: 5\r\n\r\nhello",
        " A: b\r\n\r\nhello",
        "A: b\rContent-Length: 5\r\n\r\nhello",
        "A\0: b\r\n\r\n",
        "A: b\0c\r\n\r\n",
        ": b\r\n\r\n",
        "no colon\r\n\r\n",
        "A b: c\r\n\r\n",
    ] {
        let failure = answered(format!("{OK}{head}")).await.unwrap_err();
        assert!(matches!(failure, Failure::Malformed(_)), "{head:?}: {failure:?}");
    }
}

#[tokio::test]
async fn a_start_that_is_none_is_refused() {
    for start in [
        "HTTP/2 200 OK\r\n\r\n",
        "HTTP/1.2 200 OK\r\n\r\n",
        "HTTP/1.1 20 OK\r\n\r\n",
        "HTTP/1.1 2000 OK\r\n\r\n",
        "HTTP/1.1 600 Much\r\n\r\n",
        "HTTP/1.1 999 Much\r\n\r\n",
        "HTTP/1.1 abc OK\r\n\r\n",
        "HTTP/1.1 -20 OK\r\n\r\n",
        "http/1.1 200 OK\r\n\r\n",
        "<html>no HTTP at all</html>\r\n\r\n",
        "\x16\x03\x01 TLS\r\n\r\n",
        "ICY 200 OK\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
    ] {
        let failure = answered(start).await.unwrap_err();
        assert!(matches!(failure, Failure::Malformed(_)), "{start:?}: {failure:?}");
    }
}

#[tokio::test]
async fn a_head_has_limits() {
    let long = format!("{OK}A: {}\r\nContent-Length: 0\r\n\r\n", "x".repeat(70_000));
    assert_eq!(answered(&long).await, Err(Failure::HeadTooBig));
    let endless = format!("{OK}A: {}", "x".repeat(2_000_000));
    assert_eq!(answered(&endless).await, Err(Failure::HeadTooBig));
    let many = format!("{OK}{}Content-Length: 0\r\n\r\n", "A: b\r\n".repeat(101));
    assert!(matches!(answered(&many).await, Err(Failure::Malformed(_) | Failure::HeadTooBig)));
    let large = format!("{OK}A: {}\r\nContent-Length: 0\r\n\r\n", "x".repeat(60_000));
    assert_eq!(answered(&large).await, Ok((200, vec![])));
}

#[tokio::test]
async fn statuses_without_content_have_none_and_tell_the_length() {
    locally(async {
        for (method, response, status, length) in [
            (Method::Head, "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n", 200, Some(7)),
            (Method::Head, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", 200, None),
            (Method::Get, "HTTP/1.1 204 No Content\r\n\r\n", 204, None),
            (Method::Get, "HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\nETag: \"a\"\r\n\r\n", 304, Some(7)),
        ] {
            let origin = Origin::always(response).await;
            let pair = Pair::new(origin.address);
            for _ in 0..2 {
                let received = pair.send(&request(method), Outgoing::None).await.ok().unwrap();
                assert_eq!((received.response.status, received.length), (status, length));
                assert!(!received.response.fields.has("content-length"));
                assert_eq!(read(received).await, Ok(vec![]));
            }
            assert_eq!(origin.connections.get(), 1, "{response:?}");
        }
    })
    .await;
}

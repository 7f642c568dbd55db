use super::raw::*;
use super::*;

/// What a request gets: the answer's first frame, or the error of its stream or of the connection.
async fn outcome(block: &[u8], flags: u8) -> Result<Frame, u32> {
    let mut served = serve();
    let mut raw = served.raw().await;
    raw.send(&frame(HEADERS, flags, 1, block)).await;
    let outcome = loop {
        match raw.next().await {
            Some(frame) if frame.kind == HEADERS => break Ok(frame),
            Some(frame) if frame.kind == RST_STREAM || frame.kind == GOAWAY => break Err(frame.error()),
            Some(_) => {}
            None => break Err(u32::MAX),
        }
    };
    assert_eq!(outcome.is_ok() && served.site.refused.borrow().is_empty(), !served.site.seen.borrow().is_empty());
    outcome
}

async fn is_answered(block: &[u8]) -> bool {
    // 200 has an index of its own in HPACK's table.
    outcome(block, END_STREAM | END_HEADERS).await.is_ok_and(|frame| frame.payload[0] == 0x88)
}

#[test]
fn what_is_right_is_answered() {
    run(async {
        for more in [
            &[][..],
            &[("te", "trailers")],
            &[("cookie", "a=1"), ("cookie", "b=2")],
            &[("host", "a.test")],
            &[("content-length", "0")],
            &[("x", "é")],
        ] {
            assert!(is_answered(&request("/ready", more)).await, "{more:?}");
        }
        let by_host = [(":method", "GET"), (":scheme", "https"), (":path", "/ready"), ("host", "a.test")];
        assert!(is_answered(&fields(&by_host)).await);
    });
}

#[test]
fn fields_that_smuggle_are_refused() {
    run(async {
        for more in [
            ("connection", "close"),
            ("keep-alive", "1"),
            ("proxy-connection", "close"),
            ("transfer-encoding", "chunked"),
            ("upgrade", "h2c"),
            ("te", "gzip"),
            ("te", "trailers, gzip"),
            ("X-Upper", "1"),
            ("x y", "1"),
            ("x:y", "1"),
            ("", "1"),
            ("x", "a\r\nb: c"),
            ("x", "a\nb"),
            ("x", "a\0b"),
            ("x", " a"),
            ("x", "a\t"),
            ("host", "b.test"),
            ("content-length", "1"),
            ("content-length", "+0"),
            ("content-length", "0, 0"),
            ("content-length", "x"),
            (":path", "/other"),
            (":method", "POST"),
            (":status", "200"),
            (":unknown", "x"),
            (":protocol", "websocket"),
        ] {
            assert!(!is_answered(&request("/ready", &[more])).await, "{more:?}");
        }
        for more in [[("content-length", "0"), ("content-length", "1")], [("host", "a.test"), ("host", "a.test")]] {
            assert!(!is_answered(&request("/ready", &more)).await, "{more:?}");
        }
    });
}

#[test]
fn targets_that_are_none_are_refused() {
    run(async {
        for path in
            ["", "ready", "*", "/ready x", "/ready\r\nx", "/ready\0", "/ready\x7f", "?/ready", "https://a.test/ready"]
        {
            assert!(!is_answered(&request(path, &[])).await, "{path:?}");
        }
        let whole = [(":method", "GET"), (":scheme", "https"), (":authority", "a.test"), (":path", "/ready")];
        for missing in 0..whole.len() {
            let block: Vec<_> =
                whole.iter().enumerate().filter(|(n, _)| *n != missing).map(|(_, field)| *field).collect();
            assert!(!is_answered(&fields(&block)).await, "without {}", whole[missing].0);
        }
        let long = "M".repeat(33);
        for (n, value) in [
            (1, "http"),
            (1, "ftp"),
            (2, "user@a.test"),
            (2, "a b"),
            (2, ""),
            (0, "G(T"),
            (0, "GET /ready"),
            (0, &long),
            (0, "CONNECT"),
            (0, "TRACE"),
        ] {
            let mut block = whole;
            block[n].1 = value;
            assert!(!is_answered(&fields(&block)).await, "{value:?}");
        }
        let late = [&fields(&whole[..3])[..], &fields(&[("x", "y")]), &fields(&whole[3..])].concat();
        assert!(!is_answered(&late).await, "a pseudo-header field after a field");
    });
}

#[test]
fn a_length_that_the_content_belies_is_an_error() {
    run(async {
        for (length, content) in [("5", &b"four"[..]), ("3", b"four")] {
            let mut served = serve();
            let mut raw = served.raw().await;
            raw.send(&frame(HEADERS, END_HEADERS, 1, &request("/echo", &[("content-length", length)]))).await;
            raw.send(&frame(DATA, END_STREAM, 1, content)).await;
            assert_eq!(raw.until(RST_STREAM).await.unwrap().error(), PROTOCOL_ERROR);
            while served.site.errors.borrow().is_empty() {
                tokio::task::yield_now().await;
            }
            assert!(matches!(served.site.errors.borrow()[0], SessionError::Malformed(_)), "{:?}", served.site.errors);
        }
    });
}

#[test]
fn a_head_that_is_too_large_is_answered_431() {
    run(async {
        let long = "x".repeat(120);
        let more: Vec<_> = (0..300).map(|_| ("x-long", long.as_str())).collect();
        let block = request("/ready", &more);
        let mut served = serve();
        let mut raw = served.raw().await;
        let pieces: Vec<_> = block.chunks(16_000).collect();
        raw.send(&frame(HEADERS, END_STREAM, 1, pieces[0])).await;
        for (n, piece) in pieces.iter().enumerate().skip(1) {
            raw.send(&frame(CONTINUATION, if n + 1 == pieces.len() { END_HEADERS } else { 0 }, 1, piece)).await;
        }
        let answer = raw.until(HEADERS).await.unwrap();
        assert!(String::from_utf8_lossy(&answer.payload).contains("431") || answer.payload.len() > 1, "{answer:?}");
        assert!(served.site.seen.borrow().is_empty());
    });
}

//! Fault H2: a connection that only makes work ends with ENHANCE_YOUR_CALM, soon.

use super::raw::*;
use super::*;
use std::cell::Cell;
use tokio::io::AsyncWriteExt;

/// Sends what `make` makes for n = 0, 1, … until the server ends, at most `limit` times; the error of GOAWAY and how many went.
async fn flood(served: &mut Served, limit: u32, make: impl Fn(u32) -> Vec<u8>) -> (Option<u32>, u32) {
    let Raw { mut reader, mut writer } = served.raw().await;
    let goaway = Rc::new(Cell::new(None));
    let seen = goaway.clone();
    let reading = spawn_local(async move {
        while let Some(frame) = next(&mut reader).await {
            if frame.kind == GOAWAY {
                seen.set(Some(frame.error()));
            }
        }
    });
    let mut sent = 0;
    while sent < limit && goaway.get().is_none() && writer.write_all(&make(sent)).await.is_ok() {
        sent += 1;
    }
    drop(writer);
    reading.await.unwrap();
    (goaway.get(), sent)
}

/// A buffer so small that what goes is what is read.
fn narrow() -> Served {
    serve_with(Settings::default(), 64)
}

#[test]
fn streams_opened_and_cancelled_at_once() {
    run(async {
        for path in ["/wait", "/ready"] {
            let mut served = narrow();
            let (goaway, sent) = flood(&mut served, 10_000, |n| {
                let head = frame(HEADERS, END_STREAM | END_HEADERS, 2 * n + 1, &request(path, &[]));
                [head, frame(RST_STREAM, 0, 2 * n + 1, &[0, 0, 0, 8])].concat()
            })
            .await;
            assert_eq!(goaway, Some(ENHANCE_YOUR_CALM));
            assert!(sent <= 210, "{path}: {sent}");
            assert!(matches!(served.task.await.unwrap(), Ended::Flood(_)));
        }
    });
}

#[test]
fn streams_cancelled_in_one_breath_are_no_work_for_the_service() {
    run(async {
        let mut served = serve();
        let mut raw = served.raw().await;
        let asked = |n: u32| frame(HEADERS, END_STREAM | END_HEADERS, 2 * n + 1, &request("/wait", &[]));
        let cancelled = |n: u32| {
            let begun = frame(HEADERS, END_HEADERS, 2 * n + 1, &request("/wait", &[]));
            let content = frame(DATA, 0, 2 * n + 1, b"begun");
            let whole = if n.is_multiple_of(2) { asked(n) } else { [begun, content].concat() };
            [whole, frame(RST_STREAM, 0, 2 * n + 1, &[0, 0, 0, (n % 9) as u8])].concat()
        };
        let octets: Vec<u8> = (0..60).flat_map(|n| if n % 20 == 19 { asked(n) } else { cancelled(n) }).collect();
        raw.send(&octets).await;
        raw.send(&frame(PING, 0, 0, &[7; 8])).await;
        raw.until(PING).await.unwrap();
        served.site.release.notify_waiters();
        raw.until(HEADERS).await.unwrap();
        assert_eq!((*served.site.handled.borrow(), *served.site.gone.borrow()), (3, 0));
    });
}

#[test]
fn streams_ended_and_cancelled_in_one_breath_are_no_work_for_the_service() {
    run(async {
        let mut served = serve();
        let mut raw = served.raw().await;
        let open: Vec<u8> =
            (0..4).flat_map(|n| frame(HEADERS, END_HEADERS, 2 * n + 1, &request("/wait", &[]))).collect();
        raw.send(&[open, frame(PING, 0, 0, &[7; 8])].concat()).await;
        raw.until(PING).await.unwrap();
        let ended = |n: u32| frame(DATA, END_STREAM, 2 * n + 1, &[]);
        let cancelled = |n: u32| [ended(n), frame(RST_STREAM, 0, 2 * n + 1, &[0, 0, 0, 8])].concat();
        raw.send(&[cancelled(0), cancelled(1), ended(2), cancelled(3), frame(PING, 0, 0, &[8; 8])].concat()).await;
        raw.until(PING).await.unwrap();
        served.site.release.notify_waiters();
        raw.until(HEADERS).await.unwrap();
        assert_eq!(*served.site.handled.borrow(), 1);
    });
}

#[test]
fn streams_that_make_the_server_cancel_them() {
    run(async {
        let mut served = narrow();
        let (goaway, sent) = flood(&mut served, 10_000, |n| {
            let head = frame(HEADERS, END_STREAM | END_HEADERS, 2 * n + 1, &request("/wait", &[]));
            // A window beyond 2^31 - 1 is an error of the stream.
            [head, frame(WINDOW_UPDATE, 0, 2 * n + 1, &[0x7f, 0xff, 0xff, 0xff])].concat()
        })
        .await;
        assert_eq!(goaway, Some(ENHANCE_YOUR_CALM));
        assert!(sent <= 210, "{sent}");
    });
}

#[test]
fn frames_that_only_make_work() {
    run(async {
        let open = frame(HEADERS, END_HEADERS, 1, &request("/echo", &[]));
        for (name, limit, octets) in [
            ("PING", 2_050, frame(PING, 0, 0, &[7; 8])),
            ("SETTINGS", 410, frame(SETTINGS, 0, 0, &[])),
            ("WINDOW_UPDATE", 2_050, frame(WINDOW_UPDATE, 0, 0, &[0, 0, 0, 1])),
            ("unknown", 2_050, frame(0xaa, 0, 0, &[])),
            ("PRIORITY", 2_050, frame(2, 0, 3, &[0, 0, 0, 0, 9])),
            ("empty DATA", 210, frame(DATA, 0, 1, &[])),
        ] {
            let mut served = narrow();
            let (goaway, sent) =
                flood(&mut served, 100_000, |n| if n == 0 { open.clone() } else { octets.clone() }).await;
            assert_eq!(goaway, Some(ENHANCE_YOUR_CALM), "{name}");
            assert!(sent <= limit, "{name}: {sent}");
            assert!(matches!(served.task.await.unwrap(), Ended::Flood(_)), "{name}");
        }
    });
}

#[test]
fn a_head_without_end() {
    run(async {
        for piece in [&b""[..], &field(b"x", b"y")] {
            let mut served = narrow();
            let (goaway, sent) = flood(&mut served, 10_000, |n| match n {
                0 => frame(HEADERS, END_STREAM, 1, &request("/ready", &[])),
                _ => frame(CONTINUATION, 0, 1, piece),
            })
            .await;
            assert!(goaway.is_some(), "{goaway:?}");
            assert!(sent <= 210, "{sent}");
            assert!(served.site.seen.borrow().is_empty());
        }
    });
}

#[test]
fn fields_that_grow_when_they_are_decoded() {
    run(async {
        let mut served = serve();
        let mut raw = served.raw().await;
        // One field of 4,000 octets put into the table, then named by one octet each, 10,000 times.
        let value = vec![b'v'; 4_000];
        let length = [0x7f, (4_000 - 127) as u8 | 0x80, ((4_000 - 127) >> 7) as u8];
        let bomb = [&request("/ready", &[])[..], &[0x40, 1, b'x'], &length, &value, &[0xbe; 10_000]].concat();
        raw.send(&frame(HEADERS, END_STREAM | END_HEADERS, 1, &bomb)).await;
        assert_eq!(raw.until(GOAWAY).await.unwrap().error(), ENHANCE_YOUR_CALM);
        assert!(served.site.seen.borrow().is_empty());
    });
}

#[test]
fn more_streams_than_allowed_are_refused_one_by_one() {
    run(async {
        let mut served = serve();
        let mut raw = served.raw().await;
        for n in 0..129u32 {
            raw.send(&frame(HEADERS, END_STREAM | END_HEADERS, 2 * n + 1, &request("/wait", &[]))).await;
        }
        let refused = raw.until(RST_STREAM).await.unwrap();
        assert_eq!((refused.stream, refused.error()), (257, 7));
        assert_eq!(*served.site.handled.borrow(), 128);
    });
}

/// A client that gives streams no window: SETTINGS_INITIAL_WINDOW_SIZE is 0.
async fn without_window(served: &mut Served, streams: u32, path: &str) -> Raw {
    let mut raw = served.raw().await;
    raw.send(&frame(SETTINGS, 0, 0, &[0, 4, 0, 0, 0, 0])).await;
    for n in 0..streams {
        raw.send(&frame(HEADERS, END_STREAM | END_HEADERS, 2 * n + 1, &request(path, &[]))).await;
    }
    raw
}

#[test]
fn answers_that_nobody_has_room_for_end_the_connection() {
    run_paused(async {
        for path in ["/big", "/ready", "/stream"] {
            let mut served = serve();
            let mut raw = without_window(&mut served, 128, path).await;
            let begun = tokio::time::Instant::now();
            assert_eq!(raw.until(GOAWAY).await.unwrap().error(), ENHANCE_YOUR_CALM, "{path}");
            assert!((30..=35).contains(&begun.elapsed().as_secs()), "{path}: {:?}", begun.elapsed());
            assert_eq!(served.task.await.unwrap(), Ended::Flood("answers that are not read"), "{path}");
        }
    });
}

#[test]
fn one_answer_that_nobody_has_room_for_ends_alone() {
    run_paused(async {
        let mut served = serve();
        let mut raw = without_window(&mut served, 1, "/file").await;
        let reset = raw.until(RST_STREAM).await.unwrap();
        assert_eq!((reset.stream, reset.error()), (1, 8));
        raw.send(&frame(HEADERS, END_STREAM | END_HEADERS, 3, &request("/head", &[]))).await;
        assert_eq!(raw.until(HEADERS).await.unwrap().stream, 3);
    });
}

#[test]
fn what_was_read_for_cancelled_streams_is_given_back() {
    run_paused(async {
        let mut served = serve();
        let mut raw = served.raw().await;
        raw.send(&frame(SETTINGS, 0, 0, &[0, 4, 0x10, 0, 0, 0])).await;
        raw.send(&frame(WINDOW_UPDATE, 0, 0, &[0x10, 0, 0, 0])).await;
        let file = |stream| frame(HEADERS, END_STREAM | END_HEADERS, stream, &request("/file", &[]));
        for n in 0..20 {
            raw.send(&file(2 * n + 1)).await;
        }
        // Until all wait for the client, which reads nothing.
        tokio::time::sleep(std::time::Duration::from_secs(5)).await;
        for n in 0..20 {
            raw.send(&frame(RST_STREAM, 0, 2 * n + 1, &[0, 0, 0, 8])).await;
        }
        raw.send(&file(41)).await;
        let mut octets = 0;
        loop {
            let frame = raw.until(DATA).await.unwrap();
            octets += if frame.stream == 41 { frame.payload.len() } else { 0 };
            if frame.stream == 41 && frame.flags & END_STREAM != 0 {
                break;
            }
        }
        assert_eq!(octets, BIG - 1);
    });
}

#[test]
fn clients_that_stand_still_are_left() {
    run_paused(async {
        // Says nothing.
        let mut served = serve();
        let _io = served.io.take();
        assert_eq!(served.task.await.unwrap(), Ended::NoPreface);
        // Stops inside a head.
        let mut served = serve();
        let mut raw = served.raw().await;
        raw.send(&frame(HEADERS, END_STREAM, 1, &request("/ready", &[]))).await;
        let begun = tokio::time::Instant::now();
        assert_eq!(served.task.await.unwrap(), Ended::Slow("sending a head"));
        assert!(begun.elapsed().as_secs() <= 15);
        // Pings for ever, and asks nothing.
        let mut served = serve();
        let mut raw = served.raw().await;
        let pinging = spawn_local(async move {
            while raw.writer.write_all(&frame(PING, 0, 0, &[7; 8])).await.is_ok() {
                tokio::time::sleep(std::time::Duration::from_secs(1)).await;
                while let Ok(Some(_)) = tokio::time::timeout(std::time::Duration::from_millis(1), raw.next()).await {}
            }
        });
        served.task.await.unwrap();
        pinging.await.unwrap();
    });
}

#[test]
fn clients_that_read_or_send_too_slowly_are_left() {
    run_paused(async {
        // Opens no window.
        let mut served = serve();
        let client = served.client().await;
        let (response, _) = client.clone().ready().await.unwrap().send_request(get("/big"), true).unwrap();
        let mut content = response.await.unwrap().into_body();
        while let Some(Ok(_)) = content.data().await {}
        assert_eq!(served.site.sent.borrow().len(), 1);
        assert!(!served.site.sent.borrow()[0].complete);
        // Reads nothing from the socket.
        let mut served = serve();
        let mut raw = served.raw().await;
        raw.send(&frame(WINDOW_UPDATE, 0, 0, &[0x10, 0, 0, 0])).await;
        raw.send(&frame(SETTINGS, 0, 0, &[0, 4, 0x10, 0, 0, 0])).await;
        for n in 0..3 {
            raw.send(&frame(HEADERS, END_STREAM | END_HEADERS, 2 * n + 1, &request("/big", &[]))).await;
        }
        let begun = tokio::time::Instant::now();
        assert_eq!(served.task.await.unwrap(), Ended::Slow("reading"));
        assert!((30..=45).contains(&begun.elapsed().as_secs()), "{:?}", begun.elapsed());
        // Sends an octet every ten seconds.
        let mut served = serve();
        let client = served.client().await;
        let post = http::Request::post("https://a.test/echo").body(()).unwrap();
        let (_response, mut send) = client.clone().ready().await.unwrap().send_request(post, false).unwrap();
        for _ in 0..10 {
            let _ = send.send_data("x".into(), false);
            tokio::time::sleep(std::time::Duration::from_secs(10)).await;
        }
        assert_eq!(*served.site.errors.borrow(), [SessionError::Slow("sending content")]);
    });
}

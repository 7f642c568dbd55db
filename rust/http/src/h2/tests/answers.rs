use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;

use super::raw::*;
use super::*;
use crate::Framing;

#[test]
fn a_ready_answer_comes_without_a_session() {
    run(async {
        let mut served = serve();
        let mut client = served.client().await;
        for _ in 0..3 {
            let (head, content) = fetch(&mut client, get("/ready?a=b")).await.unwrap();
            assert_eq!((head.status.as_u16(), &content[..]), (200, &b"hello"[..]));
            for (name, value) in [("content-type", "text/plain"), ("age", "7"), ("content-length", "5")] {
                assert_eq!(head.headers[name], value);
            }
            assert!(head.headers.contains_key("date"));
        }
        let (head, content) = fetch(&mut client, get("/head")).await.unwrap();
        assert!(content.is_empty() && !head.headers.contains_key("content-length"));
        let head = http::Request::head("https://a.test/ready").body(()).unwrap();
        let (head, content) = fetch(&mut client, head).await.unwrap();
        assert_eq!((&head.headers["content-length"], content.len()), (&"5".parse().unwrap(), 0), "HEAD has no content");
        assert_eq!(*served.site.handled.borrow(), 0);
        let seen = served.site.seen.borrow();
        assert_eq!(
            (seen[0].authority.as_str(), seen[0].path.as_str(), seen[0].query.as_deref()),
            ("a.test", "/ready", Some("a=b"))
        );
        assert!(served.site.sent.borrow().iter().all(|sent| sent.complete && sent.octets > 20));
    });
}

#[test]
fn a_method_that_nobody_knows_is_asked_for_as_it_stands() {
    run(async {
        let mut served = serve();
        let mut client = served.client().await;
        for token in ["get", "M-SEARCH"] {
            let request = http::Request::builder().method(token).uri("https://a.test/echo").body(()).unwrap();
            assert_eq!(fetch(&mut client, request).await.unwrap().0.status, 200);
            assert_eq!(served.site.seen.borrow().last().unwrap().method.token(), token);
        }
    });
}

#[test]
fn large_content_and_files_come_whole_through_small_windows() {
    run(async {
        let mut served = serve();
        let mut client = served.client().await;
        assert_eq!(fetch(&mut client, get("/small-file")).await.unwrap().1, pattern(100)[1..]);
        for (path, expected) in [("/big", &pattern(BIG)[..]), ("/file", &pattern(BIG)[1..])] {
            let (head, content) = fetch(&mut client, get(path)).await.unwrap();
            assert_eq!(head.headers["content-length"], expected.len().to_string());
            assert!(content == expected, "{path}");
        }
        let sent = served.site.sent.borrow();
        assert!(sent.len() == 3 && sent.iter().all(|sent| sent.complete) && sent[1].octets > BIG as u64);
    });
}

#[test]
fn content_in_pages_comes_whole() {
    run(async {
        let mut served = serve();
        let mut client = served.client().await;
        assert!(fetch(&mut client, get("/pages")).await.unwrap().1 == pattern(BIG)[1..]);
    });
}

#[test]
fn a_file_in_memory_is_read_without_another_thread() {
    let threads = Arc::new(AtomicUsize::new(0));
    let counted = threads.clone();
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all().on_thread_start(move || {
        counted.fetch_add(1, Relaxed);
    });
    LocalSet::new().block_on(&builder.build().unwrap(), async {
        let mut served = serve();
        let mut client = served.client().await;
        let (_, content) = fetch(&mut client, get("/memory-file")).await.unwrap();
        assert!(content == pattern(BIG)[1..]);
    });
    assert_eq!(threads.load(Relaxed), 0);
}

#[test]
fn many_streams_are_answered_side_by_side() {
    run(async {
        let mut served = serve();
        let client = served.client().await;
        let fetches: Vec<_> = (0..100)
            .map(|n| {
                let mut client = client.clone();
                let path = ["/ready", "/big", "/file", "/stream"][n % 4];
                spawn_local(async move { (path, fetch(&mut client, get(path)).await.unwrap().1.len()) })
            })
            .collect();
        for fetch in fetches {
            let (path, length) = fetch.await.unwrap();
            let expected = match path {
                "/ready" => 5,
                "/big" => BIG,
                "/file" => BIG - 1,
                _ => 20,
            };
            assert_eq!(length, expected, "{path}");
        }
    });
}

#[test]
fn content_goes_in_and_out() {
    run(async {
        let mut served = serve();
        let client = served.client().await;
        for (length, announced) in [(0, false), (10, true), (300_000, true), (300_000, false)] {
            let mut request = http::Request::post("https://a.test/echo").body(()).unwrap();
            if announced {
                request.headers_mut().insert("content-length", length.into());
            }
            let (response, mut send) = client.clone().ready().await.unwrap().send_request(request, false).unwrap();
            let trailers =
                [("x-trailer", "dropped")].map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
            send.send_data(pattern(length).into(), false).unwrap();
            send.send_trailers(trailers.into_iter().collect()).unwrap();
            let (head, content) = whole(response.await.unwrap()).await.unwrap();
            assert!(content == pattern(length), "{length}");
            assert_eq!(head.headers["content-length"], length.to_string());
        }
        assert!(served.site.seen.borrow().iter().all(|request| !request.fields.has("x-trailer")));
    });
}

#[test]
fn a_get_whose_end_is_a_frame_of_its_own_has_no_content() {
    run(async {
        let mut served = serve();
        let client = served.client().await;
        let ask = async |method: http::Method, pieces: &[&'static str]| {
            let request = http::Request::builder().method(method).uri("https://a.test/echo").body(()).unwrap();
            let (response, mut send) = client.clone().ready().await.unwrap().send_request(request, false).unwrap();
            for piece in pieces {
                tokio::task::yield_now().await;
                send.send_data((*piece).into(), false).unwrap();
            }
            tokio::task::yield_now().await;
            send.send_data(Bytes::new(), true).unwrap();
            let content = whole(response.await.unwrap()).await.unwrap().1;
            (served.site.seen.borrow_mut().pop().unwrap().framing, String::from_utf8(content).unwrap())
        };
        assert_eq!(ask(http::Method::GET, &[]).await, (Framing::None, String::new()));
        assert_eq!(ask(http::Method::HEAD, &["", ""]).await, (Framing::None, String::new()));
        assert_eq!(ask(http::Method::GET, &["", "a", "b"]).await, (Framing::Chunked, "ab".into()));
        assert_eq!(ask(http::Method::POST, &[]).await, (Framing::Chunked, String::new()));
    });
}

#[test]
fn a_get_that_does_not_end_waits_and_is_met_as_one_with_content() {
    run_paused(async {
        let mut served = serve();
        let client = served.client().await;
        let (response, _send) = client.ready().await.unwrap().send_request(get("/early"), false).unwrap();
        let begun = tokio::time::Instant::now();
        assert_eq!(whole(response.await.unwrap()).await.unwrap().1, b"no");
        assert_eq!(begun.elapsed().as_secs(), Settings::default().content_grace.as_secs());
        assert_eq!(served.site.seen.borrow()[0].framing, Framing::Chunked);
    });
}

#[test]
fn a_get_taken_back_before_its_end_is_no_work_for_the_service() {
    run(async {
        let mut served = serve();
        let mut client = served.client().await;
        let (_, mut send) = client.clone().ready().await.unwrap().send_request(get("/echo"), false).unwrap();
        assert_eq!(fetch(&mut client, get("/ready")).await.unwrap().1, b"hello");
        send.send_reset(h2::Reason::CANCEL);
        assert_eq!(fetch(&mut client, get("/ready")).await.unwrap().1, b"hello");
        assert_eq!(*served.site.handled.borrow(), 0);
    });
}

#[test]
fn content_of_unknown_length_ends_with_its_stream() {
    run(async {
        let mut served = serve();
        let mut client = served.client().await;
        let (head, content) = fetch(&mut client, get("/stream")).await.unwrap();
        assert_eq!(content, [b"part part part ", &pattern(5)[..]].concat());
        assert!(!head.headers.contains_key("content-length"));
        assert_eq!(fetch(&mut client, get("/tunnel")).await.unwrap().0.status, 501);
    });
}

#[test]
fn a_continue_is_sent_when_the_content_is_wanted() {
    run(async {
        let mut served = serve();
        let client = served.client().await;
        let request = http::Request::post("https://a.test/echo").header("expect", "100-continue").body(()).unwrap();
        let (mut response, mut send) = client.ready().await.unwrap().send_request(request, false).unwrap();
        let interim = std::future::poll_fn(|cx| response.poll_informational(cx)).await.unwrap().unwrap();
        assert_eq!(interim.status(), 100);
        send.send_data("x".into(), true).unwrap();
        assert_eq!(whole(response.await.unwrap()).await.unwrap().1, b"x");
    });
}

#[test]
fn an_answer_that_is_not_whole_is_an_error_and_never_a_short_one() {
    run(async {
        let mut served = serve();
        let mut client = served.client().await;
        for path in ["/short", "/long", "/dropped", "/silent"] {
            let error = fetch(&mut client, get(path)).await.unwrap_err();
            assert_eq!(error.reason(), Some(h2::Reason::INTERNAL_ERROR), "{path}");
        }
        assert_eq!(fetch(&mut client, get("/ready")).await.unwrap().1, b"hello");
    });
}

#[test]
fn an_early_answer_to_a_long_request_is_whole() {
    run(async {
        let mut served = serve();
        let client = served.client().await;
        let request = http::Request::post("https://a.test/early").body(()).unwrap();
        let (response, mut send) = client.clone().ready().await.unwrap().send_request(request, false).unwrap();
        send.send_data(pattern(1_000).into(), false).unwrap();
        assert_eq!(whole(response.await.unwrap()).await.unwrap().1, b"no");
    });
}

#[test]
fn a_session_learns_that_its_client_is_gone() {
    run(async {
        let mut served = serve();
        let client = served.client().await;
        let (response, mut send) = client.clone().ready().await.unwrap().send_request(get("/wait"), false).unwrap();
        while *served.site.handled.borrow() == 0 {
            tokio::task::yield_now().await;
        }
        send.send_reset(h2::Reason::CANCEL);
        drop(response);
        let (waiting, _) = client.clone().ready().await.unwrap().send_request(get("/wait"), true).unwrap();
        while *served.site.handled.borrow() < 2 || *served.site.gone.borrow() < 1 {
            tokio::task::yield_now().await;
        }
        drop((waiting, send, client));
        served.task.await.unwrap();
        while *served.site.gone.borrow() < 2 {
            tokio::task::yield_now().await;
        }
    });
}

#[test]
fn what_was_begun_is_finished_after_the_drain() {
    run(async {
        let mut served = serve();
        let client = served.client().await;
        let (response, _) = client.clone().ready().await.unwrap().send_request(get("/wait"), true).unwrap();
        while *served.site.handled.borrow() == 0 {
            tokio::task::yield_now().await;
        }
        served.drain.notify_one();
        let mut late = client.clone();
        while late.clone().ready().await.is_ok() && fetch(&mut late, get("/ready")).await.is_ok() {
            tokio::task::yield_now().await;
        }
        served.site.release.notify_one();
        assert_eq!(whole(response.await.unwrap()).await.unwrap().1, b"done");
        drop((client, late));
        assert_eq!(served.task.await.unwrap(), Ended::Closed);
    });
}

#[test]
fn an_idle_connection_is_closed_and_a_busy_one_is_not() {
    run_paused(async {
        let mut served = serve();
        let mut client = served.client().await;
        let begun = tokio::time::Instant::now();
        let (response, _) = client.clone().ready().await.unwrap().send_request(get("/wait"), true).unwrap();
        tokio::time::sleep(std::time::Duration::from_secs(300)).await;
        served.site.release.notify_one();
        assert_eq!(whole(response.await.unwrap()).await.unwrap().1, b"done");
        fetch(&mut client, get("/ready")).await.unwrap();
        let ended = served.task.await.unwrap();
        assert_eq!(ended, Ended::Closed);
        assert!((355..=375).contains(&begun.elapsed().as_secs()), "{:?}", begun.elapsed());
    });
}

#[test]
fn an_idle_connection_makes_room_and_a_busy_one_does_not() {
    run(async {
        let mut served = serve();
        let mut raw = served.raw().await;
        raw.send(&frame(HEADERS, END_STREAM | END_HEADERS, 1, &request("/wait", &[]))).await;
        while *served.site.handled.borrow() == 0 {
            tokio::task::yield_now().await;
        }
        assert!(!served.thread.close_idlest());
        served.site.release.notify_one();
        assert_eq!(raw.until(DATA).await.unwrap().payload, b"done");
        while !served.thread.close_idlest() {
            tokio::task::yield_now().await;
        }
        let goaway = raw.until(GOAWAY).await.unwrap();
        assert_eq!((&goaway.payload[..4], goaway.error()), (&[0, 0, 0, 1][..], 0));
        assert_eq!(raw.next().await, None);
        assert_eq!(served.task.await.unwrap(), Ended::Closed);
        assert_eq!(served.thread.connections(), 0);
    });
}

#[test]
fn content_beyond_its_limit_ends_the_session() {
    run(async {
        let mut served = serve_with(Settings { content_size: 10, ..Settings::default() }, 1 << 16);
        let client = served.client().await;
        for method in [http::Method::POST, http::Method::GET] {
            let request = http::Request::builder().method(method).uri("https://a.test/echo").body(()).unwrap();
            let (response, mut send) = client.clone().ready().await.unwrap().send_request(request, false).unwrap();
            send.send_data(pattern(11).into(), true).unwrap();
            assert!(response.await.is_err());
            assert_eq!(served.site.errors.borrow_mut().split_off(0), [SessionError::TooLarge]);
        }
        let request = http::Request::post("https://a.test/echo").header("content-length", 11).body(()).unwrap();
        let (response, _send) = client.ready().await.unwrap().send_request(request, false).unwrap();
        assert_eq!(response.await.unwrap().status(), 413);
        assert_eq!(*served.site.refused.borrow(), [(413, "the content is too long")]);
    });
}

//! Origin groups.

use bytes::Bytes;

use super::server::{Origin, Step};
use super::*;

struct Two {
    worker: Origins,
    origins: Vec<Arc<Settings>>,
    secondary: Origin,
}

impl Two {
    async fn new(primary: SocketAddr, secondary: &str) -> Self {
        let secondary = Origin::always(secondary).await;
        let origins = vec![Arc::new(at(primary)), Arc::new(at(secondary.address))];
        Self { worker: worker(), origins, secondary }
    }

    async fn ask(&self, method: Method, content: Outgoing) -> Result<(usize, u16), OriginError> {
        let group = Group { id: "g".into(), members: vec![0, 1], status_codes: vec![500, 503, 404] };
        let fetched = self.worker.fetch_from_group(&group, &self.origins, |_| request(method), content, None).await;
        fetched.map(|(index, fetched)| (index, fetched.response.status))
    }
}

fn says(status: u16) -> String {
    format!("HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n")
}

#[tokio::test]
async fn the_next_member_is_asked_on_the_groups_codes_and_for_safe_methods_alone() {
    locally(async {
        for (status, method, expected) in [
            (200, Method::Get, (0, 200)),
            (503, Method::Get, (1, 200)),
            (404, Method::Head, (1, 200)),
            (500, Method::Options, (1, 200)),
            (502, Method::Get, (0, 502)),
            (503, Method::Post, (0, 503)),
            (503, Method::Put, (0, 503)),
            (503, Method::Delete, (0, 503)),
            (503, Method::Patch, (0, 503)),
        ] {
            let two = Two::new(Origin::always(says(status)).await.address, &says(200)).await;
            assert_eq!(two.ask(method, Outgoing::None).await, Ok(expected), "{status} {method:?}");
            assert_eq!(two.secondary.connections.get(), expected.0);
            assert_eq!(two.worker.counters.failovers.get(), expected.0 as u64);
        }
    })
    .await;
}

#[tokio::test]
async fn a_primary_that_is_gone_fails_over_and_the_breaker_spares_the_waiting() {
    locally(async {
        let two = Two::new(nobody(), &says(200)).await;
        for _ in 0..10 {
            assert_eq!(two.ask(Method::Get, Outgoing::None).await, Ok((1, 200)));
        }
        assert_eq!(two.worker.counters.breaker_refused.get(), 5);
        let posted = two.ask(Method::Post, Outgoing::None).await;
        assert!(posted.is_err());
        let content = Outgoing::Bytes(Bytes::from_static(b"x"));
        assert!(two.ask(Method::Options, content).await.is_err(), "content is sent once");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_primary_that_hangs_fails_over_after_its_time() {
    locally(async {
        let two = Two::new(Origin::new(vec![vec![Step::Head, Step::Stall]]).await.address, &says(200)).await;
        assert_eq!(two.ask(Method::Get, Outgoing::None).await, Ok((1, 200)));
    })
    .await;
}

#[tokio::test]
async fn what_the_last_member_gives_is_given() {
    locally(async {
        let two = Two::new(nobody(), &says(503)).await;
        assert_eq!(two.ask(Method::Get, Outgoing::None).await, Ok((1, 503)));
        let both = [Arc::new(at(nobody())), Arc::new(at(nobody()))];
        let group = Group { id: "g".into(), members: vec![0, 1], status_codes: vec![] };
        let none = two.worker.fetch_from_group(&group, &both, |_| request(Method::Get), Outgoing::None, None).await;
        assert_eq!(none.err().unwrap().name(), "OriginConnectError");
    })
    .await;
}

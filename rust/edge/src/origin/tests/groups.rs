//! Origin groups.

use bytes::Bytes;
use edgeplane_policy::{HealthState, HealthTable};

use super::server::{Origin, Step};
use super::*;

struct Two {
    worker: Origins,
    origins: Vec<Arc<Settings>>,
    secondary: Origin,
    choice: Choice,
}

impl Two {
    async fn new(primary: SocketAddr, secondary: &str) -> Self {
        let secondary = Origin::always(secondary).await;
        let origins = vec![Arc::new(at(primary)), Arc::new(at(secondary.address))];
        Self { worker: worker(), origins, secondary, choice: Choice::failover() }
    }

    async fn ask(&self, method: Method, content: Outgoing) -> Result<(usize, u16), OriginError> {
        let group = group(vec![500, 503, 404], self.choice.clone());
        let fetched = self.worker.fetch_from_group(&group, &self.origins, &request(method), content, None).await;
        fetched.map(|(index, fetched)| (index, fetched.response.status))
    }
}

fn group(status_codes: Vec<u16>, choice: Choice) -> Group {
    Group { id: "g".into(), members: [0, 1], status_codes, choice }
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
        let group = group(vec![], Choice::failover());
        let none = two.worker.fetch_from_group(&group, &both, &request(Method::Get), Outgoing::None, None).await;
        assert_eq!(none.err().unwrap().name(), "OriginConnectError");
    })
    .await;
}

/// Two origins that say `says`, each with a check, in slots 0 and 1 of the table.
struct Checked {
    two: Two,
    primary: Origin,
    table: Arc<HealthTable>,
}

impl Checked {
    async fn new(says: [&str; 2], choice: Choice) -> Self {
        let primary = Origin::always(says[0]).await;
        let mut two = Two { choice, ..Two::new(primary.address, says[1]).await };
        for (slot, origin) in (0..).zip(&mut two.origins) {
            Arc::get_mut(origin).unwrap().check = Some(Check { id: format!("check-{slot}"), slot });
        }
        let table = Arc::new(HealthTable::create(2).unwrap());
        two.worker.shared.health.attach(table.clone());
        Self { two, primary, table }
    }

    /// The states of the checks from now on.
    fn are(&self, states: [HealthState; 2]) {
        (0..).zip(states).for_each(|(slot, state)| assert!(self.table.set(slot, state)));
    }

    fn asked(&self) -> [usize; 2] {
        [self.primary.connections.get(), self.two.secondary.connections.get()]
    }
}

#[tokio::test]
async fn a_sick_member_is_not_asked_first_whatever_the_method() {
    use HealthState::{Healthy, Unhealthy, Unknown};
    locally(async {
        for (states, first, passed_over) in [
            ([Unknown, Unknown], 0, 0),
            ([Healthy, Unhealthy], 0, 1),
            ([Unhealthy, Healthy], 1, 1),
            ([Unhealthy, Unknown], 1, 1),
            ([Unhealthy, Unhealthy], 0, 0),
        ] {
            for method in [Method::Get, Method::Post] {
                let checked = Checked::new([&says(200), &says(200)], Choice::failover()).await;
                checked.are(states);
                assert_eq!(checked.two.ask(method, Outgoing::None).await, Ok((first, 200)), "{states:?} {method:?}");
                assert_eq!(checked.asked(), [1 - first, first], "{states:?} {method:?}");
                let counters = &checked.two.worker.counters;
                assert_eq!((counters.passed_over.get(), counters.failovers.get()), (passed_over, 0), "{states:?}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn the_state_of_the_moment_counts_and_no_check_is_a_good_one() {
    locally(async {
        let mut checked = Checked::new([&says(200), &says(200)], Choice::failover()).await;
        for (state, first) in [(HealthState::Unhealthy, 1), (HealthState::Healthy, 0), (HealthState::Unhealthy, 1)] {
            checked.are([state, HealthState::Healthy]);
            assert_eq!(checked.two.ask(Method::Get, Outgoing::None).await, Ok((first, 200)), "{state:?}");
        }
        Arc::get_mut(&mut checked.two.origins[0]).unwrap().check = None;
        assert_eq!(checked.two.ask(Method::Get, Outgoing::None).await, Ok((0, 200)));
    })
    .await;
}

#[tokio::test]
async fn a_sick_member_stands_in_for_one_that_fails_unless_that_was_asked_for_good() {
    locally(async {
        let checked = Checked::new([&says(200), &says(503)], Choice::failover()).await;
        checked.are([HealthState::Unhealthy, HealthState::Healthy]);
        assert_eq!(checked.two.ask(Method::Get, Outgoing::None).await, Ok((0, 200)));
        assert_eq!(checked.two.worker.counters.failovers.get(), 1);
        assert_eq!(checked.two.ask(Method::Post, Outgoing::None).await, Ok((1, 503)));
    })
    .await;
}

#[tokio::test]
async fn weights_choose_among_the_healthy_and_the_other_stands_in() {
    locally(async {
        let checked = Checked::new([&says(200), &says(200)], Choice::weighted([1, 1])).await;
        let mut firsts = [0, 0];
        for _ in 0..100 {
            let (index, _) = checked.two.ask(Method::Get, Outgoing::None).await.unwrap();
            firsts[index] += 1;
        }
        assert!(firsts.iter().all(|&times| times > 10), "{firsts:?}");
        checked.are([HealthState::Unhealthy, HealthState::Healthy]);
        for _ in 0..20 {
            assert_eq!(checked.two.ask(Method::Get, Outgoing::None).await, Ok((1, 200)));
        }
        let failing = Checked::new([&says(503), &says(200)], Choice::weighted([255, 0])).await;
        assert_eq!(failing.two.ask(Method::Get, Outgoing::None).await, Ok((1, 200)));
        assert_eq!(failing.two.worker.counters.failovers.get(), 1);
    })
    .await;
}

#[test]
fn who_would_be_asked_is_told_by_the_choice_itself() {
    let health = Health::default();
    let table = Arc::new(HealthTable::create(1).unwrap());
    let sick = Settings { check: Some(Check { id: "c".into(), slot: 0 }), ..at(nobody()) };
    let (origins, group) = ([Arc::new(sick), Arc::new(at(nobody()))], group(vec![], Choice::failover()));
    let told = |index, why: &str| (Some(index), format!("group g, failover: the primary while it is healthy; {why}"));
    assert_eq!(group.explain(&origins, &health), told(0, "both members are healthy"), "no table yet");
    table.set(0, HealthState::Unhealthy);
    health.attach(table);
    assert_eq!(group.explain(&origins, &health), told(1, "the other member is unhealthy"));
}

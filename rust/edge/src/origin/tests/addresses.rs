//! What is connected to is what was vetted.

use super::server::Origin;
use super::*;

fn strict(host: &str, port: u16) -> Settings {
    Settings { vetting: Arc::default(), ..settings(host, port) }
}

#[tokio::test]
async fn an_address_that_is_not_allowed_is_not_connected_to() {
    locally(async {
        let origin = Origin::always(OK).await;
        let worker = worker();
        for host in ["127.0.0.1", "origin.example", "::ffff:127.0.0.1", "localhost"] {
            let refused = worker.whole(&strict(host, origin.address.port())).await.unwrap_err();
            assert!(matches!(&refused, OriginError::Refused(why) if why.contains("loopback")), "{host}: {refused}");
            assert_eq!((refused.status(), refused.counts_for_breaker()), (502, false));
        }
        assert_eq!((origin.connections.get(), worker.counters.refused.get()), (0, 4));
        assert_eq!(worker.whole(&settings("origin.example", origin.address.port())).await, Ok((200, b"ok".to_vec())));
    })
    .await;
}

/// A name that answers with a public address first and a private one later, or with both.
#[tokio::test]
async fn a_name_cannot_change_its_address_between_vetting_and_connecting() {
    locally(async {
        let origin = Origin::always(OK).await;
        let port = origin.address.port();
        let names = Names::new(&[&["192.0.2.1"], &["127.0.0.1"]]);
        let worker = &workers(1, &names)[0];
        let both =
            Settings { attempts: 3, connect_timeout: Duration::from_millis(50), ..strict("rebound.example", port) };
        for _ in 0..3 {
            assert!(worker.whole(&both).await.is_err());
        }
        assert_eq!(origin.connections.get(), 0);
        let names = Names::new(&[&["127.0.0.1", "::1", "::ffff:127.0.0.1", "10.0.0.1"]]);
        let worker = &workers(1, &names)[0];
        assert!(matches!(worker.whole(&both).await, Err(OriginError::Refused(_))));
        assert_eq!((origin.connections.get(), names.asked()), (0, 1), "asked once, vetted, and used or not");
    })
    .await;
}

#[tokio::test]
async fn of_several_addresses_only_those_admitted_are_used() {
    locally(async {
        let origin = Origin::always(OK).await;
        let loopback = Arc::new(Vetting::new(vec!["127.0.0.1/32".parse().unwrap()]));
        let settings = Settings { vetting: loopback, ..settings("many.example", origin.address.port()) };
        let names = Names::new(&[&["10.0.0.1", "169.254.169.254", "127.0.0.2", "127.0.0.1"]]);
        let worker = &workers(1, &names)[0];
        assert_eq!(worker.whole(&settings).await, Ok((200, b"ok".to_vec())));
        assert_eq!(worker.get(&settings).await.unwrap().timing.attempts, 1);
    })
    .await;
}

#[tokio::test]
async fn what_is_not_allowed_any_more_is_not_reached_over_a_kept_connection() {
    locally(async {
        let origin = Origin::always(OK).await;
        let worker = worker();
        worker.whole(&settings("origin.example", origin.address.port())).await.unwrap();
        let refused = worker.whole(&strict("origin.example", origin.address.port())).await;
        assert!(matches!(refused, Err(OriginError::Refused(_))));
    })
    .await;
}

#[tokio::test]
async fn redirects_are_given_back() {
    locally(async {
        let inside = Origin::always(OK).await;
        let redirect =
            format!("HTTP/1.1 302 Found\r\nLocation: http://{}/\r\nContent-Length: 0\r\n\r\n", inside.address);
        let worker = worker();
        let fetched = worker.get(&at(Origin::always(redirect).await.address)).await.unwrap();
        assert_eq!((fetched.response.status, inside.connections.get()), (302, 0));
        assert!(fetched.response.fields.has("location"));
    })
    .await;
}

#[tokio::test]
async fn a_name_without_addresses_is_an_error_of_names() {
    locally(async {
        let worker = &workers(1, &Names::new(&[&[]]))[0];
        let error = worker.whole(&settings("none.example", 80)).await.unwrap_err();
        assert_eq!((error.name(), error.status(), error.counts_for_breaker()), ("OriginDnsError", 502, true));
    })
    .await;
}

#[tokio::test]
async fn the_origins_own_goes_into_the_request() {
    locally(async {
        let origin = Origin::once(OK).await;
        let port = origin.address.port();
        let custom: Fields = [("X-Origin-Key", "k")].into_iter().collect();
        let settings =
            Settings { path_prefix: "/v1".into(), custom_headers: custom, ..settings("origin.example", port) };
        let fields: Fields = [("x-origin-key", "forged"), ("Accept", "*/*")].into_iter().collect();
        let request = Request { fields, scheme: Scheme::Https, ..request(Method::Get) };
        worker().fetch(&settings, &request, Outgoing::None, None).await.unwrap();
        let sent =
            format!("GET /v1/a HTTP/1.1\r\nhost: origin.example:{port}\r\naccept: */*\r\nx-origin-key: k\r\n\r\n");
        assert_eq!(origin.text(), sent);
    })
    .await;
}

use edgeplane_http::Method;

use super::*;

fn header(name: &str, value: &str, override_origin: bool) -> SetHeader {
    SetHeader { name: name.into(), value: value.into(), override_origin }
}

fn request(method: Method, origin: Option<&str>) -> Request {
    Request { method, fields: origin.map(|origin| ("Origin", origin)).into_iter().collect(), ..Request::default() }
}

fn cors(origins: &[&str]) -> Cors {
    Cors {
        origins: origins.iter().map(|origin| OriginPattern::new(origin)).collect(),
        methods: "GET, HEAD".into(),
        expose: "x-a".into(),
        max_age_s: Some(600),
        ..Cors::default()
    }
}

/// The fields of an answer after the policy, as lines.
fn applied(policy: &ResponseHeaders, request: &Request, origin_fields: &[(&str, &str)]) -> Vec<String> {
    let mut response = Response { status: 200, fields: origin_fields.iter().copied().collect() };
    policy.apply(request, &mut response);
    let line = |(name, value)| format!("{}: {}", String::from_utf8_lossy(name), String::from_utf8_lossy(value));
    response.fields.iter().map(line).collect()
}

#[test]
fn fields_are_removed_replaced_and_added() {
    let policy = ResponseHeaders {
        remove: ["server".into(), "x-frame-options".into()].into(),
        set: [header("X-Frame-Options", "DENY", false), header("X-A", "new", true), header("X-B", "ours", false)]
            .into(),
        ..ResponseHeaders::default()
    };
    let origin = [("Server", "x"), ("X-Frame-Options", "ALLOW"), ("x-a", "old"), ("X-B", "theirs")];
    let expected = ["X-B: theirs", "X-Frame-Options: DENY", "X-A: new"];
    assert_eq!(applied(&policy, &request(Method::Get, None), &origin), expected);
}

#[test]
fn cors_answers_those_who_ask() {
    let policy = |cors| ResponseHeaders { cors: Some(cors), ..ResponseHeaders::default() };
    let any = policy(cors(&["*"]));
    let simple = ["Access-Control-Allow-Origin: *", "Access-Control-Expose-Headers: x-a"];
    assert_eq!(applied(&any, &request(Method::Get, Some("https://a.net")), &[]), simple);
    assert!(applied(&any, &request(Method::Get, None), &[]).is_empty());
    let preflight = applied(&any, &request(Method::Options, Some("https://a.net")), &[]);
    assert_eq!(preflight[2..], ["Access-Control-Allow-Methods: GET, HEAD", "Access-Control-Max-Age: 600"]);

    let listed = policy(cors(&["https://*.a.net", "b.net"]));
    let echoed = applied(&listed, &request(Method::Get, Some("https://www.a.net")), &[]);
    assert_eq!(echoed[..2], ["Vary: Origin", "Access-Control-Allow-Origin: https://www.a.net"]);
    for (origin, allowed) in
        [("http://www.a.net", false), ("https://a.net", false), ("http://b.net", true), ("null", false)]
    {
        let lines = applied(&listed, &request(Method::Get, Some(origin)), &[("Vary", "Origin")]);
        assert_eq!(lines.len() > 1, allowed, "{origin} {lines:?}");
    }
}

#[test]
fn with_credentials_the_origin_is_named() {
    let policy =
        ResponseHeaders { cors: Some(Cors { credentials: true, ..cors(&["*"]) }), ..ResponseHeaders::default() };
    let lines = applied(&policy, &request(Method::Get, Some("https://a.net")), &[]);
    assert_eq!(lines[1..3], ["Access-Control-Allow-Origin: https://a.net", "Access-Control-Allow-Credentials: true"]);
}

#[test]
fn the_origin_has_the_first_word_unless_it_is_overridden() {
    let request = request(Method::Get, Some("https://a.net"));
    let origin = [("Access-Control-Allow-Origin", "https://x.net")];
    let kept = ResponseHeaders { cors: Some(cors(&["*"])), ..ResponseHeaders::default() };
    assert_eq!(applied(&kept, &request, &origin), ["Access-Control-Allow-Origin: https://x.net"]);
    let over =
        ResponseHeaders { cors: Some(Cors { override_origin: true, ..cors(&["*"]) }), ..ResponseHeaders::default() };
    assert_eq!(applied(&over, &request, &origin)[0], "Access-Control-Allow-Origin: *");
}

#[test]
fn timing_is_sampled_or_asked_for() {
    let policy = |share| ResponseHeaders { server_timing: share, ..ResponseHeaders::default() };
    let mut random = Random::seeded(1);
    let mut count = |policy: &ResponseHeaders, request: &Request| {
        (0..10_000).filter(|_| policy.wants_timing(request, &mut random)).count()
    };
    let plain = Request::default();
    let asking = Request { fields: [("Pragma", "x, Server-Timing")].into_iter().collect(), ..Request::default() };
    assert_eq!((count(&policy(None), &asking), count(&policy(Some(0.0)), &plain)), (0, 0));
    assert_eq!((count(&policy(Some(0.0)), &asking), count(&policy(Some(1.0)), &plain)), (10_000, 10_000));
    assert!((900..1_100).contains(&count(&policy(Some(0.1)), &plain)));
}

use std::sync::Arc;

use serde_json::{Value, json};

use super::*;
use crate::behaviour::{Encodings, HeaderRule, KeyHeader, Selection};
use edgeplane_http::Method;

use crate::origin::Kind;
use crate::semantics::Rules;

pub const OPTIMIZED: &str = "658327ea-f89d-4fab-a63d-7e88639e58f6";
const ALL_VIEWER: &str = "216adef6-5c7f-47e4-b989-5492eafa07d3";
const PUBLIC_KEY: &str = include_str!("../../../sign/data/ec-public.pem");

/// A behaviour of the origin `o` under CachingOptimized, with some members added or replaced.
pub fn behaviour(members: Value) -> Value {
    merged(json!({"TargetOriginId": "o", "ViewerProtocolPolicy": "allow-all", "CachePolicyId": OPTIMIZED}), members)
}

/// A distribution `d` with one origin and what is added.
pub fn distribution(members: Value) -> Value {
    let origin = json!({"Id": "o", "DomainName": "origin.example.net", "CustomOriginConfig": {"OriginProtocolPolicy": "http-only"}});
    let config = json!({"Enabled": true, "Origins": [origin], "DefaultCacheBehavior": behaviour(json!({}))});
    json!({"id": "d", "path": "t: Resources.D", "config": merged(config, members)})
}

pub fn merged(mut base: Value, members: Value) -> Value {
    if let (Value::Object(base), Value::Object(members)) = (&mut base, members) {
        base.extend(members);
    }
    base
}

/// A source with these distributions and what is added.
fn source(distributions: Vec<Value>, members: Value) -> Vec<u8> {
    let source = json!({"settings": {"domain": "edge.example.net"}, "distributions": distributions});
    rmp_serde::to_vec_named(&merged(source, members)).unwrap()
}

pub fn load(distributions: Vec<Value>, members: Value) -> Result<Plan, Faults> {
    Plan::load(&source(distributions, members), &["", "first", "second"].map(String::from))
}

fn one(members: Value) -> Arc<Distribution> {
    load(vec![distribution(members)], json!({})).unwrap().distributions[0].clone()
}

/// Places (after the distribution's own) and messages of what is wrong.
fn faults(members: Value, others: Value) -> Vec<(String, String)> {
    let found = load(vec![distribution(members)], others).unwrap_err();
    let place = |place: &str| place.trim_start_matches("t: Resources.D.Properties.DistributionConfig.").to_owned();
    found.0.iter().map(|fault| (place(&fault.place), fault.message.clone())).collect()
}

#[test]
fn the_least_distribution_has_cloudfronts_defaults() {
    let plan = load(vec![distribution(json!({}))], json!({})).unwrap();
    let found = plan.distribution("d.edge.example.net").unwrap();
    assert!(found.enabled && found.http2 && found.behaviours.len() == 1);
    let (index, behaviour) = found.behaviour("/any/path").unwrap();
    assert_eq!((index, behaviour.target), (0, Target::Origin(0)));
    assert!(behaviour.allowed_methods.has(Method::Head) && !behaviour.allowed_methods.has(Method::Post));
    assert_eq!(behaviour.key.encodings, Encodings::new(true, true));
    let Rules::CloudFront(rules) = &behaviour.rules else { panic!() };
    assert_eq!((rules.min_ttl_s, rules.default_ttl_s, rules.max_ttl_s), (1, 86_400, 31_536_000));
    assert!(matches!(&found.origins[0].kind, Kind::Server(_)));
    assert_eq!(found.object_path("/"), "/");
    assert!(plan.distribution("other.example.net").is_none());
}

#[test]
fn an_empty_source_is_an_empty_plan() {
    assert!(Plan::load(&[], &[]).unwrap().distributions.is_empty());
    assert!(Plan::load(&[1, 2, 3], &[]).is_err());
    let (first, second) = (Plan::load(&[], &[]).unwrap(), Plan::load(&[], &[]).unwrap());
    assert_ne!(first.serial, second.serial);
}

#[test]
fn behaviours_are_tried_in_order_and_the_default_last() {
    let named = |pattern: &str, object: &str| behaviour(json!({"PathPattern": pattern, "TargetOriginId": object}));
    let origin = |id: &str| json!({"Id": id, "DomainName": "a.example.net", "CustomOriginConfig": {"OriginProtocolPolicy": "https-only"}});
    let found = one(json!({
        "Origins": [origin("o"), origin("a"), origin("b")],
        "CacheBehaviors": [named("/images/*.jpg", "a"), named("images/*", "b"), named("*.jpg", "a")],
        "DefaultRootObject": "index.html",
    }));
    let target = |path: &str| found.behaviour(path).map(|(n, behaviour)| (n, behaviour.target)).unwrap();
    assert_eq!(target("/images/a.jpg"), (0, Target::Origin(1)));
    assert_eq!(target("/images/a.png"), (1, Target::Origin(2)));
    assert_eq!(target("/%69mages//a.png"), (1, Target::Origin(2)));
    assert_eq!(target("/x/a.jpg"), (2, Target::Origin(1)));
    assert_eq!(target("/x/a.png"), (3, Target::Origin(0)));
    assert_eq!((found.object_path("/"), found.object_path("/x/")), ("/index.html", "/x/"));
}

#[test]
fn hosts_are_exact_before_wildcards() {
    let second = json!({"id": "E", "path": "t: Resources.E", "config": distribution(json!({"Aliases": ["*.a.example.com"]}))["config"]});
    let first = distribution(json!({"Aliases": ["WWW.a.example.com", "*.example.com"]}));
    let plan = load(vec![first, second], json!({})).unwrap();
    let id = |host: &str| plan.distribution(host).map(|found| found.id.as_str());
    for (host, expected) in [
        ("www.a.example.com", Some("d")),
        ("x.a.example.com", Some("E")),
        ("x.y.a.example.com", Some("E")),
        ("x.example.com", Some("d")),
        ("x.example.com.", Some("d")),
        ("example.com", None),
        ("a.example.com", Some("d")),
        ("e.edge.example.net", Some("E")),
    ] {
        assert_eq!(id(host), expected, "{host}");
    }
}

#[test]
fn policies_make_key_and_forwarding() {
    let cache = json!({"id": "c", "path": "t: Resources.C", "config": {"Name": "c", "MinTTL": 0, "DefaultTTL": 5, "MaxTTL": 50,
        "ParametersInCacheKeyAndForwardedToOrigin": {"EnableAcceptEncodingGzip": false,
            "HeadersConfig": {"HeaderBehavior": "whitelist", "Headers": ["X-B", "host", "CloudFront-Viewer-Country", "X-A"]},
            "CookiesConfig": {"CookieBehavior": "whitelist", "Cookies": ["a"]},
            "QueryStringsConfig": {"QueryStringBehavior": "allExcept", "QueryStrings": ["q", "r"]}}}});
    let request = json!({"id": "r", "path": "t: Resources.R", "config": {"Name": "r",
        "HeadersConfig": {"HeaderBehavior": "whitelist", "Headers": ["Referer", "CloudFront-Is-Mobile-Viewer"]},
        "CookiesConfig": {"CookieBehavior": "whitelist", "Cookies": ["b"]},
        "QueryStringsConfig": {"QueryStringBehavior": "whitelist", "QueryStrings": ["q"]}}});
    let config = distribution(
        json!({"DefaultCacheBehavior": behaviour(json!({"CachePolicyId": "c", "OriginRequestPolicyId": "r", "Compress": true}))}),
    );
    let plan = load(vec![config], json!({"cache_policies": [cache], "origin_request_policies": [request]})).unwrap();
    let (_, behaviour) = plan.distributions[0].behaviour("/").unwrap();
    let names = |names: &[&str]| names.iter().map(|name| String::from(*name)).collect::<Box<[String]>>();
    use crate::behaviour::Generated;
    let sent = |name: &str| KeyHeader::Sent(name.into());
    assert_eq!(
        *behaviour.key.headers,
        [KeyHeader::Generated(Generated::Country), KeyHeader::Host, sent("x-a"), sent("x-b")]
    );
    assert_eq!(behaviour.forward.cookies, Selection::Listed(names(&["a", "b"])));
    assert_eq!(behaviour.key.query, Selection::AllExcept(names(&["q", "r"])));
    assert_eq!(behaviour.forward.query, Selection::AllExcept(names(&["r"])));
    assert_eq!(behaviour.forward.headers, HeaderRule::Listed(names(&["referer"])));
    assert_eq!(*behaviour.forward.generated, [Generated::Country, Generated::IsMobile]);
    assert!(!behaviour.compress && !behaviour.forward.encodes);
    let Rules::CloudFront(rules) = &behaviour.rules else { panic!() };
    assert!(rules.forwards_cookies && !rules.keys_cookies);
    assert!(!plan.fingerprints);
}

#[test]
fn what_clients_say_first_is_looked_at_where_a_policy_asks_for_it() {
    for (name, expected) in [
        ("CloudFront-Viewer-TLS", false),
        ("CloudFront-Viewer-JA3-Fingerprint", true),
        ("cloudfront-viewer-ja4-fingerprint", true),
    ] {
        let request = json!({"id": "r", "path": "t: Resources.R", "config": {"Name": "r",
            "HeadersConfig": {"HeaderBehavior": "whitelist", "Headers": [name]},
            "CookiesConfig": {"CookieBehavior": "none"}, "QueryStringsConfig": {"QueryStringBehavior": "none"}}});
        let config = distribution(json!({"DefaultCacheBehavior": behaviour(json!({"OriginRequestPolicyId": "r"}))}));
        let plan = load(vec![config], json!({"origin_request_policies": [request]})).unwrap();
        assert_eq!(plan.fingerprints, expected, "{name}");
    }
}

#[test]
fn the_older_form_is_both_policies_in_one() {
    let older = |values: Value| {
        let mut behaviour = behaviour(json!({"ForwardedValues": values, "MinTTL": 3, "Compress": true}));
        behaviour.as_object_mut().unwrap().remove("CachePolicyId");
        one(json!({"DefaultCacheBehavior": behaviour}))
    };
    let found = older(
        json!({"QueryString": true, "QueryStringCacheKeys": ["a"], "Cookies": {"Forward": "all"}, "Headers": ["Origin"]}),
    );
    let behaviour = &found.behaviours[0];
    assert_eq!(
        (&behaviour.key.query, &behaviour.forward.query),
        (&Selection::Listed(["a".into()].into()), &Selection::All)
    );
    assert_eq!(behaviour.key.headers[..], [KeyHeader::Sent("origin".into())]);
    assert!(behaviour.compress && matches!(&behaviour.forward.headers, HeaderRule::Older(names) if names.len() == 1));
    let Rules::CloudFront(rules) = &behaviour.rules else { panic!() };
    assert_eq!((rules.min_ttl_s, rules.default_ttl_s), (3, 86_400));
    assert!(rules.forwards_cookies && rules.keys_cookies);
    let all = older(json!({"QueryString": false, "Headers": ["*"]}));
    let Rules::CloudFront(rules) = &all.behaviours[0].rules else { panic!() };
    assert_eq!((rules.max_ttl_s, &all.behaviours[0].forward.headers), (0, &HeaderRule::All));
}

/// Key, and `Host` for the origin, of a request to a listener on port 8080.
fn asked_for(plan: &Plan, authority: &str) -> (Vec<u8>, String) {
    use crate::behaviour::{Asked, Encodings, Purpose, forward::Hop};
    use edgeplane_http::{Connection, Request, Scheme};
    let local = "192.0.2.80:8080".parse().unwrap();
    let connection = Connection { client: local, local, scheme: Scheme::Http, tls: None };
    let request = Request { authority: authority.into(), path: "/".into(), ..Request::default() };
    let (viewer, asked) = (plan.viewer(&request, &connection), Asked { path: "/", query: None });
    let (_, behaviour) = plan.distributions[0].behaviour("/").unwrap();
    let mut key = Vec::new();
    behaviour.key.write("d", &viewer, asked, Encodings::NONE, &mut key);
    let hop = Hop { request_id: "-", name: "d" };
    (key, behaviour.forward.outgoing(&viewer, asked, Encodings::NONE, Purpose::Fill, hop).authority)
}

#[test]
fn a_port_that_nobody_listens_on_reaches_neither_origin_nor_key() {
    let forwards =
        |more: Value| load(vec![distribution(json!({"DefaultCacheBehavior": behaviour(more)}))], json!({})).unwrap();
    let all = forwards(json!({"OriginRequestPolicyId": "216adef6-5c7f-47e4-b989-5492eafa07d3"}));
    let (bare, ours) = (asked_for(&all, "d.example.net"), asked_for(&all, "d.example.net:8080"));
    assert_eq!(asked_for(&all, "d.example.net:1337"), bare);
    assert_eq!((bare.1.as_str(), ours.1.as_str()), ("d.example.net", "d.example.net:8080"));
    assert_ne!(bare.0, ours.0, "what the origin sees of it is in the key");
    let except = forwards(json!({"OriginRequestPolicyId": "b689b0a8-53d0-40ab-baf2-68738e2966ac"}));
    assert_eq!(asked_for(&except, "d.example.net"), asked_for(&except, "d.example.net:8080"));
}

#[test]
fn every_managed_policy_can_be_named() {
    let managed: Value = serde_json::from_str(include_str!("managed.json")).unwrap();
    let mut count = 0;
    for (list, property) in [
        ("cache_policies", "CachePolicyId"),
        ("origin_request_policies", "OriginRequestPolicyId"),
        ("response_headers_policies", "ResponseHeadersPolicyId"),
    ] {
        for policy in managed[list].as_array().unwrap() {
            one(json!({"DefaultCacheBehavior": behaviour(json!({property: policy["id"]}))}));
            count += 1;
        }
    }
    assert_eq!(count, 19);
}

#[test]
fn a_distribution_may_follow_rfc_9111() {
    let mut source =
        distribution(json!({"DefaultCacheBehavior": behaviour(json!({"OriginRequestPolicyId": ALL_VIEWER}))}));
    source["semantics"] = "rfc9111".into();
    let plan = load(vec![source], json!({})).unwrap();
    let Rules::Rfc9111(rules) = &plan.distributions[0].behaviours[0].rules else { panic!() };
    assert_eq!((rules.default_ttl_s, rules.max_ttl_s), (86_400, 31_536_000));
}

#[test]
fn a_distribution_may_fetch_ranges_in_slices() {
    let mut source = distribution(json!({}));
    assert!(!load(vec![source.clone()], json!({})).unwrap().distributions[0].slices);
    source["ranges"] = "slices".into();
    assert!(load(vec![source], json!({})).unwrap().distributions[0].slices);
}

/// A distribution whose origins `o` and `p` make a group, with what is said beside its properties.
fn pair(beside: Value) -> Value {
    let origin = |id: &str| json!({"Id": id, "DomainName": "a.example.net", "CustomOriginConfig": {"OriginProtocolPolicy": "http-only"}});
    let group = json!({"Id": "g", "Members": {"Items": [{"OriginId": "o"}, {"OriginId": "p"}]}, "FailoverCriteria": {"StatusCodes": {"Items": [500]}}});
    merged(
        distribution(
            json!({"Origins": [origin("o"), origin("p"), origin("alone")], "OriginGroups": {"Items": [group]}}),
        ),
        beside,
    )
}

#[test]
fn origins_have_the_slots_of_their_checks_and_groups_the_weights_of_their_members() {
    let beside =
        json!({"origin_health_checks": {"p": "first", "alone": "second"}, "origin_weights": {"o": 0, "p": 255}});
    let found = load(vec![pair(beside)], json!({})).unwrap().distributions[0].clone();
    let slot = |n: usize| found.origins[n].check.as_ref().map(|check| (check.id.as_str(), check.slot));
    assert_eq!([slot(0), slot(1), slot(2)], [None, Some(("first", 1)), Some(("second", 2))]);
    assert_eq!([0, 1, 2].map(|n: usize| found.origins[n].weight), [Some(0), Some(255), None]);
    let first = |distribution: &Distribution| {
        let mut random = edgeplane_base::random::Random::seeded(1);
        distribution.groups[0].choice.first([true, true], &mut random)
    };
    assert_eq!(first(&found), 1, "the primary weighs nothing");
    let before = load(vec![pair(json!({}))], json!({})).unwrap().distributions[0].clone();
    assert_eq!(first(&before), 0, "a plan of a release that knew neither");
    assert!(before.origins.iter().all(|origin| origin.check.is_none() && origin.weight.is_none()));
}

#[test]
fn what_is_wrong_with_checks_and_weights_is_said_at_its_place() {
    for (beside, place) in [
        (json!({"origin_health_checks": {"x": "first"}}), "OriginHealthChecks.x"),
        (json!({"origin_health_checks": {"o": "third"}}), "OriginHealthChecks.o"),
        (json!({"origin_health_checks": {"o": ""}}), "OriginHealthChecks.o"),
        (json!({"origin_weights": {"o": 1, "p": 1, "x": 1}}), "OriginWeights.x"),
        (json!({"origin_weights": {"o": 1}}), "OriginWeights"),
        (json!({"origin_weights": {"p": 1}}), "OriginWeights"),
    ] {
        let found = load(vec![pair(beside.clone())], json!({})).unwrap_err();
        let places: Vec<&str> = found.0.iter().map(|fault| fault.place.as_str()).collect();
        assert_eq!(places, [format!("t: Resources.D.Metadata.edgeplane.{place}")], "{beside}");
    }
    assert!(load(vec![pair(json!({"origin_weights": {"o": 256, "p": 1}}))], json!({})).is_err());
}

#[test]
fn directories_and_buckets_are_found_by_name() {
    let origin =
        |id: &str, name: &str| json!({"Id": id, "DomainName": name, "S3OriginConfig": {}, "OriginPath": "/v1"});
    let settings = json!({"settings": {"directories": {"files": "/srv/files"}, "buckets": {"media": {"endpoint": "http://s3.example.net:9000"}}}});
    let config = distribution(json!({"Origins": [origin("o", "files"), origin("b", "media")]}));
    let plan = load(vec![config], settings.clone()).unwrap();
    let kinds: Vec<bool> =
        plan.distributions[0].origins.iter().map(|origin| matches!(origin.kind, Kind::Directory(_))).collect();
    assert_eq!((kinds, plan.distributions[0].origins[0].path_prefix.as_str()), (vec![true, false], "/v1"));
    let found = faults(json!({"Origins": [origin("o", "other")]}), settings.clone());
    assert_eq!(found[0].0, "Origins[0].DomainName");
    let mut signed = origin("o", "media");
    signed["OriginAccessControlId"] = "x".into();
    assert_eq!(faults(json!({"Origins": [signed.clone()]}), settings.clone())[0].0, "Origins[0].OriginAccessControlId");
    let control = json!({"id": "x", "path": "t: Resources.X", "config": {"Name": "x", "OriginAccessControlOriginType": "s3",
        "SigningBehavior": "always", "SigningProtocol": "sigv4"}});
    let found = faults(json!({"Origins": [signed]}), merged(settings, json!({"origin_access_controls": [control]})));
    assert!(found[0].1.contains("no credentials_file"), "{found:?}");
}

fn keys(items: &[&str], secret: &std::path::Path) -> Value {
    json!({
        "public_keys": [{"id": "K", "path": "t: Resources.K", "config": {"Name": "k", "EncodedKey": PUBLIC_KEY}}],
        "signing_keys": [{"id": "S", "path": "t: Resources.S", "name": "s", "secret_file": secret}],
        "key_groups": [{"id": "G", "path": "t: Resources.G", "config": {"Name": "g", "Items": items}}],
    })
}

fn secret_file(name: &str, content: &str) -> std::path::PathBuf {
    let path = std::env::temp_dir().join(format!("edgeplane-plan-{}-{name}", std::process::id()));
    std::fs::write(&path, content).unwrap();
    path
}

#[test]
fn key_groups_are_trusted() {
    let file = secret_file("good", "0123456789abcdef0123456789abcdef\n");
    let config = || distribution(json!({"DefaultCacheBehavior": behaviour(json!({"TrustedKeyGroups": ["G"]}))}));
    let plan = load(vec![config()], keys(&["K", "S"], &file)).unwrap();
    let trusted = plan.distributions[0].behaviours[0].trusted.as_ref().unwrap();
    assert!(trusted.trusts("K") && trusted.trusts("S") && !trusted.trusts("X"));
    assert!(load(vec![config()], keys(&["K", "X"], &file)).unwrap_err().to_string().contains("no key \"X\""));
    let short = secret_file("short", "0123456789abcdef0123456789abcde\n");
    let found = load(vec![config()], keys(&["S"], &short)).unwrap_err();
    assert_eq!(found.0[0].place, "t: Resources.S.Properties.SecretFile");
    assert!(found.0[0].message.contains("has 31 octets"), "{found}");
    let missing = load(vec![config()], keys(&["S"], std::path::Path::new("/nonexistent/secret"))).unwrap_err();
    assert!(missing.0[0].message.contains("cannot be read"));
    [file, short].iter().for_each(|path| std::fs::remove_file(path).unwrap());
}

#[test]
fn what_cannot_be_read_costs_a_kept_plan_only_what_needs_it() {
    let nowhere = "/nonexistent/file";
    let config = json!({
        "DefaultCacheBehavior": behaviour(json!({"TrustedKeyGroups": ["G"]})),
        "Origins": [{"Id": "o", "DomainName": "media", "S3OriginConfig": {}, "OriginAccessControlId": "x"}],
        "Restrictions": {"GeoRestriction": {"RestrictionType": "blacklist", "Locations": ["DE"]}},
    });
    let bucket = json!({"endpoint": "http://s3.example.net:9000", "credentials_file": nowhere});
    let control = json!({"Name": "x", "OriginAccessControlOriginType": "s3", "SigningBehavior": "always", "SigningProtocol": "sigv4"});
    let others = json!({
        "settings": {"buckets": {"media": bucket}, "geo_database": nowhere},
        "origin_access_controls": [{"id": "x", "path": "t: Resources.X", "config": control}],
    });
    let source = source(vec![distribution(config)], merged(keys(&["K", "S"], nowhere.as_ref()), others));

    let (plan, unread) = Plan::load_readable(&source, &[]).unwrap();
    let places: Vec<&str> = unread.0.iter().map(|fault| fault.place.as_str()).collect();
    let expected = [nowhere, "t: Resources.S.Properties.SecretFile", "edge.buckets.media.credentials_file"];
    assert_eq!(places, expected, "{unread}");
    assert_eq!(Plan::load(&source, &[]).unwrap_err(), unread);
    let [one] = &plan.distributions[..] else { panic!("{} distributions", plan.distributions.len()) };
    let trusted = one.behaviours[0].trusted.as_ref().unwrap();
    assert!(trusted.trusts("K") && !trusted.trusts("S"));
    assert!(!one.geo_restriction.admits(None) && !one.geo_restriction.admits("FR".parse().ok()));
    let Kind::Bucket(bucket) = &one.origins[0].kind else { panic!("no bucket") };
    assert!(bucket.credentials.is_none() && bucket.signing != crate::origin::Signing::Never);
}

#[test]
fn what_is_wrong_is_said_at_its_place() {
    let with_default = |members: Value| json!({"DefaultCacheBehavior": behaviour(members)});
    let with_first =
        |members: Value| json!({"CacheBehaviors": [behaviour(merged(json!({"PathPattern": "/a"}), members))]});
    let group = |members: Value| json!({"OriginGroups": {"Items": [{"Id": "g", "Members": members, "FailoverCriteria": {"StatusCodes": {"Items": [500]}}}]}});
    let server =
        |config: Value| json!({"Origins": [{"Id": "o", "DomainName": "a.example.net", "CustomOriginConfig": config}]});
    let pair = behaviour(json!({"PathPattern": "a"}));
    let slashed = behaviour(json!({"PathPattern": "/a"}));
    let table = [
        (with_default(json!({"TargetOriginId": "x"})), "DefaultCacheBehavior.TargetOriginId"),
        (with_default(json!({"CachePolicyId": "x"})), "DefaultCacheBehavior.CachePolicyId"),
        (with_default(json!({"OriginRequestPolicyId": "x"})), "DefaultCacheBehavior.OriginRequestPolicyId"),
        (with_default(json!({"ResponseHeadersPolicyId": "x"})), "DefaultCacheBehavior.ResponseHeadersPolicyId"),
        (with_default(json!({"TrustedKeyGroups": ["x"]})), "DefaultCacheBehavior.TrustedKeyGroups[0]"),
        (with_default(json!({"AllowedMethods": ["TRACE"]})), "DefaultCacheBehavior.AllowedMethods"),
        (with_default(json!({"ForwardedValues": {"QueryString": true}})), "DefaultCacheBehavior.CachePolicyId"),
        (with_first(json!({"TargetOriginId": "x"})), "CacheBehaviors[0].TargetOriginId"),
        (with_first(json!({"PathPattern": "a b"})), "CacheBehaviors[0].PathPattern"),
        (json!({"CacheBehaviors": [pair, slashed]}), "CacheBehaviors[1].PathPattern"),
        (
            group(json!({"Items": [{"OriginId": "o"}, {"OriginId": "x"}]})),
            "OriginGroups.Items[0].Members.Items[1].OriginId",
        ),
        (
            group(json!({"Items": [{"OriginId": "o"}, {"OriginId": "o"}]})),
            "OriginGroups.Items[0].Members.Items[1].OriginId",
        ),
        (group(json!({"Items": [{"OriginId": "o"}]})), "OriginGroups.Items[0].Members"),
        (server(json!({"OriginProtocolPolicy": "x"})), "Origins[0].CustomOriginConfig.OriginProtocolPolicy"),
        (
            server(json!({"OriginProtocolPolicy": "http-only", "OriginSSLProtocols": ["SSLv3"]})),
            "Origins[0].CustomOriginConfig.OriginSSLProtocols",
        ),
        (
            server(json!({"OriginProtocolPolicy": "http-only", "OriginReadTimeout": 0})),
            "Origins[0].CustomOriginConfig.OriginReadTimeout",
        ),
        (json!({"Origins": [{"Id": "o", "DomainName": "a.example.net"}]}), "Origins[0]"),
        (json!({"Aliases": ["a.*.example.net"]}), "Aliases[0]"),
        (json!({"Aliases": ["a.example.net", "A.example.net"]}), "Aliases[1]"),
        (json!({"DefaultRootObject": "/index.html"}), "DefaultRootObject"),
        (json!({"WebACLId": "arn:x"}), "WebACLId"),
        (
            json!({"Restrictions": {"GeoRestriction": {"RestrictionType": "blacklist", "Locations": ["XX"]}}}),
            "Restrictions.GeoRestriction.Locations[0]",
        ),
    ];
    for (members, place) in table {
        let found = faults(members.clone(), json!({}));
        assert_eq!((found[0].0.as_str(), found.len()), (place, 1), "{members} {found:?}");
    }
}

#[test]
fn what_is_not_known_is_refused() {
    for members in [
        json!({"Enabled": "yes"}),
        json!({"Colour": "red"}),
        json!({"DefaultCacheBehavior": behaviour(json!({"X": 1}))}),
    ] {
        let found = load(vec![distribution(members)], json!({})).unwrap_err();
        assert_eq!(found.0[0].place, "t: Resources.D.Properties.DistributionConfig");
    }
}

#[test]
fn two_distributions_do_not_share_a_name() {
    let mut second = distribution(json!({"Aliases": ["a.example.net"]}));
    (second["id"], second["path"]) = ("e".into(), "t: Resources.E".into());
    let found = load(vec![distribution(json!({"Aliases": ["a.example.net"]})), second], json!({})).unwrap_err();
    assert_eq!(found.0[0].place, "t: Resources.E.Properties.DistributionConfig.Aliases[0]");
    let twins = load(vec![distribution(json!({})), distribution(json!({}))], json!({})).unwrap_err();
    assert!(twins.0[0].message.contains("same host name"));
}

#[test]
fn limits_hold_and_can_be_set() {
    let patterns = |count: usize| {
        let behaviours: Vec<Value> = (0..count).map(|n| behaviour(json!({"PathPattern": format!("/{n}")}))).collect();
        json!({"CacheBehaviors": behaviours})
    };
    assert!(load(vec![distribution(patterns(75))], json!({})).is_ok());
    let found = faults(patterns(76), json!({}));
    assert_eq!(found[0].0, "CacheBehaviors");
    let more = json!({"settings": {"limits": {"behaviours": 76}}});
    assert!(load(vec![distribution(patterns(76))], more).is_ok());
    let found =
        load(vec![], json!({"settings": {"limits": {"behaviours": 0, "colours": 1}, "trusted_proxies": ["x"]}}))
            .unwrap_err();
    let places: Vec<&str> = found.0.iter().map(|fault| fault.place.as_str()).collect();
    assert_eq!(places, ["edge.limits.behaviours", "edge.limits.colours", "edge.trusted_proxies[0]"]);
}

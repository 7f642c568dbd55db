//! A distribution that is open to signed requests alone, what its keys have signed, and what a request must show to be
//! let in.

use std::sync::LazyLock;

use edgeplane_edge::access::{Admitted, Moment, Refusal, Remembered, check};
use edgeplane_edge::plan::Plan;
use edgeplane_http::{Connection, Request, Scheme};
use edgeplane_sign::policy::Custom;
use edgeplane_sign::sigv4::{canonical_path, canonical_query};
use edgeplane_sign::{HashAlgorithm, Parameters, Signed, SigningKey, Url, canned, encoding, parameters, presigned};
use edgeplane_sign::{sign_canned, sign_custom};
use serde_json::{Value, json};

use crate::site;

/// The secret and the presigned URL of the example in the Amazon S3 API reference ("Authenticating Requests: Using
/// Query Parameters").
pub const SECRET: &[u8] = b"wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
pub const SECRET_ID: &str = "AKIAIOSFODNN7EXAMPLE";
pub const PRESIGNED: &str = "https://examplebucket.s3.amazonaws.com/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=\
    AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&\
    X-Amz-SignedHeaders=host&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404";

const OPEN: &str = "https://d.example.net/a/b.jpg?size=m";
const ENDS: u64 = 2_000_000_000;

/// Unix seconds and clients of requests: before, at and after everything that is signed, inside and outside.
pub const TIMES: [u64; 4] = [999_999_999, 1_369_353_605, 1_500_000_000, ENDS];
pub const CLIENTS: [&str; 4] = ["192.0.2.7", "::ffff:192.0.2.7", "203.0.113.1", "2001:db8::1"];

static PLAN: LazyLock<Plan> = LazyLock::new(plan);
/// Every document that a key of the distribution has signed.
static SIGNED: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let mut documents = customs().map(|custom| custom.document().into_bytes()).to_vec();
    documents.push(canned::policy(OPEN, ENDS).into_bytes());
    documents
});

fn plan() -> Plan {
    let path = site::path("secret");
    std::fs::write(&path, SECRET).unwrap();
    let key = |id: &str, text: &str| json!({"id": id, "path": id, "config": {"Name": id, "EncodedKey": text}});
    let source = json!({
        "settings": {"domain": "edge.example.net"},
        "distributions": [{"id": "d", "path": "D", "config": distribution()}],
        "public_keys": [
            key("ec", include_str!("../../sign/data/ec-public.pem")),
            key("rsa", include_str!("../../sign/data/rsa-public.pem")),
        ],
        "signing_keys": [{"id": SECRET_ID, "path": SECRET_ID, "secret_file": path}],
        "key_groups": [{"id": "G", "path": "G", "config": {"Name": "G", "Items": ["ec", "rsa", SECRET_ID]}}],
    });
    Plan::load(&rmp_serde::to_vec_named(&source).unwrap(), &[]).unwrap()
}

fn distribution() -> Value {
    let origin = json!({"Id": "o", "DomainName": "origin.example.net", "CustomOriginConfig": {"OriginProtocolPolicy": "http-only"}});
    let behaviour = json!({
        "TargetOriginId": "o",
        "ViewerProtocolPolicy": "allow-all",
        "CachePolicyId": "658327ea-f89d-4fab-a63d-7e88639e58f6",
        "TrustedKeyGroups": ["G"],
    });
    json!({"Enabled": true, "Origins": [origin], "DefaultCacheBehavior": behaviour})
}

fn customs() -> [Custom<'static>; 2] {
    let wide = Custom { resource: "*", date_less_than: ENDS, date_greater_than: None, ip_address: None };
    let narrow = Custom {
        resource: "http*://d.example.net/a/*",
        date_less_than: ENDS,
        date_greater_than: Some(1_000_000_000),
        ip_address: Some("192.0.2.0/24"),
    };
    [wide, narrow]
}

/// Every key with a hash that it makes.
fn keys() -> [(&'static str, HashAlgorithm, SigningKey); 5] {
    let pem = |text| SigningKey::from_pem(text).unwrap();
    let rsa = || pem(include_str!("../../sign/data/rsa.pem"));
    let ec = || pem(include_str!("../../sign/data/ec.pem"));
    [
        ("rsa", HashAlgorithm::Sha1, rsa()),
        ("rsa", HashAlgorithm::Sha256, rsa()),
        ("ec", HashAlgorithm::Sha1, ec()),
        ("ec", HashAlgorithm::Sha256, ec()),
        (SECRET_ID, HashAlgorithm::HmacSha256, SigningKey::from_secret(SECRET).unwrap()),
    ]
}

/// Requests that are let in: a URL, then a line for each `Cookie` field.
pub fn opening() -> Vec<String> {
    let mut texts = vec![PRESIGNED.to_owned()];
    for (id, hash, key) in keys() {
        let mut signed = customs().map(|custom| sign_custom(&key, id, hash, &custom.document()).unwrap()).to_vec();
        signed.push(sign_canned(&key, id, hash, OPEN, ENDS).unwrap());
        texts.extend(signed.iter().flat_map(|signed| [signed.url(OPEN), with_cookies(signed)]));
    }
    texts
}

fn with_cookies(signed: &Signed) -> String {
    let cookies: Vec<String> = signed.cookies().iter().map(|(name, value)| format!("{name}={value}")).collect();
    format!("{OPEN}\na=b; {}", cookies.join("; "))
}

/// A request in the form of `opening`; none where its first line is no URL.
pub fn request(text: &str) -> Option<(Scheme, Request)> {
    let mut lines = text.split('\n');
    let Url { scheme, authority, path, query } = Url::parse(lines.next()?)?;
    let fields = lines.map(|line| ("Cookie", line)).collect();
    let query = query.map(str::to_owned);
    let scheme = if scheme == "https" { Scheme::Https } else { Scheme::Http };
    Some((scheme, Request { authority: authority.into(), path: path.into(), query, fields, ..Request::default() }))
}

/// Asks the distribution.
pub fn knock(
    (scheme, request): &(Scheme, Request),
    (now_s, client): (u64, &str),
    remembered: &mut Remembered,
) -> Result<Admitted<'static>, Refusal> {
    let local = "192.0.2.1:443".parse().unwrap();
    let connection = Connection {
        client: (client.parse::<std::net::IpAddr>().unwrap(), 1).into(),
        local,
        scheme: *scheme,
        tls: None,
    };
    let distribution = &PLAN.distributions[0];
    let (_, behaviour) = distribution.behaviour(&request.path).unwrap();
    let moment = Moment { now_s, plan: PLAN.serial, remembered };
    let admitted = check(distribution, behaviour, &PLAN.viewer(request, &connection), moment)?;
    Ok(Admitted { query: admitted.query.map(|query| query.into_owned().into()), grant: admitted.grant })
}

/// Whether what a request shows is something that one of the keys has signed, as far as one can see without arithmetic.
pub fn is_ours((scheme, request): &(Scheme, Request)) -> bool {
    let query = request.query.as_deref();
    if let Some(query) = query.filter(|query| presigned::is_presigned(query)) {
        return is_the_example(request, query);
    }
    let scheme = if *scheme == Scheme::Https { "https" } else { "http" };
    let stripped = query.and_then(parameters::strip);
    let url = Url { scheme, authority: &request.authority, path: &request.path, query: stripped.as_deref() };
    let shown = query.and_then(|query| Parameters::from_query(query).unwrap());
    let Some(shown) = shown.or_else(|| Parameters::from_cookies(request.fields.all("cookie")).unwrap()) else {
        return false;
    };
    let document = match (shown.policy, shown.expires) {
        (Some(policy), None) => encoding::decode(policy).unwrap(),
        (None, Some(expires)) => canned::policy(&url.to_string(), expires.parse().unwrap()).into_bytes(),
        _ => return false,
    };
    SIGNED.contains(&document)
}

fn is_the_example(request: &Request, query: &str) -> bool {
    let example = Url::parse(PRESIGNED).unwrap();
    let signed = |query: &str| {
        let pairs: Vec<&str> = query.split('&').filter(|pair| !pair.starts_with("X-Amz-Signature=")).collect();
        canonical_query(&pairs.join("&"))
    };
    request.authority == example.authority
        && canonical_path(&request.path) == example.path
        && signed(query) == signed(example.query.unwrap())
}

//! Signatures of others are verified, ours are those of others, and nothing else is.

use std::sync::Arc;

use crate::*;

const SECRET: &[u8] = b"0123456789abcdef0123456789abcdef";
const URL: Url<'_> = Url { scheme: "https", authority: "d.example.net", path: "/a/b.jpg", query: Some("size=m") };
const ENDS: u64 = 2_000_000_000;
const VECTORS: &str = include_str!("../data/vectors.txt");

fn custom() -> String {
    let custom = policy::Custom {
        resource: "https://d.example.net/a/*",
        date_less_than: ENDS,
        date_greater_than: Some(1_000_000_000),
        ip_address: Some("192.0.2.0/24"),
    };
    custom.document()
}

fn verifier() -> Verifier {
    let keys = [
        ("rsa", Key::from_pem(include_str!("../data/rsa-public.pem"))),
        ("ec", Key::from_pem(include_str!("../data/ec-public.pem"))),
        ("secret", Key::from_secret(SECRET)),
    ];
    Verifier::new(keys.map(|(id, key)| (id.into(), Arc::new(key.unwrap()))))
}

/// (key, hash, policy, signature)
fn vectors() -> Vec<[&'static str; 4]> {
    let lines = VECTORS.lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| line.split(' ').collect::<Vec<_>>().try_into().unwrap()).collect()
}

fn parameters<'p>([key, hash, kind, signature]: [&'p str; 4], policy: &'p str) -> Parameters<'p> {
    let canned = kind == "canned";
    Parameters {
        expires: canned.then_some("2000000000"),
        policy: (!canned).then_some(policy),
        signature: Some(signature),
        key_pair_id: Some(key),
        hash_algorithm: (hash != "SHA1").then_some(hash),
    }
}

fn verify(url: &Url<'_>, parameters: &Parameters<'_>) -> Result<Grant, Denied> {
    verifier().verify(url, parameters, 1_500_000_000, "192.0.2.7".parse().unwrap())
}

#[test]
fn signatures_of_openssl_are_right() {
    let policy = encoding::encode(custom().as_bytes());
    assert_eq!(vectors().len(), 10);
    for vector in vectors() {
        let grant = verify(&URL, &parameters(vector, &policy));
        assert_eq!(grant, Ok(Grant { expires: ENDS, key_id: vector[0].into() }), "{vector:?}");
    }
}

#[test]
fn any_other_url_policy_key_or_hash_is_not_signed() {
    let policy = encoding::encode(custom().as_bytes());
    for vector in vectors() {
        let sent = parameters(vector, &policy);
        let elsewhere = Url { authority: "e.example.net", ..URL };
        assert!(verify(&elsewhere, &sent).is_err(), "{vector:?}");
        let longer = Parameters { expires: sent.expires.map(|_| "2000000001"), ..sent };
        let wider = encoding::encode(custom().replace("/a/*", "/*").as_bytes());
        let longer = Parameters { policy: sent.policy.map(|_| &*wider), ..longer };
        assert_eq!(verify(&URL, &longer), Err(Denied::WrongSignature), "{vector:?}");
        for hash in ["SHA1", "SHA256", "HMAC-SHA256", "sha256", ""].into_iter().filter(|&hash| hash != vector[1]) {
            let other = Parameters { hash_algorithm: Some(hash), ..sent };
            assert!(
                matches!(verify(&URL, &other), Err(Denied::WrongSignature | Denied::UnknownAlgorithm)),
                "{vector:?} {hash}"
            );
        }
        for key in ["rsa", "ec", "secret"].into_iter().filter(|&key| key != vector[0]) {
            assert!(verify(&URL, &Parameters { key_pair_id: Some(key), ..sent }).is_err(), "{vector:?} {key}");
        }
    }
}

#[test]
fn what_is_missing_is_named() {
    let policy = encoding::encode(custom().as_bytes());
    let sent = parameters(vectors()[0], &policy);
    let table = [
        (Parameters { key_pair_id: None, ..sent }, Denied::MissingKey),
        (Parameters { key_pair_id: Some("x"), ..sent }, Denied::UnknownKey),
        (Parameters { signature: None, ..sent }, Denied::MalformedSignature),
        (Parameters { signature: Some("a+b="), ..sent }, Denied::MalformedSignature),
        (Parameters { expires: None, ..sent }, Denied::MalformedPolicy),
        (Parameters { expires: Some("+2000000000"), ..sent }, Denied::MalformedPolicy),
        (Parameters { expires: Some("02000000000"), ..sent }, Denied::MalformedPolicy),
        (Parameters { expires: Some(""), ..sent }, Denied::MalformedPolicy),
        (Parameters { policy: Some(&policy), ..sent }, Denied::Ambiguous),
        (Parameters { expires: Some("1400000000"), ..sent }, Denied::Expired),
    ];
    for (parameters, reason) in table {
        assert_eq!(verify(&URL, &parameters), Err(reason), "{parameters:?}");
    }
}

fn signing_keys() -> [(&'static str, SigningKey); 5] {
    let pem = |text: &str| SigningKey::from_pem(text).unwrap();
    [
        ("rsa", pem(include_str!("../data/rsa.pem"))),
        ("rsa", pem(include_str!("../data/rsa-pkcs8.pem"))),
        ("ec", pem(include_str!("../data/ec.pem"))),
        ("ec", pem(include_str!("../data/ec-pkcs8.pem"))),
        ("secret", SigningKey::from_secret(SECRET).unwrap()),
    ]
}

#[test]
fn what_we_sign_is_verified_and_as_openssl_signs_it() {
    for (id, key) in signing_keys() {
        for hash in [HashAlgorithm::Sha1, HashAlgorithm::Sha256, HashAlgorithm::HmacSha256] {
            let canned = sign_canned(&key, id, hash, &URL.to_string(), ENDS);
            let custom = sign_custom(&key, id, hash, &custom());
            if (id == "secret") != (hash == HashAlgorithm::HmacSha256) {
                assert!(canned.is_err() && custom.is_err());
                continue;
            }
            for (kind, signed) in [("canned", canned.unwrap()), ("custom", custom.unwrap())] {
                let url = signed.url("https://d.example.net/a/b.jpg?size=m");
                let query = url.split_once('?').unwrap().1;
                let sent = Parameters::from_query(query).unwrap().unwrap();
                assert_eq!(parameters::strip(query).as_deref(), URL.query);
                assert!(verify(&URL, &sent).is_ok(), "{id} {hash:?} {kind}");
                let theirs = vectors().into_iter().find(|vector| vector[..3] == [id, hash.name(), kind]).unwrap();
                assert!(id == "ec" || sent.signature == Some(theirs[3]), "{id} {hash:?} {kind}");
                let cookies: Vec<String> =
                    signed.cookies().iter().map(|(name, value)| format!("{name}={value}")).collect();
                let field = cookies.join("; ");
                assert_eq!(Parameters::from_cookies([field.as_bytes()].into_iter()), Ok(Some(sent)));
            }
        }
    }
}

#[test]
fn keys_that_are_too_weak_or_of_another_kind_are_refused() {
    for text in [
        include_str!("../data/rsa-1024-public.pem"),
        include_str!("../data/p384-public.pem"),
        include_str!("../data/rsa.pem"),
        "",
        "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
        "-----BEGIN PUBLIC KEY-----\n",
    ] {
        assert!(Key::from_pem(text).is_err(), "{text}");
        assert_eq!(SigningKey::from_pem(text).is_ok(), text.contains("RSA PRIVATE"), "{text}");
    }
    assert!(Key::from_secret(&SECRET[1..]).is_err() && SigningKey::from_secret(&SECRET[1..]).is_err());
}

#[test]
fn urls_that_could_not_be_asked_for_are_not_signed() {
    let key = SigningKey::from_secret(SECRET).unwrap();
    for url in [
        "ftp://d/a",
        "/a",
        "https://",
        "https://d/a b",
        "https://d/a#b",
        "https://d/a?Expires=1",
        "https://d/?x&Policy=1",
    ] {
        assert!(sign_canned(&key, "k", HashAlgorithm::HmacSha256, url, ENDS).is_err(), "{url}");
    }
    assert!(sign_custom(&key, "k", HashAlgorithm::HmacSha256, "{}").is_err());
}

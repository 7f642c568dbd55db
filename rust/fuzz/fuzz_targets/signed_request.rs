//! A URL and cookies → in or out. In comes only what shows something that a key of the distribution has signed, whether or
//! not signatures are remembered. The lines after the URL, taken as a policy and signed, open what the policy says; with
//! another signature they open nothing. The first octet chooses the time and the client.
#![no_main]

use std::net::IpAddr;
use std::sync::{Arc, LazyLock};

use edgeplane_edge::access::Remembered;
use edgeplane_fuzz::gate::{self, CLIENTS, SECRET, SECRET_ID, TIMES};
use edgeplane_sign::{HashAlgorithm, Key, Parameters, Policy, SigningKey, Url, Verifier, canned, encoding};
use libfuzzer_sys::fuzz_target;

static OPENING: LazyLock<Vec<String>> = LazyLock::new(gate::opening);
static KEY: LazyLock<SigningKey> = LazyLock::new(|| SigningKey::from_secret(SECRET).unwrap());
static VERIFIER: LazyLock<Verifier> =
    LazyLock::new(|| Verifier::new([(SECRET_ID.into(), Arc::new(Key::from_secret(SECRET).unwrap()))]));

fuzz_target!(|data: &[u8]| {
    let Some((&choice, rest)) = data.split_first() else { return };
    let Ok(text) = str::from_utf8(rest) else { return };
    let moment = (TIMES[usize::from(choice & 3)], CLIENTS[usize::from(choice >> 2 & 3)]);
    only_what_is_signed_comes_in(text, moment, usize::from(choice >> 4));
    if let Some((url, document)) = text.split_once('\n') {
        a_policy_opens_what_it_says(url, document.as_bytes(), moment);
    }
});

fn only_what_is_signed_comes_in(text: &str, moment: (u64, &str), other: usize) {
    let Some(request) = gate::request(text) else { return };
    let outcome = gate::knock(&request, moment, &mut Remembered::default());
    assert!(outcome.is_err() || gate::is_ours(&request), "in without a signature: {text}");
    let mut remembered = Remembered::new(2);
    let other = &OPENING[other % OPENING.len()];
    let _ = gate::knock(&gate::request(other).unwrap(), moment, &mut remembered);
    for _ in 0..2 {
        assert_eq!(gate::knock(&request, moment, &mut remembered), outcome, "remembered as verified");
    }
}

fn a_policy_opens_what_it_says(url: &str, document: &[u8], (now_s, client): (u64, &str)) {
    let Some(url) = Url::parse(url) else { return };
    let client: IpAddr = client.parse().unwrap();
    let (policy, expires) = (encoding::encode(document), now_s + document.len() as u64 % 3 - 1);
    let canned = canned::policy(&url.to_string(), expires);
    let hash_algorithm = Some(HashAlgorithm::HmacSha256.name());
    let shown = Parameters { key_pair_id: Some(SECRET_ID), hash_algorithm, ..Parameters::default() };
    let expected = Policy::parse(document).and_then(|policy| policy.allows(&url, now_s, client));
    let custom = Parameters { policy: Some(&policy), ..shown };
    judge(document, &url, &custom, (now_s, client), expected.is_ok());
    let written = expires.to_string();
    let until = Parameters { expires: Some(&written), ..shown };
    judge(canned.as_bytes(), &url, &until, (now_s, client), now_s < expires);
}

fn judge(document: &[u8], url: &Url<'_>, shown: &Parameters<'_>, (now_s, client): (u64, IpAddr), opens: bool) {
    let mut signature = KEY.sign(HashAlgorithm::HmacSha256, document).unwrap();
    let verify = |signature: &[u8]| {
        let signature = encoding::encode(signature);
        VERIFIER.verify(url, &Parameters { signature: Some(&signature), ..*shown }, now_s, client).is_ok()
    };
    assert_eq!(verify(&signature), opens);
    signature[document.len() % 32] ^= 1 << (document.len() % 8);
    assert!(!verify(&signature), "another signature");
    assert!(!verify(&[]) && !verify(&signature[..31]));
}

//! Octets as the beginning of a connection behind a proxy: PROXY protocol, versions 1 and 2. However they are cut, they are
//! the same header, or none; nobody waits for more than the longest; what is said, written in both versions, says the same.
#![no_main]

use edgeplane_fuzz::edge_seeds::proxy_header;
use edgeplane_net::proxy_protocol::{Header, LONGEST, Parsed, parse};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|octets: &[u8]| {
    let mut judged = Ok(Parsed::Partial);
    for end in 0..=octets.len().min(LONGEST + 16) {
        let outcome = parse(&octets[..end]);
        match judged {
            Ok(Parsed::Partial) => assert!(!matches!(outcome, Ok(Parsed::Whole(length, _)) if length != end)),
            Ok(Parsed::Whole(..)) => assert_eq!(outcome, judged, "what follows a header is not looked at"),
            Err(_) => assert!(outcome.is_err(), "what is none does not become one"),
        }
        assert!(end < LONGEST || outcome != Ok(Parsed::Partial));
        judged = outcome;
    }
    if let Ok(Parsed::Whole(_, said @ Header::Proxied { client, local })) = judged {
        for written in proxy_header(client, local) {
            assert_eq!(parse(&written), Ok(Parsed::Whole(written.len(), said)));
        }
    }
});

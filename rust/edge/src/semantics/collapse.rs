//! May requests wait for one fetch of their key?

use edgeplane_http::{Method, Request};

use super::Rules;
use super::cache_control::RequestDirectives;

/// Whether a request may wait for another's response before that is known. Once it is, `Storing::serves_waiters` says whether
/// the others may have it: with CloudFront's rules that is how a minimum TTL of 0 with `private`, `no-store`, `no-cache` or
/// `max-age=0` switches waiting off, because the key is then remembered.
pub fn may_collapse(rules: &Rules, request: &Request) -> bool {
    let get = matches!(request.method, Method::Get | Method::Head);
    match rules {
        Rules::CloudFront(rules) => get && !rules.forwards_cookies,
        Rules::Rfc9111(rules) if rules.heeds_requests => {
            let wanted = RequestDirectives::of(&request.fields);
            get && !wanted.no_store && !wanted.no_cache
        }
        Rules::Rfc9111(_) => get,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::semantics::sample::{at, get, response, rfc9111};
    use crate::semantics::{CloudFrontRules, store};

    #[test]
    fn who_waits() {
        let cookies = CloudFrontRules { forwards_cookies: true, ..CloudFrontRules::default() };
        assert!(may_collapse(&Rules::CloudFront(CloudFrontRules::default()), &get(&[("Cache-Control", "no-cache")])));
        assert!(!may_collapse(&Rules::CloudFront(cookies), &get(&[])));
        assert!(!may_collapse(&rfc9111(), &get(&[("Cache-Control", "no-cache")])));
        assert!(may_collapse(&rfc9111(), &get(&[])));
        assert!(!may_collapse(&rfc9111(), &Request { method: Method::Post, ..get(&[]) }));
    }

    #[test]
    fn who_is_served_by_another_ones_fetch() {
        let with_min = |min_ttl_s| Rules::CloudFront(CloudFrontRules { min_ttl_s, ..CloudFrontRules::default() });
        for (min_ttl_s, said, expected) in [
            (0, "max-age=5", true),
            (0, "", true),
            (0, "private", false),
            (0, "no-store", false),
            (0, "no-cache", false),
            (0, "max-age=0", false),
            (1, "private", true),
            (1, "no-store", true),
            (1, "no-cache", true),
            (1, "max-age=0", true),
        ] {
            let response = response(200, &[("Cache-Control", said), ("ETag", "\"a\"")]);
            let storing = store(&with_min(min_ttl_s), &get(&[]), &response, at(0), at(0));
            assert_eq!(storing.serves_waiters(at(0)), expected, "{min_ttl_s} {said}");
        }
    }
}

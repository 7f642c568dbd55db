//! Numbers of a plan that someone may ask "why?" of. `settings.limits` may change those whose range is more than one number.

use edgeplane_base::limits;

limits! {
    /// Behaviours of a distribution beside the default one.
    BEHAVIOURS = "behaviours": 75, 1..=1000 "behaviours of a distribution", "CloudFront's quota; each is tried in turn for each request";
    /// Origins of a distribution.
    ORIGINS = "origins": 100, 1..=1000 "origins of a distribution", "CloudFront's quota";
    /// Origin groups of a distribution.
    ORIGIN_GROUPS = "origin_groups": 10, 1..=1000 "origin groups of a distribution", "CloudFront's quota";
    /// Aliases of a distribution.
    ALIASES = "aliases": 100, 1..=10000 "aliases of a distribution", "CloudFront's quota";
    /// Key groups that a behaviour trusts.
    KEY_GROUPS = "key_groups": 4, 1..=100 "key groups of a behaviour", "CloudFront's quota";
    /// Keys of a key group.
    KEYS = "keys": 5, 1..=100 "keys of a key group", "CloudFront's quota";
    /// Open connections.
    CONNECTIONS = "connections": 16384, 1..=1000000 "connections", "a few KiB each while idle, two descriptors while they wait for an origin";
    /// Open connections of one client: an IPv4 address, an IPv6 /64.
    CONNECTIONS_PER_PREFIX = "connections_per_prefix": 4096, 1..=1000000 "connections", "a proxy of a large network in front of its users; four of them are needed to fill the node";
    /// Requests of one client a second; 0: as many as come.
    REQUESTS_PER_SECOND = "requests_per_second": 0, 0..=1000000 "requests a second", "an operator knows the clients of a site, a default does not";
    /// Time for a whole request head.
    HEAD_TIMEOUT_S = "head_timeout_s": 10, 1..=300 "seconds", "a head is one packet or two; who takes longer holds a place";
    /// Time without a request after which a connection is closed.
    KEEP_ALIVE_TIMEOUT_S = "keep_alive_timeout_s": 60, 1..=3600 "seconds", "nginx 75 s, browsers close after 60 to 300 s";
    /// Smallest rate of content, in and out, while a connection waits for its client.
    MINIMUM_RATE = "minimum_rate": 500, 1..=1000000 "octets a second", "Apache httpd mod_reqtimeout: MinRate=500";
    /// Seconds at the smallest rate that a client may lag with reading an answer.
    SEND_GRACE_S = "send_grace_s": 30, 1..=3600 "seconds", "the kernel reports room only when a third of a large buffer is free, which at a slow modem's rate takes a while";
    /// Names in one list of a policy.
    NAMES = "policy_names": 10, 1..=1000 "names in a list of a policy", "CloudFront's quota for cookies, headers and query strings; each is compared for each request";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_default_is_in_its_own_range() {
        for limit in ALL {
            limit.check(limit.default).unwrap();
        }
    }
}

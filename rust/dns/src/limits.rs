//! Numbers of this crate that someone may ask "why?" of.

use edgeplane_base::limits;

limits! {
    /// Largest UDP answer.
    UDP_PAYLOAD_SIZE = "dns.udp_payload_size": 1232, 512..=4096 "octets", "DNS flag day 2020: 1280 of IPv6's smallest MTU less the headers, so that nothing is fragmented";
    /// Name-server identifier.
    NSID_LENGTH = "dns.nsid": 0, 0..=128 "octets", "beside the longest question and all other options it fits the 512 octets that every client takes";
    /// Answer to id.server.
    ID_SERVER_LENGTH = "dns.id_server": 0, 0..=255 "octets", "one character string (RFC 1035 section 3.3)";
    /// Largest UDP answer to a query without EDNS.
    UDP_PLAIN_SIZE = "udp answer without EDNS": 512, 512..=512 "octets", "RFC 1035 section 4.2.1";
    /// Largest answer over TCP.
    TCP_ANSWER_SIZE = "tcp answer": 65535, 65535..=65535 "octets", "the length in front of a message has two octets (RFC 1035 section 4.2.2)";
    /// Largest query taken over TCP.
    TCP_QUERY_SIZE = "tcp query": 4096, 512..=65535 "octets", "a question, an OPT with padding and a signature fit four times over; what is longer holds memory for nothing";
    /// Answers gathered for one write to a TCP connection.
    TCP_WRITE_SIZE = "tcp gathered answers": 16384, 512..=1048576 "octets", "a hundred common answers in a write; a client that pipelines without reading holds this and one answer, on each of its connections";
    /// Time without a whole query after which a TCP connection is closed.
    TCP_IDLE_TIMEOUT_S = "dns.tcp.idle_timeout_s": 10, 1..=3600 "seconds", "RFC 7766 section 6.2.3: in the order of a few seconds, longer for clients that come back";
    /// Time in which a client must take what was written to it.
    TCP_WRITE_TIMEOUT_S = "tcp write": 10, 1..=3600 "seconds", "a client that does not read must not hold a place for longer than one that does not ask";
    /// TCP connections open at once.
    TCP_CONNECTIONS = "dns.tcp.connections": 4096, 1..=1000000 "connections", "about 1 KiB each while idle; half of the 8,192 descriptors that a process can count on";
    /// TCP connections open at once from one client prefix.
    TCP_CONNECTIONS_PER_PREFIX = "dns.tcp.connections_per_prefix": 64, 1..=1000000 "connections", "a resolver farm needs a handful; 64 prefixes are needed to fill the node";
    /// Waiting after a connection could not be taken for want of descriptors.
    TCP_ACCEPT_PAUSE_MS = "tcp accept pause": 100, 1..=10000 "milliseconds", "long enough not to spin, short enough to take part again at once";
    /// Connections that the kernel holds until they are taken.
    TCP_BACKLOG = "tcp backlog": 1024, 1..=65535 "connections", "a burst of truncated UDP answers comes back as connections within one round trip";
    /// IPv4 bits counted together as one client of TCP.
    TCP_IPV4_PREFIX = "tcp IPv4 prefix": 24, 1..=32 "bits", "the smallest network that is routed";
    /// IPv6 bits counted together as one client of TCP.
    TCP_IPV6_PREFIX = "tcp IPv6 prefix": 56, 1..=128 "bits", "what one customer is commonly given";
    /// IPv4 bits counted together as one client of response rate limiting.
    RRL_IPV4_PREFIX = "dns.rrl.ipv4_prefix": 24, 1..=32 "bits", "NSD and BIND: the smallest network that is routed";
    /// IPv6 bits counted together as one client of response rate limiting.
    RRL_IPV6_PREFIX = "dns.rrl.ipv6_prefix": 64, 1..=128 "bits", "NSD: one link, the smallest network of many hosts";
    /// Answers of one kind a second and client prefix.
    RRL_RATE = "dns.rrl.responses_per_second": 200, 1..=1000000 "answers a second", "NSD rrl-ratelimit";
    /// One in this many answers over the rate goes out truncated.
    RRL_SLIP = "dns.rrl.slip": 2, 0..=10 "answers", "NSD rrl-slip: real clients behind a forged prefix come back over TCP after two tries";
    /// Counters of response rate limiting.
    RRL_TABLE_SIZE = "dns.rrl.table_size": 65536, 1024..=16777216 "counters", "8 octets each, 512 KiB stay in a core's cache (a million cost 80 ns a query more); a counter without debt may be lost, and only 200,000 queries a second divided by the rate have any, so that this lasts beyond 10 million a second";
    /// How long an answer's worth of excess can still count.
    RRL_WINDOW_S = "rrl window": 5, 1..=60 "seconds", "nothing passes while a flood lasts; NSD forgets 6,400 a second in five, BIND after 15";
    /// Oldest server cookie taken.
    COOKIE_AGE_S = "cookie age": 3600, 3600..=3600 "seconds", "RFC 9018 section 4.3";
    /// Server cookies made by a clock that is ahead of ours.
    COOKIE_FUTURE_S = "cookie from the future": 300, 300..=300 "seconds", "RFC 9018 section 4.3";
    /// Age from which a good cookie is replaced.
    COOKIE_RENEW_S = "cookie renewal": 1800, 1800..=1800 "seconds", "RFC 9018 section 4.3: half an hour";
    /// Datagrams taken from the kernel in one call.
    BATCH_WIDTH = "udp batch": 32, 1..=1024 "datagrams", "gdnsd takes 16, Knot 10, NSD 100: the gain is over by then and the last datagram waits for the first";
    /// CNAME records followed for one answer.
    CNAME_CHAIN = "CNAME chain": 16, 1..=64 "records", "an adversary writes rings; resolvers give up at 8 to 20";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_default_is_in_its_own_range() {
        for limit in ALL {
            limit.check(limit.default).unwrap();
            assert!(!limit.why.is_empty() && !limit.unit.is_empty());
        }
    }
}

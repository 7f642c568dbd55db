//! Counters of the answering threads: each thread writes its own, anyone may add them up.

use edgeplane_base::counters;
use edgeplane_base::metrics::Counter;

use crate::routing::Kind;

counters! {
    /// One thread's counters, alone on their cache lines.
    Counters, Totals, HELP, "";
    queries_udp_ipv4: "Queries over UDP and IPv4",
    queries_udp_ipv6: "Queries over UDP and IPv6",
    queries_tcp_ipv4: "Queries over TCP and IPv4",
    queries_tcp_ipv6: "Queries over TCP and IPv6",
    queries_ecs: "Queries with an EDNS client subnet",
    responses_noerror: "Answers with NOERROR",
    responses_formerr: "Answers with FORMERR",
    responses_servfail: "Answers with SERVFAIL",
    responses_nxdomain: "Answers with NXDOMAIN",
    responses_notimp: "Answers with NOTIMP",
    responses_refused: "Answers with REFUSED",
    responses_badvers: "Answers with BADVERS",
    responses_badcookie: "Answers with BADCOOKIE",
    responses_other: "Answers with any other response code",
    responses_truncated: "Answers with TC because they did not fit",
    dropped_malformed: "Packets without an answer: no whole header, or answers themselves",
    receive_errors: "Receiving that failed on a UDP socket and was tried again",
    send_errors: "Answers over UDP that the system did not take",
    acl_refused: "Queries refused because query_acl does not name the client",
    rrl_slipped: "Answers sent empty and truncated by response rate limiting",
    rrl_dropped: "Answers held back by response rate limiting",
    cookies_good: "Queries with a good server cookie",
    cookies_bad: "Queries with a wrong, old or malformed server cookie",
    cookies_client_only: "Queries with a client cookie alone",
    cookies_absent: "Queries without a cookie",
    answers_simple: "Answers without a routing policy",
    answers_weighted: "Answers by weighted routing",
    answers_latency: "Answers by latency routing",
    answers_failover: "Answers by failover routing",
    answers_geolocation: "Answers by geolocation routing",
    answers_geoproximity: "Answers by geoproximity routing",
    answers_multivalue: "Answers by multivalue routing",
    answers_ip_based: "Answers by IP-based routing",
    panics: "Panics caught on serving threads",
    query_log_dropped: "Lines of the query log that found no room",
    tcp_open: "TCP connections open now",
    tcp_accepted: "TCP connections accepted",
    tcp_refused: "TCP connections closed at once: too many, too many of one prefix, or no descriptor left",
    tcp_evicted: "TCP connections closed to make room for new ones",
    tcp_timed_out: "TCP connections closed because nothing whole came or nothing was taken in time",
}

impl Counters {
    /// The counter of a response code (extended ones included).
    #[inline]
    pub fn response(&self, rcode: u16) -> &Counter {
        match rcode {
            0 => &self.responses_noerror,
            1 => &self.responses_formerr,
            2 => &self.responses_servfail,
            3 => &self.responses_nxdomain,
            4 => &self.responses_notimp,
            5 => &self.responses_refused,
            16 => &self.responses_badvers,
            23 => &self.responses_badcookie,
            _ => &self.responses_other,
        }
    }

    /// The counter of answers by routing policy.
    #[inline]
    pub fn policy(&self, kind: Kind) -> &Counter {
        match kind {
            Kind::Simple => &self.answers_simple,
            Kind::Weighted => &self.answers_weighted,
            Kind::Latency => &self.answers_latency,
            Kind::Failover => &self.answers_failover,
            Kind::Geolocation => &self.answers_geolocation,
            Kind::Geoproximity => &self.answers_geoproximity,
            Kind::Multivalue => &self.answers_multivalue,
            Kind::IpBased => &self.answers_ip_based,
        }
    }

    /// The counter of queries by transport and family.
    #[inline]
    pub fn query(&self, tcp: bool, ipv6: bool) -> &Counter {
        match (tcp, ipv6) {
            (false, false) => &self.queries_udp_ipv4,
            (false, true) => &self.queries_udp_ipv6,
            (true, false) => &self.queries_tcp_ipv4,
            (true, true) => &self.queries_tcp_ipv6,
        }
    }
}

impl Totals {
    /// The sum over all threads' counters.
    pub fn of<'a>(threads: impl IntoIterator<Item = &'a Counters>) -> Self {
        let mut totals = Self::default();
        for counters in threads {
            totals += counters;
        }
        totals
    }
}

/// Takes one from a counter that goes both ways, such as `tcp_open`.
pub fn take_one(gauge: &Counter) {
    gauge.add(1u64.wrapping_neg());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn totals_are_sums_and_gauges_go_both_ways_across_threads() {
        let (a, b) = (Counters::default(), Counters::default());
        a.query(false, true).add(3);
        b.query(false, true).add(4);
        b.response(23).add(1);
        a.response(9).add(2);
        a.tcp_open.add(1);
        take_one(&b.tcp_open);
        let totals = Totals::of([&a, &b]);
        assert_eq!((totals.queries_udp_ipv6, totals.responses_badcookie, totals.responses_other), (7, 1, 2));
        assert_eq!(totals.tcp_open, 0);
    }

    #[test]
    fn every_response_code_has_one_counter() {
        let counters = Counters::default();
        for rcode in 0..=u16::MAX {
            counters.response(rcode).add(1);
        }
        for named in [0, 1, 2, 3, 4, 5, 16, 23] {
            assert_eq!(counters.response(named).get(), 1, "{named}");
        }
    }

    #[test]
    fn names_are_unique_and_explained() {
        let mut names: Vec<_> = HELP.iter().map(|(name, _)| name).collect();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), HELP.len());
        assert!(HELP.iter().all(|(_, help)| help.len() > 10));
    }
}

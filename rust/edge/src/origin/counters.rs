//! What a worker's fetches came to. One writer, the worker; anyone reads.

use edgeplane_base::metrics::Counter;

/// Counters of one worker.
#[derive(Debug, Default)]
pub struct Counters {
    /// Fetches begun, directories and buckets included.
    pub fetches: Counter,
    /// Fetches that ended without a response.
    pub failures: Counter,
    /// Attempts after the first of a fetch.
    pub retries: Counter,
    /// Requests sent again because a kept connection had gone stale.
    pub stale: Counter,
    /// Times that a group went on to its next member.
    pub failovers: Counter,
    /// Times that a breaker opened.
    pub breaker_opened: Counter,
    /// Fetches that a breaker refused.
    pub breaker_refused: Counter,
    /// Fetches that the vetting of addresses refused.
    pub refused: Counter,
    /// Connections made.
    pub connections: Counter,
    /// Exchanges on a connection that was kept.
    pub reused: Counter,
    /// Octets of content received, files included.
    pub octets: Counter,
    /// Responses whose content broke off.
    pub broken: Counter,
    /// Microseconds from the start of an attempt to its connection, summed over `connections`.
    pub connect_us: Counter,
    /// Microseconds from a fetch's start to its response's head, summed over fetches that got one.
    pub first_octet_us: Counter,
}

impl Counters {
    /// All counters by name.
    pub fn all(&self) -> [(&'static str, u64); 14] {
        [
            ("fetches", self.fetches.get()),
            ("failures", self.failures.get()),
            ("retries", self.retries.get()),
            ("stale", self.stale.get()),
            ("failovers", self.failovers.get()),
            ("breaker_opened", self.breaker_opened.get()),
            ("breaker_refused", self.breaker_refused.get()),
            ("refused", self.refused.get()),
            ("connections", self.connections.get()),
            ("reused", self.reused.get()),
            ("octets", self.octets.get()),
            ("broken", self.broken.get()),
            ("connect_us", self.connect_us.get()),
            ("first_octet_us", self.first_octet_us.get()),
        ]
    }
}

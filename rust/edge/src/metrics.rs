//! Counters of the edge: each worker writes its own, anyone may add them up; one set a distribution beside one for all.

use edgeplane_base::counters;
use edgeplane_base::metrics::Counter;

counters! {
    /// One worker's counters of one distribution, alone on their cache lines.
    Account, AccountTotals, ACCOUNT_HELP, "";
    requests: "Requests",
    hits: "Answers from the store, those included that an origin confirmed",
    misses: "Answers from an origin",
    errors: "Answers with a status of 4xx or 5xx",
    octets: "Octets of heads and contents sent to clients",
    origin_requests: "Requests that were handed to origins whole",
    origin_errors: "Fetches that failed at the origin",
    origin_microseconds: "Time until origins answered, summed",
}

counters! {
    /// One worker's counters, alone on their cache lines.
    Counters, Totals, HELP, "";
    requests: "Requests",
    requests_unrouted: "Requests for a host of no distribution",
    requests_refused: "Requests that were none: refused by the parser",
    responses_2xx: "Responses with a status of 2xx",
    responses_3xx: "Responses with a status of 3xx",
    responses_4xx: "Responses with a status of 4xx",
    responses_5xx: "Responses with a status of 5xx",
    octets_sent: "Octets of heads and contents sent to clients",
    octets_received: "Octets of contents received from clients",
    results_hit: "Answers from the store",
    results_refresh_hit: "Answers from the store that the origin confirmed",
    results_stale: "Answers from the store beyond their freshness: while it was revalidated, or because the origin failed",
    results_miss: "Answers from an origin",
    results_error: "Answers that are errors of the edge or of an origin",
    results_redirect: "Redirects to HTTPS",
    results_denied: "Answers of 403: no access",
    fills: "Fetches from an origin whose answer may be stored",
    fills_collapsed: "Requests that waited for somebody else's fetch",
    fills_stored: "Answers of origins that were stored",
    fills_broken: "Answers of origins that broke off",
    encodings: "Answers of origins that were encoded before they were stored",
    encodings_skipped: "Answers of origins that were not encoded for want of room",
    revalidations: "Fetches that asked whether what is stored still holds",
    origin_requests: "Requests that were handed to origins whole",
    origin_errors: "Fetches that failed at the origin",
    origin_microseconds: "Time until origins answered, summed",
    interim_responses: "Interim responses of origins, such as 103 Early Hints, for the clients that asked",
    invalidated: "Stored answers that were not used because they were invalidated",
    connections_open: "Connections open now",
    connections_accepted: "Connections accepted",
    connections_refused: "Connections closed at once: too many, or too many of one prefix",
    proxy_protocol_failed: "Connections of load balancers that did not begin with the PROXY protocol",
    connections_evicted: "Idle connections closed to make room for new ones",
    tls_handshakes: "TLS handshakes done",
    tls_resumed: "TLS handshakes that resumed a session",
    tls_failed: "TLS handshakes that failed",
    limited: "Requests refused with 429: too many from one client",
    tunnels_open: "Connections handed on to an origin that are open now",
    tunnels: "Connections handed on to an origin (WebSocket)",
    panics: "Panics caught on serving threads",
    disk_hits: "Answers that were read from disk",
    disk_skipped: "Stored answers that passed by the disk because too many waited for it",
    access_log_dropped: "Lines of the access log that found no room",
}

/// What the store's tiers are asked for: `_objects`, `_used`, `_limit` and `_open` are states of this moment.
pub const STORE_HELP: &[(&str, &str)] = &[
    ("memory_objects", "Keys in memory now"),
    ("memory_used", "Octets of memory that they take now"),
    ("memory_limit", "Octets of memory that they may take"),
    ("memory_evictions", "Keys that left memory to make room"),
    ("disk_objects", "Responses on disk now"),
    ("disk_used", "Octets of the disk that they take now"),
    ("disk_limit", "Octets of the disk that they may take"),
    ("disk_evictions", "Responses that left the disk to make room"),
    ("disk_faults", "Times that the disk said no; for a while responses then pass by it"),
    ("disk_corrupted", "Files that were found damaged, and were removed unserved"),
    ("disk_open", "1 while responses are written to disk, 0 while they pass by it"),
];

/// The counters that are shown of each worker as well.
pub const OF_EACH_WORKER: [&str; 7] = [
    "requests",
    "results_hit",
    "results_refresh_hit",
    "octets_sent",
    "connections_open",
    "origin_requests",
    "origin_microseconds",
];

impl Counters {
    /// The counter of a status.
    #[inline]
    pub fn response(&self, status: u16) -> &Counter {
        match status {
            ..300 => &self.responses_2xx,
            300..400 => &self.responses_3xx,
            400..500 => &self.responses_4xx,
            500.. => &self.responses_5xx,
        }
    }
}

//! What a worker's fetches came to. One writer, the worker; anyone reads.

use edgeplane_base::counters;

counters! {
    /// Counters of one worker.
    Counters, Totals, HELP, "origin_";
    fetches: "Fetches begun, directories and buckets included",
    failures: "Fetches that ended without a response",
    retries: "Attempts after the first of a fetch",
    stale: "Requests sent again because a kept connection had gone stale",
    failovers: "Times that a group went on to its next member",
    breaker_opened: "Times that a breaker opened",
    breaker_refused: "Fetches that a breaker refused",
    refused: "Fetches that the vetting of addresses refused",
    connections: "Connections made",
    reused: "Exchanges on a connection that was kept",
    octets: "Octets of content received, files included",
    broken: "Responses whose content broke off",
    connect_us: "Microseconds from the start of an attempt to its connection, summed over `connections`",
    first_octet_us: "Microseconds from a fetch's start to its response's head, summed over fetches that got one",
}

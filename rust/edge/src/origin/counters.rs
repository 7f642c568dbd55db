//! What a worker's fetches came to. One writer, the worker; anyone reads.

use edgeplane_base::counters;
use edgeplane_http::client::Failure;

use super::OriginError;

counters! {
    /// Counters of one worker.
    Counters, Totals, HELP, "origin_";
    fetches: "Fetches begun, directories and buckets included",
    failures: "Fetches that ended without a response",
    failed_dns: "Fetches that failed because the origin's name has no address",
    failed_connect: "Fetches that failed because the origin took no connection",
    failed_tls: "Fetches that failed because TLS was not agreed on, or the origin's certificate is not good",
    failed_timeout: "Fetches that failed because the origin took too long",
    failed_response: "Fetches that failed because the origin closed without a response, or it was malformed",
    failed_file: "Fetches that failed because a file or credentials could not be read",
    retries: "Attempts after the first of a fetch",
    stale: "Requests sent again because a kept connection had gone stale",
    failovers: "Times that a group went on to its next member",
    passed_over: "Fetches from groups in which one member alone counted, because the other's health check fails",
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

impl Counters {
    /// Counts a fetch that ended without a response, and why; those that a breaker or the vetting of addresses refused are
    /// counted there, and what a viewer broke is no fault of the origin.
    pub fn failed(&self, error: &OriginError) {
        self.failures.add(1);
        let why = match error {
            OriginError::Dns(_) | OriginError::ResolverTimeout => &self.failed_dns,
            OriginError::Exchange(Failure::Connect(_)) => &self.failed_connect,
            OriginError::Exchange(Failure::Tls(_)) => &self.failed_tls,
            OriginError::Exchange(Failure::Timeout(_)) => &self.failed_timeout,
            OriginError::Exchange(Failure::Content | Failure::Unsendable(_)) => return,
            OriginError::Exchange(_) => &self.failed_response,
            OriginError::File(_) | OriginError::Changed | OriginError::Credentials(_) => &self.failed_file,
            OriginError::BreakerOpen | OriginError::Refused(_) => return,
        };
        why.add(1);
    }
}

//! What a worker's fetches came to. One writer, the worker; anyone reads.

use edgeplane_base::metrics::Counter;

macro_rules! counters {
    ($($name:ident: $help:literal,)*) => {
        /// Counters of one worker.
        #[derive(Debug, Default)]
        pub struct Counters {
            $(#[doc = $help] pub $name: Counter,)*
        }

        impl Counters {
            /// All counters by name: `origin_` and the field's.
            pub fn all(&self) -> impl Iterator<Item = (&'static str, u64)> {
                [$((concat!("origin_", stringify!($name)), self.$name.get()),)*].into_iter()
            }
        }

        /// Name and help of every counter.
        pub const HELP: &[(&str, &str)] = &[$((concat!("origin_", stringify!($name)), $help),)*];
    };
}

counters! {
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

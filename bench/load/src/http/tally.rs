//! What came back.

use crate::histogram::Histogram;
use crate::tally::Latency;
use serde::Serialize;
use std::collections::BTreeMap;

/// Counters of one run.
pub struct Tally {
    pub sent: u64,
    pub received: u64,
    /// Requests without a whole response: time-outs and connections that broke in the middle.
    pub lost: u64,
    /// Responses that are none, or are not of the length asked for.
    pub malformed: u64,
    /// Connections that the server closed between two responses.
    pub reconnects: u64,
    /// Octets of content.
    pub octets: u64,
    pub statuses: BTreeMap<u16, u64>,
    pub latency: Histogram,
}

/// The JSON document.
#[derive(Serialize)]
pub struct Report {
    pub seconds: f64,
    pub requests_per_second: f64,
    pub sent: u64,
    pub received: u64,
    pub lost: u64,
    pub malformed: u64,
    pub reconnects: u64,
    pub wraps: u64,
    pub octets: u64,
    pub statuses: BTreeMap<u16, u64>,
    pub latency_us: Latency,
}

impl Tally {
    pub fn new() -> Self {
        Self {
            sent: 0,
            received: 0,
            lost: 0,
            malformed: 0,
            reconnects: 0,
            octets: 0,
            statuses: BTreeMap::new(),
            latency: Histogram::new(),
        }
    }

    /// Counts a whole response, `latency` ns after its request.
    pub fn answer(&mut self, status: u16, octets: u64, latency: u64) {
        self.received += 1;
        self.octets += octets;
        *self.statuses.entry(status).or_default() += 1;
        self.latency.record(latency);
    }

    /// The document, for a run whose last response came `elapsed` ns after its start.
    pub fn report(&self, elapsed: u64, wraps: u64) -> Report {
        let seconds = elapsed as f64 / 1e9;
        Report {
            seconds,
            requests_per_second: if elapsed == 0 { 0.0 } else { self.received as f64 / seconds },
            sent: self.sent,
            received: self.received,
            lost: self.lost,
            malformed: self.malformed,
            reconnects: self.reconnects,
            wraps,
            octets: self.octets,
            statuses: self.statuses.clone(),
            latency_us: Latency::of(&self.latency),
        }
    }
}

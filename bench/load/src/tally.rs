//! What came back.

use crate::histogram::Histogram;
use serde::Serialize;
use std::collections::BTreeMap;

/// Counters of one run.
pub struct Tally {
    pub sent: u64,
    pub received: u64,
    pub timeouts: u64,
    /// Answers that came after their time-out.
    pub late: u64,
    /// Datagrams that answer no query of ours: wrong id, question or response bit.
    pub mismatches: u64,
    pub send_errors: u64,
    pub truncated: u64,
    /// Sum of the answers' ANCOUNT: two servers that do the same work show the same sum.
    pub answers: u64,
    pub bytes: u64,
    pub rcodes: [u64; 16],
    pub latency: Histogram,
}

/// The JSON document.
#[derive(Serialize)]
pub struct Report {
    pub seconds: f64,
    pub queries_per_second: f64,
    pub sent: u64,
    pub received: u64,
    pub timeouts: u64,
    pub late: u64,
    pub mismatches: u64,
    pub send_errors: u64,
    pub truncated: u64,
    pub answers: u64,
    pub bytes: u64,
    pub rcodes: BTreeMap<&'static str, u64>,
    pub latency_us: Latency,
}

/// Microseconds.
#[derive(Serialize)]
pub struct Latency {
    pub p50: f64,
    pub p90: f64,
    pub p99: f64,
    pub p999: f64,
    pub max: f64,
}

impl Latency {
    /// Of durations in nanoseconds.
    pub fn of(durations: &Histogram) -> Self {
        let us = |q| durations.quantile(q) as f64 / 1e3;
        Self { p50: us(0.5), p90: us(0.9), p99: us(0.99), p999: us(0.999), max: durations.max() as f64 / 1e3 }
    }
}

const RCODES: [&str; 16] = [
    "NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED", "YXDOMAIN", "YXRRSET", "NXRRSET", "NOTAUTH",
    "NOTZONE", "RCODE11", "RCODE12", "RCODE13", "RCODE14", "RCODE15",
];

impl Tally {
    pub fn new() -> Self {
        Self {
            sent: 0,
            received: 0,
            timeouts: 0,
            late: 0,
            mismatches: 0,
            send_errors: 0,
            truncated: 0,
            answers: 0,
            bytes: 0,
            rcodes: [0; 16],
            latency: Histogram::new(),
        }
    }

    /// Counts an answer that belongs to a query of ours, `latency` ns after that was due.
    pub fn answer(&mut self, reply: &[u8], latency: u64) {
        self.received += 1;
        self.bytes += reply.len() as u64;
        self.latency.record(latency);
        let [_, _, high, low, _, _, an_high, an_low, ..] = reply else {
            return;
        };
        self.truncated += u64::from(high & 0x02 != 0);
        self.answers += u64::from(u16::from_be_bytes([*an_high, *an_low]));
        if let Some(count) = self.rcodes.get_mut(usize::from(low & 0x0f)) {
            *count += 1;
        }
    }

    /// The document, for a run whose last answer came `elapsed` ns after its start.
    pub fn report(&self, elapsed: u64) -> Report {
        let seconds = elapsed as f64 / 1e9;
        let named = RCODES.into_iter().zip(self.rcodes);
        Report {
            seconds,
            queries_per_second: if elapsed == 0 { 0.0 } else { self.received as f64 / seconds },
            sent: self.sent,
            received: self.received,
            timeouts: self.timeouts,
            late: self.late,
            mismatches: self.mismatches,
            send_errors: self.send_errors,
            truncated: self.truncated,
            answers: self.answers,
            bytes: self.bytes,
            rcodes: named.filter(|(_, count)| *count > 0).collect(),
            latency_us: Latency::of(&self.latency),
        }
    }
}

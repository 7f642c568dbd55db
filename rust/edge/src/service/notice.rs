//! Answers that the edge makes by itself: refusals, redirects, failures.

use bytes::Bytes;
use edgeplane_http::Response;

use super::lines::Outcome;
use crate::access::{REASON, Refusal};
use crate::limiter::Exceeded;
use crate::origin::OriginError;

/// An answer of the edge's own.
pub struct Notice {
    /// The head, with `Content-Type`.
    pub response: Response,
    /// A line for people.
    pub content: Bytes,
    /// What it counts as.
    pub outcome: Outcome,
    /// Why: `x-edge-detailed-result-type`, and the field `x-edge-reason`.
    pub reason: &'static str,
}

impl Notice {
    /// A status, why, and a sentence.
    pub fn new(status: u16, outcome: Outcome, reason: &'static str, sentence: &str) -> Self {
        let response = Response::new(status)
            .with("content-type", "text/plain; charset=utf-8")
            .with("cache-control", "no-store")
            .with(REASON, reason);
        Self { response, content: format!("{status} {reason}: {sentence}\n").into(), outcome, reason }
    }

    /// No access.
    pub fn refusal(refusal: &Refusal) -> Self {
        let (response, content) = refusal.answer();
        let outcome = if matches!(refusal, Refusal::Redirect { .. }) { Outcome::Redirect } else { Outcome::Denied };
        Self { response, content: content.into(), outcome, reason: refusal.name() }
    }

    /// No distribution has the host.
    pub fn unknown_host() -> Self {
        Self::new(403, Outcome::Error, "UnknownHost", "no distribution is served under this host")
    }

    /// A request that was here before (RFC 5842 section 7.2).
    pub fn looped() -> Self {
        Self::new(508, Outcome::Error, "LoopDetected", "an origin of this distribution sends requests back to it")
    }

    /// What a viewer is told of an origin's failure. What exactly failed is for the log: it may name hosts inside.
    pub fn origin(error: &OriginError) -> Self {
        let sentence = match error.status() {
            503 => "the origin failed again and again and is not asked for a moment",
            504 => "the origin did not answer in time",
            _ => "the origin could not be asked, or its answer was not understood",
        };
        Self::new(error.status(), Outcome::Error, error.name(), sentence)
    }

    /// Too many requests of one client.
    pub fn limited(exceeded: Exceeded) -> Self {
        let mut notice = Self::new(429, Outcome::Limited, "LimitExceeded", "too many requests from this network");
        notice.response.fields.push("retry-after", exceeded.0.to_string());
        notice
    }

    /// `only-if-cached`, and nothing is.
    pub fn not_cached() -> Self {
        Self::new(504, Outcome::Error, "OnlyIfCached", "nothing is stored, and the request forbids to ask the origin")
    }
}

//! What becomes of a request that the store does not answer by itself, while a failure of the origin is remembered.

use std::sync::Arc;

use edgeplane_http::Request;

use crate::object::{Failed, Object, Resource};
use crate::origin::OriginError;
use crate::semantics::{self, Now, Reason, Rules};

/// Where it goes.
#[derive(Debug, Clone)]
pub enum Course<'f> {
    /// To the origin.
    Ask,
    /// What is stored stands in for the answer.
    Stale(Reason),
    /// The same failure is told again.
    Fail(&'f Arc<OriginError>),
}

/// Whether a request for which nothing is stored goes to the origin with its own range and conditions: what comes will hardly
/// be stored, and more than the client wants would be fetched in vain. `separate`: the last answer could not be shared.
pub fn asks_as_client(rules: &Rules, request: &Request, separate: bool) -> bool {
    (separate || rules.is_disabled()) && semantics::is_conditional(request)
}

impl Resource {
    /// The course of a request for which this is stored.
    pub fn course(&self, rules: &Rules, request: &Request, found: Option<&Object>, now: Now) -> Course<'_> {
        let Some(failed) = self.failed_lately(now) else { return Course::Ask };
        let stands_in =
            found.and_then(|object| semantics::on_error(rules, request, &object.stored, failed.failure, now));
        match (stands_in, &failed.error) {
            (Some(reason), _) => Course::Stale(reason),
            (None, Some(error)) => Course::Fail(error),
            (None, None) => Course::Ask,
        }
    }

    /// A failure that is remembered.
    pub fn failed_lately(&self, now: Now) -> Option<&Failed> {
        self.failed.as_ref().filter(|failed| now.monotonic_ms < failed.until_ms)
    }

    /// Milliseconds for which requests will not wait for one another.
    pub fn separate_ms(&self, now: Now) -> u64 {
        self.separate_until_ms.saturating_sub(now.monotonic_ms)
    }
}

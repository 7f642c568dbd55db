//! Storing by RFC 9111 section 3, with the freshness of section 4.2.

use edgeplane_http::Request;

use super::cache_control::{RequestDirectives, Scope};
use super::reading::Reading;
use super::time::ms;
use super::{Lifetime, Reason, Rfc9111Rules, StaleUse};

/// May the response be stored, and for how long is it fresh?
pub fn judge(rules: &Rfc9111Rules, request: &Request, reading: &Reading<'_>) -> Result<Lifetime, Reason> {
    match refusal(rules, request, reading) {
        Some(reason) => Err(reason),
        None => Ok(lifetime(rules, reading)),
    }
}

fn refusal(rules: &Rfc9111Rules, request: &Request, reading: &Reading<'_>) -> Option<Reason> {
    let said = &reading.directives;
    let forgets = rules.heeds_requests && RequestDirectives::of(&request.fields).no_store;
    Some(match reading.status {
        _ if forgets => Reason::RequestNoStore,
        _ if said.malformed => Reason::Malformed,
        status if said.must_understand && !is_understood(status) => Reason::NotUnderstood,
        // Section 5.2.2.3: who understands the status ignores the no-store beside must-understand.
        _ if said.no_store && !said.must_understand => Reason::NoStore,
        _ if said.private.is_whole() => Reason::Private,
        408 | 411 | 412 | 413 | 416 | 417 | 421 | 426 | 431 => Reason::RequestsOwn,
        _ if request.fields.has("authorization") && !may_be_shared(reading) => Reason::Authorization,
        status if reading.explicit_s().is_none() && !may_guess(reading, status) => Reason::NoFreshness,
        _ => return None,
    })
}

/// Section 3.5.
fn may_be_shared(reading: &Reading<'_>) -> bool {
    let said = &reading.directives;
    said.public || said.must_revalidate || said.s_maxage_s.is_some()
}

/// Statuses whose meaning to caches we implement: those of RFC 9110, 6585 and 7725.
const fn is_understood(status: u16) -> bool {
    matches!(status, 200..=206 | 300..=305 | 307 | 308 | 400..=417 | 421 | 422 | 426 | 428 | 429 | 451 | 500..=505 | 511)
}

/// RFC 9110 section 15.1, or `public` (RFC 9111 section 4.2.2).
fn may_guess(reading: &Reading<'_>, status: u16) -> bool {
    let heuristic = matches!(status, 200 | 203 | 204 | 206 | 300 | 301 | 308 | 404 | 405 | 410 | 414 | 501);
    heuristic || reading.directives.public
}

fn lifetime(rules: &Rfc9111Rules, reading: &Reading<'_>) -> Lifetime {
    let said = &reading.directives;
    let fresh_s = if reading.age_is_known { fresh_s(rules, reading) } else { 0 };
    let no_cache = said.no_cache.is_whole();
    Lifetime {
        stale_while_revalidate_ms: ms(said.stale_while_revalidate_s.unwrap_or(0)),
        stale_if_error_ms: said.stale_if_error_s.map(ms),
        stale: match () {
            () if no_cache || said.must_revalidate || said.proxy_revalidate => StaleUse::Never,
            () if said.s_maxage_s.is_some() => StaleUse::Named,
            () => StaleUse::Allowed,
        },
        no_cache,
        immutable: said.immutable,
        ..Lifetime::new(reading.received, reading.age_ms, ms(fresh_s))
    }
    .timed()
}

fn fresh_s(rules: &Rfc9111Rules, reading: &Reading<'_>) -> u64 {
    let fresh_s = reading.explicit_s().unwrap_or_else(|| guessed_s(rules, reading));
    fresh_s.min(rules.max_ttl_s)
}

/// Section 4.2.2. `no-cache` with field names is about those fields alone; nothing else forbids to guess.
fn guessed_s(rules: &Rfc9111Rules, reading: &Reading<'_>) -> u64 {
    let Some(last_modified_s) = reading.last_modified_s else { return rules.default_ttl_s };
    let unchanged_s = reading.date_s.saturating_sub(last_modified_s);
    (unchanged_s.saturating_mul(rules.heuristic_percent) / 100).min(rules.heuristic_max_s)
}

impl Scope {
    /// Whether it is said in either form.
    pub(crate) fn is_said(&self) -> bool {
        *self != Self::Absent
    }
}

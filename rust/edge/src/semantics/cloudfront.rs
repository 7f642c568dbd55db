//! CloudFront's TTL and error tables (developer guide, "Manage how long content stays in the cache" and "How CloudFront
//! processes HTTP 4xx and 5xx status codes").

use super::reading::Reading;
use super::time::ms;
use super::{CloudFrontRules, Lifetime, Reason, StaleUse};

/// May the response be stored, and for how long is it fresh?
pub fn judge(rules: &CloudFrontRules, reading: &Reading<'_>, vary_star: bool) -> Result<Lifetime, Reason> {
    let stay_s = match reading.status {
        400.. => error_stay_s(rules, reading)?,
        _ => stay_s(rules, reading)?,
    };
    Ok(lifetime(rules, reading, stay_s, vary_star))
}

/// Seconds in the cache by the TTL table.
fn stay_s(rules: &CloudFrontRules, reading: &Reading<'_>) -> Result<u64, Reason> {
    let forbidden = forbids(reading);
    if rules.min_ttl_s > 0 && (forbidden.is_some() || reading.directives.no_cache.is_said()) {
        return Ok(rules.min_ttl_s);
    }
    if let Some(reason) = forbidden {
        return Err(reason);
    }
    let said_s = reading.explicit_s().map(|seconds| remaining_s(reading, seconds));
    Ok(said_s.map_or(rules.default_ttl_s.max(rules.min_ttl_s), |seconds| within(rules, seconds)))
}

/// Seconds an error stays: those always cached at least `ErrorCachingMinTTL`, a few others where a lifetime is given, the
/// rest never.
fn error_stay_s(rules: &CloudFrontRules, reading: &Reading<'_>) -> Result<u64, Reason> {
    let header_s = reading.directives.s_maxage_s.or(reading.directives.max_age_s);
    let always = matches!(reading.status, 404 | 414 | 500..=504);
    let with_lifetime = matches!(reading.status, 400 | 403 | 405 | 412 | 415) && header_s.is_some();
    if !always && !with_lifetime {
        return Err(Reason::ErrorStatus);
    }
    let said_s = header_s.map_or(0, |seconds| remaining_s(reading, seconds).min(rules.max_ttl_s));
    Ok(said_s.max(rules.error_min_ttl_s(reading.status)))
}

fn forbids(reading: &Reading<'_>) -> Option<Reason> {
    let said = &reading.directives;
    match () {
        () if said.malformed => Some(Reason::Malformed),
        () if said.no_store => Some(Reason::NoStore),
        () if said.private.is_said() => Some(Reason::Private),
        () => None,
    }
}

/// What is left of a lifetime that the response gives: the TTLs bound the stay in this cache.
fn remaining_s(reading: &Reading<'_>, seconds: u64) -> u64 {
    seconds.saturating_sub(reading.age_ms / 1000)
}

fn within(rules: &CloudFrontRules, seconds: u64) -> u64 {
    seconds.min(rules.max_ttl_s).max(rules.min_ttl_s)
}

fn lifetime(rules: &CloudFrontRules, reading: &Reading<'_>, stay_s: u64, vary_star: bool) -> Lifetime {
    let said = &reading.directives;
    let fresh_ms = if stay_s == 0 { 0 } else { reading.age_ms.saturating_add(ms(stay_s)) };
    let asks_each_time = rules.min_ttl_s == 0 && reading.status < 400;
    Lifetime {
        stale_while_revalidate_ms: ms(said.stale_while_revalidate_s.unwrap_or(0).min(rules.max_ttl_s)),
        stale_if_error_ms: said.stale_if_error_s.map(ms),
        stale: if said.must_revalidate || said.proxy_revalidate { StaleUse::Never } else { StaleUse::Named },
        no_cache: asks_each_time && (said.no_cache.is_whole() || vary_star),
        ..Lifetime::new(reading.received, reading.age_ms, fresh_ms)
    }
    .timed()
}

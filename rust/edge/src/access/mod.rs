//! Who may have an answer, in the order in which CloudFront looks: distribution, protocol, place, method, path,
//! signature.
//!
//! ```text
//! enabled? ─ https? (403, 301, 307) ─ country (403) ─ method, content (403) ─ path (403) ─ signature (403) ─► Admitted: the query without what signs
//! ```

mod refusal;
mod remembered;
mod signature;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::sync::Arc;

use edgeplane_http::{Framing, Method, Scheme};
use edgeplane_sign::Grant;

pub use refusal::{REASON, Refusal};
pub use remembered::Remembered;

use crate::behaviour::{Viewer, generated};
use crate::origin::has_dot_segments;
use crate::plan::{Behaviour, Distribution, ViewerProtocolPolicy};

/// What a worker knows beside the plan.
pub struct Moment<'m> {
    /// Unix seconds.
    pub now_s: u64,
    /// `Plan::serial`.
    pub plan: u64,
    /// What this worker has verified.
    pub remembered: &'m mut Remembered,
}

/// A request that may be answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admitted<'r> {
    /// The query without the parameters that sign; for key and origin.
    pub query: Option<Cow<'r, str>>,
    /// Who let it in, where a signature was asked for.
    pub grant: Option<Grant>,
}

/// Whether a request may be answered.
pub fn check<'r>(
    distribution: &Distribution,
    behaviour: &Arc<Behaviour>,
    viewer: &Viewer<'r>,
    moment: Moment<'_>,
) -> Result<Admitted<'r>, Refusal> {
    if !distribution.enabled {
        return Err(Refusal::Disabled);
    }
    check_protocol(behaviour, viewer)?;
    if !distribution.geo_restriction.is_none() && !distribution.geo_restriction.admits(viewer.place().country) {
        return Err(Refusal::Country);
    }
    check_method(behaviour, viewer)?;
    check_path(distribution, behaviour, &viewer.request.path)?;
    signature::check(behaviour, viewer, moment)
}

fn check_protocol(behaviour: &Behaviour, viewer: &Viewer<'_>) -> Result<(), Refusal> {
    let request = viewer.request;
    match (viewer.connection.scheme, behaviour.viewer_protocol_policy) {
        (Scheme::Https, _) | (_, ViewerProtocolPolicy::AllowAll) => Ok(()),
        (Scheme::Http, ViewerProtocolPolicy::HttpsOnly) => Err(Refusal::NotHttps),
        (Scheme::Http, ViewerProtocolPolicy::RedirectToHttps) => {
            let query = request.query.as_ref().map(|query| format!("?{query}")).unwrap_or_default();
            let location = format!("https://{}{}{query}", request.host(), request.path);
            let status = if matches!(request.method, Method::Get | Method::Head) { 301 } else { 307 };
            Err(Refusal::Redirect { status, location })
        }
    }
}

fn check_method(behaviour: &Behaviour, viewer: &Viewer<'_>) -> Result<(), Refusal> {
    let request = viewer.request;
    if !behaviour.allows(request.method) {
        return Err(Refusal::Method);
    }
    let has_content = !matches!(request.framing, Framing::None | Framing::Length(0));
    if has_content && matches!(request.method, Method::Get | Method::Head) {
        return Err(Refusal::ContentWithGet);
    }
    Ok(())
}

/// Nothing restricted is reached by a path that origins read as another one: `/private%2Fa` is `/private/a` to most.
fn check_path(distribution: &Distribution, behaviour: &Arc<Behaviour>, path: &str) -> Result<(), Refusal> {
    let is_restricted = |behaviour: &Behaviour| behaviour.trusted.is_some();
    // A policy with wildcards is matched as text: `/a/*` would open `/a/../b`.
    if is_restricted(behaviour) && has_dot_segments(path) {
        return Err(Refusal::AmbiguousPath);
    }
    let other = distribution.behaviour_as_decoded(path).filter(|other| !Arc::ptr_eq(other, behaviour));
    match other {
        Some(other) if is_restricted(other) || is_restricted(behaviour) => Err(Refusal::AmbiguousPath),
        _ => Ok(()),
    }
}

/// `http`, `https`: as signed URLs write it.
fn scheme(viewer: &Viewer<'_>) -> &'static str {
    generated::scheme(viewer.connection.scheme)
}

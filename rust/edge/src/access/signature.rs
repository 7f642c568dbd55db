//! Signed URLs, signed cookies, presigned URLs.

use std::sync::Arc;

use edgeplane_sign::{Denied, Grant, Parameters, Url, Verifier, parameters, presigned};

use super::remembered::Verified;
use super::{Admitted, Moment, Refusal, Remembered, scheme};
use crate::behaviour::Viewer;
use crate::plan::Behaviour;

/// Lets everybody in where no signature is asked for. Signed query parameters go before cookies.
pub(super) fn check<'r>(
    behaviour: &Behaviour,
    viewer: &Viewer<'r>,
    moment: Moment<'_>,
) -> Result<Admitted<'r>, Refusal> {
    let query = viewer.request.query.as_deref();
    let Some(verifier) = &behaviour.trusted else {
        return Ok(Admitted { query: query.map(Into::into), grant: None });
    };
    let stripped = query.and_then(parameters::strip);
    let grant = match query.filter(|query| presigned::is_presigned(query)) {
        Some(query) => verify_presigned(verifier, viewer, query, moment.now_s),
        None => verify(verifier, viewer, stripped.as_deref(), moment),
    };
    grant.map(|grant| Admitted { query: stripped, grant: Some(grant) }).map_err(Refusal::Signature)
}

fn verify(verifier: &Verifier, viewer: &Viewer<'_>, query: Option<&str>, moment: Moment<'_>) -> Result<Grant, Denied> {
    let request = viewer.request;
    let url = Url { scheme: scheme(viewer), authority: &request.authority, path: &request.path, query };
    let sent = match request.query.as_deref().map(Parameters::from_query).transpose()?.flatten() {
        Some(parameters) => parameters,
        None => Parameters::from_cookies(request.fields.all("cookie"))?.ok_or(Denied::MissingKey)?,
    };
    let client = viewer.client.ip();
    moment.remembered.under(moment.plan);
    write_question(&url, &sent, moment.remembered);
    let trusted = |key_id: &Arc<str>| verifier.trusts(key_id);
    if let Some(known) = moment.remembered.find().filter(|known| trusted(&known.key_id)) {
        known.policy.allows(&url, moment.now_s, client)?;
        return Ok(Grant { expires: known.policy.ends, key_id: known.key_id });
    }
    let claim = verifier.claim(&url, &sent)?;
    claim.policy.allows(&url, moment.now_s, client)?;
    claim.check()?;
    let grant = claim.grant();
    let policy = Arc::new(claim.policy);
    moment.remembered.remember(Verified { policy, key_id: grant.key_id.clone() });
    Ok(grant)
}

/// Everything that the signature is about: with a canned policy the URL too, which a custom policy has inside.
fn write_question(url: &Url<'_>, sent: &Parameters<'_>, remembered: &mut Remembered) {
    let question = &mut remembered.question;
    question.clear();
    let parts = [sent.key_pair_id, sent.hash_algorithm, sent.signature, sent.policy, sent.expires];
    parts.into_iter().for_each(|value| part(question, value));
    if sent.expires.is_some() {
        [Some(url.scheme), Some(url.authority), Some(url.path), url.query]
            .into_iter()
            .for_each(|value| part(question, value));
    }
}

/// Length and octets; nothing has a length that nothing else has.
fn part(question: &mut Vec<u8>, value: Option<&str>) {
    let length = value.map_or(u32::MAX, |value| value.len() as u32);
    question.extend_from_slice(&length.to_le_bytes());
    question.extend_from_slice(value.unwrap_or_default().as_bytes());
}

fn verify_presigned(verifier: &Verifier, viewer: &Viewer<'_>, query: &str, now_s: u64) -> Result<Grant, Denied> {
    let request = viewer.request;
    let header = |name: &str| match name {
        "host" => Some(request.authority.clone().into_bytes()),
        _ => request.fields.combined(name),
    };
    let signed = presigned::Request { method: request.method.token(), path: &request.path, query, header: &header };
    verifier.verify_presigned(&signed, now_s)
}

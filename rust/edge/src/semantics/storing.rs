//! May a response be stored, and as what?

use edgeplane_http::{Framing, Method, Request, Response};

use super::reading::Reading;
use super::{AgeField, ContentRange, Lifetime, Now, Reason, Rules, StaleUse, Stored, Vary, cloudfront, rfc9111};

/// The decision about a response.
#[derive(Debug, Clone, PartialEq)]
pub enum Storing {
    /// Store it with all of its content.
    Whole(Stored),
    /// Store the range that it has: a 206.
    Partial(Stored, ContentRange),
    /// Hand it on and forget it.
    Not(Reason),
}

impl Storing {
    /// Its name in logs.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Whole(_) => "stored",
            Self::Partial(..) => "stored-partial",
            Self::Not(reason) => reason.name(),
        }
    }

    /// Why nothing is stored; none where something is.
    pub fn refusal(&self) -> Option<Reason> {
        match self {
            Self::Whole(_) | Self::Partial(..) => None,
            Self::Not(reason) => Some(*reason),
        }
    }

    /// What is stored.
    pub fn stored(&self) -> Option<&Stored> {
        match self {
            Self::Whole(stored) | Self::Partial(stored, _) => Some(stored),
            Self::Not(_) => None,
        }
    }

    /// The same, owned.
    pub fn into_stored(self) -> Option<Stored> {
        match self {
            Self::Whole(stored) | Self::Partial(stored, _) => Some(stored),
            Self::Not(_) => None,
        }
    }

    /// Whether others who wait for the same key may have it; where not, each asks for itself, and the key is remembered as one
    /// not to wait for.
    pub fn serves_waiters(&self, now: Now) -> bool {
        self.stored().is_some_and(|stored| super::is_plainly_fresh(&stored.lifetime, now))
    }
}

/// Whether the response to `request`, asked at `requested` and come at `received`, may be stored. `request` is the one that the
/// origin saw: its fields are those that `Vary` selects by.
pub fn store(rules: &Rules, request: &Request, response: &Response, requested: Now, received: Now) -> Storing {
    if let Some(reason) = out_of_question(rules, request, response) {
        return Storing::Not(reason);
    }
    let reading = read(rules, response, requested, received);
    let vary = vary(rules, request, response);
    match judge(rules, request, &reading, &vary) {
        Ok(lifetime) => kept(rules, &reading, lifetime, vary),
        Err(reason) => Storing::Not(reason),
    }
}

/// Whether a method's responses are looked up and stored at all.
pub(crate) fn is_cached(rules: &Rules, method: Method) -> bool {
    match (method, rules) {
        (Method::Get | Method::Head, _) => true,
        (Method::Options, Rules::CloudFront(rules)) => rules.caches_options,
        _ => false,
    }
}

/// Whether a request brings content of its own.
pub(crate) fn has_content(request: &Request) -> bool {
    !matches!(request.framing, Framing::None | Framing::Length(0))
}

fn out_of_question(rules: &Rules, request: &Request, response: &Response) -> Option<Reason> {
    match response.status {
        _ if !is_cached(rules, request.method) || request.method == Method::Head => Some(Reason::Method),
        _ if has_content(request) => Some(Reason::RequestContent),
        ..200 => Some(Reason::Interim),
        304 => Some(Reason::NotModified),
        206 if ContentRange::of(&response.fields).is_none() => Some(Reason::InvalidRange),
        _ => None,
    }
}

fn read<'a>(rules: &Rules, response: &'a Response, requested: Now, received: Now) -> Reading<'a> {
    let (age, targets) = match rules {
        Rules::CloudFront(_) => (AgeField::FirstValue, false),
        Rules::Rfc9111(rules) => (rules.age, true),
    };
    Reading::of(response.status, &response.fields, requested, received, age, targets)
}

/// CloudFront's variants are its cache key's; of `Vary` only `*` matters, where nothing is kept by force.
fn vary(rules: &Rules, request: &Request, response: &Response) -> Vary {
    match rules {
        Rules::Rfc9111(_) => Vary::of(request, &response.fields),
        Rules::CloudFront(rules) if rules.min_ttl_s == 0 => Vary::star_alone(&response.fields),
        Rules::CloudFront(_) => Vary::default(),
    }
}

fn judge(rules: &Rules, request: &Request, reading: &Reading<'_>, vary: &Vary) -> Result<Lifetime, Reason> {
    match rules {
        Rules::CloudFront(rules) => cloudfront::judge(rules, reading, vary.is_star()),
        Rules::Rfc9111(_) if vary.is_star() => Err(Reason::VaryStar),
        Rules::Rfc9111(rules) => rfc9111::judge(rules, request, reading),
    }
}

/// Whether `Set-Cookie` is for all who share the key. RFC 9111 section 7.3 leaves that to the origin, which has to say how
/// long, or that it is `public`: who says nothing of caches has not thought of them.
fn shares_cookies(rules: &Rules, reading: &Reading<'_>) -> bool {
    match rules {
        Rules::CloudFront(rules) => rules.keys_cookies,
        Rules::Rfc9111(_) => reading.explicit_s().is_some() || reading.directives.public,
    }
}

fn kept(rules: &Rules, reading: &Reading<'_>, lifetime: Lifetime, vary: Vary) -> Storing {
    let fields = reading.kept(shares_cookies(rules, reading));
    let stored = Stored { status: reading.status, fields, lifetime, vary };
    if is_useless(&stored) {
        return Storing::Not(Reason::Useless);
    }
    match ContentRange::of(&stored.fields) {
        Some(range) if stored.status == 206 => Storing::Partial(stored, range),
        _ => Storing::Whole(stored),
    }
}

/// Nothing could ever be done with it.
fn is_useless(stored: &Stored) -> bool {
    let lifetime = &stored.lifetime;
    let window_ms = lifetime.stale_while_revalidate_ms.max(lifetime.stale_if_error_ms.unwrap_or(0));
    let never_sent = lifetime.fresh_for_ms == 0 || lifetime.no_cache;
    let never_stale = window_ms == 0 || lifetime.stale == StaleUse::Never;
    never_sent && never_stale && !stored.has_validator() && !stored.vary.is_star()
}

#[cfg(test)]
mod tests;

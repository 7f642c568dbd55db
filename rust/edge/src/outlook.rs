//! What would be done with a request now: by what is kept, what is remembered of the origin, and what is being fetched. Read
//! without taking part in anything.

use std::sync::Arc;

use edgeplane_http::{Fields, Method, Request};

use crate::behaviour::Purpose;
use crate::course::{Course, asks_as_client};
use crate::object::{Object, Resource};
use crate::semantics::{self, Asker, Now, Precondition, Reuse, Rules, preconditions};
use crate::service::part::{Asking, range_of};
use crate::service::slices;
use crate::shared::Shared;

/// What would be done.
#[derive(Debug)]
pub struct Outlook {
    /// What, in one word.
    pub decision: &'static str,
    /// Why.
    pub why: &'static str,
    /// What for the origin is asked, if it is.
    pub purpose: Option<Purpose>,
    /// Fields that the cache adds to what the origin is asked.
    pub added: Fields,
    /// What becomes of a range; none: none is asked for.
    pub range: Option<String>,
    /// How the last fetch failed, and for how many seconds that is remembered.
    pub failure: Option<(String, u64)>,
    /// Seconds for which requests for this key do not wait for one another.
    pub separate_s: Option<u64>,
    /// How far a fetch for this key is.
    pub fill: Option<&'static str>,
}

impl Shared {
    /// Of a request for which nothing was found under its key, where ranges are kept in slices: of the first slice that is
    /// not at hand. None where it would not be answered from slices.
    pub(crate) fn outlook_in_slices(&self, rules: &Rules, asker: &Asker<'_>, key: &[u8], now: Now) -> Option<Outlook> {
        let request = asker.request();
        let (number, slice) = self.slice_in_question(rules, asker, key, now)?;
        let (asked, asking) = (slices::asking(request, number), slices::range(number));
        let outlook =
            self.outlook_of(rules, &asker.with(&asked), &slices::key(key, number), slice.as_ref(), false, now);
        if outlook.separate_s.is_some() && outlook.purpose.is_some() {
            return None;
        }
        let mut added = outlook.added;
        if outlook.purpose.is_some() {
            asking.iter().for_each(|(name, value)| added.set(name, value));
        }
        let asking = Asking::Clients(asking);
        let range = range_of(request).map(|_| range(request, outlook.decision, slice.as_ref(), &asking));
        Some(Outlook { added, range, ..outlook })
    }

    /// The number of a slice, and what is kept of it.
    fn slice_in_question(
        &self,
        rules: &Rules,
        asker: &Asker<'_>,
        key: &[u8],
        now: Now,
    ) -> Option<(u64, Option<Arc<Object>>)> {
        let request = asker.request();
        let asks = request.method == Method::Get && matches!(semantics::miss(rules, request), Reuse::Fetch(_));
        let asked = |number| slices::asking(request, number);
        let kept = |number| Some(self.find(&slices::key(key, number), &asker.with(&asked(number)), now)?.1);
        let first = kept(0).filter(|_| asks);
        let wants = slices::is_of_one_range(request) || (first.is_some() && !request.fields.has("range"));
        let needed = first.as_ref().map_or(0..0, |first| slices::needed(request, first));
        let is_fresh = |number, slice: &Object| {
            matches!(semantics::reuse(rules, &asked(number), &slice.stored, now), Reuse::Fresh(_))
        };
        let is_lacking = |&number: &u64| !kept(number).is_some_and(|slice| is_fresh(number, &slice));
        let number = std::iter::once(0).chain(needed).find(is_lacking).unwrap_or(0);
        (asks && wants).then(|| (number, kept(number)))
    }

    /// Of a request for which `kept` was found under its key.
    pub(crate) fn outlook(
        &self,
        rules: &Rules,
        asker: &Asker<'_>,
        key: &[u8],
        kept: Option<&Arc<Object>>,
        now: Now,
    ) -> Outlook {
        let separate = self.memory.peek(key).is_some_and(|(resource, _)| resource.separate_ms(now) > 0);
        let own = kept.is_none() && asks_as_client(rules, asker.request(), separate);
        self.outlook_of(rules, asker, key, kept, own, now)
    }

    /// `own`: the origin would be asked with the client's own range and conditions.
    fn outlook_of(
        &self,
        rules: &Rules,
        asker: &Asker<'_>,
        key: &[u8],
        kept: Option<&Arc<Object>>,
        own: bool,
        now: Now,
    ) -> Outlook {
        let request = asker.request();
        let reuse = match kept {
            Some(object) => semantics::reuse(rules, request, &object.stored, now),
            None => semantics::miss(rules, request),
        };
        let resource = self.memory.peek(key).map(|(resource, _)| resource).unwrap_or_default();
        let (fill, separate_ms) = (self.fills.under_way(key), resource.separate_ms(now));
        let step = if matches!(reuse, Reuse::Validate(_) | Reuse::Fetch(_)) {
            let joins = fill.is_some() && separate_ms == 0 && semantics::may_collapse(rules, request);
            let passes = own || request.method == Method::Head;
            Step::asking(reuse, resource.course(rules, request, kept.map(|kept| &**kept), now), passes, joins)
        } else {
            Step::of(reuse)
        };
        let asking = Asking::first(self.part(&resource, asker), range_of(request).as_ref());
        Outlook {
            decision: step.decision,
            why: step.why,
            purpose: step.purpose,
            added: added(reuse, step.purpose, kept, &asking),
            range: range_of(request).map(|_| range(request, step.decision, kept, &asking)),
            failure: failure(&resource, now),
            separate_s: (separate_ms > 0).then(|| separate_ms.div_ceil(1_000)),
            fill: fill.map(|fill| fill.stage().name()),
        }
    }

    /// The stored part that a request could be answered with, were all of it there.
    fn part<'r>(&self, resource: &'r Resource, asker: &Asker<'_>) -> Option<&'r Arc<Object>> {
        resource.select(asker).filter(|object| object.part().is_some() && !self.is_outlived(object))
    }
}

/// What is done, why, and what for the origin is asked.
struct Step {
    decision: &'static str,
    why: &'static str,
    purpose: Option<Purpose>,
}

impl Step {
    fn of(reuse: Reuse) -> Self {
        let purpose = match reuse {
            Reuse::Fresh(_) | Reuse::OnlyIfCached(_) => None,
            Reuse::Pass(_) => Some(Purpose::Pass),
            Reuse::StaleWhileRevalidate(_) | Reuse::Validate(_) | Reuse::Fetch(_) => Some(Purpose::Fill),
        };
        Self { decision: reuse.name(), why: reuse.reason().name(), purpose }
    }

    /// Where the store alone does not answer.
    fn asking(reuse: Reuse, course: Course<'_>, passes: bool, joins: bool) -> Self {
        let step = Self::of(reuse);
        match course {
            Course::Stale(reason) => Self { decision: "stale", why: reason.name(), purpose: None },
            Course::Fail(error) => Self { decision: "error", why: error.name(), purpose: None },
            Course::Ask if passes => Self { decision: "pass", purpose: Some(Purpose::Pass), ..step },
            Course::Ask if joins => Self { decision: "join", purpose: None, ..step },
            Course::Ask => step,
        }
    }
}

/// Conditions of the cache's own, or the range that it asks for.
fn added(reuse: Reuse, purpose: Option<Purpose>, kept: Option<&Arc<Object>>, asking: &Asking) -> Fields {
    match (reuse, kept) {
        _ if purpose != Some(Purpose::Fill) => Fields::new(),
        (Reuse::Validate(_) | Reuse::StaleWhileRevalidate(_), Some(object)) => semantics::conditions(&object.stored),
        _ => asking.fields().cloned().unwrap_or_default(),
    }
}

fn range(request: &Request, decision: &str, kept: Option<&Arc<Object>>, asking: &Asking) -> String {
    match (decision, kept) {
        _ if request.method != Method::Get => "not heeded: ranges are for GET".into(),
        ("pass", _) => "handed on".into(),
        ("hit" | "stale" | "stale-while-revalidate" | "validate", Some(object)) => of_kept(request, object),
        ("error" | "only-if-cached", _) => "not looked at".into(),
        _ if matches!(asking, Asking::Clients(_)) => "asked of the origin".into(),
        _ => "cut from the whole, as that comes".into(),
    }
}

/// What of a stored response is sent.
fn of_kept(request: &Request, object: &Object) -> String {
    let complete = object.part().map_or(object.content.len(), |(_, complete)| complete);
    match preconditions(request, &object.stored, Some(complete)) {
        Precondition::Range(ranges) => {
            let ranges: Vec<_> = ranges.iter().map(|range| range.content_range(complete)).collect();
            ranges.join(", ")
        }
        other => other.name().into(),
    }
}

fn failure(resource: &Resource, now: Now) -> Option<(String, u64)> {
    let failed = resource.failed_lately(now)?;
    let name = match (&failed.error, failed.failure) {
        (Some(error), _) => error.name().into(),
        (None, semantics::OriginFailure::Status(status)) => format!("status {status}"),
        (None, semantics::OriginFailure::Disconnected) => "no answer".into(),
    };
    Some((name, (failed.until_ms - now.monotonic_ms).div_ceil(1_000)))
}

//! Stored responses of which only one range is here (RFC 9111 sections 3.3 and 3.4): they answer ranges within it, and are
//! completed when all is asked for.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use edgeplane_http::{Content, Fields, Request, Response};

use super::app::App;
use crate::fill::Growing;
use crate::limits::COMPLETED;
use crate::object::{Object, Resource};
use crate::semantics::{Asker, ByteRange, ContentRange, Now, Precondition, Rules, Stored, partial, preconditions};

impl Object {
    /// Which octets are here, and how many the whole has; none: all are here.
    pub fn part(&self) -> Option<(ByteRange, u64)> {
        let content = ContentRange::of(&self.stored.fields).filter(|_| self.stored.status == 206)?;
        Some((content.range, content.complete?))
    }

    /// Whether what is here is enough for a request.
    pub fn answers(&self, request: &Request) -> bool {
        let Some((part, complete)) = self.part() else { return true };
        match preconditions(request, &self.stored, Some(complete)) {
            Precondition::Range(ranges) => {
                ranges.iter().all(|range| part.first <= range.first && range.last <= part.last)
            }
            Precondition::Full => false,
            Precondition::NotModified | Precondition::NotSatisfiable | Precondition::Failed => true,
        }
    }

    /// `Range` and `If-Range` for what is missing, where that is the end.
    fn rest(&self) -> Option<Fields> {
        let (part, complete) = self.part().filter(|(part, _)| part.first == 0)?;
        let first = part.last.saturating_add(1);
        (first < complete).then(|| partial::rest(&self.stored, first, None))?
    }

    /// A body that begins with what is here; long content is fetched anew, for copying it would hold up the thread.
    fn begun(&self) -> Option<Growing> {
        let (_, complete) = self.part()?;
        let content = match &self.content {
            content if content.len() > COMPLETED.default => return None,
            Content::Bytes(content) => content.clone(),
            Content::Pages(pages) => pages.clone().into(),
            Content::None | Content::File { .. } => return None,
        };
        let body = Growing::new(Some(complete), complete);
        body.push(content).ok()?;
        Some(body)
    }

    /// The whole response, if `response` is just what is missing.
    fn completed(
        &self,
        rules: &Rules,
        request: &Request,
        response: &Response,
        requested: Now,
        received: Now,
    ) -> Option<Stored> {
        let (part, complete) = self.part()?;
        let missing = ContentRange::of(&response.fields)?;
        let fits = missing.range.first == part.last.saturating_add(1)
            && missing.range.last.saturating_add(1) == complete
            && missing.complete == Some(complete)
            && response.status == 206
            && partial::may_combine(&self.stored, response);
        let combined = fits.then(|| partial::combine(rules, request, &self.stored, response, requested, received))?;
        combined.into_stored().map(Stored::completed)
    }
}

/// Which range an origin is asked for.
pub enum Asking {
    /// All.
    Whole,
    /// What the client asks for, because the whole is too long to be kept or only a part of it is here.
    Clients(Fields),
    /// What is missing of a stored part.
    Rest(Arc<Object>, Fields),
}

impl Asking {
    /// What is asked for first, by what is kept and what the client wants.
    pub fn first(kept: Option<&Arc<Object>>, range: Option<&Fields>) -> Self {
        match (kept.filter(|object| object.part().is_some()), range) {
            (None, _) => Self::Whole,
            (Some(_), Some(range)) => Self::Clients(range.clone()),
            (Some(part), None) => part.rest().map_or(Self::Whole, |rest| Self::Rest(part.clone(), rest)),
        }
    }

    /// The fields that a request to the origin gets.
    pub fn fields(&self) -> Option<&Fields> {
        match self {
            Self::Whole => None,
            Self::Clients(fields) | Self::Rest(_, fields) => Some(fields),
        }
    }

    /// The number of what an answer to this makes, which was asked for at `sequence`: with a stored part it is as old as that.
    pub fn sequence(&self, sequence: u64) -> u64 {
        match self {
            Self::Whole | Self::Clients(_) => sequence,
            Self::Rest(part, _) => sequence.min(part.sequence.load(Relaxed)),
        }
    }

    /// The whole and a body that has its beginning, if this response is what is missing.
    pub fn completed(
        &self,
        rules: &Rules,
        request: &Request,
        response: &Response,
        times: (Now, Now),
    ) -> Option<(Stored, Growing)> {
        let Self::Rest(part, _) = self else { return None };
        let stored = part.completed(rules, request, response, times.0, times.1)?;
        Some((stored, part.begun()?))
    }
}

/// `Range` and `If-Range` of a client.
pub fn range_of(request: &Request) -> Option<Fields> {
    let named = |name: &[u8]| name.eq_ignore_ascii_case(b"range") || name.eq_ignore_ascii_case(b"if-range");
    let fields: Fields = request.fields.iter().filter(|(name, _)| named(name)).collect();
    fields.has("range").then_some(fields)
}

impl App {
    /// Which range to ask for first: of a key with a stored part what the client wants, or what is missing.
    /// `found`: what was found on disk, which memory may not have had then.
    pub(super) fn asking(
        &self,
        resource: Option<&Resource>,
        found: Option<&Arc<Object>>,
        request: &Request,
        range: Option<&Fields>,
    ) -> Asking {
        let part = resource.and_then(|resource| resource.select(&Asker::outgoing(request))).or(found);
        Asking::first(part.filter(|object| object.part().is_some() && !self.is_invalidated(object)), range)
    }

    /// Whether a 206 may be kept: it is as long as it says, and the length of the whole is known.
    pub(super) fn keeps_part(&self, part: &ContentRange, length: Option<u64>) -> bool {
        let expected = part.range.length();
        part.complete.is_some() && length == Some(expected) && expected <= self.shared.memory.largest() / 2
    }
}

/// Whether a status answers the range that was asked for instead of the whole.
pub const fn is_of_a_range(status: u16) -> bool {
    matches!(status, 206 | 416)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::Subject;
    use crate::semantics::sample::{at, get, response, rfc9111};
    use crate::semantics::{self, Storing};
    use crate::store::written::Mark;

    const HEAD: [(&str, &str); 3] =
        [("Cache-Control", "max-age=60"), ("ETag", "\"a\""), ("Content-Range", "bytes 2-5/10")];

    fn object(fields: &[(&str, &str)], content: &'static [u8]) -> Object {
        let storing = semantics::store(&rfc9111(), &get(&[]), &response(206, fields), at(0), at(0));
        let Storing::Partial(stored, _) = storing else { panic!("{storing:?}") };
        let subject = Subject {
            distribution: "d".into(),
            path: "/".into(),
            query: None,
            tags: Box::default(),
            request_id: "r".into(),
            mark: Mark::default(),
        };
        Object::new(stored, Content::Bytes(content.into()), 0, subject.into())
    }

    #[test]
    fn a_part_answers_what_lies_within_it() {
        let part = object(&HEAD, b"2345");
        for (range, expected) in [
            ("bytes=2-5", Some("2345")),
            ("bytes=3-4", Some("34")),
            ("bytes=1-4", None),
            ("bytes=3-", None),
            ("bytes=-8", None),
            ("lines=1-2", None),
        ] {
            let request = get(&[("Range", range)]);
            assert_eq!(part.answers(&request), expected.is_some(), "{range}");
            let Some(expected) = expected else { continue };
            let rendered = part.render(&request);
            let [Content::Bytes(content)] = &rendered.content[..] else { panic!("{range}") };
            assert_eq!((rendered.head.status, &content[..]), (206, expected.as_bytes()), "{range}");
        }
        assert!(!part.answers(&get(&[])) && part.rest().is_none());
        assert!(part.answers(&get(&[("If-None-Match", "\"a\"")])));
    }

    #[test]
    fn only_just_what_is_missing_completes() {
        let first = [HEAD[0], HEAD[1], ("Content-Range", "bytes 0-3/10")];
        let part = object(&first, b"0123");
        assert_eq!(part.rest().unwrap().get("range"), Some(&b"bytes=4-"[..]));
        for (status, range, tag, expected) in [
            (206, "bytes 4-9/10", "\"a\"", true),
            (206, "bytes 4-9/10", "\"b\"", false),
            (206, "bytes 5-9/10", "\"a\"", false),
            (206, "bytes 4-8/10", "\"a\"", false),
            (206, "bytes 4-9/11", "\"a\"", false),
            (200, "bytes 4-9/10", "\"a\"", false),
        ] {
            let came = response(status, &[HEAD[0], ("ETag", tag), ("Content-Range", range)]);
            let whole = part.completed(&rfc9111(), &get(&[]), &came, at(0), at(0));
            assert_eq!(whole.map(|whole| whole.status), expected.then_some(200), "{status} {range} {tag}");
        }
    }
}

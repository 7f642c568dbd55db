//! From a stored response to an answer for one request.

use std::hash::{BuildHasher, RandomState};
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use edgeplane_http::{Content, Method, PreparedHead, Request, Response};

use crate::object::Object;
use crate::semantics::answer::{self, Multipart};
use crate::semantics::{self, ByteRange, Lifetime, Now, Precondition, Stored, Vary, preconditions};

/// A head and what follows it.
pub struct Rendered {
    /// The head, without what the server adds.
    pub head: Arc<PreparedHead>,
    /// The content; none for HEAD.
    pub content: Vec<Content>,
    /// Octets of the content, or of what GET would give; none: the answer has no content and says no length.
    pub length: Option<u64>,
}

impl Object {
    /// What answers `request` from this object, its preconditions and ranges heeded (RFC 9110 sections 13 and 14).
    pub fn render(&self, request: &Request) -> Rendered {
        let complete = self.part().map_or(self.content.len(), |(_, complete)| complete);
        let rendered = match preconditions(request, &self.stored, Some(complete)) {
            _ if !self.answers(request) => Rendered::new(self.head.clone(), vec![self.content.clone()]),
            Precondition::Full => Rendered::new(self.head.clone(), vec![self.content.clone()]),
            Precondition::NotModified => Rendered { length: None, ..Rendered::new(self.not_modified(), Vec::new()) },
            Precondition::Range(ranges) => self.render_ranges(&ranges),
            Precondition::NotSatisfiable => Rendered::made(answer::not_satisfiable(complete)),
            Precondition::Failed => Rendered::made(answer::failed(&self.stored)),
        };
        rendered.without_content(request.method == Method::Head)
    }

    fn not_modified(&self) -> Arc<PreparedHead> {
        self.not_modified.get_or_init(|| prepared(answer::not_modified(&self.stored))).clone()
    }

    fn render_ranges(&self, ranges: &[ByteRange]) -> Rendered {
        let (first, complete) = self.part().map_or((0, self.content.len()), |(part, complete)| (part.first, complete));
        let part = |range: &ByteRange| self.content.slice(range.first.saturating_sub(first), range.length());
        if let [range] = ranges {
            return Rendered::new(prepared(answer::partial(&self.stored, *range, complete)), vec![part(range)]);
        }
        let multipart = Multipart::new(&self.stored, ranges, complete, boundary());
        let parts = multipart.parts.into_iter();
        let parts = parts.flat_map(|(head, range)| [Content::Bytes(head.into()), part(&range)]);
        let content = parts.chain([Content::Bytes(multipart.end.into())]).collect();
        Rendered::new(prepared(multipart.response), content)
    }
}

/// The head of an answer from content that is still coming, and which of its octets follow.
pub struct Begun {
    /// The head, without what the server adds.
    pub response: Response,
    /// Octets that follow, or that GET would give, where they are known.
    pub length: Option<u64>,
    /// Which ones.
    pub octets: Range<u64>,
}

impl Begun {
    /// An answer of the origin as it comes.
    pub fn whole(response: Response, length: Option<u64>) -> Self {
        Self { response, length, octets: 0..u64::MAX }
    }

    /// An answer that was received now and is for this request alone, although the origin knew nothing of its conditions.
    pub fn given(request: &Request, response: Response, length: Option<u64>, received: Now) -> Self {
        // `Date` stands in for `Last-Modified` only of what was stored: this has just been made.
        let is_undated = request.fields.has("if-modified-since") && !response.fields.has("last-modified");
        if is_undated || !semantics::is_conditional(request) {
            return Self::whole(response, length);
        }
        let Response { status, fields } = response;
        let (lifetime, vary) = (Lifetime::new(received, 0, 0), Vary::default());
        Self::new(request, &Stored { status, fields, lifetime, vary }, length)
    }

    /// The request's preconditions and one range heeded; several ranges would be sent before they have come: they get all.
    pub fn new(request: &Request, stored: &Stored, length: Option<u64>) -> Self {
        let none = |response| Self { response, length: None, octets: 0..0 };
        let begun = match (preconditions(request, stored, length), length) {
            (Precondition::NotModified, _) => none(answer::not_modified(stored)),
            (Precondition::Failed, _) => Self { length: Some(0), ..none(answer::failed(stored)) },
            _ if stored.status == 206 => Self::all(stored, length),
            (Precondition::NotSatisfiable, Some(complete)) => {
                Self { length: Some(0), ..none(answer::not_satisfiable(complete)) }
            }
            (Precondition::Range(ranges), Some(complete)) if ranges.len() == 1 => Self::part(stored, &ranges, complete),
            _ => Self::all(stored, length),
        };
        if request.method == Method::Head { Self { octets: 0..0, ..begun } } else { begun }
    }

    fn all(stored: &Stored, length: Option<u64>) -> Self {
        Self::whole(Response { status: stored.status, fields: stored.fields.clone() }, length)
    }

    fn part(stored: &Stored, ranges: &[ByteRange], complete: u64) -> Self {
        let [range] = ranges else { return Self::all(stored, Some(complete)) };
        let octets = range.first..range.last.saturating_add(1);
        Self { response: answer::partial(stored, *range, complete), length: Some(range.length()), octets }
    }
}

/// Between the parts of `multipart/byteranges`: this process's own, so that no content can be made to have it.
fn boundary() -> &'static str {
    static BOUNDARY: OnceLock<String> = OnceLock::new();
    BOUNDARY.get_or_init(|| {
        let half = || RandomState::new().hash_one(std::process::id());
        format!("edgeplane-{:016x}{:016x}", half(), half())
    })
}

impl Rendered {
    fn new(head: Arc<PreparedHead>, content: Vec<Content>) -> Self {
        let length = content.iter().map(Content::len).sum();
        Self { head, content, length: Some(length) }
    }

    fn made(response: Response) -> Self {
        Self::new(prepared(response), Vec::new())
    }

    fn without_content(mut self, bare: bool) -> Self {
        if bare {
            self.content.clear();
        }
        self
    }
}

/// A response's head for one answer or many.
pub fn prepared(response: Response) -> Arc<PreparedHead> {
    Arc::new(PreparedHead::new(response.status, response.fields))
}

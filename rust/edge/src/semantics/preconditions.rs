//! What our own answer to a request is, given what is stored: RFC 9110 section 13.2.2 for a cache (RFC 9111 section 4.3.2).

use edgeplane_http::{Method, Request};

use super::etag::{self, EntityTag};
use super::range::{self, ByteRange};
use super::{Stored, date};

/// The answer that the request's preconditions and ranges select.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Precondition {
    /// The stored status with all of the content.
    Full,
    /// 304.
    NotModified,
    /// 206 with one range, or with several as multipart/byteranges.
    Range(Vec<ByteRange>),
    /// 416.
    NotSatisfiable,
    /// 412. `reuse` by RFC 9111 lets the origin answer conditions that can fail so; by CloudFront's rules they are ours.
    Failed,
}

impl Precondition {
    /// Its name in logs.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::NotModified => "not-modified",
            Self::Range(_) => "range",
            Self::NotSatisfiable => "not-satisfiable",
            Self::Failed => "precondition-failed",
        }
    }
}

/// Evaluates a request on a stored response whose complete content has `length` octets; none: not known, then ranges are not
/// looked at. For one of which only ranges are here the caller compares the outcome with its `Coverage`.
pub fn preconditions(request: &Request, stored: &Stored, length: Option<u64>) -> Precondition {
    let selected = matches!(request.method, Method::Get | Method::Head) && (200..300).contains(&stored.status);
    if !selected {
        return Precondition::Full;
    }
    match () {
        () if fails(request, stored) => Precondition::Failed,
        () if is_not_modified(request, stored) => Precondition::NotModified,
        () => ranges(request, stored, length),
    }
}

/// Steps 1 and 2: `If-Match`, else `If-Unmodified-Since`.
fn fails(request: &Request, stored: &Stored) -> bool {
    if request.fields.has("if-match") {
        return !lists(request, "if-match", stored, |tag, listed| tag.matches_strongly(listed));
    }
    let unmodified_since_s = date_of(request.fields.get("if-unmodified-since"), stored);
    let modified_s = date_of(stored.fields.get("last-modified"), stored);
    matches!((modified_s, unmodified_since_s), (Some(modified_s), Some(since_s)) if modified_s > since_s)
}

/// Steps 3 and 4: `If-None-Match`, else `If-Modified-Since`, which without `Last-Modified` is compared with `Date`.
fn is_not_modified(request: &Request, stored: &Stored) -> bool {
    if request.fields.has("if-none-match") {
        return lists(request, "if-none-match", stored, |tag, listed| tag.matches_weakly(listed));
    }
    let modified = stored.fields.get("last-modified").or_else(|| stored.fields.get("date"));
    let since_s = date_of(request.fields.get("if-modified-since"), stored);
    matches!((date_of(modified, stored), since_s), (Some(modified_s), Some(since_s)) if modified_s <= since_s)
}

/// Step 5: `Range`, where `If-Range` lets it.
fn ranges(request: &Request, stored: &Stored, length: Option<u64>) -> Precondition {
    let (Some(length), Method::Get, 200 | 206) = (length, request.method, stored.status) else {
        return Precondition::Full;
    };
    let ranges = if applies(request, stored) { range::requested(&request.fields, length) } else { None };
    match ranges {
        None => Precondition::Full,
        Some(ranges) if ranges.is_empty() => Precondition::NotSatisfiable,
        Some(ranges) => Precondition::Range(ranges),
    }
}

/// Whether the stored entity tag is in a list; `*` is every one.
fn lists(request: &Request, name: &str, stored: &Stored, same: fn(&EntityTag<'_>, &EntityTag<'_>) -> bool) -> bool {
    let tag = stored.fields.get("etag").and_then(EntityTag::parse);
    let mut listed = request.fields.all(name).flat_map(etag::list);
    listed.any(|listed| listed.opaque == b"*" || tag.is_some_and(|tag| same(&tag, &listed)))
}

/// Section 13.1.5: a strong entity tag, or the very date of a strong `Last-Modified`.
fn applies(request: &Request, stored: &Stored) -> bool {
    let Some(condition) = request.fields.get("if-range") else { return true };
    if let Some(since_s) = date_of(Some(condition), stored) {
        return strong_date_s(stored) == Some(since_s);
    }
    let tag = stored.fields.get("etag").and_then(EntityTag::parse);
    matches!((tag, EntityTag::parse(condition)), (Some(tag), Some(listed)) if tag.matches_strongly(&listed))
}

/// `Last-Modified` where it is a strong validator: before the second in which the response was made (section 8.8.2.2).
pub(crate) fn strong_date_s(stored: &Stored) -> Option<u64> {
    let modified_s = date_of(stored.fields.get("last-modified"), stored)?;
    let made_s = date_of(stored.fields.get("date"), stored)?;
    (modified_s < made_s).then_some(modified_s)
}

fn date_of(value: Option<&[u8]>, stored: &Stored) -> Option<u64> {
    date::parse(value?.trim_ascii(), stored.lifetime.received.wall_s)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::semantics::sample::{date, get, stored};
    use Precondition::{Failed, Full, NotModified, NotSatisfiable, Range};

    const STRONG: (&str, &str) = ("ETag", "\"a\"");
    const WEAK: (&str, &str) = ("ETag", "W/\"a\"");

    /// Stored at 0, last modified a minute before.
    fn answer(validators: &[(&str, &str)], asked: &[(&str, &str)]) -> Precondition {
        let (made, modified) = (date(0), date(-60));
        let mut fields = vec![("Cache-Control", "max-age=60"), ("Date", made.as_str())];
        fields.extend(
            validators.iter().map(|&(name, value)| (name, if value == "modified" { modified.as_str() } else { value })),
        );
        preconditions(&get(asked), &stored(&fields), Some(10))
    }

    #[test]
    fn not_modified() {
        let (before, same, after) = (date(-61), date(-60), date(-59));
        let modified = ("Last-Modified", "modified");
        for (validators, asked, expected) in [
            (&[STRONG][..], &[("If-None-Match", "\"a\"")][..], NotModified),
            (&[STRONG], &[("If-None-Match", "W/\"a\"")], NotModified),
            (&[WEAK], &[("If-None-Match", "\"a\"")], NotModified),
            (&[STRONG], &[("If-None-Match", "\"b\", \"a\"")], NotModified),
            (&[STRONG], &[("If-None-Match", "\"b\""), ("If-None-Match", "\"a\"")], NotModified),
            (&[STRONG], &[("If-None-Match", "\"b\"")], Full),
            (&[], &[("If-None-Match", "\"b\"")], Full),
            (&[], &[("If-None-Match", "*")], NotModified),
            (&[modified], &[("If-Modified-Since", same.as_str())], NotModified),
            (&[modified], &[("If-Modified-Since", after.as_str())], NotModified),
            (&[modified], &[("If-Modified-Since", before.as_str())], Full),
            (&[modified], &[("If-Modified-Since", "yesterday")], Full),
            (&[STRONG, modified], &[("If-None-Match", "\"a\""), ("If-Modified-Since", before.as_str())], NotModified),
            (&[STRONG, modified], &[("If-None-Match", "\"b\""), ("If-Modified-Since", after.as_str())], Full),
            (&[STRONG], &[("If-None-Match", "\"a\""), ("Range", "bytes=0-1")], NotModified),
        ] {
            assert_eq!(answer(validators, asked), expected, "{validators:?} {asked:?}");
        }
        let made = date(0);
        assert_eq!(answer(&[], &[("If-Modified-Since", &made)]), NotModified, "Date stands in for Last-Modified");
        assert_eq!(answer(&[], &[("If-Modified-Since", &same)]), Full);
    }

    #[test]
    fn failed() {
        let (before, same) = (date(-61), date(-60));
        let modified = ("Last-Modified", "modified");
        for (validators, asked, expected) in [
            (&[STRONG][..], &[("If-Match", "\"a\"")][..], Full),
            (&[STRONG], &[("If-Match", "*")], Full),
            (&[STRONG], &[("If-Match", "\"b\"")], Failed),
            (&[WEAK], &[("If-Match", "W/\"a\"")], Failed),
            (&[modified], &[("If-Unmodified-Since", same.as_str())], Full),
            (&[modified], &[("If-Unmodified-Since", before.as_str())], Failed),
            (&[STRONG, modified], &[("If-Match", "\"a\""), ("If-Unmodified-Since", before.as_str())], Full),
            (&[STRONG], &[("If-Match", "\"b\""), ("If-None-Match", "\"a\"")], Failed),
            (&[STRONG], &[("If-Match", "\"a\""), ("If-None-Match", "\"a\"")], NotModified),
        ] {
            assert_eq!(answer(validators, asked), expected, "{validators:?} {asked:?}");
        }
    }

    #[test]
    fn ranges_and_if_range() {
        let (same, other, made) = (date(-60), date(-50), date(0));
        let modified = ("Last-Modified", "modified");
        let part = || Range(vec![ByteRange { first: 2, last: 9 }]);
        for (validators, asked, expected) in [
            (&[][..], &[][..], part()),
            (&[STRONG], &[("If-Range", "\"a\"")], part()),
            (&[STRONG], &[("If-Range", "\"b\"")], Full),
            (&[WEAK], &[("If-Range", "W/\"a\"")], Full),
            (&[], &[("If-Range", "\"a\"")], Full),
            (&[modified], &[("If-Range", same.as_str())], part()),
            (&[modified], &[("If-Range", other.as_str())], Full),
            (&[("Last-Modified", made.as_str())], &[("If-Range", made.as_str())], Full),
        ] {
            let asked: Vec<_> = asked.iter().copied().chain([("Range", "bytes=2-20")]).collect();
            assert_eq!(answer(validators, &asked), expected, "{validators:?} {asked:?}");
        }
        assert_eq!(answer(&[], &[("Range", "bytes=10-")]), NotSatisfiable);
        assert_eq!(answer(&[], &[("Range", "lines=1-")]), Full);
    }

    #[test]
    fn only_a_get_has_ranges_and_only_success_has_conditions() {
        let asked = get(&[("Range", "bytes=0-1"), ("If-None-Match", "\"a\"")]);
        let mut kept = stored(&[STRONG, ("Cache-Control", "max-age=60")]);
        kept.status = 404;
        assert_eq!(preconditions(&asked, &kept, Some(10)), Full);
        let head = Request { method: Method::Head, ..get(&[("Range", "bytes=0-1")]) };
        kept.status = 200;
        assert_eq!(preconditions(&head, &kept, Some(10)), Full);
    }
}

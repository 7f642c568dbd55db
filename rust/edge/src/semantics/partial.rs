//! Responses of which only ranges are here (RFC 9111 sections 3.3 and 3.4).

use edgeplane_http::{Fields, Request, Response};
use serde::{Deserialize, Serialize};

use super::etag::EntityTag;
use super::{ByteRange, ContentRange, Now, Rules, Stored, Storing, date, kept, preconditions, store};

/// Which octets of a content are here.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Coverage {
    /// In order, with gaps between them.
    ranges: Vec<ByteRange>,
    /// Length of all, once it is known.
    pub complete: Option<u64>,
}

impl Coverage {
    /// Of one 206 whose content came whole.
    pub fn of(content: ContentRange) -> Self {
        Self { ranges: vec![content.range], complete: content.complete }
    }

    /// What is here.
    pub fn ranges(&self) -> &[ByteRange] {
        &self.ranges
    }

    /// Adds octets; what overlaps or touches becomes one.
    pub fn add(&mut self, added: ByteRange) {
        let touches = |range: &ByteRange| {
            range.first <= added.last.saturating_add(1) && added.first <= range.last.saturating_add(1)
        };
        let joined = self
            .ranges
            .iter()
            .filter(|range| touches(range))
            .fold(added, |one, other| ByteRange { first: one.first.min(other.first), last: one.last.max(other.last) });
        self.ranges.retain(|range| !touches(range));
        let at = self.ranges.partition_point(|range| range.first < joined.first);
        self.ranges.insert(at, joined);
    }

    /// Whether all of these octets are here.
    pub fn contains(&self, wanted: ByteRange) -> bool {
        self.ranges.iter().any(|range| range.first <= wanted.first && wanted.last <= range.last)
    }

    /// Whether nothing is missing.
    pub fn is_whole(&self) -> bool {
        self.complete.is_some_and(|complete| complete == 0 || self.contains(ByteRange { first: 0, last: complete - 1 }))
    }

    /// The octets of `wanted` that are not here, in order.
    pub fn missing(&self, wanted: ByteRange) -> Vec<ByteRange> {
        let (mut missing, mut first) = (Vec::new(), wanted.first);
        for range in self.ranges.iter().filter(|range| range.last >= wanted.first && range.first <= wanted.last) {
            if range.first > first {
                missing.push(ByteRange { first, last: range.first - 1 });
            }
            first = range.last.saturating_add(1);
        }
        if first <= wanted.last {
            missing.push(ByteRange { first, last: wanted.last });
        }
        missing
    }
}

/// `Range` and `If-Range` that ask for more of a stored response; none without a strong validator, because what comes could
/// not be put together (section 3.4). `last` none: to the end.
pub fn rest(stored: &Stored, first: u64, last: Option<u64>) -> Option<Fields> {
    let validator = strong_validator(stored)?;
    let last = last.map_or(String::new(), |last| last.to_string());
    Some([(&b"Range"[..], format!("bytes={first}-{last}").as_bytes()), (b"If-Range", validator)].into_iter().collect())
}

/// Whether a response is of the same representation, so that its content completes the stored one.
pub fn may_combine(stored: &Stored, response: &Response) -> bool {
    is_same(stored, &response.fields)
}

/// Whether these fields have the strong validator of a stored response.
pub fn is_same(stored: &Stored, fields: &Fields) -> bool {
    match (tag(&stored.fields), tag(fields)) {
        (Some(stored), Some(tag)) => stored.matches_strongly(&tag),
        (None, None) => {
            let now_s = stored.lifetime.received.wall_s;
            let modified_s = fields.get("last-modified").and_then(|value| date::parse(value, now_s));
            modified_s.is_some() && preconditions::strong_date_s(stored) == modified_s
        }
        _ => false,
    }
}

/// The head of stored and new ranges together: newer fields in the place of older ones, judged anew.
pub fn combine(
    rules: &Rules,
    request: &Request,
    stored: &Stored,
    part: &Response,
    requested: Now,
    received: Now,
) -> Storing {
    let fields = kept::merged(&stored.fields, &part.fields, true, received);
    store(rules, request, &Response { status: part.status, fields }, requested, received)
}

impl Stored {
    /// The same once all of its ranges are here: 200.
    #[must_use]
    pub fn completed(self) -> Self {
        let ours =
            |name: &[u8]| !name.eq_ignore_ascii_case(b"content-range") && !name.eq_ignore_ascii_case(b"content-length");
        Self { status: 200, fields: self.fields.iter().filter(|(name, _)| ours(name)).collect(), ..self }
    }
}

fn strong_validator(stored: &Stored) -> Option<&[u8]> {
    let date = || preconditions::strong_date_s(stored).and_then(|_| stored.fields.get("last-modified"));
    match tag(&stored.fields) {
        Some(tag) if tag.weak => None,
        Some(tag) => Some(tag.opaque),
        None => date(),
    }
}

fn tag(fields: &Fields) -> Option<EntityTag<'_>> {
    fields.get("etag").and_then(EntityTag::parse)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::semantics::sample::{at, date, get, response, rfc9111, stored};
    use proptest::prelude::*;

    #[test]
    fn a_206_is_stored_as_the_range_that_it_is_and_completed() {
        let first = [("Cache-Control", "max-age=60"), ("ETag", "\"a\""), ("Content-Range", "bytes 0-4/10"), ("A", "1")];
        let storing = store(&rfc9111(), &get(&[("Range", "bytes=0-4")]), &response(206, &first), at(0), at(0));
        let Storing::Partial(stored, range) = storing else { panic!("{storing:?}") };
        let mut coverage = Coverage::of(range);
        assert!(!coverage.is_whole());
        let asked = rest(&stored, 5, None).expect("strong");
        assert_eq!(asked, [("Range", "bytes=5-"), ("If-Range", "\"a\"")].into_iter().collect());
        let second = response(
            206,
            &[("Cache-Control", "max-age=90"), ("ETag", "\"a\""), ("Content-Range", "bytes 5-9/10"), ("A", "2")],
        );
        assert!(may_combine(&stored, &second));
        let storing = combine(&rfc9111(), &get(&[]), &stored, &second, at(1_000), at(1_000));
        let Storing::Partial(both, range) = storing else { panic!("{storing:?}") };
        coverage.add(range.range);
        assert!(coverage.is_whole());
        let whole = both.completed();
        assert_eq!(
            (whole.status, whole.fields.get("a"), whole.fields.get("content-range")),
            (200, Some(&b"2"[..]), None)
        );
        assert_eq!(whole.lifetime.remaining_ms(at(1_000)), 90_000);
    }

    #[test]
    fn only_the_same_strong_validator_combines() {
        let (old, older) = (date(-50), date(-60));
        let made = ("Date", &*date(0));
        for (stored_with, comes_with, combines, is_strong) in [
            (("ETag", "\"a\""), ("ETag", "\"a\""), true, true),
            (("ETag", "\"a\""), ("ETag", "\"b\""), false, true),
            (("ETag", "\"a\""), ("X", "y"), false, true),
            (("ETag", "W/\"a\""), ("ETag", "W/\"a\""), false, false),
            (("Last-Modified", old.as_str()), ("Last-Modified", old.as_str()), true, true),
            (("Last-Modified", old.as_str()), ("Last-Modified", older.as_str()), false, true),
            (("Last-Modified", made.1), ("Last-Modified", made.1), false, false),
            (("X", "y"), ("X", "y"), false, false),
        ] {
            let stored = stored(&[("Cache-Control", "max-age=60"), made, stored_with]);
            let seen = (may_combine(&stored, &response(206, &[comes_with])), rest(&stored, 1, Some(2)).is_some());
            assert_eq!(seen, (combines, is_strong), "{stored_with:?} {comes_with:?}");
        }
    }

    proptest! {
        #[test]
        fn coverage_is_a_set_of_octets(ranges in proptest::collection::vec((0u64..60, 0u64..12), 0..12), wanted in (0u64..60, 0u64..30)) {
            let (mut coverage, mut octets) = (Coverage::default(), [false; 128]);
            for &(first, more) in &ranges {
                coverage.add(ByteRange { first, last: first + more });
                (first..=first + more).for_each(|octet| octets[octet as usize] = true);
            }
            let wanted = ByteRange { first: wanted.0, last: wanted.0 + wanted.1 };
            let missing = coverage.missing(wanted);
            for octet in wanted.first..=wanted.last {
                prop_assert_eq!(!octets[octet as usize], missing.iter().any(|range| (range.first..=range.last).contains(&octet)));
            }
            prop_assert_eq!(coverage.contains(wanted), missing.is_empty());
            let ordered = coverage.ranges().windows(2).all(|pair| pair[0].last + 1 < pair[1].first);
            prop_assert!(ordered);
        }
    }
}

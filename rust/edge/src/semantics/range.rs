//! Byte ranges (RFC 9110 section 14).

use edgeplane_http::Fields;
use serde::{Deserialize, Serialize};

/// More ranges than this in one request are answered with all of the content (section 14.2).
pub const RANGES_MAX: usize = 16;

/// Octets `first` to `last`, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ByteRange {
    /// From 0.
    pub first: u64,
    /// Not before `first`.
    pub last: u64,
}

impl ByteRange {
    /// Number of octets, at least 1.
    pub const fn length(&self) -> u64 {
        (self.last - self.first).saturating_add(1)
    }

    /// The value of `Content-Range`.
    pub fn content_range(&self, complete: u64) -> String {
        format!("bytes {}-{}/{complete}", self.first, self.last)
    }
}

/// The value of a 206's `Content-Range` (section 14.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ContentRange {
    /// Which octets the content is.
    pub range: ByteRange,
    /// Length of all; none: `*`.
    pub complete: Option<u64>,
}

impl ContentRange {
    /// Of a response with exactly one valid field in bytes.
    pub fn of(fields: &Fields) -> Option<Self> {
        let mut lines = fields.all("content-range");
        let parsed = Self::parse(lines.next()?)?;
        lines.next().is_none().then_some(parsed)
    }

    fn parse(value: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(value).ok()?;
        let (unit, rest) = text.trim_ascii().split_once(' ')?;
        let (range, complete) = rest.split_once('/')?;
        let (first, last) = range.split_once('-')?;
        let range = ByteRange { first: position(first)?, last: position(last)? };
        let complete = if complete == "*" { None } else { Some(position(complete)?) };
        let valid =
            range.first <= range.last && range.last < u64::MAX && complete.is_none_or(|complete| range.last < complete);
        (valid && unit.eq_ignore_ascii_case("bytes")).then_some(Self { range, complete })
    }
}

/// The ranges that a request's `Range` selects of `length` octets. None: there is no such field, or one that is ignored, so
/// that all of the content is the answer: another unit, a mistake, too many, not in order, overlapping. Empty: none can be
/// satisfied.
pub fn requested(fields: &Fields, length: u64) -> Option<Vec<ByteRange>> {
    let mut lines = fields.all("range");
    let line = std::str::from_utf8(lines.next()?).ok()?;
    let (unit, set) = line.trim_ascii().split_once('=')?;
    if lines.next().is_some() || !unit.eq_ignore_ascii_case("bytes") || set.split(',').count() > RANGES_MAX {
        return None;
    }
    let specs: Option<Vec<Spec>> = set.split(',').map(|spec| Spec::parse(spec.trim_ascii())).collect();
    let ranges: Vec<ByteRange> = specs?.iter().filter_map(|spec| spec.of(length)).collect();
    let in_order = ranges.iter().zip(ranges.iter().skip(1)).all(|(one, next)| one.last < next.first);
    let satisfied_by_nothing = length == 0 && ranges.is_empty() && set.trim_ascii().starts_with('-');
    (in_order && !satisfied_by_nothing).then_some(ranges)
}

enum Spec {
    From(u64),
    Between(u64, u64),
    Last(u64),
}

impl Spec {
    fn parse(text: &str) -> Option<Self> {
        let (first, last) = text.split_once('-')?;
        match (first, last) {
            ("", last) => Some(Self::Last(position(last)?)),
            (first, "") => Some(Self::From(position(first)?)),
            (first, last) => {
                let (first, last) = (position(first)?, position(last)?);
                (first <= last).then_some(Self::Between(first, last))
            }
        }
    }

    fn of(&self, length: u64) -> Option<ByteRange> {
        let end = length.checked_sub(1)?;
        let range = match *self {
            Self::From(first) => ByteRange { first, last: end },
            Self::Between(first, last) => ByteRange { first, last: last.min(end) },
            Self::Last(0) => return None,
            Self::Last(suffix) => ByteRange { first: length.saturating_sub(suffix), last: end },
        };
        (range.first <= end).then_some(range)
    }
}

/// Digits; more than fit are the largest number.
fn position(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|octet| octet.is_ascii_digit());
    digits.then(|| {
        text.bytes().fold(0u64, |value, digit| value.saturating_mul(10).saturating_add(u64::from(digit - b'0')))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(value: &str, length: u64) -> Option<Vec<(u64, u64)>> {
        let fields = [("Range", value)].into_iter().collect();
        requested(&fields, length).map(|ranges| ranges.iter().map(|range| (range.first, range.last)).collect())
    }

    #[test]
    fn ranges_of_ten_thousand_octets() {
        for (value, ranges) in [
            ("bytes=0-499", Some(&[(0, 499)][..])),
            ("bytes=500-999", Some(&[(500, 999)])),
            ("bytes=-500", Some(&[(9500, 9999)])),
            ("bytes=9500-", Some(&[(9500, 9999)])),
            ("bytes=0-0,-1", Some(&[(0, 0), (9999, 9999)])),
            ("Bytes= 0-999, 4500-5499, -1000", Some(&[(0, 999), (4500, 5499), (9000, 9999)])),
            ("bytes=0-99999999999999999999999999", Some(&[(0, 9999)])),
            ("bytes=-99999", Some(&[(0, 9999)])),
            ("bytes=10000-", Some(&[])),
            ("bytes=-0", Some(&[])),
            ("bytes=20000-30000,0-1", Some(&[(0, 1)])),
            ("bytes=500-600,601-999", Some(&[(500, 600), (601, 999)])),
            ("bytes=500-700,601-999", None),
            ("bytes=601-999,500-600", None),
            ("bytes=5-4", None),
            ("bytes=", None),
            ("bytes=a-b", None),
            ("bytes=1", None),
            ("bytes=1-2,", None),
            ("items=0-1", None),
            ("bytes 0-1", None),
            ("bytes=--1", None),
        ] {
            assert_eq!(of(value, 10_000), ranges.map(<[_]>::to_vec), "{value}");
        }
        assert_eq!(of(&format!("bytes={}", ["1-1"; 17].join(",")), 100), None);
        assert_eq!((of("bytes=0-", 0), of("bytes=-5", 0)), (Some(vec![]), None));
    }

    #[test]
    fn content_ranges() {
        let of =
            |value: &str| ContentRange::parse(value.as_bytes()).map(|it| (it.range.first, it.range.last, it.complete));
        assert_eq!(of("bytes 42-1233/1234"), Some((42, 1233, Some(1234))));
        assert_eq!(of("bytes 42-1233/*"), Some((42, 1233, None)));
        for wrong in [
            "bytes */1234",
            "bytes 42-1234/1234",
            "bytes 43-42/100",
            "bytes=1-2/3",
            "bytes 1-2",
            "x 1-2/3",
            "bytes 1-2/x",
            "",
        ] {
            assert_eq!(of(wrong), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn ranges_lie_within(value in "(bytes=)?[0-9,\\- ]{0,20}", length in 0u64..200) {
            for (first, last) in of(&value, length).unwrap_or_default() {
                prop_assert!(first <= last && last < length);
            }
        }

        #[test]
        fn a_content_range_that_is_written_is_read(first in 0u64..1 << 50, more in 0u64..1 << 50, after in 1u64..1 << 50) {
            let range = ByteRange { first, last: first + more };
            let complete = range.last + after;
            let read = ContentRange::parse(range.content_range(complete).as_bytes());
            prop_assert_eq!(read, Some(ContentRange { range, complete: Some(complete) }));
        }
    }
}

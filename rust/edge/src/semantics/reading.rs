//! What a response says about time, read once for both rule sets.

use edgeplane_http::Fields;

use super::cache_control::{ResponseDirectives, delta_seconds};
use super::time::{DELTA_MAX_S, ms};
use super::{AgeField, Now, date, surrogate, targeted};

/// A response as a cache reads it.
pub struct Reading<'a> {
    pub status: u16,
    pub fields: &'a Fields,
    pub directives: ResponseDirectives,
    /// `Date`, or when it came; seconds since the epoch.
    pub date_s: u64,
    /// `Expires` from `date_s` on, 0 where it is past or no date; none: no such field, or one that does not count.
    pub expires_in_s: Option<u64>,
    pub last_modified_s: Option<u64>,
    /// `corrected_initial_age` of RFC 9111 section 4.2.3.
    pub age_ms: u64,
    /// Whether `Age` was a number.
    pub age_is_known: bool,
    pub received: Now,
}

impl<'a> Reading<'a> {
    /// Reads the head of a response that was asked for and came at these moments. `targets`: whether `CDN-Cache-Control` and `Surrogate-Control`
    /// count.
    pub fn of(status: u16, fields: &'a Fields, requested: Now, received: Now, rule: AgeField, targets: bool) -> Self {
        let targeted =
            targets.then(|| targeted::directives(fields).or_else(|| surrogate::directives(fields))).flatten();
        let date_s =
            fields.get("date").and_then(|value| date::parse(value, received.wall_s)).unwrap_or(received.wall_s);
        let expires_in_s = if targeted.is_some() { None } else { expires_in_s(fields, date_s, received) };
        let age_s = age_field(fields, rule);
        Self {
            status,
            fields,
            directives: targeted.unwrap_or_else(|| ResponseDirectives::of(fields)),
            date_s,
            expires_in_s,
            last_modified_s: fields.get("last-modified").and_then(|value| date::parse(value, received.wall_s)),
            age_ms: initial_age_ms(age_s.unwrap_or(0), date_s, requested, received),
            age_is_known: age_s.is_some(),
            received,
        }
    }

    /// Freshness that the response itself gives: `s-maxage`, `max-age`, `Expires`, in this order (section 4.2.1).
    pub fn explicit_s(&self) -> Option<u64> {
        self.directives.s_maxage_s.or(self.directives.max_age_s).or(self.expires_in_s)
    }

    /// Its fields with a valid `Date`, as they are stored; `cookies`: with `Set-Cookie`.
    pub fn kept(&self, cookies: bool) -> Fields {
        let set_cookie = (!cookies).then_some(super::kept::SET_COOKIE);
        let mut kept = super::kept::stored(self.fields, self.directives.withheld().chain(set_cookie));
        if self.fields.get("date").and_then(|value| date::parse(value, self.received.wall_s)).is_none() {
            kept.set("Date", date::format(self.received.wall_s));
        }
        kept
    }
}

fn expires_in_s(fields: &Fields, date_s: u64, received: Now) -> Option<u64> {
    let value = fields.get("expires")?;
    let expires_s = date::parse(value, received.wall_s).unwrap_or(0);
    Some(expires_s.saturating_sub(date_s).min(DELTA_MAX_S))
}

/// Section 4.2.3.
fn initial_age_ms(age_s: u64, date_s: u64, requested: Now, received: Now) -> u64 {
    let apparent_age_ms = ms(received.wall_s.saturating_sub(date_s));
    let response_delay_ms = received.monotonic_ms.saturating_sub(requested.monotonic_ms);
    apparent_age_ms.max(ms(age_s).saturating_add(response_delay_ms))
}

/// Seconds; none where they are not known.
fn age_field(fields: &Fields, rule: AgeField) -> Option<u64> {
    let mut lines = fields.all("age");
    let Some(line) = lines.next() else { return Some(0) };
    match rule {
        AgeField::Distrusted if lines.next().is_some() => None,
        AgeField::Distrusted => delta_seconds(line.trim_ascii()),
        AgeField::FirstValue => {
            let value = line.split(|&octet| octet == b',').next().unwrap_or_default();
            Some(delta_seconds(value.trim_ascii()).unwrap_or(0))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::semantics::sample::{at, date};

    fn read(pairs: &[(&str, &str)], rule: AgeField) -> (u64, bool, Option<u64>) {
        let fields = pairs.iter().copied().collect();
        let reading = Reading::of(200, &fields, at(1_000), at(3_500), rule, true);
        (reading.age_ms, reading.age_is_known, reading.explicit_s())
    }

    #[test]
    fn age_is_the_greater_of_what_the_date_and_what_the_field_say() {
        let (early, late) = (date(-60), date(60));
        for (fields, age_ms) in [
            (vec![], 2_500),
            (vec![("Date", early.as_str())], 63_000),
            (vec![("Date", late.as_str())], 2_500),
            (vec![("Date", early.as_str()), ("Age", "10")], 63_000),
            (vec![("Date", early.as_str()), ("Age", "90")], 92_500),
            (vec![("Date", "foo"), ("Age", " 7 ")], 9_500),
            (vec![("Age", "99999999999999999999")], DELTA_MAX_S * 1000 + 2_500),
        ] {
            assert_eq!(read(&fields, AgeField::FirstValue).0, age_ms, "{fields:?}");
            assert_eq!(read(&fields, AgeField::Distrusted).0, age_ms, "{fields:?}");
        }
    }

    #[test]
    fn an_age_that_is_not_one_number() {
        for (lines, first_s, known) in [
            (&["7200"][..], 7200, true),
            (&["abc"], 0, false),
            (&["-7200"], 0, false),
            (&["7200.0"], 0, false),
            (&["7200,0"], 7200, false),
            (&["0, 7200"], 0, false),
            (&["7200", "0"], 7200, false),
            (&["0", "7200"], 0, false),
            (&["7200;a=b"], 0, false),
            (&[""], 0, false),
            (&["5", "5"], 5, false),
        ] {
            let pairs: Vec<_> = lines.iter().map(|line| ("Age", *line)).collect();
            assert_eq!(read(&pairs, AgeField::FirstValue).0, ms(first_s) + 2_500, "{lines:?}");
            assert_eq!(read(&pairs, AgeField::Distrusted).1, known, "{lines:?}");
        }
    }

    #[test]
    fn the_order_of_lifetimes() {
        let (zero, later) = (date(0), date(50));
        let dated = |more: &[(&str, &str)]| {
            let mut pairs = vec![("Date", zero.as_str()), ("Expires", later.as_str())];
            pairs.extend(more);
            read(&pairs, AgeField::FirstValue).2
        };
        assert_eq!(dated(&[]), Some(50));
        assert_eq!(dated(&[("Cache-Control", "max-age=7")]), Some(7));
        assert_eq!(dated(&[("Cache-Control", "max-age=7, s-maxage=9")]), Some(9));
        assert_eq!(dated(&[("CDN-Cache-Control", "max-age=3"), ("Cache-Control", "s-maxage=9")]), Some(3));
        assert_eq!(dated(&[("CDN-Cache-Control", "must-revalidate"), ("Cache-Control", "s-maxage=9")]), None);
        assert_eq!(dated(&[("CDN-Cache-Control", "max-age =3"), ("Cache-Control", "s-maxage=9")]), Some(9));
        assert_eq!(read(&[("Expires", "0")], AgeField::FirstValue).2, Some(0));
        assert_eq!(read(&[("Date", &later), ("Expires", &zero)], AgeField::FirstValue).2, Some(0));
    }
}

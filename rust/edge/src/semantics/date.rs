//! HTTP dates (RFC 9110 section 5.6.7), read as strictly as the grammar says: names have case, numbers have their digits.

use std::time::{Duration, UNIX_EPOCH};

use edgeplane_base::calendar::days;

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const LONG_DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

/// Seconds since the Unix epoch of a date in any of the three forms; one before the epoch is 0. `now_s` tells the century of
/// a year in two digits.
pub fn parse(value: &[u8], now_s: u64) -> Option<u64> {
    imf_fixdate(value).or_else(|| rfc850(value, now_s)).or_else(|| asctime(value))
}

/// As IMF-fixdate: `Sun, 06 Nov 1994 08:49:37 GMT`. Years above 9999 are cut there.
pub fn format(seconds: u64) -> String {
    httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(seconds.min(LAST_S)))
}

/// The last second of 9999.
const LAST_S: u64 = 253_402_300_799;

/// `Sun, 06 Nov 1994 08:49:37 GMT`
fn imf_fixdate(value: &[u8]) -> Option<u64> {
    let mut text = Text(value);
    text.name(&DAYS)?;
    text.literal(", ")?;
    let day = text.number(2)?;
    text.literal(" ")?;
    let month = text.name(&MONTHS)?;
    text.literal(" ")?;
    let year = text.number(4)?;
    text.literal(" ")?;
    let time = text.time()?;
    text.literal(" GMT")?;
    text.end()?;
    seconds(year, month, day, time)
}

/// `Sunday, 06-Nov-94 08:49:37 GMT`
fn rfc850(value: &[u8], now_s: u64) -> Option<u64> {
    let mut text = Text(value);
    text.name(&LONG_DAYS)?;
    text.literal(", ")?;
    let day = text.number(2)?;
    text.literal("-")?;
    let month = text.name(&MONTHS)?;
    text.literal("-")?;
    let year = century(text.number(2)?, now_s);
    text.literal(" ")?;
    let time = text.time()?;
    text.literal(" GMT")?;
    text.end()?;
    seconds(year, month, day, time)
}

/// `Sun Nov  6 08:49:37 1994`
fn asctime(value: &[u8]) -> Option<u64> {
    let mut text = Text(value);
    text.name(&DAYS)?;
    text.literal(" ")?;
    let month = text.name(&MONTHS)?;
    text.literal(" ")?;
    let day = if text.literal(" ").is_some() { text.number(1)? } else { text.number(2)? };
    text.literal(" ")?;
    let time = text.time()?;
    text.literal(" ")?;
    let year = text.number(4)?;
    text.end()?;
    seconds(year, month, day, time)
}

/// A year in two digits is never more than 50 years ahead.
fn century(two_digits: u64, now_s: u64) -> u64 {
    let this_year = 1970 + now_s.min(LAST_S) / 31_556_952;
    let year = this_year / 100 * 100 + two_digits;
    if year > this_year + 50 { year - 100 } else { year }
}

/// `month` from 0.
fn seconds(year: u64, month: u64, day: u64, time_s: u64) -> Option<u64> {
    if day == 0 || day > days_in(year, month) {
        return None;
    }
    let days = days(year as i64, month as i64 + 1, day as i64);
    Some(u64::try_from(days).map_or(0, |days| days.saturating_mul(86_400).saturating_add(time_s)))
}

/// `month` from 0.
const fn days_in(year: u64, month: u64) -> u64 {
    match month {
        1 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        1 => 28,
        3 | 5 | 8 | 10 => 30,
        _ => 31,
    }
}

/// What is left to read.
struct Text<'a>(&'a [u8]);

impl Text<'_> {
    fn literal(&mut self, expected: &str) -> Option<()> {
        self.0 = self.0.strip_prefix(expected.as_bytes())?;
        Some(())
    }

    /// The index of the name that stands here.
    fn name(&mut self, names: &[&str]) -> Option<u64> {
        let index = names.iter().position(|name| self.literal(name).is_some())?;
        Some(index as u64)
    }

    fn number(&mut self, digits: usize) -> Option<u64> {
        let (number, rest) = self.0.split_at_checked(digits)?;
        self.0 = rest;
        number.iter().try_fold(0, |value, digit| digit.is_ascii_digit().then(|| value * 10 + u64::from(digit - b'0')))
    }

    /// `08:49:37`; a leap second counts as the one before it.
    fn time(&mut self) -> Option<u64> {
        let hour = self.number(2)?;
        self.literal(":")?;
        let minute = self.number(2)?;
        self.literal(":")?;
        let second = self.number(2)?;
        (hour < 24 && minute < 60 && second <= 60).then(|| hour * 3600 + minute * 60 + second.min(59))
    }

    fn end(&self) -> Option<()> {
        self.0.is_empty().then_some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::semantics::sample::EPOCH_S;
    use proptest::prelude::*;

    #[test]
    fn the_three_forms_of_the_rfc() {
        for text in ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"] {
            assert_eq!(parse(text.as_bytes(), EPOCH_S), Some(784_111_777), "{text}");
        }
        assert_eq!(parse(b"Thu, 29 Feb 2024 23:59:60 GMT", EPOCH_S), Some(1_709_251_199));
        assert_eq!(parse(b"Thu, 01 Jan 1970 00:00:00 GMT", EPOCH_S), Some(0));
        assert_eq!(parse(b"Mon, 01 Jan 1900 00:00:00 GMT", EPOCH_S), Some(0));
        assert_eq!(
            parse(b"Thursday, 18-Aug-50 02:01:18 GMT", EPOCH_S),
            parse(b"Thu, 18 Aug 2050 02:01:18 GMT", EPOCH_S)
        );
        assert_eq!(
            parse(b"Tuesday, 18-Aug-76 02:01:18 GMT", EPOCH_S),
            parse(b"Tue, 18 Aug 2076 02:01:18 GMT", EPOCH_S)
        );
        assert_eq!(
            parse(b"Thursday, 18-Aug-77 02:01:18 GMT", EPOCH_S),
            parse(b"Thu, 18 Aug 1977 02:01:18 GMT", EPOCH_S)
        );
    }

    #[test]
    fn a_clock_at_its_end_is_in_the_last_century() {
        let seconds = parse(b"Sun, 06 Nov 9994 08:49:37 GMT", EPOCH_S);
        assert_eq!(parse(b"Sunday, 06-Nov-94 08:49:37 GMT", u64::MAX), seconds);
    }

    #[test]
    fn what_is_nearly_a_date_is_none() {
        for text in [
            "",
            "0",
            "-1",
            "Sun, 6 Nov 1994 08:49:37 GMT",
            "sun, 06 Nov 1994 08:49:37 GMT",
            "Sun, 06 NOV 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 08:49:37 gmt",
            "Sun, 06 Nov 1994 08:49:37 UTC",
            "Sun, 06 Nov 94 08:49:37 GMT",
            "Sun 06 Nov 1994 08:49:37 GMT",
            "Sun, 06  Nov 1994 08:49:37 GMT",
            "Sun, 06-Nov-1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 08.49.37 GMT",
            "Sun, 06 Nov 1994 8:49:37 GMT",
            "Sun, 06 Nov 1994 08:49:37 GMT ",
            "Sun, 31 Feb 1994 08:49:37 GMT",
            "Sun, 00 Nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 24:00:00 GMT",
            "Sun, 29 Feb 2100 08:49:37 GMT",
            "Sun, 06 Nov 1994 08:60:00 GMT",
            "Sun, 06 Nov 1994 08:49:61 GMT",
        ] {
            assert_eq!(parse(text.as_bytes(), EPOCH_S), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(seconds in 0u64..253_402_300_800) {
            prop_assert_eq!(parse(format(seconds).as_bytes(), EPOCH_S), Some(seconds));
        }

        #[test]
        fn nothing_makes_it_stop(value in proptest::collection::vec(any::<u8>(), 0..40), now in any::<u64>()) {
            parse(&value, now);
        }
    }
}

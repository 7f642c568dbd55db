//! The `Date` of answers, formatted once a second.

use std::cell::Cell;
use std::time::{Duration, UNIX_EPOCH};

use edgeplane_base::clock::Clock;
use edgeplane_net::clock::CoarseClock;

/// `date: Sun, 06 Nov 1994 08:49:37 GMT` and the line's end.
pub(crate) type DateLine = [u8; 37];

/// The line of the current second.
pub(crate) struct Date {
    second: Cell<u64>,
    line: Cell<DateLine>,
}

impl Date {
    pub fn new() -> Self {
        Self { second: Cell::new(u64::MAX), line: Cell::new([b' '; 37]) }
    }

    /// `date: …` with its line end.
    #[inline]
    pub fn line(&self) -> DateLine {
        let second = CoarseClock.wall_ms() / 1000;
        if self.second.replace(second) != second {
            self.line.set(format(second));
        }
        self.line.get()
    }
}

#[cold]
fn format(second: u64) -> DateLine {
    let text = httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(second));
    let mut line = [b' '; 37];
    let whole = ["date: ", &text, "\r\n"].concat();
    line.iter_mut().zip(whole.bytes()).for_each(|(place, octet)| *place = octet);
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_is_an_imf_fixdate() {
        assert_eq!(&format(784_111_777), b"date: Sun, 06 Nov 1994 08:49:37 GMT\r\n");
        let date = Date::new();
        assert!(date.line().ends_with(b" GMT\r\n"));
        assert_eq!(date.line(), date.line());
    }
}

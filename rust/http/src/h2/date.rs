//! `Date` (RFC 9110 section 6.6.1), written once a second.

use std::cell::RefCell;
use std::time::{Duration, UNIX_EPOCH};

use edgeplane_base::clock::Clock;
use edgeplane_net::clock::CoarseClock;
use http::HeaderValue;

thread_local! {
    static WRITTEN: RefCell<(u64, HeaderValue)> = const {
        RefCell::new((0, HeaderValue::from_static("Thu, 01 Jan 1970 00:00:00 GMT")))
    };
}

/// The date of now.
pub(super) fn now() -> HeaderValue {
    let second = CoarseClock.wall_ms() / 1_000;
    WRITTEN.with_borrow_mut(|(written, value)| {
        if *written != second
            && let Ok(date) = HeaderValue::try_from(httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(second)))
        {
            (*written, *value) = (second, date);
        }
        value.clone()
    })
}

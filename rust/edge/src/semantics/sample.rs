//! Messages for tests.

use edgeplane_http::{Request, Response};

use super::{Now, Rfc9111Rules, Rules, Stored, Storing, store};

/// 2026-11-22 00:00:00, the wall when the monotonic clock stands at 0.
pub const EPOCH_S: u64 = 1_795_305_600;

/// So many milliseconds after the start.
pub fn at(monotonic_ms: u64) -> Now {
    Now { monotonic_ms, wall_s: EPOCH_S + monotonic_ms / 1000 }
}

/// An HTTP date so many seconds from `at(0)`.
pub fn date(seconds: i64) -> String {
    super::date::format(EPOCH_S.saturating_add_signed(seconds))
}

/// `GET http://example.net/a/b?q` with fields.
pub fn get(fields: &[(&str, &str)]) -> Request {
    Request {
        authority: "example.net".into(),
        path: "/a/b".into(),
        query: Some("q".into()),
        fields: fields.iter().copied().collect(),
        ..Request::default()
    }
}

/// A response with fields.
pub fn response(status: u16, fields: &[(&str, &str)]) -> Response {
    Response { status, fields: fields.iter().copied().collect() }
}

/// The default rules of RFC 9111.
pub fn rfc9111() -> Rules {
    Rules::Rfc9111(Rfc9111Rules::default())
}

/// What a plain GET at 0 leaves behind by RFC 9111.
pub fn stored(fields: &[(&str, &str)]) -> Stored {
    stored_for(&get(&[]), fields)
}

/// What a request at 0 leaves behind by RFC 9111.
pub fn stored_for(request: &Request, fields: &[(&str, &str)]) -> Stored {
    match store(&rfc9111(), request, &response(200, fields), at(0), at(0)) {
        Storing::Whole(stored) => stored,
        other => panic!("{other:?}"),
    }
}

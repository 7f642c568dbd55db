//! Which fields of a response are stored (RFC 9111 section 3.1) and which of them a 304 updates (section 3.2).

use edgeplane_http::Fields;
use edgeplane_http::fields::is_of_a_connection;

use super::{Now, date};

/// Fields that belong to one proxy, as others belong to one connection. `Age` is made anew for every answer.
const NEVER: [&str; 4] = ["age", "proxy-authenticate", "proxy-authentication-info", "proxy-authorization"];

/// What is for one client, unless its response says otherwise.
pub const SET_COOKIE: &[u8] = b"set-cookie";

/// What describes the very octets that are stored: the length by section 3.2, the others because the octets stay as they are
/// while the new ones were never seen. The entity tag is the one by which the response was found.
const OF_THE_CONTENT: [&str; 7] =
    ["content-digest", "content-encoding", "content-length", "content-md5", "content-range", "digest", "etag"];

/// The fields of a response that are stored; `withheld` are those that `private` and `no-cache` name,
/// and cookies.
pub fn stored<'a>(fields: &'a Fields, withheld: impl Iterator<Item = &'a [u8]>) -> Fields {
    let named: Vec<&[u8]> = fields.members("connection").chain(withheld).collect();
    let ends_here = |name: &[u8]| is_of_a_connection(name) || is(name, &NEVER);
    let stays = |name: &[u8]| !ends_here(name) && !named.iter().any(|named| named.eq_ignore_ascii_case(name));
    fields.iter().filter(|(name, _)| stays(name)).collect()
}

/// Fields of a response that are not stored although they are not the connection's: `private` and `no-cache` name
/// them, or they set cookies.
pub fn withheld(stored: &Fields, came: &Fields) -> Fields {
    let end_to_end = self::stored(came, std::iter::empty());
    end_to_end.iter().filter(|(name, _)| !stored.iter().any(|(kept, _)| kept.eq_ignore_ascii_case(name))).collect()
}

/// Cookies that a 304 sets and that are not stored.
pub fn withheld_cookies(stored: &Fields, came: &Fields) -> Fields {
    withheld(stored, came).iter().filter(|(name, _)| name.eq_ignore_ascii_case(SET_COOKIE)).collect()
}

/// Stored fields with those of a later response in their places, to be judged anew: with its `Age`, and with a `Date` of its
/// own. `content`: also with those of the content.
pub fn merged(stored: &Fields, later: &Fields, content: bool, received: Now) -> Fields {
    let news = self::stored(later, std::iter::empty());
    let news: Vec<(&[u8], &[u8])> = news.iter().filter(|(name, _)| content || !is(name, &OF_THE_CONTENT)).collect();
    let stays = |name: &[u8]| !news.iter().any(|(newer, _)| newer.eq_ignore_ascii_case(name));
    let mut merged: Fields = stored.iter().filter(|(name, _)| stays(name)).chain(news.iter().copied()).collect();
    if !later.has("date") {
        merged.set("Date", date::format(received.wall_s));
    }
    later.all("age").for_each(|age| merged.push("Age", age));
    merged
}

fn is(name: &[u8], names: &[&str]) -> bool {
    names.iter().any(|known| name.eq_ignore_ascii_case(known.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::semantics::sample::{at, date};

    fn fields(pairs: &[(&str, &str)]) -> Fields {
        pairs.iter().copied().collect()
    }

    #[test]
    fn what_belongs_to_a_connection_stays_with_it() {
        let came = fields(&[
            ("Connection", "a, B"),
            ("A", "1"),
            ("b", "2"),
            ("c", "3"),
            ("Keep-Alive", "x"),
            ("TE", "x"),
            ("Upgrade", "h2c"),
            ("Transfer-Encoding", "chunked"),
            ("Proxy-Authenticate", "x"),
            ("Set-Cookie", "s"),
            ("Secret", "y"),
            ("Age", "3"),
        ]);
        let kept = stored(&came, [&b"secret"[..]].into_iter());
        assert_eq!(kept.iter().map(|(name, _)| name).collect::<Vec<_>>(), [&b"c"[..], b"Set-Cookie"]);
    }

    #[test]
    fn newer_fields_take_the_place_of_all_of_their_name() {
        let merged = merged(
            &fields(&[("Content-Length", "5"), ("X", "1"), ("x", "2"), ("Y", "3"), ("ETag", "\"a\"")]),
            &fields(&[
                ("Content-Length", "9"),
                ("X", "4"),
                ("X", "5"),
                ("Connection", "z"),
                ("Z", "6"),
                ("Content-Type", "t"),
                ("Age", "7"),
            ]),
            false,
            at(0),
        );
        let expected = [
            ("Content-Length", "5"),
            ("Y", "3"),
            ("ETag", "\"a\""),
            ("X", "4"),
            ("X", "5"),
            ("Content-Type", "t"),
            ("Date", &date(0)),
            ("Age", "7"),
        ];
        let seen: Vec<_> = merged.iter().collect();
        assert_eq!(seen, expected.map(|(name, value)| (name.as_bytes(), value.as_bytes())));
    }
}

//! Validation: what to ask, and what a 304 or a HEAD changes (RFC 9111 sections 3.2, 4.3).

use edgeplane_http::{Fields, Request, Response};

use super::etag::EntityTag;
use super::{Asker, Lifetime, Now, Reason, Rules, Stored, Storing, date, kept, store};

/// What came of a 304, or of the head of a HEAD.
#[derive(Debug, Clone, PartialEq)]
pub enum Update {
    /// The stored response with what changed: keep this one.
    Keep(Stored),
    /// Good for the requests that wait for it; then it is to be forgotten.
    UseOnce(Stored, Reason),
    /// It speaks of another representation (section 4.3.4): the stored one stays as it is and stale; ask again without conditions.
    Mismatch,
}

impl Update {
    /// What answers those who wait.
    pub const fn stored(&self) -> Option<&Stored> {
        match self {
            Self::Keep(stored) | Self::UseOnce(stored, _) => Some(stored),
            Self::Mismatch => None,
        }
    }

    /// Its name in logs.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Keep(_) => "updated",
            Self::UseOnce(..) => "used-once",
            Self::Mismatch => "mismatch",
        }
    }
}

/// `If-None-Match` and `If-Modified-Since` for a stored response; empty where nothing can be asked.
pub fn conditions(stored: &Stored) -> Fields {
    let mut conditions = Fields::new();
    if !stored.has_validator() {
        return conditions;
    }
    if let Some(tag) = stored.fields.get("etag") {
        conditions.push("If-None-Match", tag);
    }
    if let Some(modified) = stored.fields.get("last-modified") {
        conditions.push("If-Modified-Since", modified);
    }
    conditions
}

/// Fields of a request without the client's conditions, as `Validate` and `Fetch` send them. `Range` and `If-Range` stay.
pub fn without_conditions(fields: &Fields) -> Fields {
    const CONDITIONS: [&[u8]; 4] = [b"if-match", b"if-modified-since", b"if-none-match", b"if-unmodified-since"];
    let stays = |name: &[u8]| !CONDITIONS.iter().any(|condition| name.eq_ignore_ascii_case(condition));
    fields.iter().filter(|(name, _)| stays(name)).collect()
}

/// The stored response after a 304 to `conditions(stored)`. `request` is the one that asked, without the conditions.
pub fn update(
    rules: &Rules,
    request: &Request,
    stored: &Stored,
    not_modified: &Response,
    requested: Now,
    received: Now,
) -> Update {
    if is_of_another(stored, &not_modified.fields) {
        return Update::Mismatch;
    }
    refreshed(rules, request, stored, &not_modified.fields, requested, received)
}

/// The stored response to GET after a HEAD that was answered (section 4.3.5), to which `request` is what the origin would be
/// asked; none: the HEAD says nothing about it, because its status is not 200. On `Mismatch` the stored one is stale:
/// `Lifetime::expired`. Beside each the octets of its content; of the HEAD's where it says how many.
pub fn freshen(
    rules: &Rules,
    request: &Request,
    (stored, octets): (&Stored, u64),
    (head, said): (&Response, Option<u64>),
    requested: Now,
    received: Now,
) -> Option<Update> {
    if head.status != 200 || stored.status != 200 || !stored.vary.matches(&Asker::outgoing(request)) {
        return None;
    }
    let same = |name: &str| head.fields.get(name).is_none_or(|value| stored.fields.get(name) == Some(value));
    let tag = |fields| Fields::get(fields, "etag").and_then(EntityTag::parse);
    let same_tag = match (tag(&head.fields), tag(&stored.fields)) {
        // What was encoded here has the origin's tag in its weak form.
        (Some(said), Some(known)) if known.weak => said.matches_weakly(&known),
        _ => same("etag"),
    };
    // What was encoded here is of another length than what the origin has.
    let same_coding = stored.fields.get("content-encoding") == head.fields.get("content-encoding");
    let same_length = !same_coding || said.is_none_or(|said| said == octets);
    if !same_tag || !same("last-modified") || !same_length {
        return Some(Update::Mismatch);
    }
    let get = Request { method: edgeplane_http::Method::Get, ..request.clone() };
    Some(refreshed(rules, &get, stored, &head.fields, requested, received))
}

/// Section 4.3.4: the validators of a 304 name what it is about; without any it is about what was asked for.
fn is_of_another(stored: &Stored, fields: &Fields) -> bool {
    let tag = |fields| Fields::get(fields, "etag").and_then(EntityTag::parse);
    match (tag(fields), tag(&stored.fields)) {
        (Some(said), Some(known)) if !said.weak && !known.weak => !said.matches_strongly(&known),
        (Some(said), Some(known)) => !said.matches_weakly(&known),
        (Some(_), None) => !is_same_date(stored, fields).unwrap_or(false),
        (None, _) => !is_same_date(stored, fields).unwrap_or(true),
    }
}

fn is_same_date(stored: &Stored, fields: &Fields) -> Option<bool> {
    let said = fields.get("last-modified")?;
    let known = stored.fields.get("last-modified")?;
    let of = |value| date::parse(value, stored.lifetime.received.wall_s);
    Some(said == known || (of(said).is_some() && of(said) == of(known)))
}

/// Section 3.2, judged anew.
fn refreshed(
    rules: &Rules,
    request: &Request,
    stored: &Stored,
    news: &Fields,
    requested: Now,
    received: Now,
) -> Update {
    let fields = kept::merged(&stored.fields, news, false, received);
    let merged = Response { status: stored.status, fields };
    match store(rules, request, &merged, requested, received) {
        Storing::Whole(stored) | Storing::Partial(stored, _) => Update::Keep(stored),
        Storing::Not(reason) => Update::UseOnce(once(stored, &merged.fields, received), reason),
    }
}

fn once(stored: &Stored, fields: &Fields, received: Now) -> Stored {
    Stored {
        status: stored.status,
        fields: kept::stored(fields, std::iter::once(kept::SET_COOKIE)),
        lifetime: Lifetime::new(received, 0, 0),
        vary: stored.vary.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::semantics::sample::{at, date, get, response, rfc9111, stored};
    use proptest::prelude::*;

    fn after(kept: &Stored, news: &[(&str, &str)]) -> Update {
        update(&rfc9111(), &get(&[]), kept, &response(304, news), at(100_000), at(100_000))
    }

    fn tagged(tag: &str) -> Stored {
        stored(&[
            ("Cache-Control", "max-age=60"),
            ("ETag", tag),
            ("X", "old"),
            ("Content-Length", "5"),
            ("Content-Encoding", "gzip"),
        ])
    }

    #[test]
    fn what_is_asked() {
        let modified = date(-9);
        let both = stored(&[("Cache-Control", "max-age=60"), ("ETag", "W/\"a\""), ("Last-Modified", &modified)]);
        let expected = [("If-None-Match", "W/\"a\""), ("If-Modified-Since", &modified)];
        assert_eq!(conditions(&both), expected.into_iter().collect());
        assert!(conditions(&stored(&[("Cache-Control", "max-age=60")])).is_empty());
    }

    #[test]
    fn the_clients_conditions_stay_here() {
        let asked =
            get(&[("If-Match", "a"), ("if-none-match", "b"), ("If-Range", "c"), ("Range", "bytes=0-"), ("X", "d")]);
        let names: Vec<_> = without_conditions(&asked.fields).iter().map(|(name, _)| name.to_vec()).collect();
        assert_eq!(names, [&b"If-Range"[..], b"Range", b"X"]);
    }

    #[test]
    fn a_304_brings_fields_and_a_new_lifetime() {
        let news = [
            ("ETag", "\"a\""),
            ("X", "new"),
            ("Content-Length", "9"),
            ("Content-Encoding", "br"),
            ("Cache-Control", "max-age=90"),
            ("Connection", "Y"),
            ("Y", "1"),
            ("Content-Type", "t"),
            ("Age", "10"),
        ];
        let Update::Keep(updated) = after(&tagged("\"a\""), &news) else { panic!("not kept") };
        let value = |name: &str| updated.fields.get(name).map(|value| String::from_utf8_lossy(value).into_owned());
        assert_eq!(
            ["x", "content-length", "content-encoding", "content-type", "y", "age"].map(value).concat_some(),
            "new|5|gzip|t|-|-"
        );
        assert_eq!(updated.lifetime.remaining_ms(at(100_000)), 80_000);
    }

    trait ConcatSome {
        fn concat_some(&self) -> String;
    }

    impl<const N: usize> ConcatSome for [Option<String>; N] {
        fn concat_some(&self) -> String {
            self.iter().map(|value| value.clone().unwrap_or("-".into())).collect::<Vec<_>>().join("|")
        }
    }

    #[test]
    fn without_a_date_it_counts_from_its_coming() {
        let Update::Keep(updated) = after(&tagged("\"a\""), &[]) else { panic!("not kept") };
        assert_eq!(updated.lifetime.remaining_ms(at(100_000)), 60_000);
        assert_eq!(updated.fields.get("date"), Some(date(100).as_bytes()));
    }

    #[test]
    fn of_which_representation_it_speaks() {
        let (old, new) = (date(-50), date(-40));
        let modified = stored(&[("Cache-Control", "max-age=60"), ("Last-Modified", &old)]);
        for (kept, news, same) in [
            (&tagged("\"a\""), ("ETag", "\"a\""), true),
            (&tagged("\"a\""), ("ETag", "\"b\""), false),
            (&tagged("\"a\""), ("ETag", "W/\"a\""), true),
            (&tagged("W/\"a\""), ("ETag", "W/\"a\""), true),
            (&tagged("W/\"a\""), ("ETag", "\"a\""), true),
            (&tagged("W/\"a\""), ("ETag", "W/\"b\""), false),
            (&tagged("\"a\""), ("X", "y"), true),
            (&modified, ("Last-Modified", old.as_str()), true),
            (&modified, ("Last-Modified", new.as_str()), false),
            (&modified, ("ETag", "\"a\""), false),
            (&modified, ("X", "y"), true),
        ] {
            assert_eq!(after(kept, &[news]) != Update::Mismatch, same, "{:?} {news:?}", kept.fields.get("etag"));
        }
    }

    #[test]
    fn what_it_forbids_to_keep_is_used_once() {
        let update = after(&tagged("\"a\""), &[("Cache-Control", "no-store"), ("X", "new")]);
        let Update::UseOnce(once, Reason::NoStore) = update else { panic!("{update:?}") };
        assert_eq!(once.fields.get("x"), Some(&b"new"[..]));
        assert_eq!(once.lifetime.fresh_until_ms, 0);
    }

    #[test]
    fn a_head_freshens_or_says_that_it_is_another() {
        let head = |status, fields: &[(&str, &str)], length| {
            let request = Request { method: edgeplane_http::Method::Head, ..get(&[]) };
            let (kept, head) = (tagged("\"a\""), response(status, fields));
            freshen(&rfc9111(), &request, (&kept, 5), (&head, length), at(100_000), at(100_000))
        };
        let (coded, tag) = (("Content-Encoding", "gzip"), ("ETag", "\"a\""));
        let Some(Update::Keep(kept)) = head(200, &[("Cache-Control", "max-age=90"), tag, coded], Some(5)) else {
            panic!("not kept")
        };
        assert_eq!(kept.lifetime.remaining_ms(at(100_000)), 90_000);
        assert!(matches!(head(200, &[("X", "new"), coded], None), Some(Update::Keep(_))));
        assert_eq!(head(200, &[coded], Some(6)), Some(Update::Mismatch));
        assert!(matches!(head(200, &[tag], Some(6)), Some(Update::Keep(_))), "another coding has another length");
        assert_eq!(head(200, &[("ETag", "\"b\"")], None), Some(Update::Mismatch));
        assert_eq!(head(410, &[], Some(0)), None);
    }

    #[test]
    fn what_was_encoded_here_is_known_by_its_weak_tag() {
        let kept = tagged("W/\"a\"");
        let request = Request { method: edgeplane_http::Method::Head, ..get(&[]) };
        for (tag, same) in [("\"a\"", true), ("W/\"a\"", true), ("\"b\"", false)] {
            let head = response(200, &[("Cache-Control", "max-age=90"), ("ETag", tag)]);
            let update = freshen(&rfc9111(), &request, (&kept, 5), (&head, Some(9)), at(100_000), at(100_000)).unwrap();
            assert_eq!(matches!(update, Update::Keep(_)), same, "{tag}");
        }
        let Update::Keep(updated) = after(&kept, &[("ETag", "\"a\""), ("Content-Length", "7")]) else {
            panic!("not kept")
        };
        assert_eq!(updated.fields.get("etag"), Some(&b"W/\"a\""[..]), "the octets did not change");
    }

    proptest! {
        #[test]
        fn the_same_304_twice_is_as_once(
            names in proptest::collection::vec("(X|Y|Vary|Cache-Control|Date|Expires|Content-Type|Age|Connection|ETag)", 0..6),
            values in proptest::collection::vec("(max-age=5|Y|\"a\"|0|X, Z|[ -~]{0,12})", 6),
        ) {
            let news: Vec<_> = names.iter().zip(&values).map(|(name, value)| (name.as_str(), value.as_str())).collect();
            if let Update::Keep(one) = after(&tagged("\"a\""), &news) {
                let again = after(&one, &news);
                prop_assert_eq!(again, Update::Keep(one));
            }
        }
    }
}

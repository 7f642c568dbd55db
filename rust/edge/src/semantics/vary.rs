//! Which requests a stored response answers (RFC 9111 section 4.1).

use std::cell::OnceCell;

use edgeplane_http::fields::{members, places};
use edgeplane_http::{Fields, Request};
use serde::{Deserialize, Serialize};

/// The names of `Vary` with the values that the request to the origin had, normalised.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Vary {
    star: bool,
    selecting: Vec<Selecting>,
    /// The one language of the content, in lower case.
    language: Option<String>,
}

/// A field that selects; no value: the request had none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Selecting {
    name: String,
    #[serde(with = "serde_bytes")]
    value: Option<Vec<u8>>,
    /// As it was written, where that is not the same: most requests that match have the very same octets.
    #[serde(with = "serde_bytes")]
    seen: Option<Vec<u8>>,
    /// Whether origins see it as clients write it; where nobody said so, what they are told is looked at.
    #[serde(default)]
    written: bool,
}

/// Who asks, as `Vary` selects by it: what the origin saw of one client is compared with what it would see of another.
pub struct Asker<'r> {
    request: &'r Request,
    tell: Option<&'r dyn Fn() -> Request>,
    told: OnceCell<Request>,
}

impl<'r> Asker<'r> {
    /// A client with its request. `tell` makes what the origin would be asked for it, once, where a field is looked at that
    /// origins do not see as clients write it.
    #[inline]
    pub fn client(request: &'r Request, tell: &'r dyn Fn() -> Request) -> Self {
        Self { request, tell: Some(tell), told: OnceCell::new() }
    }

    /// Who asks what the origin is asked.
    pub fn outgoing(request: &'r Request) -> Self {
        Self { request, tell: None, told: OnceCell::new() }
    }

    /// The same client with a request that tells the origin the same.
    #[must_use]
    pub fn with<'s>(&self, request: &'s Request) -> Asker<'s>
    where
        'r: 's,
    {
        Asker { request, tell: self.tell, told: OnceCell::new() }
    }

    /// The request.
    #[inline]
    pub fn request(&self) -> &'r Request {
        self.request
    }

    fn told(&self) -> &Request {
        self.tell.map_or(self.request, |tell| self.told.get_or_init(tell))
    }
}

impl Vary {
    /// Of a response to this request, as the origin saw it.
    pub fn of(request: &Request, response: &Fields) -> Self {
        let mut names: Vec<String> = response.members("vary").map(lower).collect();
        names.sort();
        names.dedup();
        let star = names.iter().any(|name| name == "*");
        let selecting = names.into_iter().map(|name| Selecting::of(request, name));
        let selecting = if star { Vec::new() } else { selecting.collect() };
        Self { star, selecting, language: only_language(response) }
    }

    /// Of a response whose `Vary` names are not looked at.
    pub(crate) fn star_alone(response: &Fields) -> Self {
        Self { star: response.members("vary").any(|name| name == b"*"), ..Self::default() }
    }

    /// Lets fields tell nothing apart, by their names in lower case: what counts of them is in the key, or nobody saw them.
    pub fn ignore(&mut self, is_ignored: impl Fn(&str) -> bool) {
        self.selecting.retain(|field| !is_ignored(&field.name));
    }

    /// Names, in lower case, the fields that origins do not see as clients write them: by what clients write there nothing
    /// is selected.
    pub fn make(&mut self, is_made: impl Fn(&str) -> bool) {
        self.selecting.iter_mut().for_each(|field| field.written = !is_made(&field.name));
    }

    /// `*`: no request matches.
    pub fn is_star(&self) -> bool {
        self.star
    }

    /// Whether every request matches.
    pub fn is_empty(&self) -> bool {
        !self.star && self.selecting.is_empty()
    }

    /// Whether who asks would have had the same response.
    pub fn matches(&self, asker: &Asker<'_>) -> bool {
        let seen = |field: &Selecting| if field.written { asker.request } else { asker.told() };
        !self.star && self.selecting.iter().all(|field| self.field_matches(field, seen(field)))
    }

    /// Whether a client's request had the same response as far as its own words go: what was found for it by `matches` is
    /// not asked for the rest again.
    pub fn admits(&self, request: &Request) -> bool {
        let mut written = self.selecting.iter().filter(|field| field.written);
        !self.star && written.all(|field| self.field_matches(field, request))
    }

    fn field_matches(&self, field: &Selecting, request: &Request) -> bool {
        if field.is_seen_again(request) {
            return true;
        }
        let value = normal(request, &field.name);
        value == field.value || (field.name == "accept-language" && self.is_favourite(value.as_deref()))
    }

    /// Whether the content is in the one language that the request likes best: no negotiation could do better.
    fn is_favourite(&self, accept_language: Option<&[u8]>) -> bool {
        let (Some(language), Some(value)) = (&self.language, accept_language) else { return false };
        let mut ranked: Vec<(u16, &[u8])> = members(value).map(quality).collect();
        ranked.sort_by_key(|(quality, _)| std::cmp::Reverse(*quality));
        match ranked.as_slice() {
            [(best, range), rest @ ..] => {
                *best > 0 && *range == language.as_bytes() && rest.first().is_none_or(|(next, _)| next < best)
            }
            [] => false,
        }
    }

    /// What it tells apart, in octets: those that have the same answer the same requests.
    pub fn identity(&self) -> Vec<u8> {
        let fields = self.selecting.iter().flat_map(|field| [Some(field.name.as_bytes()), field.value.as_deref()]);
        let octets = fields.flat_map(|part| {
            let length = part.map_or(u64::MAX, |part| part.len() as u64);
            length.to_le_bytes().into_iter().chain(part.unwrap_or_default().iter().copied())
        });
        std::iter::once(self.star.into()).chain(octets).collect()
    }

    /// Octets held.
    pub fn weight(&self) -> usize {
        let length = |value: &Option<Vec<u8>>| value.as_ref().map_or(0, |value| value.len() + ALLOCATED);
        let of = |field: &Selecting| {
            size_of::<Selecting>() + field.name.len() + ALLOCATED + length(&field.value) + length(&field.seen)
        };
        self.selecting.iter().map(of).sum()
    }
}

/// What the allocator adds to a block.
const ALLOCATED: usize = 16;

impl Selecting {
    fn of(request: &Request, name: String) -> Self {
        let value = normal(request, &name);
        let seen = only_line(request, &name).map(<[u8]>::to_vec).filter(|seen| Some(seen) != value.as_ref());
        Self { name, value, seen, written: true }
    }

    /// The quick look: the same octets.
    fn is_seen_again(&self, request: &Request) -> bool {
        let line = only_line(request, &self.name);
        line.is_some() && (line == self.seen.as_deref() || line == self.value.as_deref())
    }
}

/// The lines of a field. `Host` stands in front of the others, as the authority.
fn lines<'a>(request: &'a Request, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
    let host = Some(request.authority.as_bytes()).filter(|host| name == "host" && !host.is_empty());
    host.into_iter().chain(request.fields.all(name))
}

fn only_line<'a>(request: &'a Request, name: &'a str) -> Option<&'a [u8]> {
    let mut lines = lines(request, name);
    let line = lines.next()?;
    lines.next().is_none().then_some(line)
}

/// The value of a selecting field, so that what means the same is the same, and nothing else (RFC 9111 section 4.1): lines
/// joined, no space around commas; for preferences, which have no order of their own (RFC 9110 section 12.5), sorted, in lower
/// case and without empty members; for what is no list, as it was written.
fn normal(request: &Request, name: &str) -> Option<Vec<u8>> {
    lines(request, name).next()?;
    Some(match name {
        "accept-charset" | "accept-encoding" | "accept-language" => {
            joined(preferences(lines(request, name).flat_map(members)))
        }
        "authorization" | "cookie" | "host" | "origin" | "referer" | "user-agent" => {
            joined(lines(request, name).map(<[u8]>::to_vec))
        }
        _ => joined(lines(request, name).flat_map(places).map(<[u8]>::to_vec)),
    })
}

fn preferences<'a>(members: impl Iterator<Item = &'a [u8]>) -> impl Iterator<Item = Vec<u8>> {
    let mut ranked: Vec<(u16, Vec<u8>)> =
        members.map(quality).map(|(quality, range)| (1000 - quality.min(1000), range.to_ascii_lowercase())).collect();
    ranked.sort();
    ranked.into_iter().map(|(below, range)| match below {
        0 => range,
        _ => [range, format!(";q=0.{:03}", 1000 - below).into_bytes()].concat(),
    })
}

/// (quality in thousandths, what it is about); a weight that is none is part of the range, with quality 1.
fn quality(member: &[u8]) -> (u16, &[u8]) {
    let weighted = || {
        let at = member.iter().rposition(|&octet| octet == b';')?;
        let (range, weight) = member.split_at_checked(at)?;
        let weight = weight.get(1..)?.trim_ascii();
        let digits = weight.strip_prefix(b"q=").or_else(|| weight.strip_prefix(b"Q="))?;
        Some((thousandths(digits)?, range.trim_ascii_end()))
    };
    weighted().unwrap_or((1000, member))
}

/// `0.5` is 500 (RFC 9110 section 12.4.2).
fn thousandths(digits: &[u8]) -> Option<u16> {
    let (whole, decimals) = match digits {
        [whole] => (whole, &[][..]),
        [whole, b'.', decimals @ ..] if decimals.len() <= 3 => (whole, decimals),
        _ => return None,
    };
    let digit = |octet: &u8| octet.is_ascii_digit().then(|| u16::from(octet - b'0'));
    let mut value = digit(whole)?;
    for place in 0..3 {
        value = value * 10 + decimals.get(place).map_or(Some(0), digit)?;
    }
    (value <= 1000).then_some(value)
}

fn only_language(response: &Fields) -> Option<String> {
    let mut languages = response.members("content-language");
    let language = languages.next()?;
    languages.next().is_none().then(|| lower(language))
}

fn joined(members: impl Iterator<Item = Vec<u8>>) -> Vec<u8> {
    members.collect::<Vec<_>>().join(&b","[..])
}

fn lower(name: &[u8]) -> String {
    String::from_utf8_lossy(name).to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::semantics::sample::get;
    use proptest::prelude::*;

    fn fields(pairs: &[(&str, &str)]) -> Fields {
        pairs.iter().copied().collect()
    }

    fn is_for(vary: &Vary, then: &[(&str, &str)]) -> bool {
        vary.matches(&Asker::outgoing(&get(then)))
    }

    fn matches(vary: &[(&str, &str)], first: &[(&str, &str)], then: &[(&str, &str)]) -> bool {
        is_for(&Vary::of(&get(first), &fields(vary)), then)
    }

    #[test]
    fn what_is_in_the_key_tells_nothing_apart() {
        let vary = fields(&[("Vary", "Accept-Encoding, Foo")]);
        let mut vary = Vary::of(&get(&[("Accept-Encoding", "br,gzip"), ("Foo", "1")]), &vary);
        vary.ignore(|name| name == "accept-encoding");
        assert!(is_for(&vary, &[("Accept-Encoding", "gzip, deflate, br"), ("Foo", "1")]));
        assert!(!is_for(&vary, &[("Foo", "2")]));
    }

    #[test]
    fn what_clients_write_where_origins_are_told_something_else_selects_nothing() {
        let mut vary = Vary::of(&get(&[("Mobile", "true"), ("A", "1")]), &fields(&[("Vary", "Mobile, A")]));
        vary.make(|name| name == "mobile");
        let is_for = |written: &[(&str, &str)], told: &[(&str, &str)]| {
            let tell = || get(told);
            assert!(!vary.admits(&get(&[("Mobile", "true")])) && vary.admits(&get(&[("A", "1")])));
            vary.matches(&Asker::client(&get(written), &tell))
        };
        assert!(is_for(&[("A", "1")], &[("Mobile", "true"), ("A", "1")]));
        assert!(!is_for(&[("A", "1"), ("Mobile", "true")], &[("Mobile", "false"), ("A", "1")]));
        assert!(!is_for(&[("Mobile", "true")], &[("Mobile", "true")]));
    }

    #[test]
    fn the_host_is_that_of_the_request() {
        let of = |authority: &str| Request { authority: authority.into(), ..get(&[]) };
        let vary = Vary::of(&of("a.example"), &fields(&[("Vary", "Host")]));
        for (authority, expected) in [("a.example", true), ("b.example", false), ("", false)] {
            assert_eq!(vary.matches(&Asker::outgoing(&of(authority))), expected, "{authority}");
        }
    }

    #[test]
    fn of_what_lies_on_disk_from_before_what_is_told_counts() {
        #[derive(Serialize)]
        struct Before {
            star: bool,
            selecting: [std::collections::BTreeMap<&'static str, Option<&'static str>>; 1],
            language: Option<String>,
        }
        let field = [("name", Some("a")), ("value", Some("1")), ("seen", None)].into_iter().collect();
        let before = rmp_serde::to_vec_named(&Before { star: false, selecting: [field], language: None }).unwrap();
        let vary: Vary = rmp_serde::from_slice(&before).unwrap();
        let tell = || get(&[("A", "1")]);
        assert!(vary.matches(&Asker::client(&get(&[("A", "2")]), &tell)));
    }

    #[test]
    fn selecting_fields_match_by_what_they_mean() {
        for (vary, first, then, expected) in [
            ("Foo", &[("Foo", "1")][..], &[("foo", "1")][..], true),
            ("Foo", &[("Foo", "1")], &[("Foo", "2")], false),
            ("Foo", &[("Foo", "1")], &[], false),
            ("Foo", &[], &[("Foo", "1")], false),
            ("Foo", &[], &[("Foo", "")], false),
            ("Foo", &[], &[("Other", "x")], true),
            ("foo", &[("Foo", "1, 2")], &[("Foo", "1"), ("Foo", "2")], true),
            ("Foo", &[("Foo", "1,2")], &[("Foo", " 1, 2 ")], true),
            ("Foo", &[("Foo", "1, 2")], &[("Foo", "2, 1")], false),
            ("Foo", &[("Foo", "1,,2")], &[("Foo", "1,2")], false),
            ("Foo", &[("Foo", ",1")], &[("Foo", "1")], false),
            ("Origin", &[("Origin", ",https://a")], &[("Origin", "https://a")], false),
            ("Cookie", &[("Cookie", "a=1, b=2")], &[("Cookie", "a=1,b=2")], false),
            ("Foo", &[("Foo", "a")], &[("Foo", "A")], false),
            ("Foo", &[("Foo", "\"a, b\"")], &[("Foo", "\"a,b\"")], false),
            ("Foo, Bar", &[("Foo", "1")], &[("Foo", "1")], true),
            ("Foo, Bar", &[("Foo", "1")], &[("Foo", "1"), ("Bar", "2")], false),
            ("*", &[], &[], false),
            ("Foo, *", &[], &[], false),
            (", *", &[], &[], false),
            ("", &[("Foo", "1")], &[], true),
            ("Accept-Language", &[("Accept-Language", "en, de")], &[("Accept-Language", "De ,eN")], true),
            ("Accept-Language", &[("Accept-Language", "en;q=0.5")], &[("Accept-Language", "en; Q=0.500")], true),
            ("Accept-Language", &[("Accept-Language", "en;q=0.5, de")], &[("Accept-Language", "en, de;q=0.5")], false),
            ("Accept-Encoding", &[("Accept-Encoding", "gzip, br")], &[("Accept-Encoding", "BR,gzip;q=1.0")], true),
        ] {
            assert_eq!(matches(&[("Vary", vary)], first, then), expected, "{vary} {first:?} {then:?}");
        }
    }

    #[test]
    fn content_in_the_favourite_language_is_what_would_be_chosen() {
        let german = [("Vary", "Accept-Language"), ("Content-Language", "de")];
        let asked = [("Accept-Language", "en, de")];
        for (then, expected) in [
            ("fr;q=0.5, de;q=1.0", true),
            ("de", true),
            ("de, fr", false),
            ("fr, de;q=0.9", false),
            ("de;q=0", false),
            ("de-AT", false),
        ] {
            assert_eq!(matches(&german, &asked, &[("Accept-Language", then)]), expected, "{then}");
        }
        let both = [("Vary", "Accept-Language"), ("Content-Language", "de, fr")];
        assert!(!matches(&both, &asked, &[("Accept-Language", "de")]));
        let cookie = [("Vary", "Accept-Language, Cookie"), ("Content-Language", "de")];
        assert!(!matches(&cookie, &asked, &[("Accept-Language", "de"), ("Cookie", "x")]));
    }

    #[test]
    fn only_without_names_every_request_matches() {
        for (vary, empty) in
            [(&[][..], true), (&[("Vary", "")], true), (&[("Vary", "A")], false), (&[("Vary", "*")], false)]
        {
            assert_eq!(Vary::of(&get(&[]), &fields(vary)).is_empty(), empty, "{vary:?}");
        }
    }

    #[test]
    fn it_survives_the_disk() {
        let vary = Vary::of(&get(&[("A", "\u{e9}")]), &fields(&[("Vary", "A, B")]));
        let read: Vary = rmp_serde::from_slice(&rmp_serde::to_vec_named(&vary).unwrap()).unwrap();
        assert_eq!(read, vary);
    }

    proptest! {
        #[test]
        fn a_request_matches_itself(
            name in "(Accept-Language|Accept-Encoding|X)",
            values in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..30), 0..3),
        ) {
            let fields_of = values.iter().map(|value| (name.as_str(), value)).collect();
            let request = Request { fields: fields_of, ..get(&[]) };
            let vary = Vary::of(&request, &fields(&[("Vary", &name)]));
            prop_assert!(vary.matches(&Asker::outgoing(&request)) && vary.admits(&request));
            prop_assert_eq!(is_for(&vary, &[]), values.is_empty());
        }
    }
}

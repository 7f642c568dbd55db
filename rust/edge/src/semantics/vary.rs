//! Which requests a stored response answers (RFC 9111 section 4.1).

use edgeplane_http::Fields;
use edgeplane_http::fields::members;
use serde::{Deserialize, Serialize};

/// The names of `Vary` with the values that the request had, normalised.
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
}

impl Vary {
    /// Of a response to a request with these fields.
    pub fn of(request: &Fields, response: &Fields) -> Self {
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

    /// `*`: no request matches.
    pub fn is_star(&self) -> bool {
        self.star
    }

    /// Whether every request matches.
    pub fn is_empty(&self) -> bool {
        !self.star && self.selecting.is_empty()
    }

    /// Whether a request with these fields would have had the same response.
    pub fn matches(&self, request: &Fields) -> bool {
        !self.star && self.selecting.iter().all(|field| self.field_matches(field, request))
    }

    fn field_matches(&self, field: &Selecting, request: &Fields) -> bool {
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
    fn of(request: &Fields, name: String) -> Self {
        let value = normal(request, &name);
        let seen = only_line(request, &name).map(<[u8]>::to_vec).filter(|seen| Some(seen) != value.as_ref());
        Self { name, value, seen }
    }

    /// The quick look: the same octets.
    fn is_seen_again(&self, request: &Fields) -> bool {
        let line = only_line(request, &self.name);
        line.is_some() && (line == self.seen.as_deref() || line == self.value.as_deref())
    }
}

fn only_line<'a>(request: &'a Fields, name: &'a str) -> Option<&'a [u8]> {
    let mut lines = request.all(name);
    let line = lines.next()?;
    lines.next().is_none().then_some(line)
}

/// The value of a selecting field, so that what means the same is the same: lines joined, no space around the members; for
/// preferences, which have no order of their own (RFC 9110 section 12.5), sorted and in lower case.
fn normal(request: &Fields, name: &str) -> Option<Vec<u8>> {
    request.get(name)?;
    let members = request.members(name);
    Some(match name {
        "accept-charset" | "accept-encoding" | "accept-language" => joined(preferences(members)),
        _ => joined(members.map(<[u8]>::to_vec)),
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
    use proptest::prelude::*;

    fn fields(pairs: &[(&str, &str)]) -> Fields {
        pairs.iter().copied().collect()
    }

    fn matches(vary: &[(&str, &str)], first: &[(&str, &str)], then: &[(&str, &str)]) -> bool {
        Vary::of(&fields(first), &fields(vary)).matches(&fields(then))
    }

    #[test]
    fn what_is_in_the_key_tells_nothing_apart() {
        let vary = fields(&[("Vary", "Accept-Encoding, Foo")]);
        let mut vary = Vary::of(&fields(&[("Accept-Encoding", "br,gzip"), ("Foo", "1")]), &vary);
        vary.ignore(|name| name == "accept-encoding");
        assert!(vary.matches(&fields(&[("Accept-Encoding", "gzip, deflate, br"), ("Foo", "1")])));
        assert!(!vary.matches(&fields(&[("Foo", "2")])));
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
            assert_eq!(Vary::of(&Fields::new(), &fields(vary)).is_empty(), empty, "{vary:?}");
        }
    }

    #[test]
    fn it_survives_the_disk() {
        let vary = Vary::of(&fields(&[("A", "\u{e9}")]), &fields(&[("Vary", "A, B")]));
        let read: Vary = rmp_serde::from_slice(&rmp_serde::to_vec_named(&vary).unwrap()).unwrap();
        assert_eq!(read, vary);
    }

    proptest! {
        #[test]
        fn a_request_matches_itself(
            name in "(Accept-Language|Accept-Encoding|X)",
            values in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..30), 0..3),
        ) {
            let request: Fields = values.iter().map(|value| (name.as_str(), value)).collect();
            let vary = Vary::of(&request, &fields(&[("Vary", &name)]));
            prop_assert!(vary.matches(&request));
            prop_assert_eq!(vary.matches(&Fields::new()), values.is_empty());
        }
    }
}

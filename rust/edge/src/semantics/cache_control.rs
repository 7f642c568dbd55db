//! `Cache-Control` of responses and requests (RFC 9111 section 5.2), read so that a mistake makes a response less cacheable,
//! never more.

use std::borrow::Cow;

use edgeplane_http::Fields;
use edgeplane_http::fields::{is_token, members};

use super::time::DELTA_MAX_S;

/// Directives of a response. Of a directive that comes twice the first value counts (section 4.2.1); a lifetime that is no
/// number is 0.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct ResponseDirectives {
    pub no_store: bool,
    pub no_cache: Scope,
    pub private: Scope,
    pub public: bool,
    pub must_revalidate: bool,
    pub proxy_revalidate: bool,
    pub must_understand: bool,
    pub immutable: bool,
    /// Seconds, at most 2³¹.
    pub max_age_s: Option<u64>,
    pub s_maxage_s: Option<u64>,
    pub stale_while_revalidate_s: Option<u64>,
    pub stale_if_error_s: Option<u64>,
    /// A line ends inside quotes, so that directives may be hidden.
    pub malformed: bool,
}

/// `no-cache` and `private`: for the response or for some of its fields.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Scope {
    /// Not said.
    #[default]
    Absent,
    /// For these fields, names as they were written.
    Fields(Vec<Box<[u8]>>),
    /// For all of the response.
    Whole,
}

/// Directives of a request (section 5.2.1).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct RequestDirectives {
    pub no_cache: bool,
    pub no_store: bool,
    pub only_if_cached: bool,
    pub max_age_s: Option<u64>,
    /// `u64::MAX` where it has no value.
    pub max_stale_s: Option<u64>,
    pub min_fresh_s: Option<u64>,
    pub stale_if_error_s: Option<u64>,
}

impl ResponseDirectives {
    /// Of `Cache-Control`.
    pub fn of(fields: &Fields) -> Self {
        let mut directives = Self::default();
        for line in fields.all("cache-control") {
            directives.malformed |= ends_inside_quotes(line);
            members(line).filter_map(Directive::parse).for_each(|directive| directives.take(&directive));
        }
        directives
    }

    /// Adds one.
    pub(crate) fn take(&mut self, directive: &Directive<'_>) {
        match directive.name.to_ascii_lowercase().as_slice() {
            b"no-store" => self.no_store = true,
            b"no-cache" => self.no_cache.widen(directive),
            b"private" => self.private.widen(directive),
            b"public" => self.public = true,
            b"must-revalidate" => self.must_revalidate = true,
            b"proxy-revalidate" => self.proxy_revalidate = true,
            b"must-understand" => self.must_understand = true,
            b"immutable" => self.immutable = true,
            b"max-age" => first(&mut self.max_age_s, directive.seconds().unwrap_or(0)),
            b"s-maxage" => first(&mut self.s_maxage_s, directive.seconds().unwrap_or(0)),
            b"stale-while-revalidate" => first(&mut self.stale_while_revalidate_s, directive.seconds().unwrap_or(0)),
            b"stale-if-error" => first(&mut self.stale_if_error_s, directive.seconds().unwrap_or(0)),
            _ => {}
        }
    }

    /// Fields that must not be stored, or not without validation, by qualified `private` and `no-cache`.
    pub fn withheld(&self) -> impl Iterator<Item = &[u8]> {
        [&self.private, &self.no_cache]
            .into_iter()
            .flat_map(|scope| match scope {
                Scope::Fields(names) => names.as_slice(),
                _ => &[],
            })
            .map(AsRef::as_ref)
    }
}

impl RequestDirectives {
    /// Of `Cache-Control`, or of `Pragma: no-cache` where there is none (section 5.4).
    pub fn of(fields: &Fields) -> Self {
        let mut directives = Self::default();
        for directive in fields.members("cache-control").filter_map(Directive::parse) {
            directives.take(&directive);
        }
        if !fields.has("cache-control") {
            directives.no_cache = fields.members("pragma").any(|member| member.eq_ignore_ascii_case(b"no-cache"));
        }
        directives
    }

    fn take(&mut self, directive: &Directive<'_>) {
        match directive.name.to_ascii_lowercase().as_slice() {
            b"no-cache" => self.no_cache = true,
            b"no-store" => self.no_store = true,
            b"only-if-cached" => self.only_if_cached = true,
            b"max-age" => first(&mut self.max_age_s, directive.seconds().unwrap_or(0)),
            b"max-stale" if directive.argument == Argument::None => first(&mut self.max_stale_s, u64::MAX),
            b"max-stale" => first(&mut self.max_stale_s, directive.seconds().unwrap_or(0)),
            b"min-fresh" => first(&mut self.min_fresh_s, directive.seconds().unwrap_or(0)),
            b"stale-if-error" => first(&mut self.stale_if_error_s, directive.seconds().unwrap_or(0)),
            _ => {}
        }
    }
}

fn first(slot: &mut Option<u64>, seconds: u64) {
    slot.get_or_insert(seconds);
}

impl Scope {
    /// Whether it is said without field names.
    pub fn is_whole(&self) -> bool {
        *self == Self::Whole
    }

    /// Adds a directive: names where they can be read, all of the response where not.
    fn widen(&mut self, directive: &Directive<'_>) {
        match (&mut *self, directive.names()) {
            (Self::Whole, _) => {}
            (Self::Fields(known), Some(names)) => known.extend(names),
            (Self::Absent, Some(names)) => *self = Self::Fields(names),
            (_, None) => *self = Self::Whole,
        }
    }
}

/// One member of the list.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Directive<'a> {
    pub name: &'a [u8],
    pub argument: Argument<'a>,
}

/// What follows `=`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Argument<'a> {
    /// No `=`.
    None,
    /// A token, or what a quoted string says.
    Text(Cow<'a, [u8]>),
    /// Anything else.
    Malformed,
}

impl<'a> Directive<'a> {
    /// A member; none where its name is no token. Space around `=` is not allowed, and makes the argument malformed.
    pub(crate) fn parse(member: &'a [u8]) -> Option<Self> {
        let Some((name, argument)) = split_once(member, b'=') else {
            return is_token(member).then_some(Self { name: member, argument: Argument::None });
        };
        let trimmed = name.trim_ascii_end();
        let argument = if trimmed.len() == name.len() { Argument::parse(argument) } else { Argument::Malformed };
        is_token(trimmed).then_some(Self { name: trimmed, argument })
    }

    /// delta-seconds.
    fn seconds(&self) -> Option<u64> {
        match &self.argument {
            Argument::Text(text) => delta_seconds(text),
            _ => None,
        }
    }

    /// Field names; none where there is no list of at least one token.
    fn names(&self) -> Option<Vec<Box<[u8]>>> {
        let Argument::Text(text) = &self.argument else { return None };
        let names: Vec<&[u8]> = members(text).collect();
        let valid = !names.is_empty() && names.iter().all(|name| is_token(name));
        valid.then(|| names.into_iter().map(Box::from).collect())
    }
}

impl<'a> Argument<'a> {
    fn parse(text: &'a [u8]) -> Self {
        if is_token(text) {
            return Self::Text(Cow::Borrowed(text));
        }
        unquoted(text).map_or(Self::Malformed, |text| Self::Text(Cow::Owned(text)))
    }
}

/// Digits as seconds; more than 2³¹ is 2³¹ (section 1.2.2).
pub(crate) fn delta_seconds(text: &[u8]) -> Option<u64> {
    let digits = !text.is_empty() && text.iter().all(u8::is_ascii_digit);
    digits.then(|| text.iter().fold(0, |value: u64, digit| (value * 10 + u64::from(digit - b'0')).min(DELTA_MAX_S)))
}

/// What a quoted string says (RFC 9110 section 5.6.4).
fn unquoted(text: &[u8]) -> Option<Vec<u8>> {
    let inner = text.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
    let mut said = Vec::with_capacity(inner.len());
    let mut octets = inner.iter();
    while let Some(&octet) = octets.next() {
        match octet {
            b'\\' => said.push(*octets.next()?),
            b'"' => return None,
            _ => said.push(octet),
        }
    }
    Some(said)
}

fn ends_inside_quotes(line: &[u8]) -> bool {
    let (mut quoted, mut escaped) = (false, false);
    for &octet in line {
        match octet {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            _ => {}
        }
    }
    quoted
}

fn split_once(text: &[u8], at: u8) -> Option<(&[u8], &[u8])> {
    let (before, rest) = text.split_at_checked(text.iter().position(|&octet| octet == at)?)?;
    Some((before, rest.get(1..)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(lines: &[&str]) -> ResponseDirectives {
        ResponseDirectives::of(&lines.iter().map(|line| ("Cache-Control", line)).collect())
    }

    fn asked(fields: &[(&str, &str)]) -> RequestDirectives {
        RequestDirectives::of(&fields.iter().copied().collect())
    }

    #[test]
    fn lifetimes() {
        for (line, seconds) in [
            ("max-age=3600", Some(3600)),
            ("MaX-aGe=3600", Some(3600)),
            ("foobar, max-age=3600", Some(3600)),
            ("max-age=\"3600\"", Some(3600)),
            ("max-age=003600", Some(3600)),
            ("max-age=0", Some(0)),
            ("max-age=2147483649", Some(DELTA_MAX_S)),
            ("max-age=99999999999999999999999999", Some(DELTA_MAX_S)),
            ("max-age=-1", Some(0)),
            ("max-age='3600'", Some(0)),
            ("max-age=3600.0", Some(0)),
            ("max-age=a1", Some(0)),
            ("max-age", Some(0)),
            ("max-age=", Some(0)),
            ("max-age =3600", Some(0)),
            ("max-age= 3600", Some(0)),
            ("max-age=\"3600", Some(0)),
            ("max-age=1, max-age=1800", Some(1)),
            ("max-age=1800, max-age=1", Some(1800)),
            ("extension=\"max-age=3600\", max-age=1", Some(1)),
            ("max-age=1, extension=\"max-age=3600\"", Some(1)),
            ("extension=\"\\\", max-age=3600\"", None),
            ("x-max-age=5", None),
            ("max age=5", None),
            ("", None),
        ] {
            assert_eq!(of(&[line]).max_age_s, seconds, "{line}");
        }
    }

    #[test]
    fn lines_make_one_list() {
        let directives = of(&["max-age=1", "s-maxage=3600, No-StOrE"]);
        assert_eq!((directives.max_age_s, directives.s_maxage_s, directives.no_store), (Some(1), Some(3600), true));
    }

    #[test]
    fn scopes() {
        let named = |names: &[&str]| Scope::Fields(names.iter().map(|name| Box::from(name.as_bytes())).collect());
        for (line, scope) in [
            ("no-cache", Scope::Whole),
            ("no-cache=\"a, b\"", named(&["a", "b"])),
            ("no-cache=a", named(&["a"])),
            ("no-cache=\"\"", Scope::Whole),
            ("no-cache=\"a b\"", Scope::Whole),
            ("no-cache =\"a\"", Scope::Whole),
            ("no-cache=\"a\", no-cache=\"b\"", named(&["a", "b"])),
            ("no-cache=\"a\", no-cache", Scope::Whole),
            ("no-cache, no-cache=\"a\"", Scope::Whole),
            ("max-age=1", Scope::Absent),
        ] {
            assert_eq!(of(&[line]).no_cache, scope, "{line}");
        }
    }

    #[test]
    fn what_open_quotes_may_hide_is_known_to_be_unknown() {
        assert!(of(&["max-age=3600, x=\"y, no-store"]).malformed);
        assert!(of(&["\"no-store, max-age=3600"]).malformed);
        assert!(!of(&["max-age=3600, x=\"y\\\", no-store\""]).malformed);
    }

    #[test]
    fn pragma_counts_where_there_is_no_cache_control() {
        assert!(asked(&[("Pragma", "No-Cache")]).no_cache);
        assert!(!asked(&[("Pragma", "no-cache"), ("Cache-Control", "max-stale")]).no_cache);
        assert!(!asked(&[("Pragma", "other")]).no_cache);
        assert_eq!(asked(&[("Cache-Control", "max-stale")]).max_stale_s, Some(u64::MAX));
        assert_eq!(asked(&[("Cache-Control", "max-stale=x")]).max_stale_s, Some(0));
    }

    proptest! {
        #[test]
        fn no_octets_make_it_stop(lines in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..60), 0..4)) {
            let fields: Fields = lines.iter().map(|line| ("cache-control", line)).collect();
            let directives = ResponseDirectives::of(&fields);
            prop_assert!(directives.max_age_s.unwrap_or(0) <= DELTA_MAX_S);
            RequestDirectives::of(&fields);
        }

        #[test]
        fn nothing_before_it_hides_no_store(before in "[ -~]{0,40}") {
            let directives = of(&[&format!("{before},no-store")]);
            prop_assert!(directives.no_store || directives.malformed || before.contains('"'));
            prop_assert!(of(&[&before, "no-store"]).no_store);
        }
    }
}

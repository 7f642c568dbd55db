//! Targeted cache control (RFC 9213): `CDN-Cache-Control`, a dictionary of structured fields (RFC 8941). Where it is valid and
//! not empty it stands in place of `Cache-Control` and `Expires`; where it is not, it counts as absent.

use std::borrow::Cow;

use edgeplane_http::Fields;

use super::cache_control::{Argument, Directive, ResponseDirectives};

/// The field whose target we are.
pub const FIELD: &str = "cdn-cache-control";

/// Directives of the targeted field, if they apply.
pub fn directives(fields: &Fields) -> Option<ResponseDirectives> {
    let value = fields.combined(FIELD)?;
    let members = dictionary(&value).filter(|members| !members.is_empty())?;
    let mut directives = ResponseDirectives::default();
    for (name, value) in &members {
        if let Some(argument) = value.argument() {
            directives.take(&Directive { name, argument });
        }
    }
    Some(directives)
}

/// A bare item, as far as directives have a use for it.
#[derive(Debug, PartialEq, Eq)]
enum Value<'a> {
    Boolean(bool),
    Integer(&'a [u8]),
    Text(Cow<'a, [u8]>),
    Other,
}

impl<'a> Value<'a> {
    /// As the argument of a directive; none where the directive is switched off.
    fn argument(&'a self) -> Option<Argument<'a>> {
        Some(match self {
            Self::Boolean(false) => return None,
            Self::Boolean(true) => Argument::None,
            Self::Integer(digits) => Argument::Text(Cow::Borrowed(digits)),
            // A lifetime as a string is no lifetime: only names of fields come as text.
            Self::Text(text) if text.iter().all(u8::is_ascii_digit) => Argument::Malformed,
            Self::Text(text) => Argument::Text(Cow::Borrowed(text)),
            Self::Other => Argument::Malformed,
        })
    }
}

/// Section 4.2.2: of a key that comes twice the last value counts.
fn dictionary(value: &[u8]) -> Option<Vec<(&[u8], Value<'_>)>> {
    let mut text = Text(value.trim_ascii());
    let mut members: Vec<(&[u8], Value<'_>)> = Vec::new();
    while !text.0.is_empty() {
        let key = text.key()?;
        let value = if text.literal(b'=') { text.member()? } else { Value::Boolean(true) };
        text.parameters()?;
        members.retain(|(known, _)| *known != key);
        members.push((key, value));
        text.space();
        if text.0.is_empty() {
            break;
        }
        text.literal(b',').then_some(())?;
        text.space();
        text.0.first()?;
    }
    Some(members)
}

/// What is left to read.
struct Text<'a>(&'a [u8]);

impl<'a> Text<'a> {
    fn literal(&mut self, octet: u8) -> bool {
        let rest = self.0.strip_prefix(&[octet]);
        self.0 = rest.unwrap_or(self.0);
        rest.is_some()
    }

    fn space(&mut self) {
        self.0 = self.0.trim_ascii_start();
    }

    fn run(&mut self, belongs: impl Fn(u8) -> bool) -> &'a [u8] {
        let end = self.0.iter().position(|&octet| !belongs(octet)).unwrap_or(self.0.len());
        let (run, rest) = self.0.split_at_checked(end).unwrap_or_default();
        self.0 = rest;
        run
    }

    fn key(&mut self) -> Option<&'a [u8]> {
        let first = *self.0.first()?;
        let follows = |octet: u8| octet.is_ascii_lowercase() || octet.is_ascii_digit() || b"_-.*".contains(&octet);
        (first.is_ascii_lowercase() || first == b'*').then(|| self.run(follows))
    }

    fn parameters(&mut self) -> Option<()> {
        while self.literal(b';') {
            self.0 = self.0.trim_ascii_start();
            self.key()?;
            if self.literal(b'=') {
                self.item()?;
            }
        }
        Some(())
    }

    /// An item or an inner list.
    fn member(&mut self) -> Option<Value<'a>> {
        if !self.literal(b'(') {
            return self.item();
        }
        loop {
            self.space();
            if self.literal(b')') {
                return Some(Value::Other);
            }
            self.item()?;
            self.parameters()?;
            matches!(self.0.first()?, b' ' | b')').then_some(())?;
        }
    }

    fn item(&mut self) -> Option<Value<'a>> {
        match *self.0.first()? {
            b'"' => self.string(),
            b'?' => self.boolean(),
            b':' => self.octets(),
            b'-' | b'0'..=b'9' => self.number(),
            first if first.is_ascii_alphabetic() || first == b'*' => Some(Value::Text(Cow::Borrowed(
                self.run(|octet| octet.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~:/".contains(&octet)),
            ))),
            _ => None,
        }
    }

    fn boolean(&mut self) -> Option<Value<'a>> {
        self.literal(b'?');
        if self.literal(b'1') {
            return Some(Value::Boolean(true));
        }
        self.literal(b'0').then_some(Value::Boolean(false))
    }

    fn octets(&mut self) -> Option<Value<'a>> {
        self.literal(b':');
        self.run(|octet| octet.is_ascii_alphanumeric() || b"+/=".contains(&octet));
        self.literal(b':').then_some(Value::Other)
    }

    /// Up to 15 digits, or 12 and 3 after a point.
    fn number(&mut self) -> Option<Value<'a>> {
        let negative = self.literal(b'-');
        let digits = self.run(|octet| octet.is_ascii_digit());
        if !self.literal(b'.') {
            let value = if negative { Value::Other } else { Value::Integer(digits) };
            return (1..=15).contains(&digits.len()).then_some(value);
        }
        let decimals = self.run(|octet| octet.is_ascii_digit());
        ((1..=12).contains(&digits.len()) && (1..=3).contains(&decimals.len())).then_some(Value::Other)
    }

    fn string(&mut self) -> Option<Value<'a>> {
        self.literal(b'"');
        let mut said = Vec::new();
        loop {
            let (&octet, rest) = self.0.split_first()?;
            self.0 = rest;
            match octet {
                b'"' => return Some(Value::Text(Cow::Owned(said))),
                b'\\' => {
                    let (&escaped, rest) = self.0.split_first()?;
                    self.0 = rest;
                    matches!(escaped, b'"' | b'\\').then(|| said.push(escaped))?;
                }
                b' '..=b'~' => said.push(octet),
                _ => return None,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::semantics::cache_control::Scope;
    use crate::semantics::time::DELTA_MAX_S;
    use proptest::prelude::*;

    fn of(value: &str) -> Option<ResponseDirectives> {
        directives(&[("CDN-Cache-Control", value)].into_iter().collect())
    }

    #[test]
    fn lifetimes() {
        for (value, seconds) in [
            ("max-age=3600", Some(3600)),
            ("foobar, max-age=3600", Some(3600)),
            ("max-age=3600;x;y=\"z\"", Some(3600)),
            ("max-age=99999999999", Some(DELTA_MAX_S)),
            ("max-age=1,max-age=2", Some(2)),
            ("max-age=-1", Some(0)),
            ("max-age=1.5", Some(0)),
            ("max-age=\"60\"", Some(0)),
            ("max-age=abc", Some(0)),
            ("a=(1 2), max-age=5", Some(5)),
            ("a=:YQ==:, b=?0, max-age=5", Some(5)),
            ("no-store", None),
        ] {
            assert_eq!(of(value).expect(value).max_age_s, seconds, "{value}");
        }
    }

    #[test]
    fn what_is_no_dictionary_counts_as_absent() {
        for value in [
            "",
            "max-age =60",
            "max-age= 60",
            "Max-Age=60",
            "max-age=60,",
            "max-age=60 no-store",
            "max-age=\"60",
            ",",
            "=1",
            "max-age=1234567890123456",
            "max-age=1.",
            "max-age=(1",
            "a=?2",
            "max-age=60;",
            "a=\"\u{e9}\"",
        ] {
            assert_eq!(of(value), None, "{value}");
        }
    }

    #[test]
    fn switches() {
        let directives = of("no-store=?0, private, no-cache=\"set-cookie\", must-revalidate=?1").expect("valid");
        assert!(!directives.no_store && directives.must_revalidate);
        assert_eq!(directives.private, Scope::Whole);
        assert_eq!(directives.no_cache, Scope::Fields(vec![Box::from(&b"set-cookie"[..])]));
    }

    proptest! {
        #[test]
        fn no_octets_make_it_stop(value in proptest::collection::vec(any::<u8>(), 0..60)) {
            directives(&[("cdn-cache-control", &value)].into_iter().collect());
        }

        #[test]
        fn nor_do_those_of_its_alphabet(value in "[a-c=,;:?()\"\\\\01. -]{0,30}") {
            of(&value);
        }
    }
}

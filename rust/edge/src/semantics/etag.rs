//! Entity tags (RFC 9110 section 8.8.3) and lists of them.

/// An entity tag. One that is not quoted is compared as it stands, and is weak.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EntityTag<'a> {
    /// What stands between the quotes, with them.
    pub opaque: &'a [u8],
    /// `W/`.
    pub weak: bool,
}

impl<'a> EntityTag<'a> {
    /// The value of an `ETag` field; none where it is empty.
    pub fn parse(value: &'a [u8]) -> Option<Self> {
        let value = value.trim_ascii();
        let (tag, rest) = split(value)?;
        Some(if rest.is_empty() { tag } else { Self { opaque: value, weak: true } })
    }

    /// Both are strong and the same (section 8.8.3.2).
    pub fn matches_strongly(&self, other: &EntityTag<'_>) -> bool {
        !self.weak && !other.weak && self.opaque == other.opaque
    }

    /// The same, weak or not.
    pub fn matches_weakly(&self, other: &EntityTag<'_>) -> bool {
        self.opaque == other.opaque
    }
}

/// The members of a list of entity tags. In a tag `\` stands for itself and `,` does not end it.
pub fn list(value: &[u8]) -> impl Iterator<Item = EntityTag<'_>> {
    let mut rest = value;
    std::iter::from_fn(move || {
        let start = rest.iter().position(|octet| !matches!(octet, b',' | b' ' | b'\t'))?;
        let (tag, after) = split(rest.get(start..)?)?;
        rest = after;
        Some(tag)
    })
}

/// The tag that stands first, and what follows it.
fn split(text: &[u8]) -> Option<(EntityTag<'_>, &[u8])> {
    let weak = text.starts_with(b"W/\"");
    let quoted = if weak { text.get(2..)? } else { text };
    if let Some(end) = closing_quote(quoted) {
        let (opaque, rest) = quoted.split_at_checked(end + 1)?;
        return Some((EntityTag { opaque, weak }, rest));
    }
    let end = text.iter().position(|&octet| octet == b',').unwrap_or(text.len());
    let (opaque, rest) = text.split_at_checked(end)?;
    let opaque = opaque.trim_ascii_end();
    (!opaque.is_empty()).then_some((EntityTag { opaque, weak: true }, rest))
}

fn closing_quote(text: &[u8]) -> Option<usize> {
    let inner = text.strip_prefix(b"\"")?;
    Some(inner.iter().position(|&octet| octet == b'"')? + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn comparison_as_in_the_table_of_the_rfc() {
        for (one, other, strongly, weakly) in [
            ("W/\"1\"", "W/\"1\"", false, true),
            ("W/\"1\"", "W/\"2\"", false, false),
            ("W/\"1\"", "\"1\"", false, true),
            ("\"1\"", "\"1\"", true, true),
            ("1", "\"1\"", false, false),
            ("w/\"1\"", "\"1\"", false, false),
            ("1", "1", false, true),
        ] {
            let (one, other) = (EntityTag::parse(one.as_bytes()).unwrap(), EntityTag::parse(other.as_bytes()).unwrap());
            assert_eq!(
                (one.matches_strongly(&other), one.matches_weakly(&other)),
                (strongly, weakly),
                "{one:?} {other:?}"
            );
            assert_eq!(
                (other.matches_strongly(&one), other.matches_weakly(&one)),
                (strongly, weakly),
                "{one:?} {other:?}"
            );
        }
    }

    #[test]
    fn lists_keep_what_stands_in_quotes() {
        let tags = |value: &'static str| {
            list(value.as_bytes()).map(|tag| (tag.weak, String::from_utf8_lossy(tag.opaque).into_owned()))
        };
        let seen: Vec<_> = tags(r#" "a,b" ,W/"c\", "", d ,, "e"#).collect();
        let expected = [(false, r#""a,b""#), (true, r#""c\""#), (false, r#""""#), (true, "d"), (true, r#""e"#)];
        assert_eq!(seen, expected.map(|(weak, tag)| (weak, tag.to_owned())));
        assert_eq!(tags(" , ").count(), 0);
    }

    proptest! {
        #[test]
        fn lists_end(value in proptest::collection::vec(any::<u8>(), 0..60)) {
            prop_assert!(list(&value).count() <= value.len());
            EntityTag::parse(&value);
        }

        #[test]
        fn a_tag_is_itself(tag in "(W/)?\"[!#-~]{0,10}\"") {
            let one = EntityTag::parse(tag.as_bytes()).unwrap();
            prop_assert!(one.matches_weakly(&one) && one.matches_strongly(&one) != one.weak);
            let listed = format!("\"x y\", {tag},\"z\"");
            prop_assert_eq!(list(listed.as_bytes()).nth(1), Some(one));
        }
    }
}

//! Patterns with `*` for any octets, none too, and `?` for exactly one.

/// A pattern, compiled. Matching places each run between two stars once and never goes back: the leftmost place is as
/// good as any later one, the first and the last run stand at the ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wildcard {
    runs: Box<[Box<[Symbol]>]>,
}

/// An octet, or none for any octet.
type Symbol = Option<u8>;

impl Wildcard {
    /// A pattern in which `*` and `?` have no way to be meant literally.
    pub fn new(pattern: &str) -> Self {
        let run = |run: &[u8]| run.iter().map(|&octet| (octet != b'?').then_some(octet)).collect();
        Self { runs: pattern.as_bytes().split(|&octet| octet == b'*').map(run).collect() }
    }

    /// A pattern in which `\?` is a literal question mark.
    pub fn escaped(pattern: &str) -> Self {
        let run = |run: &str| {
            let literal =
                run.split("\\?").map(|part| part.bytes().map(|octet| (octet != b'?').then_some(octet)).collect());
            literal.collect::<Vec<Vec<Symbol>>>().join(&Some(b'?')).into_boxed_slice()
        };
        Self { runs: pattern.split('*').map(run).collect() }
    }

    /// Whether all of `text` is as the pattern says; case counts.
    pub fn matches(&self, text: impl AsRef<[u8]>) -> bool {
        let text = text.as_ref();
        let Some((first, others)) = self.runs.split_first() else {
            return text.is_empty();
        };
        let Some((start, rest)) = text.split_at_checked(first.len()) else {
            return false;
        };
        if !fits(first, start) {
            return false;
        }
        match others.split_last() {
            None => rest.is_empty(),
            Some((last, middle)) => ends_with(rest, last).is_some_and(|rest| holds(rest, middle)),
        }
    }

    /// Whether it matches everything.
    pub fn is_everything(&self) -> bool {
        self.runs.len() > 1 && self.runs.iter().all(|run| run.is_empty())
    }
}

fn fits(run: &[Symbol], text: &[u8]) -> bool {
    run.iter().zip(text).all(|(symbol, octet)| symbol.is_none_or(|wanted| wanted == *octet))
}

/// What stands before the last run.
fn ends_with<'t>(text: &'t [u8], last: &[Symbol]) -> Option<&'t [u8]> {
    let (rest, end) = text.split_at_checked(text.len().checked_sub(last.len())?)?;
    fits(last, end).then_some(rest)
}

fn holds(mut text: &[u8], runs: &[Box<[Symbol]>]) -> bool {
    for run in runs.iter().filter(|run| !run.is_empty()) {
        let found = text.windows(run.len()).position(|window| fits(run, window));
        let Some(after) = found.and_then(|at| text.get(at + run.len()..)) else {
            return false;
        };
        text = after;
    }
    true
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The definition, tried in every way.
    fn oracle(pattern: &[u8], text: &[u8]) -> bool {
        match (pattern.split_first(), text.split_first()) {
            (None, None) => true,
            (Some((b'*', rest)), None) => oracle(rest, text),
            (Some((b'*', rest)), Some((_, after))) => oracle(rest, text) || oracle(pattern, after),
            (Some((b'?', rest)), Some((_, after))) => oracle(rest, after),
            (Some((wanted, rest)), Some((octet, after))) => wanted == octet && oracle(rest, after),
            _ => false,
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_000))]
        #[test]
        fn a_pattern_matches_what_its_definition_says(pattern in "[ab*?]{0,8}", text in "[ab]{0,10}") {
            prop_assert_eq!(Wildcard::new(&pattern).matches(&text), oracle(pattern.as_bytes(), text.as_bytes()));
            prop_assert_eq!(Wildcard::escaped(&pattern).matches(&text), oracle(pattern.as_bytes(), text.as_bytes()));
        }
    }

    #[test]
    fn an_escaped_question_mark_is_one() {
        let pattern = Wildcard::escaped(r"a\?b?c*\?");
        for (text, matches) in [("a?bxc?", true), ("a?bxcyy?", true), ("axbxc?", false), ("a?bxcx", false)] {
            assert_eq!(pattern.matches(text), matches, "{text}");
        }
    }

    #[test]
    fn hostile_patterns_end() {
        let pattern = Wildcard::new(&format!("{}b", "*a".repeat(120)));
        assert!(!pattern.matches("a".repeat(8_192)));
        let pattern = Wildcard::new(&format!("*{}?b*", "a".repeat(120)));
        assert!(!pattern.matches("a".repeat(8_192)));
    }

    #[test]
    fn only_stars_are_everything() {
        assert!(Wildcard::new("*").is_everything() && Wildcard::new("**").is_everything());
        assert!(!Wildcard::new("").is_everything() && !Wildcard::new("/*").is_everything());
    }
}

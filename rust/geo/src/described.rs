//! A place with the words that people have for it: for those who are told where a client is, not for choosing.

use crate::{Place, place};

/// A place and its words.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Described {
    /// The place.
    pub place: Place,
    /// Its words.
    pub words: Words,
}

/// Names and numbers, in English; empty where they are not known.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Words {
    /// `Germany`.
    pub country: Box<str>,
    /// `Hesse`.
    pub region: Box<str>,
    /// `Frankfurt am Main`.
    pub city: Box<str>,
    /// `60313`.
    pub postal_code: Box<str>,
    /// Of the United States: `807`.
    pub metro_code: Box<str>,
    /// `Europe/Berlin`.
    pub time_zone: Box<str>,
    /// Number of the autonomous system: `64500`.
    pub asn: Box<str>,
}

/// A text as it may stand in a header field; one with control octets is none.
pub(crate) fn word(text: &str) -> Box<str> {
    let text = text.trim();
    if text.chars().any(char::is_control) { Box::default() } else { text.into() }
}

/// The number of an autonomous system, with `AS` before it or without.
pub(crate) fn asn(text: &str) -> Box<str> {
    let digits = text.trim().trim_start_matches(['A', 'a']).trim_start_matches(['S', 's']);
    digits.parse::<u32>().map_or_else(|_| Box::default(), |number| number.to_string().into())
}

impl place::Entry for Described {
    type Key = (<Place as place::Entry>::Key, Words);

    fn key(&self) -> Self::Key {
        (self.place.key(), self.words.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_systems_are_numbers() {
        for (written, expected) in [("AS64500", "64500"), ("64500", "64500"), ("as1", "1"), ("ASX", ""), ("", "")] {
            assert_eq!(&*asn(written), expected, "{written}");
        }
    }

    #[test]
    fn what_would_end_a_field_is_no_word() {
        assert_eq!((&*word(" Zürich "), &*word("a\r\nb: c"), &*word("")), ("Zürich", "", ""));
    }
}

//! Where a client is, as far as place data tells.

use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;
use std::str::FromStr;

use crate::{Position, country};

/// A code of two or three capitals or digits: a continent, a country (ISO 3166-1), a subdivision (ISO 3166-2 without
/// the country).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code([u8; 3]);

impl Code {
    /// The code as text.
    pub fn as_str(&self) -> &str {
        let length = self.0.iter().position(|&octet| octet == 0).unwrap_or(self.0.len());
        self.0.get(..length).and_then(|octets| std::str::from_utf8(octets).ok()).unwrap_or("")
    }
}

impl FromStr for Code {
    type Err = String;

    /// Reads one to three letters or digits, in any case.
    fn from_str(text: &str) -> Result<Self, String> {
        let mut code = [0; 3];
        if text.is_empty() || text.len() > code.len() || !text.bytes().all(|octet| octet.is_ascii_alphanumeric()) {
            return Err(format!("\"{text}\" is not a code of up to three letters or digits"));
        }
        code.iter_mut().zip(text.bytes()).for_each(|(to, from)| *to = from.to_ascii_uppercase());
        Ok(Self(code))
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What is known of a place; the default knows nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Place {
    /// AF AN AS EU OC NA SA.
    pub continent: Option<Code>,
    /// ISO 3166-1, two letters.
    pub country: Option<Code>,
    /// ISO 3166-2 without the country.
    pub subdivision: Option<Code>,
    /// Latitude and longitude.
    pub position: Option<Position>,
}

impl Place {
    /// The place with what its country implies: the continent, and a point near the country's people.
    pub fn completed(mut self) -> Self {
        if let Some(known) = self.country.and_then(country::find) {
            self.continent = self.continent.or(Some(known.continent));
            self.position = self.position.or(Some(known.position));
        }
        self
    }
}

/// What a database says of a prefix; its default is what is said of all others.
pub(crate) trait Entry: Default {
    /// Equal for equal entries.
    type Key: Eq + Hash;

    /// Its key.
    fn key(&self) -> Self::Key;
}

impl Entry for Place {
    type Key = (Option<Code>, Option<Code>, Option<Code>, Option<(u64, u64)>);

    fn key(&self) -> Self::Key {
        let bits = self.position.map(|p| (p.latitude().to_bits(), p.longitude().to_bits()));
        (self.continent, self.country, self.subdivision, bits)
    }
}

/// Distinct places, each with a number; number 0 is the place of which nothing is known.
#[derive(Debug, Clone, PartialEq)]
pub struct Places<P = Place>(Vec<P>);

impl Places {
    /// The place with this number; the unknown one for numbers never given.
    pub fn get(&self, number: u32) -> Place {
        self.find(number).copied().unwrap_or_default()
    }
}

impl<P> Places<P> {
    /// The place with this number; none for numbers never given.
    pub fn find(&self, number: u32) -> Option<&P> {
        self.0.get(number as usize)
    }

    /// All places in order of their numbers.
    pub fn iter(&self) -> impl Iterator<Item = &P> {
        self.0.iter()
    }

    /// How many there are, the unknown one included.
    #[allow(clippy::len_without_is_empty, reason = "the unknown place is always there")]
    pub fn len(&self) -> usize {
        self.0.len()
    }
}

impl<P: Default> Default for Places<P> {
    fn default() -> Self {
        Self(vec![P::default()])
    }
}

/// Places in the making: equal ones share a number.
pub(crate) struct Gathering<P: Entry> {
    places: Vec<P>,
    numbers: HashMap<P::Key, u32>,
}

impl<P: Entry> Gathering<P> {
    pub fn new() -> Self {
        let unknown = P::default();
        Self { numbers: HashMap::from([(unknown.key(), 0)]), places: vec![unknown] }
    }

    /// The number of a place.
    pub fn number(&mut self, place: P) -> u32 {
        *self.numbers.entry(place.key()).or_insert_with(|| {
            self.places.push(place);
            self.places.len() as u32 - 1
        })
    }

    /// All that were numbered.
    pub fn finish(self) -> Places<P> {
        Places(self.places)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_country_implies_its_continent_and_a_point() {
        let place = Place { country: Some("de".parse().unwrap()), ..Place::default() }.completed();
        assert_eq!(place.continent, Some("EU".parse().unwrap()));
        assert!(place.position.unwrap().distance_km(&Position::new(51.0, 10.0).unwrap()) < 300.0);
        assert_eq!(Place::default().completed(), Place::default());
    }

    #[test]
    fn equal_places_share_a_number() {
        let mut gathering = Gathering::new();
        let place = |code: &str| Place { country: Some(code.parse().unwrap()), ..Place::default() };
        assert_eq!(["DE", "FR", "DE"].map(|code| gathering.number(place(code))), [1, 2, 1]);
        assert_eq!(gathering.number(Place::default()), 0);
        let places = gathering.finish();
        assert_eq!((places.len(), places.get(2), places.get(9)), (3, place("FR"), Place::default()));
    }

    #[test]
    fn codes_are_short_capitals() {
        assert_eq!("eng".parse::<Code>().unwrap().as_str(), "ENG");
        for text in ["", "ABCD", "U-", "é"] {
            assert!(text.parse::<Code>().is_err(), "{text}");
        }
    }
}

//! One record of a place database, whichever layout it has.

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::described::{asn, word};
use crate::{Code, Described, Place, Position, Words, country, states};

/// The fields that any of the layouts uses for a place; each is absent in some.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Record<'a> {
    #[serde(borrow)]
    continent: Named<'a>,
    continent_code: &'a str,
    country: Named<'a>,
    country_code: &'a str,
    subdivisions: Vec<Division<'a>>,
    region: &'a str,
    region_code: &'a str,
    location: Point<'a>,
    loc: &'a str,
    lat: Degrees,
    lng: Degrees,
    latitude: Degrees,
    longitude: Degrees,
    country_name: Loose<'a>,
    city: Named<'a>,
    postal: Postal<'a>,
    postal_code: Loose<'a>,
    timezone: Loose<'a>,
    asn: Loose<'a>,
    autonomous_system_number: Loose<'a>,
}

/// A continent or country: a map with a code (MaxMind, DB-IP), or flat text, a code or a name (IPinfo).
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Named<'a> {
    Flat(&'a str),
    Map {
        #[serde(default, borrow)]
        iso_code: &'a str,
        #[serde(default)]
        code: &'a str,
        #[serde(default)]
        names: Names<'a>,
    },
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Postal<'a> {
    #[serde(borrow)]
    code: Loose<'a>,
}

/// A word that publishers write as text or as a number; what is neither says nothing.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Loose<'a> {
    Text(&'a str),
    Number(u64),
    Else(IgnoredAny),
}

impl Default for Loose<'_> {
    fn default() -> Self {
        Loose::Text("")
    }
}

impl Loose<'_> {
    fn word(&self) -> Box<str> {
        match self {
            Loose::Text(text) => word(text),
            Loose::Number(number) => number.to_string().into(),
            Loose::Else(_) => Box::default(),
        }
    }
}

/// A subdivision; DB-IP's free files have its name alone.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Division<'a> {
    #[serde(borrow)]
    iso_code: &'a str,
    names: Names<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Names<'a> {
    #[serde(borrow)]
    en: &'a str,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Point<'a> {
    latitude: Option<f64>,
    longitude: Option<f64>,
    #[serde(borrow)]
    metro_code: Loose<'a>,
    time_zone: Loose<'a>,
}

/// Degrees as a number, or as text (IPinfo).
#[derive(Debug, Default, Deserialize)]
#[serde(from = "Written")]
struct Degrees(Option<f64>);

#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Number(f64),
    Text(String),
}

impl From<Written> for Degrees {
    fn from(written: Written) -> Self {
        match written {
            Written::Number(degrees) => Self(Some(degrees)),
            Written::Text(text) => Self(text.parse().ok()),
        }
    }
}

impl Default for Named<'_> {
    fn default() -> Self {
        Named::Flat("")
    }
}

impl Named<'_> {
    fn code(&self) -> &str {
        match self {
            Named::Flat(text) => text,
            Named::Map { iso_code: "", code, .. } => code,
            Named::Map { iso_code, .. } => iso_code,
        }
    }

    /// Its name; flat text may be a code.
    fn name(&self) -> &str {
        match self {
            Named::Flat(text) => text,
            Named::Map { names, .. } => names.en,
        }
    }
}

impl Record<'_> {
    fn position(&self) -> Option<Position> {
        let flat = |latitude: &Degrees, longitude: &Degrees| latitude.0.zip(longitude.0);
        let nested = self.location.latitude.zip(self.location.longitude);
        let joined = self.loc.split_once(',').and_then(|(lat, lng)| Some((lat.parse().ok()?, lng.parse().ok()?)));
        let found = nested.or(flat(&self.latitude, &self.longitude)).or(flat(&self.lat, &self.lng)).or(joined);
        found.and_then(|(latitude, longitude)| Position::new(latitude, longitude))
    }

    fn words(&self) -> Words {
        let first = self.subdivisions.first().map_or("", |division| division.names.en);
        Words {
            country: either(self.country_name.word(), word(some_name(self.country.name()))),
            region: either(word(first), word(self.region)),
            city: word(self.city.name()),
            postal_code: either(self.postal.code.word(), self.postal_code.word()),
            metro_code: self.location.metro_code.word(),
            time_zone: either(self.location.time_zone.word(), self.timezone.word()),
            asn: either(asn(&self.autonomous_system_number.word()), asn(&self.asn.word())),
        }
    }

    /// The first subdivision's code; that of a state of the United States also by name.
    fn subdivision(&self, country: Option<Code>) -> Option<Code> {
        let first = self.subdivisions.first();
        let codes = [first.map_or("", |division| division.iso_code), self.region_code];
        let names = [first.map_or("", |division| division.names.en), self.region];
        let code = codes.into_iter().find_map(|code| code.parse().ok());
        let state = || names.into_iter().find_map(states::code)?.parse().ok();
        code.or_else(|| country.filter(|country| country.as_str() == "US").and_then(|_| state()))
    }
}

/// The first text that is not empty.
fn either(one: Box<str>, other: Box<str>) -> Box<str> {
    if one.is_empty() { other } else { one }
}

/// A name, which a code of two letters is not.
fn some_name(text: &str) -> &str {
    if text.len() > 2 { text } else { "" }
}

/// The first of the texts that is a code of a continent or country.
fn first(texts: [&str; 2], check: fn(Option<Code>) -> Result<Option<Code>, String>) -> Option<Code> {
    texts.into_iter().find_map(|text| check(text.parse().ok()).ok()?)
}

impl From<Record<'_>> for Place {
    fn from(record: Record<'_>) -> Self {
        let country = first([record.country_code, record.country.code()], country::check_country);
        let place = Place {
            continent: first([record.continent_code, record.continent.code()], country::check_continent),
            country,
            subdivision: record.subdivision(country),
            position: record.position(),
        };
        place.completed()
    }
}

impl From<Record<'_>> for Described {
    fn from(record: Record<'_>) -> Self {
        Self { words: record.words(), place: record.into() }
    }
}

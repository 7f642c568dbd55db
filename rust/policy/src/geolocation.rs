//! Geolocation routing: the smallest area around the client that has a record.

use std::fmt;

use edgeplane_geo::{Code, Place, country, states};

/// The area of a record, as `GeoLocation` of the API gives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GeoLocation {
    /// A state of the United States.
    Subdivision(Code),
    /// A country of ISO 3166-1.
    Country(Code),
    /// One of AF AN AS EU OC NA SA.
    Continent(Code),
    /// Country `*`: every client that no other record fits.
    Default,
}

impl GeoLocation {
    /// From `ContinentCode`, `CountryCode` and `SubdivisionCode`; the error says what would be right.
    pub fn new(continent: Option<&str>, country: Option<&str>, subdivision: Option<&str>) -> Result<Self, String> {
        match (continent, country, subdivision) {
            (Some(code), None, None) => known(code, country::check_continent).map(Self::Continent),
            (None, Some("*"), None) => Ok(Self::Default),
            (None, Some(code), None) => known(code, country::check_country).map(Self::Country),
            (None, Some("US"), Some(code)) if states::is_state(code) => Ok(Self::Subdivision(code.parse()?)),
            (None, Some("US"), Some(code)) => {
                Err(format!("SubdivisionCode {code} is not a state of the United States"))
            }
            (None, Some(_), Some(_)) => Err("SubdivisionCode goes with CountryCode US alone".into()),
            (None, None, Some(_)) => Err("SubdivisionCode needs CountryCode US".into()),
            (None, None, None) => Err("GeoLocation needs ContinentCode or CountryCode".into()),
            (Some(_), ..) => Err("ContinentCode goes with neither CountryCode nor SubdivisionCode".into()),
        }
    }

    /// Whether a place lies in this area.
    fn holds(&self, place: &Place) -> bool {
        match *self {
            Self::Subdivision(state) => {
                place.subdivision == Some(state) && place.country.is_some_and(|country| country.as_str() == "US")
            }
            Self::Country(code) => place.country == Some(code),
            Self::Continent(code) => place.continent == Some(code),
            Self::Default => true,
        }
    }
}

/// Codes are written in capitals.
fn known(code: &str, check: fn(Option<Code>) -> Result<Option<Code>, String>) -> Result<Code, String> {
    let capital = code.parse().ok().filter(|parsed: &Code| parsed.as_str() == code);
    let wrong = || format!("\"{code}\" is not a code of two capitals");
    check(capital)?.ok_or_else(wrong)
}

impl fmt::Display for GeoLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Subdivision(code) => write!(f, "US-{code}"),
            Self::Country(code) => write!(f, "{code}"),
            Self::Continent(code) => write!(f, "continent {code}"),
            Self::Default => f.write_str("*"),
        }
    }
}

/// Replaces `ranking` with the positions in `locations` (sorted) of the areas around a place, smallest first. Sorted
/// locations stand by size, so that their order is the ranking.
pub fn rank(locations: &[GeoLocation], place: &Place, ranking: &mut Vec<u16>) {
    ranking.clear();
    ranking.extend((0u16..).zip(locations).filter(|(_, area)| area.holds(place)).map(|(position, _)| position));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(country: &str, subdivision: &str) -> Place {
        Place { country: country.parse().ok(), subdivision: subdivision.parse().ok(), ..Place::default() }.completed()
    }

    #[test]
    fn the_smallest_area_comes_first() {
        let mut locations = [
            GeoLocation::new(None, Some("*"), None),
            GeoLocation::new(Some("NA"), None, None),
            GeoLocation::new(None, Some("US"), None),
            GeoLocation::new(None, Some("US"), Some("CA")),
            GeoLocation::new(None, Some("NA"), None),
        ]
        .map(Result::unwrap);
        locations.sort();
        let names = |place: Place| {
            let mut ranking = vec![9];
            rank(&locations, &place, &mut ranking);
            ranking.iter().map(|&n| locations[usize::from(n)].to_string()).collect::<Vec<_>>().join(" > ")
        };
        assert_eq!(names(place("US", "CA")), "US-CA > US > continent NA > *");
        assert_eq!(names(place("US", "TX")), "US > continent NA > *");
        assert_eq!(names(place("MX", "CA")), "continent NA > *");
        assert_eq!(names(place("NA", "")), "NA > *");
        assert_eq!(names(Place::default()), "*");
        locations[4] = locations[3];
        let mut ranking = vec![];
        rank(&locations[..4], &Place::default(), &mut ranking);
        assert!(ranking.is_empty(), "no default record: no answer");
    }

    #[test]
    fn what_the_api_refuses_is_refused() {
        for (continent, country, subdivision, reason) in [
            (None, None, None, "needs ContinentCode"),
            (Some("NA"), Some("US"), None, "neither"),
            (Some("NA"), None, Some("CA"), "neither"),
            (None, None, Some("CA"), "needs CountryCode US"),
            (None, Some("DE"), Some("BY"), "US alone"),
            (None, Some("*"), Some("CA"), "US alone"),
            (None, Some("US"), Some("XX"), "not a state"),
            (Some("XX"), None, None, "not a continent"),
            (None, Some("ZZ"), None, "not a country"),
            (None, Some("us"), None, "two capitals"),
            (Some("*"), None, None, "two capitals"),
        ] {
            let message = GeoLocation::new(continent, country, subdivision).unwrap_err();
            assert!(message.contains(reason), "{message}");
        }
    }
}

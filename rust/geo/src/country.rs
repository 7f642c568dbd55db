//! Countries (ISO 3166-1) with their continents, as Route 53 counts them, and a point near where their people live.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::{Code, Position, sheet};

/// AF AN AS EU OC NA SA: the continents of the Route 53 API.
pub const CONTINENTS: [&str; 7] = ["AF", "AN", "AS", "EU", "OC", "NA", "SA"];

/// What is known of a country.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Country {
    /// One of `CONTINENTS`.
    pub continent: Code,
    /// Within some 500 km of most of its people; for data that knows no better.
    pub position: Position,
}

static COUNTRIES: LazyLock<HashMap<Code, Country>> = LazyLock::new(|| {
    let mut countries = HashMap::new();
    sheet::read(
        "countries",
        include_str!("../data/countries.csv"),
        &["country", "continent", "latitude", "longitude"],
        4,
        |row| {
            if let &[code, continent, latitude, longitude] = row {
                let position = Position::parse(latitude, longitude)?;
                countries.insert(code.parse()?, Country { continent: continent.parse()?, position });
            }
            Ok(())
        },
    );
    countries
});

/// The country with this code.
pub fn find(code: Code) -> Option<Country> {
    COUNTRIES.get(&code).copied()
}

/// Refuses a code that is no country's.
pub fn check_country(code: Option<Code>) -> Result<Option<Code>, String> {
    match code {
        Some(code) if find(code).is_none() => Err(format!("{code} is not a country code of ISO 3166-1")),
        known => Ok(known),
    }
}

/// Refuses a code that is no continent's.
pub fn check_continent(code: Option<Code>) -> Result<Option<Code>, String> {
    match code {
        Some(code) if !CONTINENTS.contains(&code.as_str()) => {
            Err(format!("{code} is not a continent: use {}", CONTINENTS.join(", ")))
        }
        known => Ok(known),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_whole() {
        let rows = include_str!("../data/countries.csv").lines().filter(|line| !line.starts_with('#')).count();
        assert_eq!(COUNTRIES.len() + 1, rows, "a row is double or does not parse");
        assert!(COUNTRIES.len() >= 249, "ISO 3166-1 has 249 codes");
        assert!(COUNTRIES.values().all(|country| CONTINENTS.contains(&country.continent.as_str())));
    }

    #[test]
    fn codes_are_checked() {
        assert!(check_country("ZZ".parse().ok()).is_err());
        assert!(check_country("JP".parse().ok()).is_ok());
        assert!(check_continent("XX".parse().ok()).unwrap_err().contains("AF, AN"));
        assert_eq!(check_continent(None), Ok(None));
    }
}

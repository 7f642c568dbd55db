//! Place data from a CSV file: `prefix,continent,country,subdivision,latitude,longitude`.

use edgeplane_base::Faults;

use crate::place::Gathering;
use crate::{Code, Place, Places, Position, Prefix, PrefixTable, country, sheet, states};

const COLUMNS: [&str; 6] = ["prefix", "continent", "country", "subdivision", "latitude", "longitude"];

/// Prefix → number of a place, and the places. All columns but `prefix` may be empty or absent.
///
/// `file` is the name that faults carry, each with its line.
pub fn load(file: &str, text: &str) -> Result<(PrefixTable, Places), Faults> {
    let mut places = Gathering::new();
    let mut prefixes: Vec<(Prefix, u32)> = Vec::new();
    let faults = sheet::read(file, text, &COLUMNS, 1, |fields| {
        let &[prefix, continent, country, subdivision, latitude, longitude] = fields else {
            return Err("has the wrong number of fields".into());
        };
        let place = Place {
            continent: code(continent).and_then(country::check_continent)?,
            country: code(country).and_then(country::check_country)?,
            subdivision: code(state(country, subdivision))?,
            position: position(latitude, longitude)?,
        };
        prefixes.push((prefix.parse()?, places.number(place.completed())));
        Ok(())
    });
    faults.into_result(())?;
    Ok((PrefixTable::build(prefixes, 0), places.finish()))
}

/// A state of the United States may be given by its name.
fn state<'a>(country: &str, subdivision: &'a str) -> &'a str {
    let named = || states::code(subdivision).filter(|_| country.eq_ignore_ascii_case("US"));
    named().unwrap_or(subdivision)
}

fn code(text: &str) -> Result<Option<Code>, String> {
    if text.is_empty() { Ok(None) } else { text.parse().map(Some) }
}

fn position(latitude: &str, longitude: &str) -> Result<Option<Position>, String> {
    match (latitude, longitude) {
        ("", "") => Ok(None),
        ("", _) | (_, "") => Err("has one of latitude and longitude: both or neither must be given".into()),
        _ => Position::parse(latitude, longitude).map(Some),
    }
}

#[cfg(test)]
mod tests {
    use super::load;

    #[test]
    fn rows_become_places() {
        let text = "prefix,continent,country,subdivision,latitude,longitude\n\
                    10.0.0.0/8,NA,US,CA,37.5,-122\n10.1.0.0/16,,FR,,,\n2001:db8::/32,,us,California,37.5,-122\n";
        let (table, places) = load("geo.csv", text).unwrap();
        let at = |address: &str| places.get(table.lookup(address.parse().unwrap()).0);
        assert_eq!(at("10.2.3.4"), at("2001:db8::1"));
        assert_eq!(at("10.2.3.4").subdivision.unwrap().as_str(), "CA");
        assert_eq!(at("10.1.3.4").continent.unwrap().as_str(), "EU");
        assert_eq!(at("192.0.2.1"), Default::default());
        assert_eq!(places.len(), 3);
    }

    #[test]
    fn every_fault_is_reported() {
        let text = "prefix,continent,country,latitude,longitude\n10.0.0.1/8,,,,\n10.0.0.0/8,XX,,,\n10.0.0.0/8,,ZZ,,\n\
                    10.0.0.0/8,,,91,0\n10.0.0.0/8,,,9,\n10.0.0.0/8,EU,DE,50,9\n";
        let faults = load("geo.csv", text).unwrap_err();
        assert_eq!(faults.0.iter().map(|fault| fault.line).collect::<Vec<_>>(), [2, 3, 4, 5, 6]);
    }
}

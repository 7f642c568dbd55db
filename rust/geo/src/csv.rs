//! Place data from a CSV file: `prefix,continent,country,subdivision,latitude,longitude`, and the words for a place:
//! `country_name,region_name,city,postal_code,metro_code,time_zone,asn`.

use edgeplane_base::Faults;

use crate::described::{asn, word};
use crate::place::{Entry, Gathering};
use crate::{Code, Described, Place, Places, Position, Prefix, PrefixTable, Words, country, sheet, states};

const COLUMNS: [&str; 13] = [
    "prefix",
    "continent",
    "country",
    "subdivision",
    "latitude",
    "longitude",
    "country_name",
    "region_name",
    "city",
    "postal_code",
    "metro_code",
    "time_zone",
    "asn",
];

/// Prefix → number of a place, and the places. All columns but `prefix` may be empty or absent.
///
/// `file` is the name that faults carry, each with its line.
pub fn load(file: &str, text: &str) -> Result<(PrefixTable, Places), Faults> {
    read(file, text, |place, _| place)
}

/// The same with the words for each place.
pub fn describe(file: &str, text: &str) -> Result<(PrefixTable, Places<Described>), Faults> {
    read(file, text, |place, rest| Described { place, words: words(rest) })
}

fn read<P: Entry>(file: &str, text: &str, entry: fn(Place, &[&str]) -> P) -> Result<(PrefixTable, Places<P>), Faults> {
    let mut places = Gathering::new();
    let mut prefixes: Vec<(Prefix, u32)> = Vec::new();
    let faults = sheet::read(file, text, &COLUMNS, 1, |fields| {
        let &[prefix, continent, country, subdivision, latitude, longitude, ref rest @ ..] = fields else {
            return Err("has the wrong number of fields".into());
        };
        let place = Place {
            continent: code(continent).and_then(country::check_continent)?,
            country: code(country).and_then(country::check_country)?,
            subdivision: code(state(country, subdivision))?,
            position: position(latitude, longitude)?,
        };
        prefixes.push((prefix.parse()?, places.number(entry(place.completed(), rest))));
        Ok(())
    });
    faults.into_result(())?;
    Ok((PrefixTable::build(prefixes, 0), places.finish()))
}

fn words(fields: &[&str]) -> Words {
    let &[country, region, city, postal_code, metro_code, time_zone, number] = fields else { return Words::default() };
    Words {
        country: word(country),
        region: word(region),
        city: word(city),
        postal_code: word(postal_code),
        metro_code: word(metro_code),
        time_zone: word(time_zone),
        asn: asn(number),
    }
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
    use super::{describe, load};

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
    fn words_tell_places_apart_where_they_are_wanted() {
        let text =
            "prefix,country,city,time_zone,asn\n10.0.0.0/8,DE,Kassel,Europe/Berlin,AS64500\n11.0.0.0/8,DE,Fulda,,\n";
        assert_eq!(load("geo.csv", text).unwrap().1.len(), 2);
        let (table, places) = describe("geo.csv", text).unwrap();
        let at = |address: &str| places.find(table.lookup(address.parse().unwrap()).0).unwrap();
        let kassel = at("10.2.3.4");
        assert_eq!(
            (&*kassel.words.city, &*kassel.words.time_zone, &*kassel.words.asn),
            ("Kassel", "Europe/Berlin", "64500")
        );
        assert_eq!((kassel.place.country, &*at("11.1.1.1").words.city), ("DE".parse().ok(), "Fulda"));
        assert_eq!((places.len(), at("192.0.2.1")), (3, &Default::default()));
    }

    #[test]
    fn every_fault_is_reported() {
        let text = "prefix,continent,country,latitude,longitude\n10.0.0.1/8,,,,\n10.0.0.0/8,XX,,,\n10.0.0.0/8,,ZZ,,\n\
                    10.0.0.0/8,,,91,0\n10.0.0.0/8,,,9,\n10.0.0.0/8,EU,DE,50,9\n";
        let faults = load("geo.csv", text).unwrap_err();
        assert_eq!(faults.0.iter().map(|fault| fault.line).collect::<Vec<_>>(), [2, 3, 4, 5, 6]);
    }
}

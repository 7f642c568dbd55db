//! Files in the layouts of the three publishers.

use super::writer::{Value, map, texts, write};
use super::{describe, load};
use crate::Place;

/// The place of an address in a file of one value.
fn place(value: Value) -> Place {
    let (table, places) = load("test.mmdb", write(&[("192.0.2.0/24", 0)], &[value])).unwrap();
    let (number, scope) = table.lookup("192.0.2.77".parse().unwrap());
    assert_eq!((number, scope), (1, 24));
    places.get(number)
}

/// A place in a few words: `NA US CA 37.5,-122.3`.
fn words(place: Place) -> String {
    let code = |code: Option<crate::Code>| code.map_or("-".to_owned(), |code| code.to_string());
    let position = place.position.map_or("-".to_owned(), |p| format!("{},{}", p.latitude(), p.longitude()));
    format!("{} {} {} {position}", code(place.continent), code(place.country), code(place.subdivision))
}

fn coordinates(latitude: f64, longitude: f64) -> Value {
    map([("latitude", Value::Double(latitude)), ("longitude", Value::Double(longitude))])
}

#[test]
fn geolite2_city_and_country() {
    let city = map([
        ("city", map([("names", texts([("en", "Mountain View")]))])),
        ("continent", map([("code", Value::Text("NA")), ("geoname_id", Value::Word(6_255_149))])),
        ("country", map([("iso_code", Value::Text("US")), ("names", texts([("en", "United States")]))])),
        ("location", coordinates(37.5, -122.25)),
        ("registered_country", texts([("iso_code", "CA")])),
        ("subdivisions", Value::Array(vec![texts([("iso_code", "CA")]), texts([("iso_code", "XX")])])),
    ]);
    assert_eq!(words(place(city)), "NA US CA 37.5,-122.25");
    let country = map([("continent", texts([("code", "EU")])), ("country", texts([("iso_code", "FR")]))]);
    assert_eq!(words(place(country)), "EU FR - 48,2.5", "without coordinates a point in the country");
    assert_eq!(words(place(map([("continent", texts([("code", "EU")]))]))), "EU - - -");
}

#[test]
fn dbip_names_its_subdivisions_only() {
    let named = |name| Value::Array(vec![map([("names", texts([("en", name)]))])]);
    let city = |country, subdivision| {
        let country = texts([("iso_code", country)]);
        map([("country", country), ("location", coordinates(1.0, 2.0)), ("subdivisions", named(subdivision))])
    };
    assert_eq!(words(place(city("US", "California"))), "NA US CA 1,2");
    assert_eq!(words(place(city("DE", "Hesse"))), "EU DE - 1,2");
    assert_eq!(words(place(city("GE", "Georgia"))), "AS GE - 1,2", "a state's name counts in its own country alone");
}

#[test]
fn ipinfo_is_flat() {
    let location = texts([("country", "US"), ("region", "California"), ("lat", "37.5"), ("lng", "-122.25")]);
    assert_eq!(words(place(location)), "NA US CA 37.5,-122.25");
    let lite =
        texts([("country", "France"), ("country_code", "FR"), ("continent", "Europe"), ("continent_code", "EU")]);
    assert_eq!(words(place(lite)), "EU FR - 48,2.5");
    let country = texts([("country", "JP"), ("country_name", "Japan"), ("continent", "AS"), ("asn", "AS64500")]);
    assert_eq!(words(place(country)), "AS JP - 35.5,138");
    assert_eq!(words(place(texts([("country", "GB"), ("loc", "51.5,-0.12")]))), "EU GB - 51.5,-0.12");
    assert_eq!(words(place(texts([("country", "GB"), ("region_code", "ENG"), ("lat", "x")]))), "EU GB ENG 52,-1.5");
}

/// The words for an address in a file of one value, with commas between.
fn said(value: Value) -> String {
    let (_, places) = describe("test.mmdb", write(&[("192.0.2.0/24", 0)], &[value])).unwrap();
    let words = &places.find(1).unwrap().words;
    let all = [&words.country, &words.region, &words.city, &words.postal_code, &words.metro_code, &words.time_zone];
    [all.map(|word| &**word).join(","), words.asn.to_string()].join(",")
}

#[test]
fn each_publisher_has_words_for_places() {
    let named = |name| map([("names", texts([("en", name)]))]);
    let location = map([("metro_code", Value::Short(807)), ("time_zone", Value::Text("America/Los_Angeles"))]);
    let geolite2 = map([
        ("city", named("Mountain View")),
        ("country", map([("iso_code", Value::Text("US")), ("names", texts([("en", "United States")]))])),
        ("location", location),
        ("postal", texts([("code", "94043")])),
        ("subdivisions", Value::Array(vec![named("California"), named("else")])),
    ]);
    assert_eq!(said(geolite2), "United States,California,Mountain View,94043,807,America/Los_Angeles,");
    assert_eq!(said(map([("autonomous_system_number", Value::Word(64_500))])), ",,,,,,64500");
    let ipinfo =
        [("country", "DE"), ("region", "Hesse"), ("city", "Kassel"), ("postal_code", "34117"), ("asn", "AS64500")];
    assert_eq!(said(texts(ipinfo)), ",Hesse,Kassel,34117,,,64500");
    let lite = texts([("country", "France"), ("country_code", "FR"), ("timezone", "Europe/Paris")]);
    assert_eq!(said(lite), "France,,,,,Europe/Paris,");
    assert_eq!(said(map([("asn", Value::Double(1.5)), ("postal", map([("code", Value::Word(7))]))])), ",,,7,,,");
}

#[test]
fn networks_that_share_a_place_share_a_number() {
    let values = [texts([("country", "US")]), texts([("country", "FR")]), texts([("country", "US"), ("city", "Ames")])];
    let networks = [("10.0.0.0/8", 0), ("11.0.0.0/8", 2), ("192.0.2.0/24", 1), ("2001:db8::/32", 1), ("2a00::/12", 0)];
    let (table, places) = load("test.mmdb", write(&networks, &values)).unwrap();
    assert_eq!(places.len(), 3);
    let at = |address: &str| words(places.get(table.lookup(address.parse().unwrap()).0));
    assert_eq!((at("10.1.1.1"), at("2a01::1")), (at("11.1.1.1"), at("11.1.1.1")));
    assert_eq!((at("2001:db8::1"), at("203.0.113.1")), (at("192.0.2.1"), "- - - -".into()));
    assert_eq!(table.lookup("10.0.0.1".parse().unwrap()).1, 7, "10/8 and 11/8 are one range");
}

#[test]
fn damaged_files_are_faults() {
    let sound = write(&[("10.0.0.0/8", 0), ("2001:db8::/32", 0)], &[texts([("country", "US")])]);
    assert!(load("test.mmdb", Vec::new()).unwrap_err().to_string().starts_with("test.mmdb: is not a sound MMDB file"));
    assert!(load("test.mmdb", sound[40..].to_vec()).is_err());
    for at in 0..sound.len() {
        let mut damaged = sound.clone();
        damaged[at] ^= 0x55;
        let _ = load("test.mmdb", damaged);
    }
    let wrong_type = map([("country", Value::Double(1.0))]);
    assert!(load("test.mmdb", write(&[("10.0.0.0/8", 0)], &[wrong_type])).is_err());
}

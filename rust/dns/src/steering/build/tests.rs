//! Tables against what each client should be given.

use super::*;
use edgeplane_geo::{LatencyTable, Regions, csv};
use edgeplane_policy::{Client, GeoProximityLocation};
use proptest::prelude::*;

const PLACES: &str = "prefix,continent,country,subdivision,latitude,longitude\n\
    10.0.0.0/8,,US,CA,37.4,-122\n11.0.0.0/8,,US,NY,40.7,-74\n12.0.0.0/8,,FR,,48.9,2.3\n12.1.0.0/16,,JP,,35.7,139.7\n\
    13.0.0.0/8,,NA,,,\n2001:db8::/32,,US,CA,37.4,-122\n";

fn source(latency: Option<&str>) -> Source {
    let (clients, places) = csv::load("geo.csv", PLACES).unwrap();
    let regions = Regions::load("regions.csv", "region,latitude,longitude\nrack-7,43.3,5.4\n").unwrap();
    let latency = latency.map(|text| LatencyTable::load("rtt.csv", text).unwrap());
    Source { clients, places, latency, regions }
}

/// The ranking for a client by name, and its scope.
fn at(steering: &Steering, locations: &Locations, address: &str) -> (String, u8) {
    let (ranking, scope) = steering.ranking(&address.parse::<std::net::IpAddr>().unwrap().into());
    let all: Vec<_> = locations.iter().collect();
    (ranking.iter().map(|&n| all[usize::from(n)].to_string()).collect::<Vec<_>>().join(" > "), scope)
}

/// Builds a table, takes it through octets, and checks what clients are given.
fn check(source: &Source, locations: Vec<Location>, collections: &[Collection], expected: &[(&str, &str, u8)]) {
    let locations = Locations::new(locations).unwrap();
    let steering = source.build(&locations, collections).unwrap();
    assert_eq!(Steering::from_bytes(&steering.to_bytes()).unwrap(), steering);
    for &(address, names, scope) in expected {
        assert_eq!(at(&steering, &locations, address), (names.to_owned(), scope), "{address} in {}", locations.key());
    }
}

fn area(continent: Option<&str>, country: Option<&str>, subdivision: Option<&str>) -> Location {
    Location::Area(GeoLocation::new(continent, country, subdivision).unwrap())
}

fn regions(names: &[&str]) -> Vec<Location> {
    names.iter().map(|&name| Location::Region(name.into())).collect()
}

fn cidr(name: &str) -> Location {
    Location::Cidr { collection: "c1".into(), name: name.into() }
}

#[test]
fn geolocation_goes_from_the_smallest_area_to_the_default() {
    let with_default = vec![
        area(None, Some("*"), None),
        area(Some("EU"), None, None),
        area(None, Some("US"), None),
        area(None, Some("US"), Some("CA")),
    ];
    let expected = [
        ("10.1.1.1", "US-CA > US > *", 8),
        ("2001:db8::1", "US-CA > US > *", 32),
        ("11.1.1.1", "US > *", 8),
        ("12.2.1.1", "continent EU > *", 15),
        ("12.1.1.1", "*", 16),
        ("13.1.1.1", "*", 8),
        ("192.0.2.1", "*", 1),
    ];
    check(&source(None), with_default, &[], &expected);
    check(
        &source(None),
        vec![area(Some("AF"), None, None)],
        &[],
        &[("13.0.0.1", "continent AF", 8), ("12.0.0.1", "", 8)],
    );
    check(&Source::default(), vec![area(None, Some("*"), None)], &[], &[("192.0.2.1", "*", 0), ("::1", "*", 0)]);
}

#[test]
fn latency_without_measurements_goes_by_distance() {
    let expected = [
        ("10.1.1.1", "us-west-1 > eu-west-1 > rack-7", 7),
        ("12.2.1.1", "rack-7 > eu-west-1 > us-west-1", 15),
        ("12.1.1.1", "us-west-1 > eu-west-1 > rack-7", 16),
        ("192.0.2.1", "eu-west-1 > rack-7 > us-west-1", 1),
    ];
    check(&source(None), regions(&["us-west-1", "eu-west-1", "rack-7"]), &[], &expected);
}

#[test]
fn measurements_win_over_distance() {
    let measured = "client,region,ms\n10.1.0.0/16,eu-west-1,3\ncountry:US,us-west-1,5\ncountry:FR,us-west-1,2\n192.0.2.0/24,unplaced,9\n";
    let expected = [
        ("10.1.1.1", "eu-west-1 > us-west-1 > unplaced", 16),
        ("10.2.1.1", "us-west-1 > eu-west-1 > unplaced", 15),
        ("12.2.1.1", "us-west-1 > eu-west-1 > unplaced", 8),
        ("192.0.2.1", "unplaced > eu-west-1 > us-west-1", 24),
        ("192.0.3.1", "eu-west-1 > unplaced > us-west-1", 24),
    ];
    check(&source(Some(measured)), regions(&["us-west-1", "eu-west-1", "unplaced"]), &[], &expected);
}

#[test]
fn geoproximity_follows_the_bias() {
    let site = |region: &str, bias| Location::Site(GeoProximityLocation::new(Some(region), None, None, bias).unwrap());
    let here = Location::Site(GeoProximityLocation::new(None, None, Some(("48.85", "2.35")), 0).unwrap());
    let plain = vec![site("us-west-1", 0), site("eu-west-1", 0)];
    check(&source(None), plain, &[], &[("11.1.1.1", "us-west-1 > eu-west-1", 7)]);
    let biased = vec![site("us-west-1", 0), site("eu-west-1", 50), here];
    let expected = [
        ("11.1.1.1", "eu-west-1 bias +50 > us-west-1 > 48.85/2.35", 8),
        ("12.2.1.1", "48.85/2.35 > eu-west-1 bias +50 > us-west-1", 15),
    ];
    check(&source(None), biased, &[], &expected);
}

#[test]
fn ip_based_takes_the_longest_prefix_then_those_around_it_then_the_default() {
    let list = |prefixes: &[&str]| prefixes.iter().map(ToString::to_string).collect::<Vec<_>>();
    let locations = vec![
        ("office".to_owned(), list(&["10.0.0.0/8", "2001:db8::/32"])),
        ("lab".to_owned(), list(&["10.1.0.0/16"])),
        ("unused".to_owned(), list(&["10.1.2.0/24"])),
    ];
    let collections = [Collection { id: "c1".into(), locations }];
    let expected = [
        ("10.1.2.3", "c1/lab > c1/office > c1/*", 16),
        ("10.2.2.3", "c1/office > c1/*", 15),
        ("2001:db8::1", "c1/office > c1/*", 32),
        ("192.0.2.1", "c1/*", 1),
    ];
    check(&source(None), vec![cidr("office"), cidr("*"), cidr("lab")], &collections, &expected);
    let table = source(None).build(&Locations::new(vec![cidr("lab"), cidr("office")]).unwrap(), &collections).unwrap();
    let owners = |bits: u8| table.ranking(&Client { address: std::net::IpAddr::from([10, 1, 0, 0]), bits }).0.len();
    assert_eq!([24, 16, 15, 8, 7].map(owners), [2, 2, 1, 1, 0], "a prefix does not hold a shorter subnet");
    check(&source(None), vec![cidr("lab")], &collections, &[("10.2.2.3", "", 15), ("10.1.2.3", "c1/lab", 16)]);
}

#[test]
fn unknown_locations_are_all_named() {
    let faults = |locations: Vec<Location>, collections: &[Collection]| {
        let faults = source(None).build(&Locations::new(locations).unwrap(), collections).unwrap_err();
        faults.0.into_iter().map(|fault| fault.place).collect::<Vec<_>>()
    };
    assert_eq!(faults(regions(&["mars-1", "eu-west-1", "moon-1"]), &[]), ["region mars-1", "region moon-1"]);
    let group = GeoProximityLocation::new(None, Some("us-east-1-atl-9"), None, 0).unwrap();
    assert_eq!(faults(vec![Location::Site(group)], &[]), ["region us-east-1-atl-9"]);
    assert_eq!(faults(vec![cidr("lab")], &[]), ["c1/lab"]);
    let two =
        |prefix: &str| vec![("lab".to_owned(), vec![prefix.to_owned()]), ("office".into(), vec!["10.0.0.0/8".into()])];
    let collection = |prefix| [Collection { id: "c1".into(), locations: two(prefix) }];
    assert_eq!(faults(vec![cidr("lab"), cidr("office")], &collection("10.0.0.0/8")), ["c1/office"]);
    assert_eq!(faults(vec![cidr("lab"), cidr("office")], &collection("10.0.0.1/8")), ["c1/lab"]);
    assert_eq!(faults(vec![cidr("lab"), cidr("attic")], &collection("11.0.0.0/8")), ["c1/attic"]);
}

proptest! {
    /// The first location is that of the longest prefix, found by trying them all.
    #[test]
    fn ip_based_agrees_with_trying_every_prefix(
        entries in prop::collection::hash_map((any::<u32>(), 0u8..=12), 0u16..4, 1..20),
        clients in prop::collection::vec((any::<u32>(), 0u8..=32), 20),
    ) {
        let prefixes: HashMap<Prefix, u16> = entries.into_iter()
            .map(|((address, length), owner)| (Prefix::new(std::net::Ipv4Addr::from(address).into(), length).unwrap(), owner))
            .collect();
        let list = |owner: u16| prefixes.iter().filter(|(_, o)| **o == owner).map(|(prefix, _)| prefix.to_string()).collect();
        let collection = Collection { id: "c1".into(), locations: (0..4).map(|n| (format!("l{n}"), list(n))).collect() };
        let locations = Locations::new((0..4).map(|n| cidr(&format!("l{n}"))).collect()).unwrap();
        let steering = Source::default().build(&locations, &[collection]).unwrap();
        for (client, bits) in clients {
            let whole = Client::from(std::net::IpAddr::from(std::net::Ipv4Addr::from(client)));
            let longest = |bits: u8| {
                let subnet = Prefix::new(whole.address, bits).unwrap();
                let around = prefixes.iter().filter(|(prefix, _)| prefix.contains(&subnet));
                around.max_by_key(|(prefix, _)| prefix.length()).map(|(_, owner)| owner)
            };
            let (ranking, scope) = steering.ranking(&whole);
            prop_assert_eq!(ranking.first(), longest(32));
            // A subnet in which all have one ranking has it, though its parts may lie in prefixes of their own.
            let subnet = steering.ranking(&Client { bits, ..whole });
            prop_assert_eq!((subnet.0.first(), subnet.1), (longest(if scope > bits { bits } else { 32 }), scope));
        }
    }
}

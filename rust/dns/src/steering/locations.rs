//! The locations among which one group of record sets chooses.

use std::fmt;

use edgeplane_policy::{GeoLocation, GeoProximityLocation, Ranking};

/// Where one record set belongs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Location {
    /// `GeoLocation`.
    Area(GeoLocation),
    /// `Region`.
    Region(String),
    /// `GeoProximityLocation`.
    Site(GeoProximityLocation),
    /// `CidrRoutingConfig`: collection and location name, `*` for every other client.
    Cidr {
        /// `CollectionId`.
        collection: String,
        /// `LocationName`.
        name: String,
    },
}

impl Location {
    /// The policy that such a location belongs to.
    pub fn kind(&self) -> Ranking {
        match self {
            Self::Area(_) => Ranking::Geolocation,
            Self::Region(_) => Ranking::Latency,
            Self::Site(_) => Ranking::Geoproximity,
            Self::Cidr { .. } => Ranking::IpBased,
        }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Area(area) => area.fmt(f),
            Self::Region(region) => f.write_str(region),
            Self::Site(site) => site.fmt(f),
            Self::Cidr { collection, name } => write!(f, "{collection}/{name}"),
        }
    }
}

/// Distinct locations of one policy, sorted; a location's position is its number in steering tables.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Locations(Vec<Location>);

impl Locations {
    /// The locations of one group; the error says why they cannot stand side by side.
    pub fn new(mut locations: Vec<Location>) -> Result<Self, String> {
        locations.sort();
        let pairs = || locations.iter().zip(locations.iter().skip(1));
        if let Some((twice, _)) = pairs().find(|(a, b)| same_place(a, b)) {
            return Err(format!("two record sets have the location {twice}"));
        }
        if pairs().any(|(a, b)| a.kind() != b.kind()) {
            return Err("the record sets have more than one routing policy".into());
        }
        if let Some((a, b)) = pairs().find(|(a, b)| collection(a) != collection(b)) {
            return Err(format!("{a} and {b} are of different CIDR collections"));
        }
        match u16::try_from(locations.len()) {
            Ok(1..) => Ok(Self(locations)),
            _ => Err(format!("there are {} locations, but must be 1 to {}", locations.len(), u16::MAX)),
        }
    }

    /// The policy.
    pub fn kind(&self) -> Ranking {
        self.0.first().map_or(Ranking::Latency, Location::kind)
    }

    /// Equal for groups that share a steering table.
    pub fn key(&self) -> String {
        let names: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        format!("{}:{}", self.kind().name(), names.join(","))
    }

    /// The number of a location.
    pub fn position(&self, location: &Location) -> Option<u16> {
        self.0.binary_search(location).ok().map(|position| position as u16)
    }

    /// All locations in order of their numbers.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Location> {
        self.0.iter()
    }
}

/// Sites that differ in bias alone are one place: neither could ever win over the other by distance.
fn same_place(a: &Location, b: &Location) -> bool {
    match (a, b) {
        (Location::Site(a), Location::Site(b)) => a.site == b.site,
        _ => a == b,
    }
}

fn collection(location: &Location) -> Option<&str> {
    match location {
        Location::Cidr { collection, .. } => Some(collection),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn region(name: &str) -> Location {
        Location::Region(name.into())
    }

    fn cidr(collection: &str, name: &str) -> Location {
        Location::Cidr { collection: collection.into(), name: name.into() }
    }

    fn site(region: &str, bias: i64) -> Location {
        Location::Site(GeoProximityLocation::new(Some(region), None, None, bias).unwrap())
    }

    #[test]
    fn the_order_given_does_not_matter() {
        let locations = Locations::new(vec![region("b"), region("c"), region("a")]).unwrap();
        assert_eq!(locations, Locations::new(vec![region("c"), region("a"), region("b")]).unwrap());
        assert_eq!(locations.key(), "latency:a,b,c");
        assert_eq!(locations.position(&region("b")), Some(1));
        assert_eq!(locations.position(&region("d")), None);
    }

    #[test]
    fn different_locations_have_different_keys() {
        let area = |continent, country| Location::Area(GeoLocation::new(continent, country, None).unwrap());
        let key = |location| Locations::new(vec![location]).unwrap().key();
        assert_ne!(key(area(Some("NA"), None)), key(area(None, Some("NA"))), "North America is not Namibia");
        assert_ne!(key(site("a", 5)), key(site("a", -5)));
        assert_ne!(key(site("a", 0)), key(region("a")));
        assert_ne!(key(cidr("x", "a")), key(cidr("y", "a")));
    }

    #[test]
    fn what_cannot_stand_side_by_side_is_refused() {
        for (locations, reason) in [
            (vec![region("a"), region("b"), region("a")], "two record sets have the location a"),
            (vec![site("a", 5), site("a", 10)], "two record sets have the location a"),
            (vec![region("a"), site("b", 0)], "more than one routing policy"),
            (vec![cidr("x", "a"), cidr("y", "*")], "different CIDR collections"),
            (vec![], "0 locations"),
        ] {
            assert!(Locations::new(locations).unwrap_err().contains(reason), "{reason}");
        }
    }
}

//! From locations and place data to a steering table: each distinct place is ranked once, however many prefixes it has.

use std::collections::HashMap;

use edgeplane_base::{Fault, Faults};
use edgeplane_geo::{Nested, Place, Position, Prefix, PrefixTable};
use edgeplane_policy::steering::RankingsBuilder;
use edgeplane_policy::{GeoLocation, Ranking, Site, Steering, geolocation, geoproximity, ip_based, latency};

use super::{Collection, Location, Locations, Source};

impl Source {
    /// The steering table of a set of locations. Faults name locations that neither the data nor AWS knows.
    pub fn build(&self, locations: &Locations, collections: &[Collection]) -> Result<Steering, Faults> {
        let mut rankings = RankingsBuilder::default();
        let table = match locations.kind() {
            Ranking::Geolocation => self.by_area(locations, &mut rankings),
            Ranking::Latency => self.by_latency(locations, &mut rankings)?,
            Ranking::Geoproximity => self.by_distance(locations, &mut rankings)?,
            Ranking::IpBased => by_prefix(locations, collections, &mut rankings)?,
        };
        let made = Steering::new(table, rankings.finish(), locations.iter().len() as u16);
        made.map_err(|error| Faults::one(locations.key(), error.to_string()))
    }

    fn by_area(&self, locations: &Locations, rankings: &mut RankingsBuilder) -> PrefixTable {
        let areas: Vec<GeoLocation> = locations.iter().filter_map(area).collect();
        self.by_place(rankings, |place, ranking| geolocation::rank(&areas, place, ranking))
    }

    fn by_distance(&self, locations: &Locations, rankings: &mut RankingsBuilder) -> Result<PrefixTable, Faults> {
        let mut faults = Faults::default();
        let mut sites = Vec::new();
        for location in locations.iter() {
            match self.site(location) {
                Ok(site) => sites.extend(site),
                Err(fault) => faults.push(fault),
            }
        }
        faults.into_result(())?;
        Ok(self.by_place(rankings, |place, ranking| geoproximity::rank(&sites, place.position, ranking)))
    }

    fn by_latency(&self, locations: &Locations, rankings: &mut RankingsBuilder) -> Result<PrefixTable, Faults> {
        let regions: Vec<&str> = locations.iter().filter_map(region).collect();
        let strangers = regions.iter().filter(|region| !self.knows(region)).map(|region| unknown(region));
        Faults(strangers.collect()).into_result(())?;
        let positions: Vec<_> = regions.iter().map(|region| self.regions.position(region)).collect();
        let Some(measured) = &self.latency else {
            return Ok(self.by_place(rankings, |place, ranking| latency::rank(&estimates(&positions, place), ranking)));
        };
        let columns: Vec<_> = regions.iter().map(|region| measured.region(region)).collect();
        let mut ranking = Vec::new();
        let number = |(place, prefix)| {
            let place = self.places.get(place);
            let near = measured.near(prefix, &place);
            let mut times = estimates(&positions, &place);
            for (time, column) in times.iter_mut().zip(&columns) {
                *time = column.and_then(|column| near.milliseconds(column)).map(f64::from).or(*time);
            }
            latency::rank(&times, &mut ranking);
            rankings.number(&ranking)
        };
        Ok(self.clients.zip(measured.prefixes(), memoised(number)))
    }

    /// The table in which each client has the ranking of its place.
    fn by_place(&self, rankings: &mut RankingsBuilder, mut rank: impl FnMut(&Place, &mut Vec<u16>)) -> PrefixTable {
        let mut ranking = Vec::new();
        let number = |place: &Place| {
            rank(place, &mut ranking);
            rankings.number(&ranking)
        };
        let numbers: Vec<u32> = self.places.iter().map(number).collect();
        self.clients.map(|place| numbers.get(place as usize).copied().unwrap_or(0))
    }

    fn knows(&self, region: &str) -> bool {
        self.regions.position(region).is_some()
            || self.latency.as_ref().is_some_and(|latency| latency.region(region).is_some())
    }

    /// Position and bias of a geoproximity location.
    fn site(&self, location: &Location) -> Result<Option<(Position, i8)>, Fault> {
        let Location::Site(location) = location else { return Ok(None) };
        let position = match &location.site {
            Site::Region(name) | Site::LocalZoneGroup(name) => {
                self.regions.position(name).ok_or_else(|| unknown(name))?
            }
            Site::Coordinates(..) => location.site.position().ok_or_else(|| unknown(&location.to_string()))?,
        };
        Ok(Some((position, location.bias)))
    }
}

/// A function of two numbers that computes each pair once.
fn memoised(mut compute: impl FnMut((u32, u32)) -> u32) -> impl FnMut(u32, u32) -> u32 {
    let mut known: HashMap<(u32, u32), u32> = HashMap::new();
    move |a, b| *known.entry((a, b)).or_insert_with_key(|&pair| compute(pair))
}

/// Milliseconds by distance, where both ends are known.
fn estimates(regions: &[Option<Position>], place: &Place) -> Vec<Option<f64>> {
    let time = |region: &Option<Position>| Some(latency::estimate(place.position?.distance_km(region.as_ref()?)));
    regions.iter().map(time).collect()
}

fn area(location: &Location) -> Option<GeoLocation> {
    if let Location::Area(area) = location { Some(*area) } else { None }
}

fn region(location: &Location) -> Option<&str> {
    if let Location::Region(region) = location { Some(region) } else { None }
}

fn unknown(region: &str) -> Fault {
    Fault::at(format!("region {region}"), "is not a region of AWS: give its latitude and longitude in the regions file")
}

/// Each client has the locations of the prefixes around it, longest first. Only the locations that have a record count.
fn by_prefix(
    locations: &Locations,
    collections: &[Collection],
    rankings: &mut RankingsBuilder,
) -> Result<PrefixTable, Faults> {
    let (prefixes, owners) = prefixes(locations, collections)?;
    let default = locations.iter().position(|location| cidr_name(location) == "*").map(|position| position as u16);
    let nested = Nested::build(&prefixes);
    let mut ranking = Vec::new();
    let owner = |number: u32| owners.get((number as usize).checked_sub(1)?).copied();
    let lengths = std::iter::once(0).chain(prefixes.iter().map(Prefix::length));
    let mut numbers: Vec<u32> = Vec::with_capacity(prefixes.len() + 1);
    for (number, length) in (0..).zip(lengths) {
        ip_based::rank(nested.outward(number).filter_map(owner), default, &mut ranking);
        let around = nested.outward(number).nth(1).unwrap_or(0);
        let around = numbers.get(around as usize).copied().unwrap_or(0);
        numbers.push(rankings.number_within(&ranking, length, around));
    }
    Ok(nested.table.map(|number| numbers.get(number as usize).copied().unwrap_or(0)))
}

/// The prefixes of all locations, shorter ones first, and the location of each.
fn prefixes(locations: &Locations, collections: &[Collection]) -> Result<(Vec<Prefix>, Vec<u16>), Faults> {
    let mut faults = Faults::default();
    let mut owners: HashMap<Prefix, u16> = HashMap::new();
    for (location, position) in locations.iter().zip(0u16..) {
        match cidr_list(location, collections) {
            Ok(list) => list.iter().for_each(|text| {
                if let Err(message) = claim(text, position, &mut owners) {
                    faults.push(Fault::at(location.to_string(), message));
                }
            }),
            Err(message) => faults.push(Fault::at(location.to_string(), message)),
        }
    }
    let mut owners: Vec<(Prefix, u16)> = owners.into_iter().collect();
    owners.sort_by_key(|(prefix, _)| (prefix.length(), prefix.address()));
    faults.into_result(owners.into_iter().unzip())
}

/// Gives a prefix to a location; the same prefix twice in one is harmless.
fn claim(text: &str, position: u16, owners: &mut HashMap<Prefix, u16>) -> Result<(), String> {
    match owners.insert(text.parse()?, position) {
        Some(other) if other != position => Err(format!("{text} is in another location of the collection too")),
        _ => Ok(()),
    }
}

/// The prefixes of a location; none for `*`, which needs no entry in its collection.
fn cidr_list<'a>(location: &Location, collections: &'a [Collection]) -> Result<&'a [String], String> {
    let Location::Cidr { collection, name } = location else { return Ok(&[]) };
    let found = collections.iter().find(|known| known.id == *collection);
    let found = found.ok_or_else(|| format!("there is no CIDR collection {collection}"))?;
    match found.locations.iter().find(|(known, _)| known == name) {
        Some((_, list)) => Ok(list),
        None if name == "*" => Ok(&[]),
        None => Err(format!("the CIDR collection has no location {name}")),
    }
}

fn cidr_name(location: &Location) -> &str {
    if let Location::Cidr { name, .. } = location { name } else { "" }
}

#[cfg(test)]
mod tests;

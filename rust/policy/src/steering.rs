//! A table from client ranges to rankings: lists of locations, best first. Made when a plan is built, shared by all
//! groups with the same locations.

use std::collections::HashMap;
use std::net::IpAddr;

use edgeplane_geo::{Malformed, PrefixTable};

/// Numbered lists of location numbers, in two flat arrays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rankings {
    /// Where each list begins and ends, side by side: a query looks there once.
    spans: Vec<(u32, u32)>,
    /// One after the other.
    lists: Vec<u16>,
}

impl Rankings {
    /// The list with this number, best first; empty for numbers never given.
    #[inline]
    pub fn get(&self, number: u32) -> &[u16] {
        let (start, end) = self.spans.get(number as usize).copied().unwrap_or_default();
        self.lists.get(start as usize..end as usize).unwrap_or(&[])
    }

    /// Number of lists.
    pub fn len(&self) -> usize {
        self.spans.len()
    }

    /// Whether there is no list.
    pub fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    fn push(&mut self, list: &[u16]) {
        let start = self.lists.len() as u32;
        self.lists.extend_from_slice(list);
        self.spans.push((start, self.lists.len() as u32));
    }

    /// From the end of each list. An error where they do not fit.
    fn from_ends(ends: &[u32], lists: Vec<u16>) -> Result<Self, Malformed> {
        if !ends.is_sorted() || ends.last().copied().unwrap_or(0) as usize != lists.len() {
            return Err(Malformed("the rankings do not fit their entries"));
        }
        let starts = std::iter::once(&0).chain(ends);
        Ok(Self { spans: starts.copied().zip(ends.iter().copied()).collect(), lists })
    }
}

/// Rankings in the making: equal lists share a number.
#[derive(Debug, Default)]
pub struct RankingsBuilder {
    rankings: Rankings,
    numbers: HashMap<Box<[u16]>, u32>,
}

impl RankingsBuilder {
    /// The number of a list.
    pub fn number(&mut self, list: &[u16]) -> u32 {
        if let Some(&number) = self.numbers.get(list) {
            return number;
        }
        let number = self.rankings.len() as u32;
        self.rankings.push(list);
        self.numbers.insert(list.into(), number);
        number
    }

    /// The lists.
    pub fn finish(self) -> Rankings {
        self.rankings
    }
}

/// Client address → ranking of locations that are numbered from 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Steering {
    table: PrefixTable,
    rankings: Rankings,
    locations: u16,
}

impl Steering {
    /// From a table of ranking numbers. An error when it names rankings, or these name locations, that are not there.
    pub fn new(table: PrefixTable, rankings: Rankings, locations: u16) -> Result<Self, Malformed> {
        if table.values().any(|number| number as usize >= rankings.len()) {
            return Err(Malformed("the prefix table names a ranking that is missing"));
        }
        if rankings.lists.iter().any(|&location| location >= locations) {
            return Err(Malformed("a ranking names a location that is missing"));
        }
        Ok(Self { table, rankings, locations })
    }

    /// The locations for a client, best first, and the scope: how many bits of the address decided.
    #[inline]
    pub fn ranking(&self, address: IpAddr) -> (&[u16], u8) {
        let (number, scope) = self.table.lookup(address);
        (self.rankings.get(number), scope)
    }

    /// How many locations are ranked.
    pub fn locations(&self) -> u16 {
        self.locations
    }

    /// Ranges of IPv4 and of IPv6, and distinct rankings.
    pub fn size(&self) -> (usize, usize, usize) {
        let (v4, v6) = self.table.ranges();
        (v4, v6, self.rankings.len())
    }

    /// As a section of a plan, little-endian:
    /// `u32 locations · u32 rankings · u32 entries · ends (4 octets each) · entries (2) · prefix table`.
    pub fn to_bytes(&self) -> Vec<u8> {
        let Rankings { spans, lists } = &self.rankings;
        let mut out = Vec::new();
        let counts = [u32::from(self.locations), spans.len() as u32, lists.len() as u32];
        counts
            .iter()
            .chain(spans.iter().map(|(_, end)| end))
            .for_each(|word| out.extend_from_slice(&word.to_le_bytes()));
        lists.iter().for_each(|entry| out.extend_from_slice(&entry.to_le_bytes()));
        out.extend_from_slice(&self.table.to_bytes());
        out
    }

    /// What `to_bytes` wrote; any other octets give an error.
    pub fn from_bytes(octets: &[u8]) -> Result<Self, Malformed> {
        let mut rest = octets;
        let head: Vec<u32> = take(&mut rest, 3)?.map(u32::from_le_bytes).collect();
        let &[locations, rankings, entries] = head.as_slice() else {
            return Err(SHORT);
        };
        let locations = u16::try_from(locations).map_err(|_| Malformed("there are too many locations"))?;
        let ends: Vec<u32> = take(&mut rest, rankings as usize)?.map(u32::from_le_bytes).collect();
        let lists: Vec<u16> = take(&mut rest, entries as usize)?.map(u16::from_le_bytes).collect();
        let rankings = Rankings::from_ends(&ends, lists)?;
        Self::new(PrefixTable::from_bytes(rest)?, rankings, locations)
    }
}

const SHORT: Malformed = Malformed("the rankings are cut short");

/// Takes `count` numbers of `N` octets off the front; the length is checked before anything is allocated.
fn take<'a, const N: usize>(
    rest: &mut &'a [u8],
    count: usize,
) -> Result<impl Iterator<Item = [u8; N]> + 'a, Malformed> {
    let length = count.checked_mul(N).ok_or(SHORT)?;
    let (octets, after) = rest.split_at_checked(length).ok_or(SHORT)?;
    *rest = after;
    Ok(octets.chunks_exact(N).filter_map(|chunk| chunk.try_into().ok()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sample() -> Steering {
        let mut rankings = RankingsBuilder::default();
        let (none, one, two) = (rankings.number(&[]), rankings.number(&[1, 0]), rankings.number(&[0]));
        assert_eq!(rankings.number(&[1, 0]), one);
        let prefixes = [("10.0.0.0/8", one), ("10.1.0.0/16", two), ("2001:db8::/32", one)];
        let table = PrefixTable::build(prefixes.map(|(prefix, number)| (prefix.parse().unwrap(), number)), none);
        Steering::new(table, rankings.finish(), 2).unwrap()
    }

    #[test]
    fn octets_go_round() {
        let steering = sample();
        assert_eq!(Steering::from_bytes(&steering.to_bytes()), Ok(steering.clone()));
        assert_eq!(steering.ranking("10.2.0.1".parse().unwrap()), ([1, 0].as_slice(), 15));
        assert_eq!(steering.ranking("10.1.0.1".parse().unwrap()), ([0].as_slice(), 16));
        assert_eq!(steering.ranking("192.0.2.1".parse().unwrap()), ([].as_slice(), 1));
        assert_eq!(steering.size(), (5, 3, 3));
    }

    #[test]
    fn missing_rankings_and_locations_are_refused() {
        let steering = sample();
        assert!(Steering::new(steering.table.clone(), steering.rankings.clone(), 1).is_err());
        assert!(Steering::new(steering.table.map(|number| number + 1), steering.rankings.clone(), 2).is_err());
    }

    proptest! {
        #[test]
        fn hostile_octets_never_panic(at in 0usize..120, value: u8, cut in 0usize..200) {
            let mut octets = sample().to_bytes();
            octets.truncate(cut);
            if let Some(octet) = octets.get_mut(at) {
                *octet = value;
            }
            if let Ok(steering) = Steering::from_bytes(&octets) {
                prop_assert_eq!(steering.to_bytes(), octets);
                let (ranking, scope) = steering.ranking("10.1.2.3".parse().unwrap());
                prop_assert!(ranking.iter().all(|&location| location < steering.locations()) && scope <= 32);
            }
        }
    }
}

//! A table from client ranges to rankings: lists of locations, best first. Made when a plan is built, shared by all
//! groups with the same locations.

use std::collections::HashMap;

use edgeplane_geo::{Malformed, PrefixTable};

use crate::Client;

/// Numbered lists of location numbers, in two flat arrays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rankings {
    /// Where each list begins and ends, side by side: a query looks there once.
    spans: Vec<(u32, u32)>,
    /// One after the other.
    lists: Vec<u16>,
    /// For each list what it lies in; empty where lists are of places, which lie in nothing.
    nests: Vec<Nest>,
}

/// A ranking's prefix and the ranking around it. That one has a smaller number, unless the prefix is that of all clients.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
struct Nest {
    length: u8,
    around: u32,
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

    /// The ranking around this one whose prefix holds a subnet of `bits` bits whole.
    #[cold]
    fn around(&self, mut number: u32, bits: u8) -> u32 {
        while let Some(nest) = self.nests.get(number as usize).filter(|nest| nest.length > bits) {
            number = nest.around;
        }
        number
    }

    fn push(&mut self, list: &[u16], nest: Option<Nest>) {
        let start = self.lists.len() as u32;
        self.lists.extend_from_slice(list);
        self.spans.push((start, self.lists.len() as u32));
        self.nests.extend(nest);
    }

    fn is_nested(&self) -> bool {
        !self.nests.is_empty()
    }

    /// From the end of each list. An error where they do not fit.
    fn from_ends(ends: &[u32], lists: Vec<u16>, nests: Vec<Nest>) -> Result<Self, Malformed> {
        if !ends.is_sorted() || ends.last().copied().unwrap_or(0) as usize != lists.len() {
            return Err(Malformed("the rankings do not fit their entries"));
        }
        let starts = std::iter::once(&0).chain(ends);
        Ok(Self { spans: starts.copied().zip(ends.iter().copied()).collect(), lists, nests })
    }

    /// Whether every way from ranking to ranking around it comes to an end.
    fn nests_end(&self) -> bool {
        let inward = |(number, nest): (u32, &Nest)| nest.length == 0 || nest.around < number;
        (self.nests.is_empty() || self.nests.len() == self.spans.len()) && (0..).zip(&self.nests).all(inward)
    }
}

/// Rankings in the making: equal lists share a number.
#[derive(Debug, Default)]
pub struct RankingsBuilder {
    rankings: Rankings,
    numbers: HashMap<(Box<[u16]>, Option<Nest>), u32>,
}

impl RankingsBuilder {
    /// The number of a place's list. Lists of places and of prefixes do not go into one table.
    pub fn number(&mut self, list: &[u16]) -> u32 {
        self.numbered(list, None)
    }

    /// The number of the list of a prefix with this length, `around` being that of the prefix around it, or its own where
    /// there is none. A prefix that says what the one around it says needs no number of its own.
    pub fn number_within(&mut self, list: &[u16], length: u8, around: u32) -> u32 {
        if around < self.rankings.len() as u32 && self.rankings.get(around) == list {
            return around;
        }
        self.numbered(list, Some(Nest { length, around }))
    }

    fn numbered(&mut self, list: &[u16], nest: Option<Nest>) -> u32 {
        let next = self.rankings.len() as u32;
        let number = *self.numbers.entry((list.into(), nest)).or_insert(next);
        if number == next {
            self.rankings.push(list, nest);
        }
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
        if !rankings.nests_end() {
            return Err(Malformed("a ranking lies in one that does not stand before it"));
        }
        Ok(Self { table, rankings, locations })
    }

    /// The locations for a client, best first, and the scope: how many bits of the address decide. Where that is more than
    /// are known, prefixes that hold only a part of the client's subnet do not count.
    #[inline]
    pub fn ranking(&self, client: &Client) -> (&[u16], u8) {
        let (mut number, scope) = self.table.lookup(client.address);
        if scope > client.bits {
            number = self.rankings.around(number, client.bits);
        }
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
    /// `u32 locations · u32 rankings · u32 entries · ends (4 octets each) · entries (2) · prefix table`. The highest bit of
    /// the first word says that before the prefix table stand the nests (5): `u8 length · u32 ranking around`.
    pub fn to_bytes(&self) -> Vec<u8> {
        let Rankings { spans, lists, nests } = &self.rankings;
        let mut out = Vec::new();
        let nested = if self.rankings.is_nested() { NESTED } else { 0 };
        let counts = [u32::from(self.locations) | nested, spans.len() as u32, lists.len() as u32];
        counts
            .iter()
            .chain(spans.iter().map(|(_, end)| end))
            .for_each(|word| out.extend_from_slice(&word.to_le_bytes()));
        lists.iter().for_each(|entry| out.extend_from_slice(&entry.to_le_bytes()));
        for nest in nests {
            out.push(nest.length);
            out.extend_from_slice(&nest.around.to_le_bytes());
        }
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
        let nested = if locations & NESTED == 0 { 0 } else { rankings };
        let locations = u16::try_from(locations & !NESTED).map_err(|_| Malformed("there are too many locations"))?;
        let ends: Vec<u32> = take(&mut rest, rankings as usize)?.map(u32::from_le_bytes).collect();
        let lists: Vec<u16> = take(&mut rest, entries as usize)?.map(u16::from_le_bytes).collect();
        let nest = |[length, around @ ..]: [u8; 5]| Nest { length, around: u32::from_le_bytes(around) };
        let nests = take(&mut rest, nested as usize)?.map(nest).collect();
        let rankings = Rankings::from_ends(&ends, lists, nests)?;
        let steering = Self::new(PrefixTable::from_bytes(rest)?, rankings, locations)?;
        if steering.rankings.is_nested() == (head.first().is_some_and(|word| word & NESTED != 0)) {
            Ok(steering)
        } else {
            Err(Malformed("its rankings say that they lie in others, and there are none"))
        }
    }
}

/// In the first word of a section: its rankings are nested. Releases that know of no nests take it for too many locations.
const NESTED: u32 = 1 << 31;

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

    fn client(address: &str) -> Client {
        address.parse::<std::net::IpAddr>().unwrap().into()
    }

    /// 10/8 in location 0, 10.0.0.0/24 and 10.0.1.0/24 in location 1, 10.0.0.0/16 in location 0 again.
    fn nested() -> Steering {
        let mut rankings = RankingsBuilder::default();
        let all = rankings.number_within(&[2], 0, 0);
        let wide = rankings.number_within(&[0, 2], 8, all);
        assert_eq!(rankings.number_within(&[0, 2], 16, wide), wide, "it says nothing new");
        let [one, other] = [0, 1].map(|_| rankings.number_within(&[1, 0, 2], 24, wide));
        assert_eq!(one, other);
        let prefixes = [("10.0.0.0/8", wide), ("10.0.0.0/24", one), ("10.0.1.0/24", other)];
        let table = PrefixTable::build(prefixes.map(|(prefix, number)| (prefix.parse().unwrap(), number)), all);
        Steering::new(table.map(|number| number), rankings.finish(), 3).unwrap()
    }

    #[test]
    fn a_prefix_counts_for_subnets_that_lie_in_it_whole() {
        let steering = nested();
        assert_eq!(Steering::from_bytes(&steering.to_bytes()), Ok(steering.clone()));
        for (bits, ranking) in [
            (32, &[1, 0, 2][..]),
            (24, &[1, 0, 2]),
            (23, &[1, 0, 2]), // both halves are in the same location
            (22, &[0, 2]),
            (8, &[0, 2]),
            (7, &[2]),
            (1, &[2]),
        ] {
            let client = Client { bits, ..client("10.0.0.0") };
            assert_eq!(steering.ranking(&client), (ranking, 23), "/{bits}");
        }
    }

    #[test]
    fn nests_that_lead_round_are_refused() {
        let mut octets = nested().to_bytes();
        let nests = 12 + 4 * 3 + 2 * 6;
        octets[nests + 2 * 5 + 1] = 2;
        assert!(Steering::from_bytes(&octets).is_err());
    }

    #[test]
    fn octets_go_round() {
        let steering = sample();
        assert_eq!(Steering::from_bytes(&steering.to_bytes()), Ok(steering.clone()));
        assert_eq!(steering.ranking(&client("10.2.0.1")), ([1, 0].as_slice(), 15));
        assert_eq!(steering.ranking(&client("10.1.0.1")), ([0].as_slice(), 16));
        assert_eq!(steering.ranking(&client("192.0.2.1")), ([].as_slice(), 1));
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
        fn hostile_octets_never_panic(at in 0usize..120, value: u8, cut in 0usize..200, nests: bool) {
            let mut octets = if nests { nested().to_bytes() } else { sample().to_bytes() };
            octets.truncate(cut);
            if let Some(octet) = octets.get_mut(at) {
                *octet = value;
            }
            if let Ok(steering) = Steering::from_bytes(&octets) {
                prop_assert_eq!(steering.to_bytes(), octets);
                let (ranking, scope) = steering.ranking(&client("10.1.2.3"));
                prop_assert!(ranking.iter().all(|&location| location < steering.locations()) && scope <= 32);
            }
        }
    }
}

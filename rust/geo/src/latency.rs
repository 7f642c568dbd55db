//! The operator's measurements: how many milliseconds from a prefix or a place to a region.

use std::collections::HashMap;

use edgeplane_base::Faults;

use crate::{Code, Nested, Place, Prefix, PrefixTable, country, sheet};

/// Number of a region and milliseconds, by region.
type Row = Vec<(u32, f32)>;

/// Milliseconds by prefix or place, and region.
///
/// A CSV file with the columns `client,region,milliseconds` (`prefix` and `place` are other names of the first, `ms` of
/// the last). A client is a prefix, or `subdivision:US-CA`, `country:US`, `continent:NA`; the most particular row that
/// knows a region counts: the longest prefix, then subdivision, country, continent.
#[derive(Debug, Clone)]
pub struct LatencyTable {
    regions: HashMap<String, u32>,
    prefixes: Nested,
    rows: Vec<Row>,
    places: HashMap<Area, Row>,
}

/// A part of the world that a row may name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Area {
    Subdivision(Code, Code),
    Country(Code),
    Continent(Code),
}

impl LatencyTable {
    /// Reads a CSV file's text; `file` is the name that faults carry.
    pub fn load(file: &str, text: &str) -> Result<Self, Faults> {
        let mut draft = Draft::default();
        sheet::read(file, text, &["client|prefix|place", "region", "milliseconds|ms"], 3, |row| match *row {
            [client, region, milliseconds] => draft.add(client, region, milliseconds),
            _ => Err("has the wrong number of fields".into()),
        })
        .into_result(())?;
        Ok(draft.finish())
    }

    /// Address → number of the longest prefix with a row, 0 where there is none.
    pub fn prefixes(&self) -> &PrefixTable {
        &self.prefixes.table
    }

    /// The number of a region that some row measures.
    pub fn region(&self, name: &str) -> Option<u32> {
        self.regions.get(name).copied()
    }

    /// What is measured from a prefix (a number out of `prefixes()`) at a place.
    pub fn near(&self, prefix: u32, place: &Place) -> Near<'_> {
        let by_prefix = self.prefixes.outward(prefix).filter_map(|number| self.rows.get(number as usize - 1));
        Near(by_prefix.chain(areas(place).filter_map(|area| self.places.get(&area))).collect())
    }
}

/// The rows that a client has, most particular first.
#[derive(Debug, Clone)]
pub struct Near<'a>(Vec<&'a Row>);

impl Near<'_> {
    /// Milliseconds to a region (a number out of `LatencyTable::region`), from the first row that knows it.
    pub fn milliseconds(&self, region: u32) -> Option<f32> {
        let known = |row: &&Row| {
            row.binary_search_by_key(&region, |&(number, _)| number).ok().and_then(|n| row.get(n).copied())
        };
        self.0.iter().find_map(known).map(|(_, milliseconds)| milliseconds)
    }
}

/// The parts of the world around a place, smallest first.
fn areas(place: &Place) -> impl Iterator<Item = Area> {
    let subdivision = place.country.zip(place.subdivision).map(|(country, code)| Area::Subdivision(country, code));
    [subdivision, place.country.map(Area::Country), place.continent.map(Area::Continent)].into_iter().flatten()
}

/// A table in the making.
#[derive(Default)]
struct Draft {
    regions: HashMap<String, u32>,
    prefixes: Vec<Prefix>,
    numbers: HashMap<Prefix, usize>,
    rows: Vec<Cells>,
    places: HashMap<Area, Cells>,
}

/// A row in the making.
type Cells = HashMap<u32, f32>;

fn row(cells: Cells) -> Row {
    let mut row: Row = cells.into_iter().collect();
    row.sort_unstable_by_key(|&(region, _)| region);
    row
}

impl Draft {
    fn add(&mut self, client: &str, region: &str, milliseconds: &str) -> Result<(), String> {
        let milliseconds = milliseconds
            .parse()
            .ok()
            .filter(|ms| (0.0..=f32::MAX).contains(ms))
            .ok_or_else(|| format!("\"{milliseconds}\" is not a number of milliseconds"))?;
        if region.is_empty() {
            return Err("has no region".into());
        }
        let next = self.regions.len() as u32;
        let region = *self.regions.entry(region.to_owned()).or_insert(next);
        match self.row(client)?.insert(region, milliseconds) {
            Some(_) => Err(format!("{client} has this region twice")),
            None => Ok(()),
        }
    }

    fn row(&mut self, client: &str) -> Result<&mut Cells, String> {
        if let Some((kind, code)) = client.split_once(':').filter(|(kind, _)| kind.len() > 4) {
            return Ok(self.places.entry(area(kind, code)?).or_default());
        }
        let prefix: Prefix = client.parse()?;
        let number = *self.numbers.entry(prefix).or_insert(self.rows.len());
        if number == self.rows.len() {
            self.rows.push(Cells::new());
            self.prefixes.push(prefix);
        }
        self.rows.get_mut(number).ok_or_else(|| "has no row".into())
    }

    fn finish(self) -> LatencyTable {
        LatencyTable {
            regions: self.regions,
            prefixes: Nested::build(&self.prefixes),
            rows: self.rows.into_iter().map(row).collect(),
            places: self.places.into_iter().map(|(area, cells)| (area, row(cells))).collect(),
        }
    }
}

/// `country:US` as a part of the world.
fn area(kind: &str, code: &str) -> Result<Area, String> {
    let wrong = || format!("\"{kind}:{code}\" is not a prefix, subdivision:US-CA, country:US or continent:NA");
    let country = |code: &str| country::check_country(code.parse().ok())?.ok_or_else(wrong);
    match kind {
        "subdivision" => {
            let (nation, subdivision) = code.split_once('-').ok_or_else(wrong)?;
            Ok(Area::Subdivision(country(nation)?, subdivision.parse().map_err(|_| wrong())?))
        }
        "country" => Ok(Area::Country(country(code)?)),
        "continent" => Ok(Area::Continent(country::check_continent(code.parse().ok())?.ok_or_else(wrong)?)),
        _ => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::LatencyTable;
    use crate::Place;

    const TABLE: &str = "client,region,milliseconds\n10.0.0.0/8,a,10\n10.0.0.0/8,b,20\n10.1.0.0/16,a,5.5\n\
                         2001:db8::/32,b,7\ncountry:US,a,100\nsubdivision:US-CA,a,60\ncontinent:NA,a,200\ncontinent:NA,c,300\n";

    fn place(country: &str, subdivision: &str) -> Place {
        Place { country: country.parse().ok(), subdivision: subdivision.parse().ok(), ..Place::default() }.completed()
    }

    #[test]
    fn the_most_particular_row_that_knows_the_region_counts() {
        let table = LatencyTable::load("rtt.csv", TABLE).unwrap();
        let ms = |address: &str, place: Place, region: &str| {
            let near = table.near(table.prefixes().lookup(address.parse().unwrap()).0, &place);
            near.milliseconds(table.region(region)?)
        };
        assert_eq!(ms("10.1.2.3", Place::default(), "a"), Some(5.5));
        assert_eq!(ms("10.1.2.3", Place::default(), "b"), Some(20.0));
        assert_eq!(ms("10.1.2.3", place("US", "CA"), "c"), Some(300.0));
        assert_eq!(ms("192.0.2.1", place("US", "CA"), "a"), Some(60.0));
        assert_eq!(ms("192.0.2.1", place("US", "TX"), "a"), Some(100.0));
        assert_eq!(ms("2001:db8::1", place("CA", ""), "a"), Some(200.0));
        assert_eq!(ms("2001:db8::1", place("FR", ""), "b"), Some(7.0));
        assert_eq!(ms("192.0.2.1", place("FR", ""), "a"), None);
        assert_eq!(ms("192.0.2.1", place("US", "CA"), "unheard-of"), None);
        assert!(table.region("c").is_some() && table.region("d").is_none());
    }

    #[test]
    fn every_fault_is_reported() {
        let text = "prefix,region,ms\n10.0.0.0/8,a,-1\n10.0.0.0/8,a,nan\nplanet:X,a,1\n10.0.0.0/8,,1\n10.0.0.0/8,a,1\n\
                    10.0.0.0/8,a,2\nsubdivision:US,a,1\ncountry:ZZ,a,1\n10.0.0.0/33,a,1\n";
        let faults = LatencyTable::load("rtt.csv", text).unwrap_err();
        assert_eq!(faults.0.iter().map(|fault| fault.line).collect::<Vec<_>>(), [2, 3, 4, 5, 7, 8, 9, 10]);
    }
}

//! Place data from MMDB files in the layouts of GeoLite2 and GeoIP2, DB-IP, and IPinfo.
//!
//! The file is walked once, when a plan is built; a query never sees it.

use std::collections::HashMap;

use edgeplane_base::Faults;
use maxminddb::{MaxMindDbError, Reader, WithinOptions};

use crate::place::{Entry, Gathering};
use crate::{Described, Place, Places, Prefix, PrefixTable};

mod record;

use record::Record;

/// Prefix → number of a place, and the places. `file` is the name that faults carry.
pub fn load(file: &str, octets: Vec<u8>) -> Result<(PrefixTable, Places), Faults> {
    read(file, octets, |record| Place::from(record))
}

/// The same with the words for each place.
pub fn describe(file: &str, octets: Vec<u8>) -> Result<(PrefixTable, Places<Described>), Faults> {
    read(file, octets, |record| Described::from(record))
}

fn read<P: Entry>(file: &str, octets: Vec<u8>, entry: fn(Record<'_>) -> P) -> Result<(PrefixTable, Places<P>), Faults> {
    let wrong = |error: MaxMindDbError| Faults::one(file, format!("is not a sound MMDB file: {error}"));
    let reader = Reader::from_source(octets).map_err(wrong)?;
    walk(&reader, entry).map_err(wrong)
}

/// Every network of the file; records are decoded once, however many networks share them.
fn walk<P: Entry>(
    reader: &Reader<Vec<u8>>,
    entry: fn(Record<'_>) -> P,
) -> Result<(PrefixTable, Places<P>), MaxMindDbError> {
    let mut places = Gathering::new();
    let mut decoded: HashMap<usize, u32> = HashMap::new();
    let mut prefixes = Vec::new();
    for found in reader.networks(WithinOptions::default())? {
        let found = found?;
        let Some(offset) = found.offset() else {
            continue;
        };
        let number = match decoded.get(&offset) {
            Some(&number) => number,
            None => places.number(found.decode::<Record>()?.map_or_else(P::default, entry)),
        };
        decoded.insert(offset, number);
        let network = found.network()?;
        prefixes.extend(Prefix::new(network.ip(), network.prefix()).map(|prefix| (prefix, number)));
    }
    Ok((PrefixTable::build(prefixes, 0), places.finish()))
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod writer;

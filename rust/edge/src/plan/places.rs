//! Where clients are: place data, read once when a plan is loaded.

use std::net::IpAddr;
use std::path::Path;

use edgeplane_base::Faults;
use edgeplane_geo::{Described, Place, PrefixTable, Words, csv, mmdb};
use edgeplane_net::reading;

/// Address → place.
#[derive(Debug, Clone)]
pub struct Places {
    table: PrefixTable,
    places: edgeplane_geo::Places<Described>,
}

impl Places {
    /// Reads an MMDB file, or a CSV file by its extension.
    pub fn load(path: &Path) -> Result<Self, Faults> {
        let name = path.display().to_string();
        let octets = reading::whole(path).map_err(|error| Faults::one(&name, format!("cannot be read: {error}")))?;
        let is_csv = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("csv"));
        let (table, places) = if is_csv {
            let text = String::from_utf8(octets).map_err(|_| Faults::one(&name, "is not UTF-8"))?;
            csv::describe(&name, &text)?
        } else {
            mmdb::describe(&name, octets)?
        };
        Ok(Self { table, places })
    }

    /// Where an address is.
    pub fn of(&self, address: IpAddr) -> Place {
        self.find(address).map(|found| found.place).unwrap_or_default()
    }

    /// The words for where it is.
    pub fn words(&self, address: IpAddr) -> Option<&Words> {
        self.find(address).map(|found| &found.words)
    }

    fn find(&self, address: IpAddr) -> Option<&Described> {
        self.places.find(self.table.lookup(address.to_canonical()).0)
    }
}

//! Where regions are: those of AWS, and the operator's own.

use std::collections::HashMap;

use edgeplane_base::Faults;

use crate::{Position, sheet};

/// Name of a region or local zone group → its position.
#[derive(Debug, Clone, PartialEq)]
pub struct Regions(HashMap<String, Position>);

impl Regions {
    /// All regions of AWS: commercial, GovCloud, China, European Sovereign Cloud.
    pub fn aws() -> Self {
        let mut regions = Self(HashMap::new());
        regions.add("aws regions", include_str!("../data/regions.csv"));
        regions
    }

    /// Those of AWS and those of a CSV file `region,latitude,longitude`; the file may also move one of AWS.
    pub fn load(file: &str, text: &str) -> Result<Self, Faults> {
        let mut regions = Self::aws();
        regions.add(file, text).into_result(regions)
    }

    /// Where a region is.
    pub fn position(&self, region: &str) -> Option<Position> {
        self.0.get(region).copied()
    }

    fn add(&mut self, file: &str, text: &str) -> Faults {
        sheet::read(file, text, &["region", "latitude", "longitude"], 3, |row| match *row {
            ["", ..] => Err("has no region".into()),
            [region, latitude, longitude] => {
                self.0.insert(region.to_owned(), Position::parse(latitude, longitude)?);
                Ok(())
            }
            _ => Err("has the wrong number of fields".into()),
        })
    }
}

impl Default for Regions {
    fn default() -> Self {
        Self::aws()
    }
}

#[cfg(test)]
mod tests {
    use super::Regions;

    #[test]
    fn the_table_of_aws_is_whole() {
        let rows = include_str!("../data/regions.csv").lines().filter(|line| !line.starts_with('#')).count();
        assert_eq!(Regions::aws().0.len() + 1, rows, "a row is double or does not parse");
        let km = |a: &str, b: &str| {
            let regions = Regions::aws();
            regions.position(a).unwrap().distance_km(&regions.position(b).unwrap())
        };
        assert!(km("eu-west-1", "eu-west-2") < 600.0 && km("us-east-1", "ap-southeast-2") > 15_000.0);
    }

    #[test]
    fn own_regions_join_those_of_aws() {
        let regions = Regions::load("regions.csv", "region,latitude,longitude\nrack-7,50.5,9\n").unwrap();
        assert_eq!(regions.position("rack-7").unwrap().latitude(), 50.5);
        assert!(regions.position("eu-west-1").is_some());
        let faults = Regions::load("regions.csv", "region,latitude,longitude\na,1,999\n,1,1\n").unwrap_err();
        assert_eq!(faults.0.iter().map(|fault| fault.line).collect::<Vec<_>>(), [2, 3]);
    }
}

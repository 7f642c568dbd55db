//! What the operator's files say about clients and regions.

use std::path::Path;

use edgeplane_base::Faults;
use edgeplane_geo::{LatencyTable, Places, PrefixTable, Regions, csv, mmdb};
use edgeplane_net::reading;

/// Place data, measurements and regions, read once for all steering tables of a plan.
#[derive(Debug, Clone)]
pub struct Source {
    /// Client address → number of a place.
    pub clients: PrefixTable,
    /// The places.
    pub places: Places,
    /// Measured milliseconds.
    pub latency: Option<LatencyTable>,
    /// Where regions are.
    pub regions: Regions,
}

/// A CIDR collection: its identifier, and for each location its name and prefixes as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Collection {
    /// `Id`.
    pub id: String,
    /// `LocationName` and `CidrList` of each location.
    pub locations: Vec<(String, Vec<String>)>,
}

impl Default for Source {
    /// Nothing known of clients, and the regions of AWS.
    fn default() -> Self {
        let clients = PrefixTable::build([], 0);
        Self { clients, places: Places::default(), latency: None, regions: Regions::aws() }
    }
}

impl Source {
    /// Reads the files that are given; all their faults are reported together. A `geo_database` whose name ends in
    /// `.csv` is a CSV file, any other an MMDB file.
    pub fn load(geo_database: Option<&Path>, latency: Option<&Path>, regions: Option<&Path>) -> Result<Self, Faults> {
        let mut faults = Faults::default();
        let mut source = Self::default();
        if let Some((clients, places)) = gather(geo_database, &mut faults, read_places) {
            (source.clients, source.places) = (clients, places);
        }
        source.latency = gather(latency, &mut faults, |path| LatencyTable::load(&name(path), &text(path)?));
        if let Some(regions) = gather(regions, &mut faults, |path| Regions::load(&name(path), &text(path)?)) {
            source.regions = regions;
        }
        faults.into_result(source)
    }
}

/// Reads a file that may be given; its faults join the others.
fn gather<T>(path: Option<&Path>, faults: &mut Faults, read: impl Fn(&Path) -> Result<T, Faults>) -> Option<T> {
    match read(path?) {
        Ok(value) => Some(value),
        Err(found) => {
            faults.0.extend(found.0);
            None
        }
    }
}

fn read_places(path: &Path) -> Result<(PrefixTable, Places), Faults> {
    if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("csv")) {
        return csv::load(&name(path), &text(path)?);
    }
    let octets = reading::whole(path).map_err(|error| unreadable(path, &error))?;
    mmdb::load(&name(path), octets)
}

fn text(path: &Path) -> Result<String, Faults> {
    let octets = reading::whole(path).map_err(|error| unreadable(path, &error))?;
    String::from_utf8(octets).map_err(|error| unreadable(path, &std::io::Error::other(error)))
}

fn unreadable(path: &Path, error: &std::io::Error) -> Faults {
    Faults::one(name(path), format!("cannot be read: {error}"))
}

fn name(path: &Path) -> String {
    path.display().to_string()
}

#[cfg(test)]
mod tests {
    use super::Source;
    use std::path::PathBuf;

    fn file(name: &str, content: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("edgeplane-steering-{}-{name}", std::process::id()));
        std::fs::write(&path, content).unwrap();
        path
    }

    #[test]
    fn files_are_read_and_all_their_faults_reported() {
        let geo = file("geo.csv", "prefix,country\n10.0.0.0/8,FR\n");
        let latency = file("rtt.csv", "prefix,region,ms\n10.0.0.0/8,rack-7,3\n");
        let regions = file("regions.csv", "region,latitude,longitude\nrack-7,50,9\n");
        let source = Source::load(Some(&geo), Some(&latency), Some(&regions)).unwrap();
        assert_eq!(source.places.len(), 2);
        assert!(source.latency.unwrap().region("rack-7").is_some() && source.regions.position("rack-7").is_some());
        let faults = Source::load(Some(&latency), Some(&regions), Some(&geo.join("missing"))).unwrap_err();
        assert_eq!(faults.0.len(), 3, "{faults}");
        let faults = Source::load(Some(&file("geo.mmdb", "no database")), None, None).unwrap_err();
        assert!(faults.to_string().contains("not a sound MMDB file"), "{faults}");
        [geo, latency, regions].iter().for_each(|path| std::fs::remove_file(path).unwrap());
    }
}

//! The policies' selectors and the longest-prefix table, without DNS around them.

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use edgeplane_base::Faults;
use edgeplane_base::random::Random;
use edgeplane_dns::steering::{Collection, GeoLocation, GeoProximityLocation, Location, Locations, Ranked, Source};
use edgeplane_geo::{Prefix, PrefixTable as Table};
use edgeplane_policy::{Chosen, Client, Failover, Multivalue, Policy, Weighted};
use pyo3::prelude::*;

use crate::border::{outside, wrong};

/// A policy over numbered candidates. The Python classes of `edgeplane.core.policy` stand in front of it.
#[pyclass(frozen, module = "edgeplane._core")]
pub struct Selector {
    policy: Box<dyn Policy>,
    candidates: usize,
    state: Mutex<State>,
}

/// What `derive` made for the last health that was given, and the generator.
struct State {
    healthy: Vec<bool>,
    derived: Vec<u32>,
    random: Random,
}

impl Selector {
    fn new(policy: impl Policy + 'static, candidates: usize) -> Self {
        let healthy = vec![true; candidates];
        let mut derived = Vec::new();
        policy.derive(&healthy, &mut derived);
        let state = Mutex::new(State { healthy, derived, random: Random::from_process() });
        Self { policy: Box::new(policy), candidates, state }
    }

    /// A selector by location; `collections` only for IP-based routing.
    fn ranked(py: Python<'_>, locations: Vec<Location>, collections: &[Collection], data: Data) -> PyResult<Self> {
        let given = Locations::new(locations.clone()).map_err(wrong)?;
        let steering = outside(py, || {
            Source::load(data.geo_database.as_deref(), data.latency_table.as_deref(), data.regions.as_deref())?
                .build(&given, collections)
        })?;
        let number = |location| locations.iter().position(|other| other == location).unwrap_or_default() as u16;
        let candidates = given.iter().map(number).collect();
        let ranked = Ranked::new(given.kind(), Arc::new(steering), candidates);
        Ok(Self::new(ranked.ok_or_else(|| wrong("locations and steering differ"))?, locations.len()))
    }
}

/// Files that say where clients are.
#[derive(Default)]
struct Data {
    geo_database: Option<PathBuf>,
    latency_table: Option<PathBuf>,
    regions: Option<PathBuf>,
}

type Area = (Option<String>, Option<String>, Option<String>);
type SiteTuple = (Option<String>, Option<String>, Option<(String, String)>, i64);

#[pymethods]
impl Selector {
    #[staticmethod]
    fn weighted(weights: Vec<u16>) -> Self {
        let candidates = weights.len();
        Self::new(Weighted::new(weights), candidates)
    }

    /// Candidate 0 is the primary, 1 the secondary.
    #[staticmethod]
    fn failover() -> Self {
        Self::new(Failover::new(Some(0), Some(1)), 2)
    }

    #[staticmethod]
    fn multivalue(candidates: u16) -> Self {
        Self::new(Multivalue, candidates.into())
    }

    /// Continent, country and subdivision of each candidate.
    #[staticmethod]
    fn geolocation(py: Python<'_>, areas: Vec<Area>, geo_database: PathBuf) -> PyResult<Self> {
        let area = |(a, b, c): &Area| GeoLocation::new(a.as_deref(), b.as_deref(), c.as_deref()).map(Location::Area);
        let locations = areas.iter().map(area).collect::<Result<_, _>>().map_err(wrong)?;
        Self::ranked(py, locations, &[], Data { geo_database: Some(geo_database), ..Data::default() })
    }

    /// The region of each candidate.
    #[staticmethod]
    #[pyo3(signature = (names, geo_database = None, latency_table = None, regions = None))]
    fn latency(
        py: Python<'_>,
        names: Vec<String>,
        geo_database: Option<PathBuf>,
        latency_table: Option<PathBuf>,
        regions: Option<PathBuf>,
    ) -> PyResult<Self> {
        let locations = names.into_iter().map(Location::Region).collect();
        Self::ranked(py, locations, &[], Data { geo_database, latency_table, regions })
    }

    /// Region, local zone group, coordinates as text, and bias of each candidate.
    #[staticmethod]
    #[pyo3(signature = (sites, geo_database, regions = None))]
    fn geoproximity(
        py: Python<'_>,
        sites: Vec<SiteTuple>,
        geo_database: PathBuf,
        regions: Option<PathBuf>,
    ) -> PyResult<Self> {
        let locations = sites.iter().map(site).collect::<Result<_, _>>().map_err(wrong)?;
        Self::ranked(py, locations, &[], Data { geo_database: Some(geo_database), regions, latency_table: None })
    }

    /// The prefixes of each candidate; `None` for the one that all other clients get.
    #[staticmethod]
    fn ip_based(py: Python<'_>, prefixes: Vec<Option<Vec<String>>>) -> PyResult<Self> {
        let id = String::from("collection");
        let name = |n: usize, list: &Option<_>| list.as_ref().map_or_else(|| "*".to_owned(), |_| format!("l{n:05}"));
        let names: Vec<String> = prefixes.iter().enumerate().map(|(n, list)| name(n, list)).collect();
        let locations =
            names.iter().map(|name| Location::Cidr { collection: id.clone(), name: name.clone() }).collect();
        let named = names.into_iter().zip(prefixes).filter_map(|(name, list)| Some((name, list?))).collect();
        Self::ranked(py, locations, &[Collection { id, locations: named }], Data::default())
    }

    /// Candidates and ECS scope for a client; `healthy` has an entry for each candidate, all healthy where absent.
    #[pyo3(signature = (client, healthy = None))]
    fn select(&self, client: &str, healthy: Option<Vec<bool>>) -> PyResult<(Vec<u16>, u8)> {
        let address: IpAddr = client.parse().map_err(|_| wrong(format!("\"{client}\" is not an IP address")))?;
        let healthy = healthy.unwrap_or_else(|| vec![true; self.candidates]);
        if healthy.len() != self.candidates {
            return Err(wrong(format!("{} states of health for {} candidates", healthy.len(), self.candidates)));
        }
        let mut chosen = Chosen::default();
        let mut guard = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let state = &mut *guard;
        if state.healthy != healthy {
            self.policy.derive(&healthy, &mut state.derived);
            state.healthy = healthy;
        }
        self.policy.select(&state.derived, &Client::from(address), &mut state.random, &mut chosen);
        Ok((chosen.indexes().to_vec(), chosen.scope()))
    }

    #[getter]
    fn name(&self) -> &'static str {
        self.policy.name()
    }
}

fn site((region, group, coordinates, bias): &SiteTuple) -> Result<Location, String> {
    let coordinates = coordinates.as_ref().map(|(latitude, longitude)| (latitude.as_str(), longitude.as_str()));
    GeoProximityLocation::new(region.as_deref(), group.as_deref(), coordinates, *bias).map(Location::Site)
}

/// Longest prefix around an address → number.
#[pyclass(frozen, module = "edgeplane._core")]
pub struct PrefixTable(Table);

#[pymethods]
impl PrefixTable {
    #[new]
    fn new(py: Python<'_>, prefixes: Vec<(String, u32)>, default: u32) -> PyResult<Self> {
        let read = |(text, value): (String, u32)| Ok((text.parse::<Prefix>().map_err(wrong)?, value));
        let prefixes = prefixes.into_iter().map(read).collect::<PyResult<Vec<_>>>()?;
        outside(py, || Ok::<_, Faults>(Self(Table::build(prefixes, default))))
    }

    /// The value, and the number of bits of the address around which it holds.
    #[pyo3(signature = (address, /))]
    fn lookup(&self, address: &str) -> PyResult<(u32, u8)> {
        let address: IpAddr = address.parse().map_err(|_| wrong(format!("\"{address}\" is not an IP address")))?;
        Ok(self.0.lookup(address))
    }
}

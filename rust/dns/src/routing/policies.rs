//! From a document to the policy of `edgeplane_policy` that it names.

use std::collections::HashMap;
use std::sync::Arc;

use edgeplane_policy::{Failover, Multivalue, Policy, Ranked, Ranking, Simple, Steering, Weighted};

use super::doc::{PolicyDoc, RankedBy};

/// Policies in the making: groups with the same document share one.
pub(super) struct Policies<'a> {
    steering: &'a HashMap<String, Arc<Steering>>,
    made: HashMap<(PolicyDoc, usize), Arc<dyn Policy>>,
}

impl<'a> Policies<'a> {
    /// None yet; ranked ones will find their tables in `steering`.
    pub fn new(steering: &'a HashMap<String, Arc<Steering>>) -> Self {
        Self { steering, made: HashMap::new() }
    }

    /// The policy for `count` candidates; the error says what does not fit.
    pub fn get(&mut self, doc: &PolicyDoc, count: usize) -> Result<Arc<dyn Policy>, String> {
        let key = (doc.clone(), count);
        if let Some(policy) = self.made.get(&key) {
            return Ok(policy.clone());
        }
        let policy = make(doc, count, self.steering)?;
        self.made.insert(key, policy.clone());
        Ok(policy)
    }
}

fn make(doc: &PolicyDoc, count: usize, steering: &HashMap<String, Arc<Steering>>) -> Result<Arc<dyn Policy>, String> {
    let count = u16::try_from(count).map_err(|_| format!("{count} record sets of one name and type are too many"))?;
    match doc {
        PolicyDoc::Simple => Ok(Arc::new(Simple)),
        PolicyDoc::Multivalue => Ok(Arc::new(Multivalue)),
        PolicyDoc::Weighted(weights) => {
            fits(weights.len(), count)?;
            Ok(Arc::new(Weighted::new(weights.iter().copied().map(u16::from).collect())))
        }
        PolicyDoc::Failover(primary) => {
            fits(primary.len(), count)?;
            Ok(Arc::new(failover(primary)))
        }
        PolicyDoc::Ranked { by, table } => {
            let steering = steering.get(table).ok_or_else(|| format!("steering table {table} is missing"))?.clone();
            let ranked = Ranked::new(ranking(*by), steering, (0..count).collect());
            Ok(Arc::new(ranked.ok_or_else(|| format!("steering table {table} has not {count} locations"))?))
        }
    }
}

fn fits(parameters: usize, count: u16) -> Result<(), String> {
    let fits = parameters == usize::from(count);
    if fits { Ok(()) } else { Err(format!("its routing document has {parameters} parameters for {count} record sets")) }
}

fn failover(primary: &[bool]) -> Failover {
    let role = |wanted: bool| (0u16..).zip(primary).find(|&(_, &is)| is == wanted).map(|(number, _)| number);
    Failover::new(role(true), role(false))
}

fn ranking(by: RankedBy) -> Ranking {
    match by {
        RankedBy::Latency => Ranking::Latency,
        RankedBy::Geolocation => Ranking::Geolocation,
        RankedBy::Geoproximity => Ranking::Geoproximity,
        RankedBy::IpBased => Ranking::IpBased,
    }
}

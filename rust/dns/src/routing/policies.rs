//! From a document to the policy of `edgeplane_policy` that it names.

use std::collections::HashMap;
use std::sync::Arc;

use edgeplane_policy::{Failover, Multivalue, Policy, Ranked, Ranking, Simple, Steering, Weighted};

use super::doc::{PolicyDoc, RankedBy};

/// The policy for `count` candidates; the error says what does not fit.
pub(super) fn build(
    doc: &PolicyDoc,
    count: usize,
    steering: &HashMap<String, Arc<Steering>>,
) -> Result<Box<dyn Policy>, String> {
    let count = u16::try_from(count).map_err(|_| format!("{count} record sets of one name and type are too many"))?;
    match doc {
        PolicyDoc::Simple => Ok(Box::new(Simple)),
        PolicyDoc::Multivalue => Ok(Box::new(Multivalue)),
        PolicyDoc::Weighted(weights) => {
            fits(weights.len(), count)?;
            Ok(Box::new(Weighted::new(weights.iter().copied().map(u16::from).collect())))
        }
        PolicyDoc::Failover(primary) => {
            fits(primary.len(), count)?;
            Ok(Box::new(failover(primary)))
        }
        PolicyDoc::Ranked { by, table } => {
            let steering = steering.get(table).ok_or_else(|| format!("steering table {table} is missing"))?.clone();
            let ranked = Ranked::new(ranking(*by), steering, (0..count).collect());
            Ok(Box::new(ranked.ok_or_else(|| format!("steering table {table} has not {count} locations"))?))
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

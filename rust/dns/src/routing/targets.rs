//! Alias targets that exist and yet are not their zone's to answer.

use std::sync::Arc;

use edgeplane_base::Fault;

use super::build::{apexes, display, group_doc, node_or_wildcard};
use super::doc::CandidateDoc;
use crate::wire::name::suffixes;
use crate::zone::Zone;
use crate::zone::section::node::{CUT, OCCLUDED};

/// A fault for each alias that leads to glue, or to what a DNAME hides. Asked for when a plan is made: a node goes on with a
/// plan of the release before, which may have such aliases.
pub fn hidden_targets(zones: &[Arc<Zone>]) -> Vec<Fault> {
    let apexes = apexes(zones);
    let hidden = |candidate: CandidateDoc| {
        let target = candidate.alias?.target;
        let zone = zones.get(*suffixes(&target).find_map(|suffix| apexes.get(suffix))? as usize)?;
        let node = node_or_wildcard(zone, &target)?;
        let message = || {
            let (target, zone) = (display(&target), display(zone.apex()));
            format!(
                "AliasTarget {target} is delegated away or lies below a DNAME: it is not {zone} that answers for it"
            )
        };
        (node.is(CUT) || node.is(OCCLUDED)).then(|| Fault::at(candidate.place, message()))
    };
    let groups = zones.iter().flat_map(|zone| zone.routed().iter().filter_map(|routed| group_doc(zone, routed).ok()));
    groups.flat_map(|group| group.candidates).filter_map(hidden).collect()
}

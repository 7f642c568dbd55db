//! A zone of a plan as zone file text.

use edgeplane_base::Faults;

use super::PlanFile;
use crate::routing::doc::{CandidateDoc, GroupDoc};
use crate::routing::policy_name;
use crate::text::write::push_record;
use crate::wire::{Name, rtype};
use crate::zone::{Node, Record, Routed, Set, Zone};

/// The zone's records in canonical order, the SOA first. A routed set is told in comments before its candidates'
/// records; the text read back serves all candidates to everyone.
pub fn export_zone(plan: &PlanFile, name: &str) -> Result<String, Faults> {
    let wanted = Name::from_text(name).map_err(|error| Faults::one(name, error.to_string()))?.to_lower().to_string();
    let entry = plan.zone_entry(&wanted);
    let entry = entry.ok_or_else(|| Faults::one(wanted.as_str(), "the plan has no such zone"))?;
    Ok(text_of(&Zone::open(plan.section(entry.section)?)?))
}

/// A zone as zone file text.
pub fn text_of(zone: &Zone) -> String {
    let mut out = String::new();
    if let Some(apex) = zone.find(zone.apex()) {
        apex.sets()
            .filter(|&(rtype, _)| rtype == rtype::SOA)
            .for_each(|(rtype, set)| push_set(zone, &apex, rtype, set, &mut out));
    }
    for node in zone.nodes() {
        for (rtype, set) in node.sets().filter(|&(rtype, _)| rtype != rtype::SOA) {
            push_set(zone, &node, rtype, set, &mut out);
        }
    }
    out
}

fn push_set(zone: &Zone, node: &Node<'_>, rtype: u16, set: Set, out: &mut String) {
    match set {
        Set::Block(block) => push_block(zone, node, rtype, block, out),
        Set::Routed(index) => {
            if let Some(routed) = zone.routed().get(index as usize) {
                push_routed(zone, node, routed, out);
            }
        }
    }
}

fn push_block(zone: &Zone, node: &Node<'_>, rtype: u16, block: u32, out: &mut String) {
    let owner = node.name();
    for (ttl, rdata) in zone.block_records(block, &owner) {
        push_record(&Record { owner: &owner, rtype, ttl, rdata: &rdata }, out);
    }
}

fn push_routed(zone: &Zone, node: &Node<'_>, routed: &Routed, out: &mut String) {
    let Ok(doc) = GroupDoc::unpack(zone.doc(routed)) else {
        return;
    };
    let name = Name::from_wire(&node.name()).map_or_else(|error| error.to_string(), |name| name.to_string());
    out.push_str(&format!("; {name} {}: {} routing\n", rtype::to_text(routed.rtype), policy_name(&doc.policy)));
    for (candidate, &block) in doc.candidates.iter().zip(&routed.blocks) {
        out.push_str(&comment(candidate));
        if block != 0 {
            push_block(zone, node, routed.rtype, block, out);
        }
    }
}

/// One line; what a person wrote is escaped, so that it cannot end the comment.
fn comment(candidate: &CandidateDoc) -> String {
    let parts = [
        candidate.set_identifier.clone(),
        candidate.rule.clone(),
        candidate.check.as_ref().map_or_else(String::new, |id| format!("HealthCheckId {id}")),
        candidate.alias.as_ref().map_or_else(String::new, alias),
    ];
    let parts: Vec<String> =
        parts.iter().filter(|part| !part.is_empty()).map(|part| part.escape_debug().to_string()).collect();
    format!(";   {}\n", parts.join(" · "))
}

fn alias(alias: &crate::routing::doc::AliasDoc) -> String {
    let target = Name::from_wire(&alias.target).map_or_else(|error| error.to_string(), |name| name.to_string());
    let evaluate = if alias.evaluate { ", EvaluateTargetHealth" } else { "" };
    format!("AliasTarget {target}{evaluate}")
}

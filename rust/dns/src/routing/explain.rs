//! Why this answer: the selector's own choices, told with names.

use std::sync::Arc;

use edgeplane_base::random::Random;
use edgeplane_policy::{Chosen, Client};
use serde::Serialize;

use super::build::{display, group_doc};
use super::doc::{CandidateDoc, GroupDoc, PolicyDoc, RankedBy};
use super::group::{Candidate, Group, Target};
use super::pick::{Picked, Trace};
use super::{Derived, Routing};
use crate::text::rdata_to_text;
use crate::wire::rtype;
use crate::zone::Zone;

/// One group's part of a choice.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GroupReport {
    /// Name of the zone.
    pub zone: String,
    /// Owner name; a wildcard where that answers.
    pub name: String,
    /// Record type.
    #[serde(rename = "type")]
    pub rtype: String,
    /// Routing policy.
    pub policy: String,
    /// The rule that chose, in words.
    pub rule: String,
    /// ECS scope of this choice in bits.
    pub scope: u8,
    /// All candidates.
    pub candidates: Vec<CandidateReport>,
}

/// One candidate's part of a choice.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CandidateReport {
    /// Resource path.
    pub place: String,
    /// `SetIdentifier`.
    pub set_identifier: String,
    /// What the policy looks at.
    pub rule: String,
    /// Whether it counts as healthy.
    pub healthy: bool,
    /// Why.
    pub why: String,
    /// Whether it was chosen.
    pub chosen: bool,
    /// Its records as `TTL rdata`; none for an alias.
    pub records: Vec<String>,
    /// Where a chosen alias led.
    pub target: Option<Box<GroupReport>>,
}

/// What an explanation reads.
pub struct Explain<'a> {
    /// The groups.
    pub routing: &'a Routing,
    /// The zones that they stand in.
    pub zones: &'a [Arc<Zone>],
    /// What health makes of them.
    pub derived: &'a Derived,
    /// The health table.
    pub health: &'a dyn Fn(u32) -> Option<bool>,
}

#[derive(Default)]
struct Steps(Vec<(usize, u32, Chosen)>);

impl Trace for Steps {
    fn chose(&mut self, depth: usize, group: u32, chosen: &Chosen) {
        self.0.push((depth, group, *chosen));
    }
}

impl Explain<'_> {
    /// Chooses for `client` as a query would, and tells how; the blocks picked come with it.
    pub fn run(&self, group: u32, client: &Client, random: &mut Random) -> (Option<GroupReport>, Picked) {
        let mut steps = Steps::default();
        let mut picked = Picked::default();
        self.routing.pick_traced(self.derived, group, client, random, &mut picked, &mut steps);
        (self.report(&mut steps.0.into_iter().peekable()), picked)
    }

    fn report(&self, steps: &mut StepList) -> Option<GroupReport> {
        let (depth, number, chosen) = steps.next()?;
        let group = self.routing.groups.get(number as usize)?;
        let (zone, index) = self.routing.zone_of_group(number)?;
        let zone = self.zones.get(zone)?;
        let routed = zone.routed().get(index)?;
        let doc = group_doc(zone, routed).ok()?;
        let owner = zone.node(routed.node).name();
        let candidates = (group.first..).zip(&doc.candidates).enumerate();
        let candidates: Vec<CandidateReport> = candidates
            .map(|(index, (number, doc))| {
                let mut report = self.candidate(number, doc, routed.rtype);
                report.chosen = chosen.indexes().iter().any(|&one| usize::from(one) == index);
                if report.chosen && self.leads_to_group(number) && steps.peek().is_some_and(|next| next.0 > depth) {
                    report.target = self.report(steps).map(Box::new);
                }
                report
            })
            .collect();
        Some(GroupReport {
            zone: display(zone.apex()),
            name: display(&owner),
            rtype: rtype::to_text(routed.rtype).into_owned(),
            policy: policy_name(&doc.policy).into(),
            rule: rule(&doc, group, self.derived, &chosen),
            scope: chosen.scope(),
            candidates,
        })
    }

    fn candidate(&self, number: u32, doc: &CandidateDoc, rtype: u16) -> CandidateReport {
        let candidate = self.routing.candidates.get(number as usize);
        CandidateReport {
            place: doc.place.clone(),
            set_identifier: doc.set_identifier.clone(),
            rule: doc.rule.clone(),
            healthy: self.derived.healthy(number),
            why: candidate.map_or_else(String::new, |candidate| self.why(candidate, doc, self.derived.healthy(number))),
            chosen: false,
            records: candidate.map_or_else(Vec::new, |candidate| self.records(candidate, rtype)),
            target: None,
        }
    }

    fn why(&self, candidate: &Candidate, doc: &CandidateDoc, healthy: bool) -> String {
        let own = match (candidate.check, &doc.check) {
            (Some(slot), Some(id)) => match (self.health)(slot) {
                Some(true) => format!("health check {id} passes"),
                Some(false) => return format!("health check {id} fails"),
                None => format!("health check {id} has no result yet, which counts as healthy"),
            },
            _ => "no health check".into(),
        };
        match (&doc.alias, candidate.evaluate) {
            (Some(alias), true) if healthy => format!("{own}; {} has a healthy record set", display(&alias.target)),
            (Some(alias), true) => format!("no record set of {} is healthy", display(&alias.target)),
            (Some(_), false) => format!("{own}; the target's health is not evaluated"),
            (None, _) if doc.check.is_none() => format!("{own}: always healthy"),
            (None, _) => own,
        }
    }

    fn records(&self, candidate: &Candidate, rtype: u16) -> Vec<String> {
        let Target::Block(zone, block) = candidate.target else {
            return Vec::new();
        };
        let Some(zone) = self.zones.get(zone as usize) else {
            return Vec::new();
        };
        shown(zone, rtype, block)
    }

    fn leads_to_group(&self, number: u32) -> bool {
        let candidate = self.routing.candidates.get(number as usize);
        candidate.is_some_and(|candidate| matches!(candidate.target, Target::Group(_)))
    }
}

type StepList = std::iter::Peekable<std::vec::IntoIter<(usize, u32, Chosen)>>;

impl Routing {
    /// The zone that a group stands in, and its index there.
    pub(super) fn zone_of_group(&self, group: u32) -> Option<(usize, usize)> {
        let zone = self.first.partition_point(|&first| first <= group).checked_sub(1)?;
        Some((zone, (group - self.first.get(zone)?) as usize))
    }
}

/// A block's records as `TTL rdata`, whatever name they answer for.
pub fn shown(zone: &Zone, rtype: u16, block: u32) -> Vec<String> {
    let owner = zone.node(zone.block(block).node).name();
    let records = zone.block_records(block, &owner).into_iter();
    records.map(|(ttl, rdata)| format!("{ttl} {}", rdata_to_text(rtype, &rdata))).collect()
}

/// The policy's name as Route 53 has it.
pub fn policy_name(policy: &PolicyDoc) -> &'static str {
    match policy {
        PolicyDoc::Simple => "simple",
        PolicyDoc::Weighted(_) => "weighted",
        PolicyDoc::Failover(_) => "failover",
        PolicyDoc::Multivalue => "multivalue",
        PolicyDoc::Ranked { by: RankedBy::Latency, .. } => "latency",
        PolicyDoc::Ranked { by: RankedBy::Geolocation, .. } => "geolocation",
        PolicyDoc::Ranked { by: RankedBy::Geoproximity, .. } => "geoproximity",
        PolicyDoc::Ranked { by: RankedBy::IpBased, .. } => "ip-based",
    }
}

fn rule(doc: &GroupDoc, group: &Group, derived: &Derived, chosen: &Chosen) -> String {
    let healthy = (group.first..group.first + u32::from(group.len)).filter(|&number| derived.healthy(number)).count();
    let among = match healthy {
        0 => "no candidate is healthy, so all count as healthy".to_owned(),
        all if all == usize::from(group.len) => "all candidates are healthy".to_owned(),
        some => format!("{some} of {} candidates are healthy", group.len),
    };
    if chosen.indexes().is_empty() {
        return format!("no candidate is for this client ({among})");
    }
    let how = match &doc.policy {
        PolicyDoc::Simple => "the only record set",
        PolicyDoc::Weighted(_) => "drawn by weight; weights of zero only where nothing else is healthy",
        PolicyDoc::Failover(_) => "the primary while it is healthy, else the secondary",
        PolicyDoc::Multivalue => "up to eight at random",
        PolicyDoc::Ranked { by: RankedBy::Latency, .. } => "the lowest latency from the client",
        PolicyDoc::Ranked { by: RankedBy::Geolocation, .. } => "the smallest place around the client",
        PolicyDoc::Ranked { by: RankedBy::Geoproximity, .. } => "the smallest biased distance to the client",
        PolicyDoc::Ranked { by: RankedBy::IpBased, .. } => "the longest prefix around the client",
    };
    format!("{how}; {among}")
}

//! From the routed sets of all zones to one list of groups, with alias targets found and rings refused.

use std::collections::HashMap;
use std::sync::Arc;

use edgeplane_base::{Fault, Faults};
use edgeplane_policy::Steering;

use super::Routing;
use super::doc::{AliasDoc, CandidateDoc, GroupDoc};
use super::group::{Candidate, Group, Kind, Target};
use super::order::order;
use super::policies::Policies;
use crate::wire::{name::suffixes, rtype};
use crate::zone::{Routed, Set, Zone};

impl Routing {
    /// Gathers the groups of all zones; `checks` gives each health check's slot. Faults name the resource: a target or
    /// a health check that does not exist, aliases that form a ring, a document that cannot be read.
    pub fn build(
        zones: &[Arc<Zone>],
        steering: &HashMap<String, Arc<Steering>>,
        checks: &HashMap<String, u32>,
    ) -> Result<Self, Faults> {
        let mut build = Build {
            zones,
            policies: Policies::new(steering),
            checks,
            apexes: apexes(zones),
            first: first_groups(zones),
            groups: Vec::new(),
            candidates: Vec::new(),
            faults: Faults::default(),
        };
        for (number, zone) in (0u32..).zip(zones) {
            for routed in zone.routed() {
                build.add(number, zone, routed);
            }
        }
        build.finish()
    }

    /// Number of a zone's first group; the group's index in the zone is added to it.
    #[inline]
    pub fn first_group(&self, zone: u32) -> u32 {
        self.first.get(zone as usize).copied().unwrap_or(u32::MAX)
    }

    /// The policy that a group is chosen by.
    #[inline]
    pub fn policy(&self, group: u32) -> Kind {
        self.groups.get(group as usize).map_or(Kind::Simple, |group| group.kind)
    }
}

fn first_groups(zones: &[Arc<Zone>]) -> Vec<u32> {
    let mut next = 0;
    zones
        .iter()
        .map(|zone| {
            let first = next;
            next += zone.routed().len() as u32;
            first
        })
        .collect()
}

/// The zones' numbers by name.
pub(super) fn apexes(zones: &[Arc<Zone>]) -> HashMap<&[u8], u32> {
    (0u32..).zip(zones).map(|(number, zone)| (zone.apex(), number)).collect()
}

struct Build<'a> {
    zones: &'a [Arc<Zone>],
    policies: Policies<'a>,
    checks: &'a HashMap<String, u32>,
    apexes: HashMap<&'a [u8], u32>,
    first: Vec<u32>,
    groups: Vec<Group>,
    candidates: Vec<Candidate>,
    faults: Faults,
}

impl<'a> Build<'a> {
    fn add(&mut self, number: u32, zone: &Zone, routed: &Routed) {
        match group_doc(zone, routed) {
            Ok(doc) => self.add_group(number, routed, &doc),
            Err(fault) => self.faults.push(fault),
        }
    }

    fn add_group(&mut self, zone: u32, routed: &Routed, doc: &GroupDoc) {
        let place = doc.candidates.first().map_or("", |first| &first.place);
        match self.policies.get(&doc.policy, doc.candidates.len()) {
            Ok(policy) => self.groups.push(Group {
                kind: Kind::from(&*policy),
                policy,
                first: self.candidates.len() as u32,
                len: doc.candidates.len() as u16,
            }),
            Err(message) => self.faults.push(Fault::at(place, message)),
        }
        for (candidate, &block) in doc.candidates.iter().zip(&routed.blocks) {
            match self.candidate(candidate, zone, routed.rtype, block) {
                Ok(candidate) => self.candidates.push(candidate),
                Err(message) => self.faults.push(Fault::at(candidate.place.clone(), message)),
            }
        }
    }

    fn candidate(&self, doc: &CandidateDoc, zone: u32, rtype: u16, block: u32) -> Result<Candidate, String> {
        Ok(Candidate {
            check: doc.check.as_deref().map(|id| self.check(id)).transpose()?,
            evaluate: doc.alias.as_ref().is_some_and(|alias| alias.evaluate),
            target: match &doc.alias {
                Some(alias) => self.target(alias, rtype)?,
                None => Target::Block(zone, block),
            },
        })
    }

    fn check(&self, id: &str) -> Result<u32, String> {
        self.checks.get(id).copied().ok_or_else(|| format!("HealthCheckId {id:?} names no health check"))
    }

    fn target(&self, alias: &AliasDoc, rtype: u16) -> Result<Target, String> {
        let shown = || display(&alias.target);
        let (number, zone) =
            self.zone_of(&alias.target).ok_or_else(|| format!("AliasTarget {} is in no zone served here", shown()))?;
        let node = node_or_wildcard(zone, &alias.target)
            .ok_or_else(|| format!("AliasTarget {} does not exist in its zone", shown()))?;
        match node.set(rtype) {
            Some(Set::Block(block)) => Ok(Target::Block(number, block)),
            Some(Set::Routed(index)) => Ok(Target::Group(self.first_of(number) + index)),
            None => Err(format!(
                "AliasTarget {} has no record set of type {}, and an alias answers its own type alone",
                shown(),
                rtype::to_text(rtype)
            )),
        }
    }

    fn first_of(&self, zone: u32) -> u32 {
        self.first.get(zone as usize).copied().unwrap_or(u32::MAX)
    }

    /// The zone with the longest name around `name`.
    fn zone_of(&self, name: &[u8]) -> Option<(u32, &'a Zone)> {
        let number = *suffixes(name).find_map(|suffix| self.apexes.get(suffix))?;
        Some((number, self.zones.get(number as usize)?))
    }

    fn finish(mut self) -> Result<Routing, Faults> {
        if !self.faults.0.is_empty() {
            return Err(self.faults);
        }
        match order(&self.groups, &self.candidates) {
            Ok(order) => {
                let targets = self.candidates.iter().map(|candidate| candidate.target.into()).collect();
                Ok(Routing { groups: self.groups, candidates: self.candidates, targets, first: self.first, order })
            }
            Err(chain) => {
                self.faults.push(self.chain_fault(&chain));
                Err(self.faults)
            }
        }
    }

    /// The fault of a ring or of a chain that is too long, told with the resources of its groups.
    fn chain_fault(&self, chain: &super::order::Chain) -> Fault {
        let places: Vec<String> = chain.groups.iter().map(|&group| self.place(group)).collect();
        Fault::at(places.first().cloned().unwrap_or_default(), chain.message(&places))
    }

    fn place(&self, group: u32) -> String {
        let zone = self.first.partition_point(|&first| first <= group).saturating_sub(1);
        let index = group.saturating_sub(self.first_of(zone as u32));
        let doc = self.zones.get(zone).and_then(|zone| {
            let routed = zone.routed().get(index as usize)?;
            group_doc(zone, routed).ok()
        });
        doc.and_then(|doc| Some(doc.candidates.first()?.place.clone())).unwrap_or_default()
    }
}

/// A routed set's document, with as many candidates as the set has blocks.
pub(super) fn group_doc(zone: &Zone, routed: &Routed) -> Result<GroupDoc, Fault> {
    let place = || format!("{} {}", display(&zone.node(routed.node).name()), rtype::to_text(routed.rtype));
    let doc = GroupDoc::unpack(zone.doc(routed)).map_err(|message| Fault::at(place(), message))?;
    let fits = |(candidate, &block): (&CandidateDoc, &u32)| candidate.alias.is_some() == (block == 0);
    if doc.candidates.is_empty() {
        return Err(Fault::at(place(), "the group has no candidate"));
    }
    if doc.candidates.len() != routed.blocks.len() || !doc.candidates.iter().zip(&routed.blocks).all(fits) {
        return Err(Fault::at(place(), "its routing document does not fit its records"));
    }
    Ok(doc)
}

/// The node of a name, else the wildcard that answers for it (RFC 4592 section 3.3.1).
pub(super) fn node_or_wildcard<'z>(zone: &'z Zone, name: &[u8]) -> Option<crate::zone::Node<'z>> {
    if let Some(node) = zone.find(name) {
        return Some(node);
    }
    let encloser = suffixes(name).skip(1).find(|suffix| zone.find(suffix).is_some())?;
    let wildcard = [b"\x01*", encloser].concat();
    zone.find(&wildcard)
}

/// A wire name in presentation form.
pub(super) fn display(name: &[u8]) -> String {
    crate::wire::Name::from_wire(name).map_or_else(|error| error.to_string(), |name| name.to_string())
}

//! A template zone's record sets, gathered by name and type and turned into plain records or routed sets.

use std::collections::{BTreeMap, HashSet};

use edgeplane_base::{Fault, Faults};

use super::conflicts;
use super::source::{CidrCollection, RecordSet, ZoneSource};
use super::tables::{Tables, location};
use crate::routing::doc::{AliasDoc, CandidateDoc, GroupDoc, PolicyDoc, RankedBy};
use crate::steering::Locations;
use crate::text::rdata_from_text;
use crate::wire::rdata::folded;
use crate::wire::{Name, rtype};
use crate::zone::{RoutedSet, ZoneBuilder};

/// Record sets of one name and type, of which one or more answer.
pub(super) struct Group<'a> {
    pub owner: Name,
    pub rtype: u16,
    pub sets: Vec<&'a RecordSet>,
}

/// What a record set is routed by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Simple,
    Weighted,
    Failover,
    Multivalue,
    Ranked(RankedBy),
}

impl Kind {
    /// Every policy that a record set names; an empty list is a simple one.
    pub fn of(set: &RecordSet) -> Vec<Self> {
        let named = [
            (set.weight.is_some(), Self::Weighted),
            (set.failover.is_some(), Self::Failover),
            (set.multi_value_answer == Some(true), Self::Multivalue),
            (set.region.is_some(), Self::Ranked(RankedBy::Latency)),
            (set.geo_location.is_some(), Self::Ranked(RankedBy::Geolocation)),
            (set.geo_proximity_location.is_some(), Self::Ranked(RankedBy::Geoproximity)),
            (set.cidr_routing_config.is_some(), Self::Ranked(RankedBy::IpBased)),
        ];
        named.into_iter().filter_map(|(present, kind)| present.then_some(kind)).collect()
    }

    /// The policy's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Simple => "simple",
            Self::Weighted => "weighted",
            Self::Failover => "failover",
            Self::Multivalue => "multivalue",
            Self::Ranked(RankedBy::Latency) => "latency",
            Self::Ranked(RankedBy::Geolocation) => "geolocation",
            Self::Ranked(RankedBy::Geoproximity) => "geoproximity",
            Self::Ranked(RankedBy::IpBased) => "ip-based",
        }
    }
}

/// A fault at one property of a record set.
pub(super) fn fault(set: &RecordSet, property: &str, message: impl Into<String>) -> Fault {
    Fault::at(format!("{}.{property}", set.path), message)
}

/// Gathers record sets by name and type; names and types that cannot be read are faults.
fn gather<'a>(apex: &Name, sets: &'a [RecordSet], faults: &mut Faults) -> Vec<Group<'a>> {
    let mut groups: BTreeMap<(Name, u16), Group<'a>> = BTreeMap::new();
    for set in sets {
        match owner_and_type(apex, set) {
            Ok((owner, rtype)) => groups
                .entry((owner.to_lower(), rtype))
                .or_insert_with(|| Group { owner, rtype, sets: Vec::new() })
                .sets
                .push(set),
            Err(fault) => faults.push(fault),
        }
    }
    groups.into_values().collect()
}

fn owner_and_type(apex: &Name, set: &RecordSet) -> Result<(Name, u16), Fault> {
    let owner = Name::from_text(&set.name).map_err(|error| fault(set, "Name", error.to_string()))?;
    if !owner.is_within(apex) {
        return Err(fault(set, "Name", format!("RRSet with DNS name {owner} is not permitted in zone {apex}")));
    }
    let unknown = || fault(set, "Type", format!("{:?} is no record type", set.rtype));
    let rtype = rtype::from_text(&set.rtype).filter(|&rtype| !rtype::is_meta(rtype)).ok_or_else(unknown)?;
    if rtype == rtype::CNAME && owner.to_lower() == *apex {
        let message = format!("RRSet of type CNAME with DNS name {owner} is not permitted at apex in zone {apex}");
        return Err(fault(set, "Type", message));
    }
    Ok((owner, rtype))
}

/// A group whose policy is known and whose record sets do not contradict one another.
pub(super) struct Planned<'a> {
    group: Group<'a>,
    kind: Kind,
    policy: PolicyDoc,
}

/// Checks all groups of a zone. Ranked ones ask `tables` for the steering table that they share.
pub(super) fn plan<'a>(apex: &Name, zone: &'a ZoneSource, plan: &mut Planning<'_>) -> Vec<Planned<'a>> {
    let groups = gather(apex, &zone.record_sets, plan.faults);
    groups.into_iter().filter_map(|group| plan_group(group, plan)).collect()
}

/// What the zones of a plan share while it is made.
pub(super) struct Planning<'p> {
    pub collections: &'p [CidrCollection],
    pub tables: &'p mut Tables,
    pub faults: &'p mut Faults,
}

fn plan_group<'a>(mut group: Group<'a>, plan: &mut Planning<'_>) -> Option<Planned<'a>> {
    let kind = conflicts::check(&group, plan.collections, plan.faults)?;
    if let Kind::Ranked(_) = kind {
        group.sets.sort_by_cached_key(|set| location(set).ok());
    }
    let policy = policy(&group, kind, plan)?;
    Some(Planned { group, kind, policy })
}

/// Puts a group into the zone: as plain records where nothing is to be chosen, else as a routed set.
pub(super) fn add(builder: &mut ZoneBuilder, planned: Planned<'_>, faults: &mut Faults) {
    let Planned { group, kind, policy } = planned;
    let values: Vec<_> = group.sets.iter().map(|set| values(set, group.rtype, faults)).collect();
    match (&group.sets[..], kind) {
        ([set], Kind::Simple) if is_plain(set) => add_plain(builder, &group, set, values),
        _ => builder.add_routed(routed(&group, kind, policy, values)),
    }
}

/// Whether a zone's record sets give a type at its apex themselves.
pub(super) fn gives(planned: &[Planned<'_>], apex: &Name, rtype: u16) -> bool {
    planned.iter().any(|planned| planned.group.rtype == rtype && planned.group.owner.to_lower() == *apex)
}

/// One record set that every client gets and whose health nobody asks for.
fn is_plain(set: &RecordSet) -> bool {
    set.alias_target.is_none() && set.health_check_id.is_none()
}

fn add_plain(builder: &mut ZoneBuilder, group: &Group<'_>, set: &RecordSet, values: Vec<Values>) {
    let place = crate::zone::Place { file: builder.file(&set.path), line: 0 };
    for (ttl, rdata) in values.iter().flatten() {
        let record = crate::zone::Record { owner: group.owner.as_wire(), rtype: group.rtype, ttl: *ttl, rdata };
        builder.add(record, place);
    }
}

/// (TTL, rdata) of each value.
type Values = Vec<(u32, Vec<u8>)>;

fn values(set: &RecordSet, rtype: u16, faults: &mut Faults) -> Values {
    if set.alias_target.is_some() {
        return Vec::new();
    }
    let texts = set.resource_records.as_deref().unwrap_or(&[]);
    if texts.is_empty() {
        faults.push(fault(set, "ResourceRecords", "a record set needs at least one value, or an AliasTarget"));
    }
    let Some(ttl) = set.ttl else {
        faults.push(fault(set, "TTL", "a record set with values needs a TTL"));
        return Vec::new();
    };
    let (mut values, mut seen) = (Values::new(), HashSet::new());
    for (index, text) in texts.iter().enumerate() {
        match rdata_from_text(rtype, text, Some(&Name::root())) {
            Ok(rdata) if seen.insert(folded(rtype, &rdata).into_owned()) => values.push((ttl, rdata)),
            Ok(_) => faults.push(fault(set, &format!("ResourceRecords[{index}]"), "the value is there twice")),
            Err(message) => faults.push(fault(set, &format!("ResourceRecords[{index}]"), message)),
        }
    }
    values
}

fn routed(group: &Group<'_>, kind: Kind, policy: PolicyDoc, candidates: Vec<Values>) -> RoutedSet {
    let doc = GroupDoc { policy, candidates: group.sets.iter().map(|set| candidate(set, kind)).collect() };
    RoutedSet {
        owner: group.owner.clone(),
        rtype: group.rtype,
        place: group.sets.first().map_or_else(String::new, |set| set.path.clone()),
        doc: doc.pack(),
        candidates,
    }
}

fn policy(group: &Group<'_>, kind: Kind, plan: &mut Planning<'_>) -> Option<PolicyDoc> {
    let sets = group.sets.iter();
    Some(match kind {
        Kind::Simple => PolicyDoc::Simple,
        Kind::Weighted => PolicyDoc::Weighted(sets.map(|set| set.weight.unwrap_or(0)).collect()),
        Kind::Failover => PolicyDoc::Failover(sets.map(|set| set.failover.as_deref() == Some("PRIMARY")).collect()),
        Kind::Multivalue => PolicyDoc::Multivalue,
        Kind::Ranked(by) => PolicyDoc::Ranked { by, table: table(group, plan)? },
    })
}

fn table(group: &Group<'_>, plan: &mut Planning<'_>) -> Option<String> {
    let place = group.sets.first()?.path.as_str();
    let locations = group.sets.iter().filter_map(|set| location(set).ok().flatten()).collect();
    match Locations::new(locations) {
        Ok(locations) => Some(plan.tables.want(locations, place)),
        Err(message) => {
            plan.faults.push(Fault::at(place, message));
            None
        }
    }
}

fn candidate(set: &RecordSet, kind: Kind) -> CandidateDoc {
    CandidateDoc {
        place: set.path.clone(),
        set_identifier: set.set_identifier.clone().unwrap_or_default(),
        rule: rule(set, kind),
        check: set.health_check_id.clone(),
        alias: set.alias_target.as_ref().map(|alias| AliasDoc {
            target: Name::from_text(&alias.dns_name)
                .map_or_else(|_| Vec::new(), |name| name.to_lower().as_wire().to_vec()),
            evaluate: alias.evaluate_target_health,
        }),
    }
}

/// What the policy looks at, in the API's words.
fn rule(set: &RecordSet, kind: Kind) -> String {
    match kind {
        Kind::Simple => String::new(),
        Kind::Weighted => format!("Weight {}", set.weight.unwrap_or(0)),
        Kind::Failover => format!("Failover {}", set.failover.as_deref().unwrap_or_default()),
        Kind::Multivalue => "MultiValueAnswer".into(),
        Kind::Ranked(_) => location(set).ok().flatten().map_or_else(String::new, |location| location.to_string()),
    }
}

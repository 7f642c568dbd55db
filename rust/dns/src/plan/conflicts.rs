//! What record sets of one name and type may not say together.

use std::collections::{HashMap, HashSet};

use edgeplane_base::{Fault, Faults};

use super::sets::{Group, Kind, fault};
use super::source::{CidrCollection, RecordSet};
use super::tables::location;
use crate::routing::doc::RankedBy;
use crate::text::rdata_from_text;
use crate::wire::rdata::folded;
use crate::wire::{Name, rtype};

/// The policy of a group, or `None` after at least one fault.
pub(super) fn check(group: &Group<'_>, collections: &[CidrCollection], faults: &mut Faults) -> Option<Kind> {
    let before = faults.0.len();
    let kind = one_policy(group, faults)?;
    check_identifiers(group, kind, faults);
    check_types(group, kind, faults);
    check_aliases(group, faults);
    match kind {
        Kind::Simple => {}
        Kind::Weighted => check_ttls(group, kind, faults),
        Kind::Failover => check_failover(group, faults),
        Kind::Multivalue => {
            check_ttls(group, kind, faults);
            check_multivalue(group, faults);
        }
        Kind::Ranked(RankedBy::IpBased) => check_collection(group, collections, faults),
        Kind::Ranked(_) => {}
    }
    if let Kind::Ranked(by) = kind {
        check_locations(group, by, faults);
    }
    (faults.0.len() == before).then_some(kind)
}

fn one_policy(group: &Group<'_>, faults: &mut Faults) -> Option<Kind> {
    let kinds: Vec<(&RecordSet, Kind)> = group
        .sets
        .iter()
        .filter_map(|set| match Kind::of(set)[..] {
            [] => Some((*set, Kind::Simple)),
            [kind] => Some((*set, kind)),
            [first, second, ..] => {
                let message =
                    format!("a record set has one routing policy, not {} and {}", first.name(), second.name());
                faults.push(Fault::at(set.path.clone(), message));
                None
            }
        })
        .collect();
    let (_, first) = *kinds.first()?;
    let mut fine = kinds.len() == group.sets.len();
    for (set, kind) in kinds.iter().skip(1) {
        if let Some(message) = clash(group, first, *kind) {
            faults.push(Fault::at(set.path.clone(), message));
            fine = false;
        }
    }
    fine.then_some(first)
}

fn clash(group: &Group<'_>, first: Kind, kind: Kind) -> Option<String> {
    let (name, rtype) = (&group.owner, rtype::to_text(group.rtype));
    match (first, kind) {
        (Kind::Simple, Kind::Simple) => {
            Some(format!("Tried to create resource record set [name='{name}', type='{rtype}'] but it already exists"))
        }
        (one, other) if one == other => None,
        (one, other) => Some(format!(
            "RRSet with DNS name {name}, type {rtype} cannot be created as other RRSets exist with the same name and \
             type ({} beside {})",
            other.name(),
            one.name()
        )),
    }
}

fn check_identifiers(group: &Group<'_>, kind: Kind, faults: &mut Faults) {
    let simple = kind == Kind::Simple;
    let mut seen = HashMap::new();
    for set in &group.sets {
        let message = match set.set_identifier.as_deref() {
            None | Some("") if simple => continue,
            None | Some("") => format!("a {} record set needs a SetIdentifier", kind.name()),
            Some(_) if simple => "a record set with a SetIdentifier needs a routing policy, such as Weight".into(),
            Some(id) => match seen.insert(id, &set.path) {
                Some(other) => format!("SetIdentifier {id:?} is that of {other}, too"),
                None => continue,
            },
        };
        faults.push(fault(set, "SetIdentifier", message));
    }
}

/// Types that every client gets, whatever its place and their health: they answer for other names than their own, or
/// for the zone itself.
const UNROUTED: [u16; 4] = [rtype::NS, rtype::SOA, rtype::DS, rtype::DNAME];

fn check_types(group: &Group<'_>, kind: Kind, faults: &mut Faults) {
    let text = rtype::to_text(group.rtype);
    let unrouted = UNROUTED.contains(&group.rtype);
    let refused = unrouted && kind != Kind::Simple || kind == Kind::Multivalue && group.rtype == rtype::CNAME;
    for set in &group.sets {
        if refused {
            faults.push(fault(set, "Type", format!("{text} records cannot have {} routing", kind.name())));
        }
        if unrouted && set.health_check_id.is_some() {
            faults.push(fault(set, "HealthCheckId", format!("{text} records cannot have a health check")));
        }
        if unrouted && set.alias_target.is_some() {
            faults.push(fault(set, "AliasTarget", format!("{text} records cannot be alias records")));
        }
    }
}

fn check_aliases(group: &Group<'_>, faults: &mut Faults) {
    for set in &group.sets {
        let Some(alias) = &set.alias_target else { continue };
        if set.resource_records.is_some() || set.ttl.is_some() {
            faults.push(fault(set, "AliasTarget", "an alias record set has neither TTL nor ResourceRecords"));
        }
        if let Err(error) = Name::from_text(&alias.dns_name) {
            faults.push(fault(set, "AliasTarget.DNSName", error.to_string()));
        }
    }
}

fn check_ttls(group: &Group<'_>, kind: Kind, faults: &mut Faults) {
    let mut with_ttl = group.sets.iter().filter_map(|set| Some((set, set.ttl?)));
    let Some((first, ttl)) = with_ttl.next() else { return };
    for (set, other) in with_ttl.filter(|(_, other)| *other != ttl) {
        let message = format!(
            "{} record sets of one name and type need one TTL: {other} here, {ttl} in {}",
            kind.name(),
            first.path
        );
        faults.push(fault(set, "TTL", message));
    }
}

fn check_failover(group: &Group<'_>, faults: &mut Faults) {
    let mut seen = HashMap::new();
    for set in &group.sets {
        let role = set.failover.as_deref().unwrap_or_default();
        if !["PRIMARY", "SECONDARY"].contains(&role) {
            faults.push(fault(set, "Failover", format!("{role:?} is neither PRIMARY nor SECONDARY")));
        } else if let Some(other) = seen.insert(role, &set.path) {
            faults.push(fault(set, "Failover", format!("{other} is {role}, too; there can be one")));
        }
    }
}

/// Several of these sets make one answer, in which a record stands once (RFC 2181 section 5).
fn check_multivalue(group: &Group<'_>, faults: &mut Faults) {
    let mut seen = HashMap::new();
    for set in &group.sets {
        if set.alias_target.is_some() {
            faults.push(fault(set, "AliasTarget", "a multivalue answer record set cannot be an alias"));
        }
        if set.resource_records.as_ref().is_some_and(|values| values.len() > 1) {
            faults.push(fault(set, "ResourceRecords", "a multivalue answer record set has one value"));
        }
        let value = set.resource_records.iter().flatten().next().and_then(|text| data(group.rtype, text));
        if let Some(other) = value.and_then(|value| seen.insert(value, &set.path)) {
            faults.push(fault(set, "ResourceRecords[0]", format!("the value is that of {other}, too")));
        }
    }
}

/// The data that a value means, in whichever way it is written.
fn data(rtype: u16, text: &str) -> Option<Vec<u8>> {
    let rdata = rdata_from_text(rtype, text, Some(&Name::root())).ok()?;
    Some(folded(rtype, &rdata).into_owned())
}

fn check_locations(group: &Group<'_>, by: RankedBy, faults: &mut Faults) {
    let mut seen = HashMap::new();
    for set in &group.sets {
        match location(set) {
            Ok(Some(location)) => {
                if let Some(other) = seen.insert(location.clone(), &set.path) {
                    faults.push(fault(set, property(by), format!("{location} is that of {other}, too")));
                }
            }
            Ok(None) => {}
            Err(fault) => faults.push(fault),
        }
    }
}

fn property(by: RankedBy) -> &'static str {
    match by {
        RankedBy::Latency => "Region",
        RankedBy::Geolocation => "GeoLocation",
        RankedBy::Geoproximity => "GeoProximityLocation",
        RankedBy::IpBased => "CidrRoutingConfig.LocationName",
    }
}

fn check_collection(group: &Group<'_>, collections: &[CidrCollection], faults: &mut Faults) {
    let mut used = HashSet::new();
    for set in &group.sets {
        let Some(config) = &set.cidr_routing_config else { continue };
        used.insert(&config.collection_id);
        if used.len() > 1 {
            let message = "IP-based record sets of one name and type must use one collection";
            faults.push(fault(set, "CidrRoutingConfig.CollectionId", message));
        }
        let Some(collection) = collections.iter().find(|collection| collection.id == config.collection_id) else {
            let message = format!("there is no CIDR collection {:?}", config.collection_id);
            faults.push(fault(set, "CidrRoutingConfig.CollectionId", message));
            continue;
        };
        let known = config.location_name == "*"
            || collection.locations.iter().any(|location| location.location_name == config.location_name);
        if !known {
            let message = format!("collection {:?} has no location {:?}", collection.name, config.location_name);
            faults.push(fault(set, "CidrRoutingConfig.LocationName", message));
        }
    }
}

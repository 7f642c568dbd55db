//! What only the whole zone shows to be wrong.

use super::build::{Place, Records, RoutedSet, Stored, ZoneBuilder};
use super::layout::PlainSet;
use crate::wire::{Name, rtype};

/// Most sets that a node's eight-bit count holds.
const MAX_SETS: usize = 255;

/// A name and all that stands at it.
pub(super) struct At<'a> {
    pub owner: &'a [u8],
    pub sets: &'a [PlainSet<'a>],
    pub routed: &'a [RoutedSet],
    pub own: Records<'a>,
    /// What stands above it, where that hides it.
    pub hidden: Option<Hides>,
}

/// Why names below a name are not this zone's to answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hides {
    /// It is delegated away.
    Cut,
    /// They are aliases (RFC 6672).
    Dname,
}

impl Hides {
    /// What a name hides that has these; a delegation goes first.
    pub fn of(cut: bool, dname: bool) -> Option<Self> {
        if cut { Some(Self::Cut) } else { dname.then_some(Self::Dname) }
    }
}

/// Reports the faults and oddities of one name.
pub(super) fn check_name(builder: &mut ZoneBuilder, at: &At<'_>) {
    routed_alone(builder, at);
    cname_alone(builder, at);
    single(builder, at, rtype::CNAME, "CNAME record at most is legal (RFC 2181 section 10.1)");
    single(builder, at, rtype::DNAME, "DNAME record at most is legal (RFC 6672 section 2.4)");
    hidden(builder, at);
    let total = at.sets.len() + at.routed.len();
    if total > MAX_SETS
        && let Some(record) = at.own.stored.first()
    {
        builder.fault(record.place, format!("a name can have {MAX_SETS} types at most, this one has {total}"));
    }
    if let Some(set) = at.sets.iter().find(|set| set.rtype == rtype::SOA && !at.owner.is_empty()) {
        builder.fault(set.place, "an SOA record stands at the zone's apex only".into());
    }
}

/// Reports what the apex lacks or has too much of.
pub(super) fn check_apex(builder: &mut ZoneBuilder, at: &At<'_>) {
    let place = at.own.stored.first().map_or(Place { file: 0, line: 0 }, |record| record.place);
    let apex = builder.apex().to_string();
    match at.sets.iter().find(|set| set.rtype == rtype::SOA) {
        Some(soa) if soa.records.len() > 1 => builder.fault(soa.place, format!("{apex} has more than one SOA record")),
        Some(_) => {}
        None => builder.fault(place, format!("the zone {apex} has no SOA record at its apex")),
    }
    if !at.sets.iter().any(|set| set.rtype == rtype::NS) {
        builder.fault(place, format!("the zone {apex} has no NS record at its apex"));
    }
}

fn routed_alone(builder: &mut ZoneBuilder, at: &At<'_>) {
    for set in at.routed.iter().filter(|set| at.sets.iter().any(|plain| plain.rtype == set.rtype)) {
        let message = format!(
            "RRSet with DNS name {}, type {} cannot be created as other RRSets exist with the same name and type.",
            set.owner,
            rtype::to_text(set.rtype)
        );
        builder.fault_at(&set.place, message);
    }
}

fn cname_alone(builder: &mut ZoneBuilder, at: &At<'_>) {
    if at.sets.len() + at.routed.len() < 2 {
        return;
    }
    if let Some(set) = at.sets.iter().find(|set| set.rtype == rtype::CNAME) {
        let name = name(builder, at.owner);
        let message = format!("a CNAME must stand alone, but {name} has other records too (RFC 1034 section 3.6.2)");
        builder.fault(set.place, message);
    }
    if let Some(set) = at.routed.iter().find(|set| set.rtype == rtype::CNAME) {
        let message = format!(
            "RRSet of type CNAME with DNS name {} is not permitted as other records stand at the same name in zone {}",
            set.owner,
            builder.apex()
        );
        builder.fault_at(&set.place, message);
    }
}

fn single(builder: &mut ZoneBuilder, at: &At<'_>, rtype: u16, rule: &str) {
    if let Some(set) = at.sets.iter().find(|set| set.rtype == rtype && set.records.len() > 1) {
        let name = name(builder, at.owner);
        builder.fault(set.place, format!("{name} has {}: one {rule}", set.records.len()));
    }
}

/// Below a delegation addresses may stand, as glue; below a DNAME nothing may (RFC 6672 section 2.4).
fn hidden(builder: &mut ZoneBuilder, at: &At<'_>) {
    let Some(hides) = at.hidden else { return };
    let glue = |record: &&Stored| hides == Hides::Cut && matches!(record.rtype, rtype::A | rtype::AAAA);
    if let Some(record) = at.own.stored.iter().find(|record| !glue(record)) {
        let (name, kind) = (name(builder, at.owner), rtype::to_text(record.rtype));
        let message = format!("{name} lies below a delegation or a DNAME: its {kind} record is never answered");
        builder.warn(record.place, message);
    }
    if let Some(set) = at.routed.first() {
        let message = format!("{} lies below a delegation or a DNAME: it is never answered", set.owner);
        builder.fault_at(&set.place, message);
    }
}

fn name(builder: &ZoneBuilder, owner: &[u8]) -> String {
    Name::from_wire(&[owner, builder.apex().as_wire()].concat()).map_or_else(|e| e.to_string(), |name| name.to_string())
}

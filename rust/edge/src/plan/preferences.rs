//! Which origins are asked first: what a distribution says of its origins' health checks and weights, beside its
//! properties (`Metadata: {edgeplane: {OriginHealthChecks, OriginWeights}}`).

use edgeplane_base::{Fault, Faults};

use super::document::distribution::{DistributionConfig, OriginGroup};
use super::source::DistributionSource;
use crate::origin::{Check, Choice, Settings};

/// One distribution's.
pub(super) struct Preferences<'s> {
    source: &'s DistributionSource,
    /// Ids of the plan's health checks; the index is the slot.
    checks: &'s [String],
}

impl<'s> Preferences<'s> {
    /// Faults: what is said of origins that are not there, and checks that are not.
    pub fn new(
        source: &'s DistributionSource,
        checks: &'s [String],
        config: &DistributionConfig,
        faults: &mut Faults,
    ) -> Self {
        let preferences = Self { source, checks };
        let checked = source.origin_health_checks.keys().map(|origin| (HEALTH_CHECKS, origin));
        let weighed = source.origin_weights.keys().map(|origin| (WEIGHTS, origin));
        for (property, id) in checked.chain(weighed) {
            if !config.origins.iter().any(|origin| origin.id == *id) {
                let place = preferences.place(property, id);
                faults.push(Fault::at(place, format!("no origin here has the Id {id:?}")));
            }
        }
        for (origin, check) in &source.origin_health_checks {
            if preferences.slot(check).is_none() {
                let place = preferences.place(HEALTH_CHECKS, origin);
                faults.push(Fault::at(place, format!("no health check here has the id {check:?}")));
            }
        }
        preferences
    }

    /// Adds to an origin what is said of it.
    pub fn add_to(&self, origin: &mut Settings) {
        let check = self.source.origin_health_checks.get(&origin.id);
        origin.check = check.and_then(|id| Some(Check { id: id.clone(), slot: self.slot(id)? }));
        origin.weight = self.weight(&origin.id);
    }

    /// How a group chooses whom it asks first: by weight where its members have weights; a fault where one alone has.
    pub fn choice(&self, group: &OriginGroup, faults: &mut Faults) -> Choice {
        let weights = group.members.items.iter().map(|member| self.weight(&member.origin_id));
        match weights.collect::<Vec<_>>().as_slice() {
            [Some(primary), Some(second)] => Choice::weighted([*primary, *second]),
            [Some(_), None] | [None, Some(_)] => {
                let place = format!("{}.{METADATA}.{WEIGHTS}", self.source.path);
                faults.push(Fault::at(place, format!("has a weight for one member of {} alone", group.id)));
                Choice::failover()
            }
            _ => Choice::failover(),
        }
    }

    fn weight(&self, origin: &str) -> Option<u8> {
        self.source.origin_weights.get(origin).copied()
    }

    /// An empty id is a slot that no check has.
    fn slot(&self, check: &str) -> Option<u32> {
        let at = self.checks.iter().position(|known| known == check && !check.is_empty());
        at.and_then(|slot| u32::try_from(slot).ok())
    }

    fn place(&self, property: &str, origin: &str) -> String {
        format!("{}.{METADATA}.{property}.{origin}", self.source.path)
    }
}

const METADATA: &str = "Metadata.edgeplane";
const HEALTH_CHECKS: &str = "OriginHealthChecks";
const WEIGHTS: &str = "OriginWeights";

//! Work on plan files without a node.

use std::path::Path;
use std::sync::Arc;

use edgeplane_base::random::Random;
use edgeplane_base::{Fault, Faults};
use edgeplane_dns::plan::diff::{Change, diff};
use edgeplane_dns::plan::{Held, PlanFile, PlanSource, Serving, compile, export};
use edgeplane_dns::zone::Zone;

use crate::explain::{ExplainReport, ExplainRequest, Scene};
use crate::report::{BuildReport, ZoneReport};

/// Compiles a plan source (MessagePack, docs/ARCHITECTURE.md) and writes the plan to `path`. What did not change since
/// the plan in `previous` is copied from it. With any fault nothing is written.
pub fn build_plan(source: &[u8], path: &Path, previous: Option<&Path>) -> Result<BuildReport, Faults> {
    let source = PlanSource::read(source)?;
    let (previous, mut warnings) = open_previous(previous);
    let mut compiled = compile(&source, previous.as_ref())?;
    if !source.edge.is_empty() {
        let edge = edgeplane_edge::plan::Plan::load(&source.edge, &source.dns.checks)?;
        warnings.append(&mut edgeplane_edge::Edge::read_certificates(&edge)?.0);
    }
    let changes = match &previous {
        Some(previous) => changed_zones(previous, &compiled.zones, &compiled.reused),
        None => Vec::new(),
    };
    compiled.write(path)?;
    warnings.append(&mut compiled.warnings);
    Ok(BuildReport {
        generation: source.generation,
        faults: Vec::new(),
        warnings,
        zones: ZoneReport::all(&compiled.envelope, |zone| compiled.reused.get(zone) == Some(&true)),
        changes,
    })
}

/// A plan before that cannot be read costs time, not the build.
fn open_previous(previous: Option<&Path>) -> (Option<PlanFile>, Vec<Fault>) {
    match previous.map(PlanFile::open) {
        Some(Ok(plan)) => (Some(plan), Vec::new()),
        Some(Err(faults)) => (None, faults.0),
        None => (None, Vec::new()),
    }
}

/// Zones that were copied are the same and need not be compared.
fn changed_zones(previous: &PlanFile, zones: &[Arc<Zone>], reused: &[bool]) -> Vec<Change> {
    let copied = |apex: &[u8]| zones.iter().zip(reused).any(|(zone, &reused)| reused && zone.apex() == apex);
    let old: Vec<Arc<Zone>> = zones_of(previous).unwrap_or_default();
    let old: Vec<Arc<Zone>> = old.into_iter().filter(|zone| !copied(zone.apex())).collect();
    let new: Vec<Arc<Zone>> =
        zones.iter().zip(reused).filter(|&(_, &reused)| !reused).map(|(zone, _)| zone.clone()).collect();
    diff(&old, &new)
}

fn zones_of(plan: &PlanFile) -> Result<Vec<Arc<Zone>>, Faults> {
    let zones = plan.envelope.dns.zones.iter();
    zones.map(|entry| Ok(Arc::new(Zone::open(plan.section(entry.section)?)?))).collect()
}

/// What a node that serves the plan in `old` would change for the one in `new`, which is checked whole, as a node would.
pub fn diff_plans(old: &Path, new: &Path) -> Result<Vec<Change>, Faults> {
    let new = PlanFile::open(new)?;
    new.load(&Held::default())?;
    Ok(diff(&zones_of(&PlanFile::open(old)?)?, &zones_of(&new)?))
}

/// A zone of a plan file as zone file text.
pub fn export_zone(path: &Path, name: &str) -> Result<String, Faults> {
    export::export_zone(&PlanFile::open(path)?, name)
}

/// Why a plan file would answer as it does, without a node: nothing is known of health.
pub fn explain_plan(path: &Path, request: &ExplainRequest) -> Result<ExplainReport, Faults> {
    let (snapshot, _) = PlanFile::open(path)?.load(&Held::default())?;
    let serving = Serving::derive(Arc::new(snapshot), &|_| None);
    Scene { serving: &serving, health: &|_| None }.explain(request, &mut Random::from_process())
}

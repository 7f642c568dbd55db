//! A node: one plan at a time, served from sockets that somebody else bound.

use std::os::fd::OwnedFd;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use edgeplane_base::random::Random;
use edgeplane_base::{Faults, SnapshotCell};
use edgeplane_dns::error::Error;
use edgeplane_dns::metrics::Totals;
use edgeplane_dns::plan::{Envelope, Held, PlanFile, Serving, Settings};
use edgeplane_dns::service::{Answering, Answers, Service, Sockets};
use edgeplane_edge::Edge;
use edgeplane_edge::plan::Plan;
use edgeplane_policy::HealthTable;

use crate::explain::{ExplainReport, ExplainRequest, Scene};
use crate::follow::{Stage, lock};
use crate::report::{Applied, Counted, Status, ZoneReport};

/// Runs plans. All methods may be called from any thread.
pub struct Node {
    stage: Arc<Stage>,
    follower: Mutex<Option<JoinHandle<()>>>,
    applied: Mutex<Running>,
    service: Mutex<Option<Service>>,
    edge: Arc<Edge>,
}

/// The plan that is served; its lock also keeps two plans from being applied at once.
#[derive(Default)]
struct Running {
    envelope: Option<Envelope>,
    held: Held,
}

impl Node {
    /// A node that serves nothing yet; starts the thread that follows health. Faults: the thread cannot be started.
    pub fn new() -> Result<Self, Faults> {
        let (stage, edge) = (Arc::new(Stage::new()), Arc::<Edge>::default());
        let followed = (stage.clone(), edge.clone());
        let follower = std::thread::Builder::new()
            .name("edgeplane-health".into())
            .spawn(move || follow_on(&followed.0, &followed.1))
            .map_err(|error| Faults::one("node", format!("cannot start a thread: {error}")))?;
        Ok(Self {
            stage,
            follower: Mutex::new(Some(follower)),
            applied: Mutex::default(),
            service: Mutex::default(),
            edge,
        })
    }

    /// Takes over a plan file: checks all of it, then publishes it with one pointer swap. Sections that the running
    /// snapshot holds are not read again. With a fault nothing changes; an older generation is one unless `force`.
    pub fn apply(&self, path: &Path, force: bool) -> Result<Applied, Faults> {
        self.take(path, force, |envelope| {
            let edge = edge_plan(envelope)?;
            self.edge.take_certificates(&edge)?;
            Ok((edge, Faults::default()))
        })
    }

    /// Takes over a plan that was kept, before anything is served: as `apply`, but a file that the plan names and that
    /// cannot be read (a secret, credentials, place data, a certificate) costs what needs it alone, and is told in
    /// `Applied::unread`.
    pub fn restore(&self, path: &Path) -> Result<Applied, Faults> {
        self.take(path, false, |envelope| {
            let (edge, mut unread) = kept_edge_plan(envelope)?;
            unread.0.append(&mut Edge::unusable_certificates(&edge).0);
            Ok((edge, unread))
        })
    }

    fn take(
        &self,
        path: &Path,
        force: bool,
        edge_part: impl FnOnce(&Envelope) -> Result<(Arc<Plan>, Faults), Faults>,
    ) -> Result<Applied, Faults> {
        let mut running = lock(&self.applied);
        let plan = PlanFile::open(path)?;
        check_generation(path, running.generation(), plan.envelope.generation, force)?;
        let (snapshot, held) = plan.load(&running.held)?;
        let (edge, unread) = edge_part(&plan.envelope)?;
        if let Some(service) = &*lock(&self.service) {
            service.configure(&snapshot.settings).map_err(faults)?;
        }
        let reused = |index: u32| plan.entry(index).is_ok_and(|entry| running.held.has(&entry.hash));
        let sections = plan.envelope.sections.len() as u32;
        let zone_sections: Vec<u32> = plan.envelope.dns.zones.iter().map(|zone| zone.section).collect();
        let applied = Applied {
            generation: snapshot.generation,
            zones: ZoneReport::all(&plan.envelope, |zone| zone_sections.get(zone).is_some_and(|&index| reused(index))),
            reused: (0..sections).filter(|&index| reused(index)).count() as u64,
            unread: unread.0,
        };
        self.stage.publish(Arc::new(snapshot));
        self.edge.publish(edge);
        *running = Running { envelope: Some(plan.envelope), held };
        Ok(applied)
    }

    /// Reads every section of a plan file, those that `apply` would not read as well: for a file from elsewhere, which is
    /// to be kept for the next start.
    pub fn check(path: &Path) -> Result<(), Faults> {
        let plan = PlanFile::open(path)?;
        edge_plan(&plan.envelope)?;
        plan.load(&Held::default()).map(drop)
    }

    /// Follows the health table behind a descriptor from now on.
    pub fn attach_health(&self, fd: OwnedFd) -> Result<(), Faults> {
        let table = HealthTable::open(fd).map_err(|error| Faults::one("health table", error.to_string()))?;
        let table = Arc::new(table);
        self.edge.attach_health(table.clone());
        self.stage.attach(table);
        Ok(())
    }

    /// Starts to answer from what is applied: a thread for each UDP socket, one for all listening TCP sockets.
    pub fn serve(&self, sockets: Sockets) -> Result<(), Faults> {
        self.serve_with(Arc::new(Answers::new(self.cell())), sockets)
    }

    /// Starts to answer HTTP from what is applied, on as many threads as the first address has sockets.
    pub fn serve_http(&self, sockets: edgeplane_edge::service::Sockets) -> Result<(), Faults> {
        self.edge.serve(sockets)
    }

    /// The edge, for questions about what runs.
    pub fn edge(&self) -> &Edge {
        &self.edge
    }

    /// Like `serve`, with answers from elsewhere.
    pub fn serve_with(&self, answering: Arc<impl Answering>, sockets: Sockets) -> Result<(), Faults> {
        let settings: Arc<Settings> = self.cell().load().snapshot.settings.clone();
        let service = Service::start(answering, sockets, &settings).map_err(faults)?;
        *lock(&self.service) = Some(service);
        Ok(())
    }

    /// What answers are made from.
    pub fn cell(&self) -> Arc<SnapshotCell<Serving>> {
        self.stage.cell.clone()
    }

    /// Why the running snapshot answers as it does, told by its own selector.
    pub fn explain(&self, request: &ExplainRequest) -> Result<ExplainReport, Faults> {
        let serving = self.cell().load();
        let health = |slot| self.stage.state(slot);
        Scene { serving: &serving, health: &health }.explain(request, &mut Random::from_process())
    }

    /// Counters of DNS since the start.
    pub fn stats(&self) -> Totals {
        lock(&self.service).as_ref().map(Service::totals).unwrap_or_default()
    }

    /// Counters since the start, the edge's included where it runs.
    pub fn counted(&self) -> Counted {
        Counted {
            dns: self.stats(),
            edge: self.edge.counters(),
            edge_distributions: self.edge.accounts(),
            edge_workers: self.edge.workers(),
        }
    }

    /// What is served.
    pub fn status(&self) -> Status {
        let running = lock(&self.applied);
        let shown = running.envelope.as_ref().map(|envelope| Status {
            generation: envelope.generation,
            source: envelope.source.clone(),
            created: envelope.created,
            zones: ZoneReport::all(envelope, |_| false),
            checks: envelope.dns.checks.iter().filter(|id| !id.is_empty()).count() as u64,
            ..Status::default()
        });
        Status {
            health_epoch: self.stage.epoch(),
            serving: lock(&self.service).is_some(),
            retired: self.stage.retired(),
            ..shown.unwrap_or_default()
        }
    }

    /// Opens log files anew, after somebody moved the old ones away.
    pub fn reopen_logs(&self) {
        if let Some(service) = &*lock(&self.service) {
            service.reopen_logs();
        }
        self.edge.reopen_logs();
    }

    /// Takes nothing new and answers what has come; whether all was done within `patience`.
    pub fn drain(&self, patience: Duration) -> bool {
        let end = Instant::now() + patience;
        self.edge.begin_drain();
        let dns = lock(&self.service).as_mut().is_none_or(|service| service.drain(patience));
        self.edge.drain(end.saturating_duration_since(Instant::now())) && dns
    }

    /// Ends all threads.
    pub fn stop(&self) {
        if let Some(service) = lock(&self.service).take() {
            service.stop();
        }
        self.edge.stop();
        self.stage.stop();
        if let Some(follower) = lock(&self.follower).take() {
            follower.thread().unpark();
            let _ = follower.join();
        }
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Running {
    fn generation(&self) -> u64 {
        self.envelope.as_ref().map_or(0, |envelope| envelope.generation)
    }
}

/// What the edge is to serve; an empty plan where the file says nothing of it.
fn edge_plan(envelope: &Envelope) -> Result<Arc<Plan>, Faults> {
    if envelope.edge.is_empty() {
        Ok(Arc::default())
    } else {
        Plan::load(&envelope.edge, &envelope.dns.checks).map(Arc::new)
    }
}

/// The same without files that cannot be read: what is wrong with those.
fn kept_edge_plan(envelope: &Envelope) -> Result<(Arc<Plan>, Faults), Faults> {
    if envelope.edge.is_empty() {
        return Ok(Default::default());
    }
    let (plan, unread) = Plan::load_readable(&envelope.edge, &envelope.dns.checks)?;
    Ok((Arc::new(plan), unread))
}

fn check_generation(path: &Path, running: u64, offered: u64, force: bool) -> Result<(), Faults> {
    if offered >= running || force {
        return Ok(());
    }
    let message = format!("is generation {offered}, older than {running}, which is served");
    Err(Faults::one(path.display().to_string(), message))
}

fn faults(error: Error) -> Faults {
    match error {
        Error::Settings(faults) => faults,
        system => Faults::one("dns", system.to_string()),
    }
}

/// Follows health until told to stop; a fault in one derivation must not end it.
fn follow_on(stage: &Stage, edge: &Edge) {
    while catch_unwind(AssertUnwindSafe(|| stage.follow(edge))).is_err() {
        tracing::error!("following health failed; trying again");
        std::thread::sleep(Duration::from_secs(1));
    }
}

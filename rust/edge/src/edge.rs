//! The edge of a node: the plan of now, what the workers share, the workers.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use edgeplane_base::clock::Clock;
use edgeplane_base::{Faults, SnapshotCell};
use edgeplane_net::clock::CoarseClock;
use edgeplane_net::descriptor;
use edgeplane_net::tcp::{Caps, Connections};
use edgeplane_net::tls::{self, Acceptor, Certificates, Pair};
use edgeplane_policy::HealthTable;
use tokio::sync::watch;

use crate::archive::Archive;
use crate::compress::Encoders;
use crate::fill::{Budget, Fills};
use crate::limiter::Limiter;
use crate::log;
use crate::metrics::{AccountTotals, Totals};
use crate::origin::{self, Health, TlsRoots};
use crate::plan::Plan;
use crate::plan::limits::{CONNECTIONS, CONNECTIONS_PER_PREFIX};
use crate::service::room::Neighbours;
use crate::service::{Service, Sockets};
use crate::shared::{Book, Shared};
use crate::store::limits::{DISK_OPEN_SHARE, MEMORY_UNDER_WAY};
use crate::store::{Generations, Memory, Policy, Written};
use crate::{limits, lock};

/// The edge of a node. All methods may be called from any thread.
#[derive(Default)]
pub struct Edge {
    shared: OnceLock<Arc<Shared>>,
    waiting: Mutex<Option<Arc<Plan>>>,
    health: Arc<Health>,
    service: Mutex<Option<Service>>,
}

impl Edge {
    /// Serves by a plan from now on.
    pub fn publish(&self, plan: Arc<Plan>) {
        match self.shared.get() {
            Some(shared) => {
                shared.connections.set_caps(caps(&plan));
                let before = shared.log.configure(plan.settings.access_log.as_ref(), &plan.settings.location);
                shared.plan.publish(plan);
                shared.published.send_replace(());
                drop(before);
            }
            None => *lock(&self.waiting) = Some(plan),
        }
    }

    /// Reads the health of origins from a table from now on.
    pub fn attach_health(&self, table: Arc<HealthTable>) {
        self.health.attach(table);
    }

    /// Frees plans that were replaced, once no worker holds them any more; how many still wait. Not for threads that serve.
    pub fn collect(&self) -> usize {
        self.shared().map_or(0, |shared| shared.plan.collect())
    }

    /// Reads a plan's certificates; with a fault those before stay in use. To be called before `publish`.
    pub fn take_certificates(&self, plan: &Plan) -> Result<(), Faults> {
        let warnings = match self.shared.get() {
            Some(shared) => shared.certificates.reload(&pairs(plan), now_s())?,
            None => Self::read_certificates(plan)?,
        };
        warnings.0.iter().for_each(|warning| tracing::warn!("{warning}"));
        Ok(())
    }

    /// Reads a plan's certificates and gives what is doubtful about them: for plans that nobody serves yet.
    pub fn read_certificates(plan: &Plan) -> Result<Faults, Faults> {
        Certificates::load(&pairs(plan), now_s()).map(|(_, warnings)| warnings)
    }

    /// What is wrong with certificates that a plan names; `serve` does without those.
    pub fn unusable_certificates(plan: &Plan) -> Faults {
        let (_, faults, warnings) = Certificates::load_usable(&pairs(plan), now_s());
        warnings.0.iter().for_each(|warning| tracing::warn!("{warning}"));
        faults
    }

    /// Starts the workers; a node without sockets for HTTP has none. The store's sizes are those of the plan of now.
    pub fn serve(&self, sockets: Sockets) -> Result<(), Faults> {
        if sockets.http.is_empty() && sockets.https.is_empty() {
            return Ok(());
        }
        let plan = lock(&self.waiting).take().unwrap_or_default();
        let roots = TlsRoots::system().map_err(|why| Faults::one("edge", why))?;
        let (certificates, faults, _) = Certificates::load_usable(&pairs(&plan), now_s());
        faults.0.iter().for_each(|fault| tracing::error!("{fault}"));
        let shared =
            shared(plan, roots, Arc::new(certificates), self.health.clone()).map_err(|why| Faults::one("edge", why))?;
        let shared = self.shared.get_or_init(|| Arc::new(shared)).clone();
        let service = Service::start(shared, sockets).map_err(|error| fault(&error))?;
        *lock(&self.service) = Some(service);
        Ok(())
    }

    /// What the workers share, once they were started.
    pub fn shared(&self) -> Option<&Arc<Shared>> {
        self.shared.get()
    }

    /// Counters since the start.
    pub fn totals(&self) -> Totals {
        lock(&self.service).as_ref().map(Service::totals).unwrap_or_default()
    }

    /// Counters since the start by name, those of origins included; none where the edge does not run.
    pub fn counters(&self) -> BTreeMap<&'static str, u64> {
        lock(&self.service).as_ref().map(Service::counters).unwrap_or_default()
    }

    /// Counters since the start of each distribution, by its id.
    pub fn accounts(&self) -> BTreeMap<String, AccountTotals> {
        self.shared().map(|shared| shared.counters.distributions()).unwrap_or_default()
    }

    /// Counters since the start of each worker, by name.
    pub fn workers(&self) -> Vec<BTreeMap<&'static str, u64>> {
        self.shared().map(|shared| shared.counters.each()).unwrap_or_default()
    }

    /// Opens log files anew, after somebody moved the old ones away.
    pub fn reopen_logs(&self) {
        if let Some(shared) = self.shared() {
            shared.log.reopen();
        }
    }

    /// Takes no new connection from now on.
    pub fn begin_drain(&self) {
        if let Some(service) = &*lock(&self.service) {
            service.begin_drain();
        }
    }

    /// Takes no new connection; whether all have ended within `patience`.
    pub fn drain(&self, patience: Duration) -> bool {
        lock(&self.service).as_ref().is_none_or(|service| service.drain(patience))
    }

    /// Ends all workers.
    pub fn stop(&self) {
        if let Some(service) = lock(&self.service).take() {
            service.stop();
        }
        if let Some(shared) = self.shared() {
            shared.log.stop();
        }
    }
}

fn pairs(plan: &Plan) -> Vec<Pair> {
    let files = plan.settings.certificates.iter();
    files.map(|files| Pair { certificate: files.cert.clone(), key: files.key.clone() }).collect()
}

fn now_s() -> i64 {
    (CoarseClock.wall_ms() / 1000) as i64
}

fn caps(plan: &Plan) -> Caps {
    let limit = |limit| plan.settings.limit(limit) as usize;
    let (total, per_prefix) = (limit(&CONNECTIONS), limit(&CONNECTIONS_PER_PREFIX));
    Caps { total, per_prefix, ipv4_prefix: 32, ipv6_prefix: 64 }
}

fn shared(
    plan: Arc<Plan>,
    roots: TlsRoots,
    certificates: Arc<Certificates>,
    health: Arc<Health>,
) -> Result<Shared, String> {
    let capacity = plan.settings.memory.max(limits::MEMORY.min);
    let caps = caps(&plan);
    let tls = Acceptor::new(certificates.clone(), &tls::Settings::default()).map_err(|error| error.to_string())?;
    let descriptors = descriptor::limit().map_err(|error| error.to_string())?;
    let memory = Memory::new(capacity, Policy::default());
    let written = Arc::<Written>::default();
    let archive =
        archive(&plan, descriptors / DISK_OPEN_SHARE.default, crate::shared::small(&memory), written.clone())?;
    let generations = generations(&plan);
    let log = log::Desk::default();
    drop(log.configure(plan.settings.access_log.as_ref(), &plan.settings.location));
    let cell = SnapshotCell::new(Plan::default());
    cell.publish(plan);
    Ok(Shared {
        certificates,
        tls,
        plan: Arc::new(cell),
        published: watch::Sender::default(),
        memory,
        archive,
        encoders: Encoders::start().map_err(|error| error.to_string())?,
        under_way: Budget::new(capacity / MEMORY_UNDER_WAY.default),
        fills: Arc::new(Fills::default()),
        generations,
        written,
        origins: Arc::new(origin::Shared::new(Arc::new(roots), health)),
        connections: Connections::new(caps),
        neighbours: Neighbours::default(),
        limiter: Limiter::default(),
        counters: Book::default(),
        log,
    })
}

fn archive(plan: &Plan, open_files: u64, small: u64, written: Arc<Written>) -> Result<Option<Arc<Archive>>, String> {
    let Some(disk) = &plan.settings.disk else { return Ok(None) };
    let opened = Archive::open(disk, Arc::new(CoarseClock), open_files, small, written);
    opened.map(|archive| Some(Arc::new(archive))).map_err(|error| format!("the disk tier cannot be started: {error}"))
}

/// Invalidations, kept beside what is on disk. Where they cannot be, nothing on disk from before is served.
fn generations(plan: &Plan) -> Generations {
    let Some(disk) = &plan.settings.disk else { return Generations::in_memory() };
    let path = disk.path.join("invalidations");
    Generations::open(&path).unwrap_or_else(|error| {
        tracing::error!(path = %path.display(), %error, "invalidations are not kept: what is on disk is fetched anew");
        Generations::in_memory()
    })
}

fn fault(error: &io::Error) -> Faults {
    Faults::one("edge", format!("the workers cannot be started: {error}"))
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::time::Instant;

    use super::*;

    fn plan(serial: u64) -> Arc<Plan> {
        let mut plan = Plan::default();
        plan.serial = serial;
        Arc::new(plan)
    }

    #[test]
    fn a_plan_that_was_replaced_is_freed_though_no_request_comes() {
        let (edge, first) = (Edge::default(), plan(1));
        let held = Arc::downgrade(&first);
        edge.publish(first);
        let listener = || TcpListener::bind("127.0.0.1:0").unwrap().into();
        edge.serve(Sockets { http: vec![listener(), listener()], ..Sockets::default() }).unwrap();
        edge.publish(plan(2));
        let end = Instant::now() + Duration::from_secs(30);
        while edge.collect() > 0 {
            assert!(Instant::now() < end, "a worker holds it");
            std::thread::yield_now();
        }
        assert!(held.upgrade().is_none());
        edge.stop();
    }
}

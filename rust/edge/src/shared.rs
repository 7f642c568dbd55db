//! What all workers share: the plan, the store, the fetches under way.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use edgeplane_base::SnapshotCell;
use edgeplane_net::tcp::Connections;
use edgeplane_net::tls::{Acceptor, Certificates};
use tokio::sync::watch;

use crate::archive::Archive;
use crate::compress::Encoders;
use crate::fill::{Budget, Fills};
use crate::limiter::Limiter;
use crate::log;
use crate::metrics::{Account, AccountTotals, Counters, OF_EACH_WORKER, Totals};
use crate::object::Resource;
use crate::origin;
use crate::plan::Plan;
use crate::service::room::Neighbours;
use crate::store::{Generations, Memory, Written};

/// What all workers share.
pub struct Shared {
    /// What is served.
    pub plan: Arc<SnapshotCell<Plan>>,
    /// Tells workers that there is another plan.
    pub published: watch::Sender<()>,
    /// The memory tier.
    pub memory: Memory<Resource>,
    /// The disk tier, where there is one.
    pub archive: Option<Arc<Archive>>,
    /// Makes stored answers smaller.
    pub encoders: Encoders,
    /// Memory of what they bring.
    pub under_way: Arc<Budget>,
    /// Fetches under way.
    pub fills: Arc<Fills>,
    /// What was invalidated.
    pub generations: Generations,
    /// What unsafe requests changed.
    pub written: Arc<Written>,
    /// Names, health, breakers and trusted roots of origins.
    pub origins: Arc<origin::Shared>,
    /// What TLS shows to clients.
    pub certificates: Arc<Certificates>,
    /// Makes TLS connections.
    pub tls: Acceptor,
    /// Who is connected.
    pub connections: Arc<Connections>,
    /// How workers ask each other for room.
    pub neighbours: Neighbours,
    /// How often each client asked.
    pub limiter: Limiter,
    /// Counters of all workers.
    pub counters: Book,
    /// The access log.
    pub log: log::Desk,
}

impl Shared {
    /// How full the store is and what it went through, by the names of `STORE_HELP`.
    pub fn store(&self) -> BTreeMap<&'static str, u64> {
        let memory = self.memory.stats();
        let mut found = BTreeMap::from([
            ("memory_objects", memory.entries),
            ("memory_used", memory.weight),
            ("memory_limit", memory.capacity),
            ("memory_evictions", memory.evictions),
        ]);
        if let Some(disk) = self.archive.as_ref().map(|archive| archive.stats()) {
            found.extend([
                ("disk_objects", disk.entries),
                ("disk_used", disk.octets),
                ("disk_limit", disk.capacity),
                ("disk_evictions", disk.evictions),
                ("disk_faults", disk.faults),
                ("disk_corrupted", disk.corrupted),
                ("disk_open", disk.open.into()),
            ]);
        }
        found
    }
}

/// Every worker's counters.
#[derive(Default)]
pub struct Book {
    own: Mutex<Vec<Arc<Counters>>>,
    origins: Mutex<Vec<Arc<origin::Counters>>>,
    accounts: Mutex<Vec<(String, Arc<Account>)>>,
}

impl Book {
    /// A set for one more worker.
    pub fn enlist(&self) -> Arc<Counters> {
        let counters = Arc::<Counters>::default();
        crate::lock(&self.own).push(counters.clone());
        counters
    }

    /// Counts a worker's origins, too.
    pub fn enlist_origins(&self, counters: Arc<origin::Counters>) {
        crate::lock(&self.origins).push(counters);
    }

    /// A set for one distribution, by its id, on one worker.
    pub fn open(&self, distribution: &str) -> Arc<Account> {
        let account = Arc::<Account>::default();
        crate::lock(&self.accounts).push((distribution.to_owned(), account.clone()));
        account
    }

    /// How many workers there are.
    pub fn workers(&self) -> usize {
        crate::lock(&self.own).len()
    }

    /// Sums over all workers.
    pub fn totals(&self) -> Totals {
        let mut totals = Totals::default();
        crate::lock(&self.own).iter().for_each(|counters| totals += &**counters);
        totals
    }

    /// Of each worker, by name: what `OF_EACH_WORKER` lists.
    pub fn each(&self) -> Vec<BTreeMap<&'static str, u64>> {
        let totals = |counters: &Arc<Counters>| {
            let mut totals = Totals::default();
            totals += &**counters;
            totals.named().filter(|(name, _)| OF_EACH_WORKER.contains(name)).collect()
        };
        crate::lock(&self.own).iter().map(totals).collect()
    }

    /// Sums of each distribution, by its id.
    pub fn distributions(&self) -> BTreeMap<String, AccountTotals> {
        let mut sums = BTreeMap::<String, AccountTotals>::new();
        for (id, account) in crate::lock(&self.accounts).iter() {
            *sums.entry(id.clone()).or_default() += &**account;
        }
        sums
    }

    /// Sums over all workers by name, the origins' included.
    pub fn named(&self) -> BTreeMap<&'static str, u64> {
        let mut origins = origin::Totals::default();
        crate::lock(&self.origins).iter().for_each(|counters| origins += &**counters);
        self.totals().named().chain(origins.named()).collect()
    }
}

/// Longest content that the memory tier is asked to hold: beside its head it fits, and what grows is not copied in vain.
pub fn small(memory: &Memory<Resource>) -> u64 {
    memory.largest() / 2
}

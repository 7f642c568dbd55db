//! The query log of a service: started, kept or replaced as the settings say.

use std::sync::Arc;

use edgeplane_base::random::Random;
use edgeplane_base::{Fault, Faults, SnapshotCell};

use crate::answer::{Observer, Seen};
use crate::error::Error;
use crate::metrics::Counters;
use crate::plan::Settings;
use crate::querylog::{Entry, Logged, QueryLog};

/// The running query log, where one is wanted.
pub type Slot = Option<Arc<QueryLog>>;

/// The log that the settings ask for: the running one, if it is the same.
pub(super) fn open(settings: &Settings, threads: usize, running: &Slot) -> Result<Slot, Error> {
    let Some(wanted) = &settings.query_log else { return Ok(None) };
    if !(0.0..=1.0).contains(&wanted.sample) {
        let message = format!("is {}, but must be 0.0 to 1.0", wanted.sample);
        return Err(Faults::from(Fault::at("dns.query_log.sample", message)).into());
    }
    if let Some(log) = running.as_ref().filter(|log| log.settings() == wanted) {
        return Ok(Some(log.clone()));
    }
    Ok(Some(Arc::new(QueryLog::start(wanted, &settings.nsid, threads)?)))
}

/// Hands every answered query of one serving thread to the log.
pub struct LogObserver {
    thread: usize,
    log: Arc<SnapshotCell<Slot>>,
    random: Random,
    counters: Arc<Counters>,
}

impl LogObserver {
    /// An observer on the thread of that number.
    pub fn new(thread: usize, log: Arc<SnapshotCell<Slot>>, counters: Arc<Counters>) -> Self {
        Self { thread, log, random: Random::from_process(), counters }
    }
}

impl Observer for LogObserver {
    #[inline]
    fn answered(&mut self, seen: &Seen<'_>) {
        let Self { thread, log, random, counters } = self;
        let logged = log.with(|log| log.as_ref().map(|log| log.log(*thread, random, || entry(seen))));
        if logged == Some(Logged::Dropped) {
            counters.query_log_dropped.add(1);
        }
    }
}

fn entry(seen: &Seen<'_>) -> Entry {
    let id = seen.outcome.zone.and_then(|zone| seen.serving.snapshot.zone_ids.get(zone as usize));
    let mut entry = Entry::new(seen.now_ms, id.map_or(&[], |id| id.as_bytes()), seen.qname, seen.peer.address);
    entry.rtype = seen.query.qtype;
    entry.rcode = seen.outcome.rcode;
    entry.transport = seen.peer.transport;
    entry.subnet = seen.query.edns.as_ref().and_then(|edns| edns.ecs).map(|ecs| (ecs.address, ecs.source));
    entry
}

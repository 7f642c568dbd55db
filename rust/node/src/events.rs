//! What the core has to say to an operator: events of `tracing` and panics, for whoever keeps the log.
//!
//! They wait in a ring of fixed size. A thread that says something never waits for the log; what finds no room is counted.

use std::fmt::{Debug, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use edgeplane_base::Faults;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Level, Metadata, Subscriber};

/// Events that can wait to be taken.
const RING: usize = 1024;

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// `ERROR`, `WARN` or `INFO`; what is finer is not kept.
    pub level: &'static str,
    /// The module that speaks.
    pub target: String,
    /// What it says, then `name=value` for each field.
    pub message: String,
}

/// The reading end.
pub struct Events {
    ring: Receiver<Event>,
    lost: Arc<AtomicU64>,
}

impl Events {
    /// Gathers the events and panics of this process from now on. Fault: somebody does already.
    pub fn collect() -> Result<Self, Faults> {
        let (collector, events) = pair(RING);
        tracing::subscriber::set_global_default(collector).map_err(|error| Faults::one("events", error.to_string()))?;
        std::panic::set_hook(Box::new(|panic| {
            let thread = std::thread::current();
            tracing::error!(thread = thread.name().unwrap_or("?"), "{}", panic.to_string().replace('\n', " "));
        }));
        Ok(events)
    }

    /// What has come since the last call, in its order, and how many found no room.
    pub fn take(&self) -> (Vec<Event>, u64) {
        (self.ring.try_iter().take(RING).collect(), self.lost.swap(0, Relaxed))
    }
}

struct Collector {
    ring: SyncSender<Event>,
    lost: Arc<AtomicU64>,
}

fn pair(places: usize) -> (Collector, Events) {
    let (sender, ring) = sync_channel(places);
    let lost = Arc::<AtomicU64>::default();
    (Collector { ring: sender, lost: lost.clone() }, Events { ring, lost })
}

impl Subscriber for Collector {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= Level::INFO
    }

    fn event(&self, event: &tracing::Event<'_>) {
        let mut said = Said::default();
        event.record(&mut said);
        let metadata = event.metadata();
        let message = said.message + &said.fields;
        let event = Event { level: metadata.level().as_str(), target: metadata.target().into(), message };
        if self.ring.try_send(event).is_err() {
            self.lost.fetch_add(1, Relaxed);
        }
    }

    // Spans are not used here.
    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }
    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

/// An event's fields as text.
#[derive(Default)]
struct Said {
    message: String,
    fields: String,
}

impl Visit for Said {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        // Writing to a string cannot fail.
        let _ = match field.name() {
            "message" => write!(self.message, "{value:?}"),
            name => write!(self.fields, " {name}={value:?}"),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_come_out_as_they_were_said() {
        let (collector, events) = pair(8);
        tracing::subscriber::with_default(collector, || {
            let path = "/var/log/q";
            tracing::warn!(path, code = 7, "cannot be written");
            tracing::debug!("of no interest");
            tracing::info!("done");
        });
        let event = |level, message: &str| Event { level, target: module_path!().into(), message: message.into() };
        let said = vec![event("WARN", "cannot be written path=\"/var/log/q\" code=7"), event("INFO", "done")];
        assert_eq!(events.take(), (said, 0));
        assert_eq!(events.take(), (vec![], 0));
    }

    #[test]
    fn a_full_ring_holds_nobody_up_and_is_counted() {
        let (collector, events) = pair(2);
        tracing::subscriber::with_default(collector, || (0..5).for_each(|n| tracing::error!("{n}")));
        let (said, lost) = events.take();
        assert_eq!((said.len(), lost), (2, 3));
        assert_eq!(events.take().1, 0, "told once");
    }
}

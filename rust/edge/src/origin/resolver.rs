//! Names to addresses, off the workers' threads, remembered for a while, and longer where the resolver fails or hangs.
//!
//! ```text
//! resolve ─┬─ known for less than KEPT ─────────────────────────────────────► addresses
//!          └─ lookup: one a name, a task of its own ─┬─ ended: learnt ──────► addresses
//!             that outlives those who wait for it    └─ PROMPT: known before ► old addresses
//! ```

use std::collections::HashMap;
use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, watch};
use tokio::time::{Instant, timeout_at};

/// How long addresses are used without asking again; the system's interface says no TTL.
const KEPT: Duration = Duration::from_secs(30);
/// How long old addresses are used before asking again, when asking failed.
const RETRIED: Duration = Duration::from_secs(5);
/// How long after its begin a lookup is waited for by who has old addresses.
const PROMPT: Duration = Duration::from_millis(250);
/// Lookups that run at once. Each holds a thread for what blocks, of which reads from disk shall find some.
const LOOKUPS: usize = 16;
/// Names remembered; more than configurations have.
const NAMES: usize = 4_096;

/// What a lookup comes to.
pub type Looked = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>>;

/// Asks for a name's addresses.
pub trait Lookup: Send + Sync {
    /// All addresses of a name, in the order in which they should be tried.
    fn lookup(&self, name: &str) -> Looked;
}

/// The system's resolver (getaddrinfo, on a thread for what blocks).
pub struct SystemLookup;

impl Lookup for SystemLookup {
    fn lookup(&self, name: &str) -> Looked {
        let name = name.to_owned();
        Box::pin(async move {
            let found = tokio::net::lookup_host((name, 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        })
    }
}

/// A name's addresses, or what the resolver said.
pub type Resolved = Result<Arc<[IpAddr]>, String>;

/// Addresses by name, shared by all workers.
pub struct Resolver {
    desk: Arc<Desk>,
    names: Mutex<HashMap<Box<str>, Arc<Name>>>,
}

/// Where lookups are made.
struct Desk {
    lookup: Box<dyn Lookup>,
    places: Semaphore,
}

#[derive(Default)]
struct Name(Mutex<State>);

#[derive(Default)]
struct State {
    known: Option<Known>,
    asked: Option<Asked>,
}

struct Known {
    addresses: Arc<[IpAddr]>,
    until: Instant,
}

/// The latest lookup.
#[derive(Clone)]
struct Asked {
    at: Instant,
    answer: watch::Receiver<Option<Resolved>>,
}

impl Resolver {
    /// A resolver that knows nothing yet.
    pub fn new(lookup: impl Lookup + 'static) -> Self {
        let desk = Desk { lookup: Box::new(lookup), places: Semaphore::new(LOOKUPS) };
        Self { desk: Arc::new(desk), names: Mutex::default() }
    }

    /// The addresses of a name. Old ones where the resolver fails, or takes its time; its error where there are none. The lookup
    /// runs on the caller's runtime, and goes on there when nobody waits for it any more.
    pub async fn resolve(&self, name: &str) -> Resolved {
        let entry = self.entry(name);
        let (old, asked) = {
            let mut state = entry.state();
            if let Some(addresses) = state.fresh() {
                return Ok(addresses);
            }
            let ask = |told| drop(tokio::spawn(self.desk.clone().ask(name.into(), entry.clone(), told)));
            (state.addresses(), state.asked(ask))
        };
        match old {
            None => asked.answer().await,
            Some(old) => match timeout_at(asked.at + PROMPT, asked.answer()).await {
                Ok(Ok(addresses)) => Ok(addresses),
                _ => Ok(old),
            },
        }
    }

    /// An address of a name took a connection: until the name is asked for again it comes first, and those before it last.
    pub fn prefer(&self, name: &str, address: IpAddr) {
        let entry = locked(&self.names).get(name).cloned();
        if let Some(entry) = entry {
            entry.state().prefer(address);
        }
    }

    fn entry(&self, name: &str) -> Arc<Name> {
        let mut names = locked(&self.names);
        if let Some(entry) = names.get(name) {
            return entry.clone();
        }
        if names.len() >= NAMES {
            names.clear();
        }
        names.entry(name.into()).or_default().clone()
    }
}

impl Desk {
    /// Looks a name up when there is a place, and tells what its addresses are then.
    async fn ask(self: Arc<Self>, name: Box<str>, entry: Arc<Name>, told: watch::Sender<Option<Resolved>>) {
        let _place = self.places.acquire().await;
        let looked = self.lookup.lookup(&name).await;
        let learnt = entry.state().learn(looked);
        told.send_replace(Some(learnt));
    }
}

impl Name {
    fn state(&self) -> MutexGuard<'_, State> {
        locked(&self.0)
    }
}

impl State {
    fn addresses(&self) -> Option<Arc<[IpAddr]>> {
        self.known.as_ref().map(|known| known.addresses.clone())
    }

    fn fresh(&self) -> Option<Arc<[IpAddr]>> {
        self.known.as_ref().filter(|known| Instant::now() < known.until).map(|known| known.addresses.clone())
    }

    /// The lookup that runs, or a new one.
    fn asked(&mut self, ask: impl FnOnce(watch::Sender<Option<Resolved>>)) -> Asked {
        if let Some(asked) = self.asked.as_ref().filter(|asked| asked.is_running()) {
            return asked.clone();
        }
        let (told, answer) = watch::channel(None);
        ask(told);
        self.asked.insert(Asked { at: Instant::now(), answer }).clone()
    }

    fn learn(&mut self, looked: io::Result<Vec<IpAddr>>) -> Resolved {
        let addresses = looked.map_err(|error| error.to_string());
        let learnt = match (addresses, self.addresses()) {
            (Ok(addresses), _) if !addresses.is_empty() => {
                Known { addresses: alternating(addresses).into(), until: Instant::now() + KEPT }
            }
            (_, Some(addresses)) => Known { addresses, until: Instant::now() + RETRIED },
            (Ok(_), None) => return Err("the name has no address".to_owned()),
            (Err(error), None) => return Err(error),
        };
        Ok(self.known.insert(learnt).addresses.clone())
    }

    fn prefer(&mut self, address: IpAddr) {
        let Some(known) = &mut self.known else { return };
        if let Some(first) = known.addresses.iter().position(|&known| known == address).filter(|&first| first > 0) {
            Arc::make_mut(&mut known.addresses).rotate_left(first);
        }
    }
}

impl Asked {
    /// Whether an answer is to come; none is when the runtime that asked ended.
    fn is_running(&self) -> bool {
        self.answer.has_changed().is_ok_and(|answered| !answered)
    }

    async fn answer(&self) -> Resolved {
        let lost = || Err("the lookup was broken off".to_owned());
        let mut answer = self.answer.clone();
        answer.wait_for(Option::is_some).await.map_or_else(|_| lost(), |answer| answer.clone().unwrap_or_else(lost))
    }
}

/// The addresses with families taking turns, the first one's first (RFC 8305 section 4): where one of them leads nowhere, the
/// other is not behind all of it.
fn alternating(addresses: Vec<IpAddr>) -> Vec<IpAddr> {
    let is_ipv6 = addresses.first().is_some_and(IpAddr::is_ipv6);
    let (first, second): (Vec<_>, Vec<_>) = addresses.into_iter().partition(|address| address.is_ipv6() == is_ipv6);
    let (mut first, mut second) = (first.into_iter(), second.into_iter());
    let mut turns = Vec::with_capacity(first.len() + second.len());
    while first.len() + second.len() > 0 {
        turns.extend(first.next());
        turns.extend(second.next());
    }
    turns
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;

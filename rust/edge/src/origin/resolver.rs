//! Names to addresses, off the workers' threads, remembered for a while and longer where the resolver fails.

use std::collections::HashMap;
use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// How long addresses are used without asking again; the system's interface says no TTL.
const KEPT: Duration = Duration::from_secs(30);
/// How long old addresses are used before asking again, when asking failed.
const RETRIED: Duration = Duration::from_secs(5);
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

/// Addresses by name, shared by all workers; one asks, the others wait for it.
pub struct Resolver {
    lookup: Box<dyn Lookup>,
    names: Mutex<HashMap<Box<str>, Arc<Name>>>,
}

#[derive(Default)]
struct Name {
    known: Mutex<Option<Known>>,
    asking: tokio::sync::Mutex<()>,
}

#[derive(Clone)]
struct Known {
    addresses: Arc<[IpAddr]>,
    until: Instant,
}

impl Resolver {
    /// A resolver that knows nothing yet.
    pub fn new(lookup: impl Lookup + 'static) -> Self {
        Self { lookup: Box::new(lookup), names: Mutex::default() }
    }

    /// The addresses of a name. Old ones where the resolver fails; its error where there are none.
    pub async fn resolve(&self, name: &str) -> io::Result<Arc<[IpAddr]>> {
        let entry = self.entry(name);
        if let Some(addresses) = entry.fresh() {
            return Ok(addresses);
        }
        let _asking = entry.asking.lock().await;
        if let Some(addresses) = entry.fresh() {
            return Ok(addresses);
        }
        entry.learn(self.lookup.lookup(name).await)
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

impl Name {
    fn fresh(&self) -> Option<Arc<[IpAddr]>> {
        let known = locked(&self.known);
        known.as_ref().filter(|known| Instant::now() < known.until).map(|known| known.addresses.clone())
    }

    fn learn(&self, looked: io::Result<Vec<IpAddr>>) -> io::Result<Arc<[IpAddr]>> {
        let mut known = locked(&self.known);
        let none = || io::Error::new(io::ErrorKind::NotFound, "the name has no address");
        let looked = looked.and_then(|addresses| if addresses.is_empty() { Err(none()) } else { Ok(addresses) });
        let learnt = match (looked, known.as_ref()) {
            (Ok(addresses), _) => Known { addresses: addresses.into(), until: Instant::now() + KEPT },
            (Err(_), Some(old)) => Known { addresses: old.addresses.clone(), until: Instant::now() + RETRIED },
            (Err(error), None) => return Err(error),
        };
        Ok(known.insert(learnt).addresses.clone())
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// Answers with one address after the other, a new one each time; an empty entry is a failure.
    struct Script(Vec<&'static str>, Arc<AtomicUsize>);

    impl Lookup for Script {
        fn lookup(&self, _: &str) -> Looked {
            let asked = self.1.fetch_add(1, Ordering::Relaxed);
            let address = self.0[asked.min(self.0.len() - 1)].parse();
            Box::pin(async move {
                tokio::time::sleep(Duration::from_millis(1)).await;
                Ok(vec![address.map_err(io::Error::other)?])
            })
        }
    }

    fn script(answers: &[&'static str]) -> (Resolver, Arc<AtomicUsize>) {
        let asked = Arc::<AtomicUsize>::default();
        (Resolver::new(Script(answers.to_vec(), asked.clone())), asked)
    }

    #[tokio::test(start_paused = true)]
    async fn a_name_is_asked_for_once_in_a_while_and_old_addresses_outlive_failures() {
        let (resolver, asked) = script(&["192.0.2.1", "", "192.0.2.2"]);
        let (first, second) = tokio::join!(resolver.resolve("a.example"), resolver.resolve("a.example"));
        assert_eq!((&first.unwrap()[0].to_string(), asked.load(Ordering::Relaxed)), (&"192.0.2.1".to_owned(), 1));
        second.unwrap();
        tokio::time::advance(KEPT).await;
        assert_eq!(resolver.resolve("a.example").await.unwrap()[0].to_string(), "192.0.2.1");
        assert_eq!(resolver.resolve("a.example").await.unwrap()[0].to_string(), "192.0.2.1");
        assert_eq!(asked.load(Ordering::Relaxed), 2, "a failure is not repeated at once");
        tokio::time::advance(RETRIED).await;
        assert_eq!(resolver.resolve("a.example").await.unwrap()[0].to_string(), "192.0.2.2");
    }

    #[tokio::test(start_paused = true)]
    async fn a_name_that_was_never_found_is_an_error() {
        let (resolver, _) = script(&[""]);
        assert!(resolver.resolve("a.example").await.is_err());
    }
}

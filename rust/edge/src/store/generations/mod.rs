//! Invalidation without scans: everything kept carries the sequence number at which its fetch began, every invalidation
//! takes the next number, and a hit asks whether a newer one covers it.
//!
//! Matching follows CloudFront ("Invalidating files"): case-sensitive, on the normalised path and the query as it is in the
//! cache key; a path without `*` at its end means that one path and query, one with `*` everything that begins like it.

mod log;
mod patterns;
mod rules;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use edgeplane_base::random::Random;

use self::log::Log;
use self::rules::{Draft, Rules};
use super::limits::{INVALIDATION_DISTRIBUTIONS, INVALIDATION_PATH, INVALIDATION_TAG};
use crate::behaviour::pattern::{decode_unreserved, normalised};

/// What is asked about: something kept.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// The distribution's id.
    pub distribution: &'a str,
    /// The path, normalised: all spellings of one are one.
    pub path: &'a [u8],
    /// The query as in the cache key, without `?`; none where the key has none.
    pub query: Option<&'a [u8]>,
    /// The tags of the response.
    pub tags: &'a [Box<str>],
}

/// What an invalidation covers within its distribution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// Everything.
    All,
    /// One path, with its query where there is one.
    Exact(Arc<[u8]>),
    /// All that begins so.
    Prefix(Arc<[u8]>),
    /// All that has this tag.
    Tag(Arc<[u8]>),
}

impl Scope {
    /// From a path of an invalidation: `/images/cat.jpg`, `/list?page=2`, `/images/*`. The fault says what is wrong.
    pub fn path(path: &str) -> Result<Self, String> {
        INVALIDATION_PATH.check(path.len() as u64)?;
        let (text, wild) = path.strip_suffix('*').map_or((path, false), |text| (text, true));
        match text {
            _ if !text.starts_with('/') => Err(format!("\"{path}\" does not begin with /")),
            _ if text.contains('*') => Err(format!("\"{path}\" has a * that is not at its end")),
            "/" if wild => Ok(Self::All),
            _ if wild => Ok(Self::Prefix(normalised_beginning(text).as_bytes().into())),
            // An empty query is none.
            _ => Ok(Self::Exact(normalised_path(text.strip_suffix('?').unwrap_or(text)).as_bytes().into())),
        }
    }

    /// From a tag.
    pub fn tag(tag: &str) -> Result<Self, String> {
        INVALIDATION_TAG.check(tag.len() as u64)?;
        Ok(Self::Tag(tag.as_bytes().into()))
    }
}

/// A path and its query, the path normalised.
fn normalised_path(text: &str) -> String {
    let (path, query) = text.split_at(text.find('?').unwrap_or(text.len()));
    format!("{}{query}", normalised(path))
}

/// How paths and queries begin. The last segment may go on, so that nothing but its escapes can be normalised.
fn normalised_beginning(text: &str) -> String {
    if text.contains('?') {
        return normalised_path(text);
    }
    let (folder, beginning) = text.split_at(text.rfind('/').map_or(0, |slash| slash + 1));
    format!("{}{}", normalised(folder), decode_unreserved(beginning))
}

/// What became of an invalidation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Invalidated {
    /// Its number. What is fetched from now on carries this one or a later one.
    pub sequence: u64,
    /// Whether a restart will know of it. False only where the log's disk takes no more; what is then on disk from before
    /// counts as invalid after a restart, if the log could at least be removed.
    pub kept: bool,
}

/// All invalidations. Readers take no lock.
pub struct Generations {
    latest: AtomicU64,
    state: ArcSwap<State>,
    log: Mutex<Option<Log>>,
}

/// What readers see.
#[derive(Debug, Default, Clone)]
struct State {
    /// Everything fetched before is invalid.
    floor: u64,
    distributions: HashMap<Box<str>, Arc<Rules>>,
}

impl Generations {
    /// Without a log: nothing that was fetched before a restart is valid after it.
    pub fn in_memory() -> Self {
        let start = first_sequence();
        Self::from(State { floor: start, ..State::default() }, start, None)
    }

    /// With a log at this path, made where there is none. Where it is damaged, everything fetched before is invalid.
    /// `WouldBlock` while another process has it.
    pub fn open(path: &Path) -> io::Result<Self> {
        let (log, state, latest) = Log::open(path, first_sequence())?;
        Ok(Self::from(state, latest, Some(log)))
    }

    fn from(state: State, latest: u64, log: Option<Log>) -> Self {
        Self { latest: AtomicU64::new(latest), state: ArcSwap::from_pointee(state), log: Mutex::new(log) }
    }

    /// The number of now: to be read before a fetch begins, and kept with what it brings.
    #[inline]
    pub fn sequence(&self) -> u64 {
        self.latest.load(Ordering::Acquire)
    }

    /// Whether what was fetched at `fetched` must no longer be served. One atomic load when nothing newer was invalidated.
    #[inline]
    pub fn is_invalidated(&self, subject: &Subject<'_>, fetched: u64) -> bool {
        self.sequence() != fetched && self.covers(subject, fetched)
    }

    /// As `is_invalidated`, but remembers in `fetched` up to where nothing covered the subject, so that the next question
    /// is one atomic load again. For what is in memory; the number on disk stays that of the fetch.
    #[inline]
    pub fn is_invalidated_since(&self, subject: &Subject<'_>, fetched: &AtomicU64) -> bool {
        // Read before the state, which is at least as new.
        let latest = self.sequence();
        let seen = fetched.load(Ordering::Relaxed);
        if latest == seen {
            return false;
        }
        let covered = self.covers(subject, seen);
        if !covered {
            fetched.fetch_max(latest, Ordering::Relaxed);
        }
        covered
    }

    /// Everything of a distribution.
    pub fn invalidate_all(&self, distribution: &str) -> Invalidated {
        self.invalidate(distribution, &[Scope::All])
    }

    /// A path, or with `*` at its end all that begin so. The fault says what is wrong with it.
    pub fn invalidate_path(&self, distribution: &str, path: &str) -> Result<Invalidated, String> {
        Ok(self.invalidate(distribution, &[Scope::path(path)?]))
    }

    /// All that has a tag. The fault says what is wrong with it.
    pub fn invalidate_tag(&self, distribution: &str, tag: &str) -> Result<Invalidated, String> {
        Ok(self.invalidate(distribution, &[Scope::tag(tag)?]))
    }

    /// Several scopes at once, under one number. They hold for all readers before the log is written; it is on disk when
    /// this returns. Blocks.
    pub fn invalidate(&self, distribution: &str, scopes: &[Scope]) -> Invalidated {
        let mut log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        let sequence = self.sequence() + 1;
        let state = Arc::new(self.state.load().with(distribution, scopes, sequence));
        self.state.store(state.clone());
        // After the state: who reads the new number must find what it stands for.
        self.latest.store(sequence, Ordering::Release);
        let kept = log.as_mut().is_none_or(|log| log.append(distribution, scopes, sequence, &state));
        Invalidated { sequence, kept }
    }

    fn covers(&self, subject: &Subject<'_>, fetched: u64) -> bool {
        // A number that this count has not reached: from a log that is lost.
        if fetched > self.sequence() {
            return true;
        }
        let state = self.state.load();
        fetched < state.floor
            || state.distributions.get(subject.distribution).is_some_and(|rules| rules.cover(subject, fetched))
    }
}

impl State {
    /// This, and more.
    fn with(&self, distribution: &str, scopes: &[Scope], sequence: u64) -> Self {
        let mut distributions = self.distributions.clone();
        let rules = distributions.get(distribution).cloned().unwrap_or_default();
        distributions.insert(distribution.into(), Arc::new(rules.with(scopes, sequence)));
        if distributions.len() as u64 > INVALIDATION_DISTRIBUTIONS.default {
            return Self { floor: sequence, ..Self::default() };
        }
        Self { floor: self.floor, distributions }
    }

    /// From the drafts of distributions.
    fn from_drafts(floor: u64, drafts: HashMap<Box<str>, Draft>) -> Self {
        let distributions = drafts.into_iter().map(|(id, draft)| (id, Arc::new(draft.finish()))).collect();
        Self { floor, distributions }
    }
}

/// Where a new count starts: drawn from 2⁵² numbers, so that what another count gave out lies below the floor or above the
/// latest of this one, whatever the clock says.
fn first_sequence() -> u64 {
    (Random::from_process().next_u64() >> 12) + 1
}

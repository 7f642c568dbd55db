//! What was invalidated in one distribution, as a value that never changes once it is published.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::patterns::{Patterns, Target};
use super::{Scope, Subject};
use crate::store::limits::{INVALIDATION_ENTRY, INVALIDATION_ROOM};

type Texts = BTreeMap<Arc<[u8]>, u64>;

/// The invalidations of a distribution. Each text has the number of its last one.
#[derive(Debug, Default)]
pub struct Rules {
    all: u64,
    newest: u64,
    exact: Patterns,
    prefixes: Patterns,
    tags: Patterns,
}

impl Rules {
    /// Whether something newer than `fetched` covers the subject.
    pub fn cover(&self, subject: &Subject<'_>, fetched: u64) -> bool {
        if self.newest <= fetched {
            return false;
        }
        let target = Target::new(subject.path, subject.query);
        self.all > fetched
            || self.exact.exact(target) > fetched
            || self.prefixes.beginning(target) > fetched
            || subject.tags.iter().any(|tag| self.tags.exact(Target::new(tag.as_bytes(), None)) > fetched)
    }

    /// These, and others that have one number.
    pub fn with<'a>(&self, scopes: impl IntoIterator<Item = &'a Scope>, sequence: u64) -> Self {
        let mut draft = Draft::of(self);
        scopes.into_iter().for_each(|scope| draft.add(scope, sequence));
        draft.finish()
    }

    #[cfg(test)]
    pub fn weight(&self) -> u64 {
        Draft::of(self).weight()
    }

    /// What would make them anew.
    pub fn scopes(&self) -> Vec<(Scope, u64)> {
        let mut scopes = Vec::new();
        if self.all > 0 {
            scopes.push((Scope::All, self.all));
        }
        scopes.extend(self.exact.iter().map(|(text, n)| (Scope::Exact(text.clone()), n)));
        scopes.extend(self.prefixes.iter().map(|(text, n)| (Scope::Prefix(text.clone()), n)));
        scopes.extend(self.tags.iter().map(|(text, n)| (Scope::Tag(text.clone()), n)));
        scopes
    }
}

/// Rules while they are changed.
pub struct Draft {
    all: u64,
    exact: Texts,
    prefixes: Texts,
    tags: Texts,
}

impl Draft {
    /// Starts from rules.
    pub fn of(rules: &Rules) -> Self {
        let texts = |patterns: &Patterns| patterns.iter().map(|(text, n)| (text.clone(), n)).collect();
        Self { all: rules.all, exact: texts(&rules.exact), prefixes: texts(&rules.prefixes), tags: texts(&rules.tags) }
    }

    /// Adds one.
    pub fn add(&mut self, scope: &Scope, sequence: u64) {
        let (texts, text) = match scope {
            Scope::All => {
                self.all = self.all.max(sequence);
                return;
            }
            Scope::Exact(text) => (&mut self.exact, text),
            Scope::Prefix(text) => (&mut self.prefixes, text),
            Scope::Tag(text) => (&mut self.tags, text),
        };
        let newest = texts.entry(text.clone()).or_default();
        *newest = sequence.max(*newest);
    }

    /// Leaves out what an invalidation of everything covers; where the rest has no room, its older half becomes one.
    pub fn finish(mut self) -> Rules {
        self.drop_covered();
        while self.weight() > INVALIDATION_ROOM.default {
            self.all = self.median();
            self.drop_covered();
        }
        let newest = self.texts().flat_map(|texts| texts.values()).fold(self.all, |a, &b| a.max(b));
        Rules {
            all: self.all,
            newest,
            exact: Patterns::new(self.exact),
            prefixes: Patterns::new(self.prefixes),
            tags: Patterns::new(self.tags),
        }
    }

    fn texts(&self) -> impl Iterator<Item = &Texts> {
        [&self.exact, &self.prefixes, &self.tags].into_iter()
    }

    fn weight(&self) -> u64 {
        let texts = self.texts().flat_map(|texts| texts.keys());
        texts.map(|text| text.len() as u64 + INVALIDATION_ENTRY.default).sum()
    }

    fn median(&self) -> u64 {
        let mut numbers: Vec<u64> = self.texts().flat_map(|texts| texts.values().copied()).collect();
        let middle = numbers.len() / 2;
        if middle < numbers.len() { *numbers.select_nth_unstable(middle).1 } else { self.all }
    }

    fn drop_covered(&mut self) {
        for texts in [&mut self.exact, &mut self.prefixes, &mut self.tags] {
            texts.retain(|_, sequence| *sequence > self.all);
        }
    }
}

//! Host name → distribution.

use std::sync::Arc;

use foldhash::HashMap;

use super::Distribution;

/// Names of all distributions: exact ones, and those of the form `*.example.net`. They are the operator's, so that nobody makes
/// them collide, and a quick hash does.
#[derive(Debug, Default)]
pub(super) struct Hosts {
    exact: HashMap<String, Arc<Distribution>>,
    /// By what follows the star and its dot.
    wildcard: HashMap<String, Arc<Distribution>>,
}

impl Hosts {
    /// Adds a name in lower case; the distribution that has it already, if any.
    pub fn add(&mut self, name: &str, distribution: &Arc<Distribution>) -> Option<Arc<Distribution>> {
        let (names, name) = match name.strip_prefix("*.") {
            Some(parent) => (&mut self.wildcard, parent),
            None => (&mut self.exact, name),
        };
        if let Some(other) = names.get(name) {
            return Some(other.clone());
        }
        names.insert(name.to_owned(), distribution.clone());
        None
    }

    /// The distribution of a host in lower case: its exact name before wildcards, the longest of these first.
    #[inline]
    pub fn find(&self, host: &str) -> Option<&Arc<Distribution>> {
        let host = host.strip_suffix('.').unwrap_or(host);
        self.exact.get(host).or_else(|| self.find_wildcard(host))
    }

    fn find_wildcard(&self, host: &str) -> Option<&Arc<Distribution>> {
        if self.wildcard.is_empty() {
            return None;
        }
        let mut rest = host;
        while let Some((_, parent)) = rest.split_once('.') {
            if let Some(found) = self.wildcard.get(parent) {
                return Some(found);
            }
            rest = parent;
        }
        None
    }
}

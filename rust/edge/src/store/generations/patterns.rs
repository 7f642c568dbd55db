//! Texts with the sequence number of their last invalidation, found whole or as the beginning of another.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What is looked for: a path, or a path and a query with `?` between them, without being put together.
#[derive(Debug, Clone, Copy)]
pub struct Target<'a>([&'a [u8]; 3]);

impl<'a> Target<'a> {
    /// A path and its query; an empty query counts as none.
    pub fn new(path: &'a [u8], query: Option<&'a [u8]>) -> Self {
        match query.filter(|query| !query.is_empty()) {
            None => Self([path, b"", b""]),
            Some(query) => Self([path, b"?", query]),
        }
    }

    /// How many octets at the front are the same.
    fn common(&self, octets: &[u8]) -> usize {
        let mut rest = octets;
        for part in self.0 {
            let same = part.iter().zip(rest).take_while(|(a, b)| a == b).count();
            rest = rest.get(same..).unwrap_or_default();
            if same < part.len() {
                break;
            }
        }
        octets.len() - rest.len()
    }

    fn at(&self, mut index: usize) -> Option<u8> {
        for part in self.0 {
            match part.get(index) {
                Some(&octet) => return Some(octet),
                None => index -= part.len(),
            }
        }
        None
    }

    fn compare(&self, octets: &[u8]) -> Ordering {
        let common = self.common(octets);
        self.at(common).cmp(&octets.get(common).copied())
    }
}

/// Texts in order of their octets. Each knows the longest other one that it begins with, so that a look-up is one binary
/// search and a walk over ever shorter beginnings: its cost goes with the length of what is looked for, not with the
/// number of texts.
#[derive(Debug, Default)]
pub struct Patterns(Vec<Pattern>);

#[derive(Debug)]
struct Pattern {
    octets: Arc<[u8]>,
    sequence: u64,
    /// The newest number of this text and all that it begins with.
    newest: u64,
    /// Position of the longest text that it begins with.
    parent: Option<u32>,
}

impl Patterns {
    /// From texts and their numbers.
    pub fn new(texts: BTreeMap<Arc<[u8]>, u64>) -> Self {
        let mut sorted: Vec<Pattern> = Vec::with_capacity(texts.len());
        for (octets, sequence) in texts {
            let parent = parent_of(&sorted, &octets);
            let inherited = parent.and_then(|parent| sorted.get(parent as usize)).map_or(0, |parent| parent.newest);
            sorted.push(Pattern { octets, sequence, newest: sequence.max(inherited), parent });
        }
        Self(sorted)
    }

    /// All texts and their numbers.
    pub fn iter(&self) -> impl Iterator<Item = (&Arc<[u8]>, u64)> {
        self.0.iter().map(|pattern| (&pattern.octets, pattern.sequence))
    }

    /// The number of the text that is the target, 0 without one.
    pub fn exact(&self, target: Target<'_>) -> u64 {
        let found = self.below(target).filter(|pattern| target.compare(&pattern.octets) == Ordering::Equal);
        found.map_or(0, |pattern| pattern.sequence)
    }

    /// The newest number of all texts that the target begins with, 0 without one.
    pub fn beginning(&self, target: Target<'_>) -> u64 {
        let Some(mut pattern) = self.below(target) else { return 0 };
        let common = target.common(&pattern.octets);
        while pattern.octets.len() > common {
            let Some(parent) = pattern.parent.and_then(|parent| self.0.get(parent as usize)) else { return 0 };
            pattern = parent;
        }
        pattern.newest
    }

    /// The last text that does not come after the target. Every text that the target begins with, this one does too.
    fn below(&self, target: Target<'_>) -> Option<&Pattern> {
        let after = self.0.partition_point(|pattern| target.compare(&pattern.octets) != Ordering::Less);
        self.0.get(after.checked_sub(1)?)
    }
}

/// The longest text that `octets`, which comes after all of them, begins with.
fn parent_of(sorted: &[Pattern], octets: &[u8]) -> Option<u32> {
    let mut candidate = sorted.len().checked_sub(1).map(|last| last as u32);
    while let Some(pattern) = candidate.and_then(|candidate| sorted.get(candidate as usize)) {
        if octets.starts_with(&pattern.octets) {
            break;
        }
        candidate = pattern.parent;
    }
    candidate
}

//! What health makes of a routing: which candidates are healthy, and the words that each policy then reads.

use super::Routing;
use super::group::{Candidate, Group, Target};

/// What health makes of a routing; made off the serving threads and read by `pick`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Derived {
    words: Vec<u32>,
    spans: Vec<Span>,
    healthy: Vec<bool>,
}

/// Where a group's words are: a single one stands here itself, which saves the answering thread a visit to memory.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Span {
    at: u32,
    len: u32,
}

impl Derived {
    /// The words of one group's policy.
    #[inline]
    pub(super) fn words(&self, group: u32) -> &[u32] {
        match self.spans.get(group as usize) {
            None => &[],
            Some(Span { at, len: 1 }) => std::slice::from_ref(at),
            Some(Span { at, len }) => self.words.get(*at as usize..(at + len) as usize).unwrap_or(&[]),
        }
    }

    /// Whether a candidate counts as healthy.
    pub(super) fn healthy(&self, candidate: u32) -> bool {
        self.healthy.get(candidate as usize).copied().unwrap_or(true)
    }

    /// Keeps the words that a group's policy makes of its candidates' health; `words` is a scratch pad.
    fn keep(&mut self, number: u32, group: &Group, words: &mut Vec<u32>) {
        group.policy.derive(self.candidates(group), words);
        let span = match words.as_slice() {
            &[word] => Span { at: word, len: 1 },
            words => Span { at: self.words.len() as u32, len: words.len() as u32 },
        };
        if span.len > 1 {
            self.words.extend_from_slice(words);
        }
        if let Some(place) = self.spans.get_mut(number as usize) {
            *place = span;
        }
    }

    fn group_healthy(&self, group: &Group) -> bool {
        self.candidates(group).contains(&true)
    }

    fn candidates(&self, group: &Group) -> &[bool] {
        let first = group.first as usize;
        self.healthy.get(first..first + group.len as usize).unwrap_or(&[])
    }
}

impl Routing {
    /// What health makes of all groups; `None` = nothing known, which counts as healthy.
    ///
    /// Groups come in an order in which targets stand before the aliases that lead to them, so one pass is enough.
    pub fn derive(&self, health: &dyn Fn(u32) -> Option<bool>) -> Derived {
        let mut derived = Derived {
            words: Vec::new(),
            spans: vec![Span::default(); self.groups.len()],
            healthy: vec![true; self.candidates.len()],
        };
        let mut words = Vec::new();
        for &number in &self.order {
            if let Some(group) = self.groups.get(number as usize) {
                self.derive_health(group, health, &mut derived);
                derived.keep(number, group, &mut words);
            }
        }
        derived
    }

    fn derive_health(&self, group: &Group, health: &dyn Fn(u32) -> Option<bool>, derived: &mut Derived) {
        for at in group.first..group.first + u32::from(group.len) {
            let healthy =
                self.candidates.get(at as usize).is_none_or(|candidate| self.is_healthy(candidate, health, derived));
            if let Some(slot) = derived.healthy.get_mut(at as usize) {
                *slot = healthy;
            }
        }
    }

    /// Its own check, and its target's health where that is to be evaluated.
    fn is_healthy(&self, candidate: &Candidate, health: &dyn Fn(u32) -> Option<bool>, derived: &Derived) -> bool {
        let own = candidate.check.and_then(health).unwrap_or(true);
        own && match candidate.target {
            Target::Group(target) if candidate.evaluate => {
                self.groups.get(target as usize).is_none_or(|group| derived.group_healthy(group))
            }
            _ => true,
        }
    }
}

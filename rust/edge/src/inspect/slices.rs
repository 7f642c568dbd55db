//! What is kept in slices: those that follow one another and are kept alike are told as one.

use std::collections::BTreeSet;

use serde::{Serialize, Serializer};

use super::Kept;
use crate::behaviour::key::uri;
use crate::semantics::{ByteRange, Now};
use crate::service::slices;
use crate::shared::Shared;

/// Which octets are kept, and how many the whole has; said as `Content-Range` does.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part {
    pub range: ByteRange,
    pub complete: u64,
}

impl Serialize for Part {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.range.content_range(self.complete))
    }
}

impl Part {
    /// Whether the octets of another come next.
    fn is_followed_by(&self, next: &Self) -> bool {
        self.complete == next.complete && self.range.last.checked_add(1) == Some(next.range.first)
    }
}

impl Kept {
    fn is_followed_by(&self, next: &Self) -> bool {
        let is_alike = (self.tier, self.status, self.invalidated, &self.tags)
            == (next.tier, next.status, next.invalidated, &next.tags);
        let parts = self.part.as_ref().zip(next.part.as_ref());
        is_alike && parts.is_some_and(|(part, next)| part.is_followed_by(next))
    }

    /// As old as the oldest of its slices, and fresh for as long as all of them are.
    fn take(&mut self, next: &Self) {
        self.age = self.age.max(next.age);
        self.fresh_for = self.fresh_for.min(next.fresh_for);
        self.octets += next.octets;
        self.slices = self.slices.zip(next.slices).map(|(here, more)| here + more);
        if let (Some(part), Some(next)) = (&mut self.part, &next.part) {
            part.range.last = next.range.last;
        }
    }
}

impl Shared {
    /// Slices of a key that both tiers have, by their numbers.
    pub(super) fn kept_slices(&self, key: &[u8], numbers: &BTreeSet<u64>, now: Now) -> Vec<Kept> {
        let whole = key.escape_ascii().to_string();
        let slices = numbers.iter().flat_map(|&number| self.kept(&slices::key(key, number), now));
        joined(slices.map(|slice| Kept { key: whole.clone(), slices: Some(1), ..slice }).collect())
    }

    /// Numbers of the slices of a key that there may be.
    pub(super) fn slice_numbers(&self, key: &[u8]) -> BTreeSet<u64> {
        let number = |found: &[u8]| slices::parse(found).filter(|(whole, _)| *whole == key).map(|(_, number)| number);
        let on_disk = self.archive.as_ref().map(|archive| archive.keys(uri(key))).unwrap_or_default();
        let mut numbers: BTreeSet<_> = on_disk.iter().filter_map(|found| number(found)).collect();
        self.memory.for_each(|found, _, _| numbers.extend(number(found)));
        numbers
    }
}

/// Each tier by itself, memory first.
fn joined(mut slices: Vec<Kept>) -> Vec<Kept> {
    slices.sort_by_key(|slice| slice.tier == super::DISK);
    let mut told = Vec::<Kept>::new();
    for slice in slices {
        match told.last_mut().filter(|last| last.is_followed_by(&slice)) {
            Some(last) => last.take(&slice),
            None => told.push(slice),
        }
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slice(tier: &'static str, first: u64, last: u64, age: u64) -> Kept {
        Kept {
            key: "k".into(),
            tier,
            status: 206,
            age,
            fresh_for: 60 - age as i64,
            octets: last - first + 1,
            part: Some(Part { range: ByteRange { first, last }, complete: 100 }),
            slices: Some(1),
            invalidated: false,
            tags: vec![],
        }
    }

    fn told(slices: Vec<Kept>) -> Vec<(&'static str, u64, u64, u64)> {
        let told = joined(slices).into_iter();
        told.map(|kept| (kept.tier, kept.part.unwrap().range.last, kept.slices.unwrap(), kept.octets)).collect()
    }

    #[test]
    fn what_follows_and_is_kept_alike_is_one() {
        let film = || vec![slice("memory", 0, 9, 1), slice("disk", 0, 9, 1), slice("disk", 10, 19, 5)];
        assert_eq!(told(film()), [("memory", 9, 1, 10), ("disk", 19, 2, 20)]);
        let oldest = joined(film()).pop().unwrap();
        assert_eq!((oldest.age, oldest.fresh_for), (5, 55));
        assert_eq!(told(vec![slice("disk", 0, 9, 1), slice("disk", 20, 29, 1)]).len(), 2, "one is lacking between");
        let gone = Kept { invalidated: true, ..slice("disk", 10, 19, 1) };
        assert_eq!(told(vec![slice("disk", 0, 9, 1), gone]).len(), 2);
        let longer = Part { range: ByteRange { first: 10, last: 19 }, complete: 101 };
        assert_eq!(
            told(vec![slice("disk", 0, 9, 1), Kept { part: Some(longer), ..slice("disk", 10, 19, 1) }]).len(),
            2
        );
        assert_eq!(serde_json::to_value(longer).unwrap(), "bytes 10-19/101");
    }
}

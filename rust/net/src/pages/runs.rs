//! Which pages are free, as runs of neighbours: numbers alone, no memory.

use std::collections::{BTreeMap, BTreeSet};

/// Free runs. They reach into no two blocks, and within a block no two of them touch.
#[derive(Debug)]
pub struct Runs {
    /// First page and length.
    places: BTreeMap<usize, usize>,
    /// Length and first page.
    lengths: BTreeSet<(usize, usize)>,
    pages: usize,
    /// Pages of a block, of which the first has a number that this divides.
    block: usize,
}

impl Runs {
    pub const fn new(block: usize) -> Self {
        Self { places: BTreeMap::new(), lengths: BTreeSet::new(), pages: 0, block }
    }

    /// Pages in all of them.
    pub fn pages(&self) -> usize {
        self.pages
    }

    /// Takes `count` pages from the front of the shortest run that has them; the first of them.
    pub fn take(&mut self, count: usize) -> Option<usize> {
        let &(length, first) = self.lengths.range((count, 0)..).next()?;
        self.remove(first, length);
        if length > count {
            self.insert(first + count, length - count);
        }
        Some(first)
    }

    /// Gives back, or for the first time, `count` pages of a block from `first` on; the run that they are part of now.
    pub fn give(&mut self, first: usize, count: usize) -> (usize, usize) {
        let (mut start, mut end) = (first, first + count);
        debug_assert!(count > 0 && first / self.block == (end - 1) / self.block, "{count} pages from {first} on");
        debug_assert!(!self.has_any(first, end), "pages from {first} to {end} are given twice");
        if let Some((&before, &length)) = self.places.range(..first).next_back()
            && before + length == first
            && !first.is_multiple_of(self.block)
        {
            self.remove(before, length);
            start = before;
        }
        if let Some(&length) = self.places.get(&end)
            && !end.is_multiple_of(self.block)
        {
            self.remove(end, length);
            end += length;
        }
        self.insert(start, end - start);
        (start, end - start)
    }

    fn has_any(&self, first: usize, end: usize) -> bool {
        self.places.range(..end).next_back().is_some_and(|(&before, &length)| before + length > first)
    }

    fn insert(&mut self, first: usize, length: usize) {
        self.places.insert(first, length);
        self.lengths.insert((length, first));
        self.pages += length;
    }

    /// Leaves out a run.
    pub fn remove(&mut self, first: usize, length: usize) {
        self.places.remove(&first);
        self.lengths.remove(&(length, first));
        self.pages -= length;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;

    const PAGES: usize = 200;
    const BLOCK: usize = 50;

    #[test]
    fn the_shortest_run_that_is_long_enough_is_taken() {
        let mut runs = Runs::new(BLOCK);
        for (first, count) in [(0, 9), (20, 4), (30, 3), (40, 4)] {
            assert_eq!(runs.give(first, count), (first, count));
        }
        assert_eq!([4, 4, 4, 4, 3, 1].map(|count| runs.take(count)), [20, 40, 0, 4, 30, 8].map(Some));
        assert_eq!(runs.take(1), None);
    }

    proptest! {
        /// Against a table of pages: nothing is lent twice, nothing is lost, and neighbours become one again.
        #[test]
        fn pages_are_lent_once_and_all_come_back(steps in vec((any::<bool>(), 1..20usize, any::<prop::sample::Index>()), 1..300)) {
            let (mut runs, mut held) = (Runs::new(BLOCK), Vec::new());
            let mut is_free = [true; PAGES];
            for first in (0..PAGES).step_by(BLOCK) {
                prop_assert_eq!(runs.give(first, BLOCK), (first, BLOCK));
            }
            for (takes, count, which) in steps {
                if takes {
                    let runs_of = |block: &[bool]| block.split(|free| !free).map(<[bool]>::len).max().unwrap_or(0);
                    let longest = is_free.chunks(BLOCK).map(runs_of).max().unwrap_or(0);
                    let first = runs.take(count);
                    prop_assert_eq!(first.is_some(), count <= longest);
                    if let Some(first) = first {
                        for free in &mut is_free[first..first + count] {
                            prop_assert!(std::mem::replace(free, false));
                        }
                        held.push((first, count));
                    }
                } else if !held.is_empty() {
                    let (first, count) = held.swap_remove(which.index(held.len()));
                    is_free[first..first + count].fill(true);
                    runs.give(first, count);
                }
                prop_assert_eq!(runs.pages(), is_free.iter().filter(|free| **free).count());
            }
            for (first, count) in held {
                runs.give(first, count);
            }
            prop_assert_eq!([BLOCK; 5].map(|count| runs.take(count)), [Some(0), Some(50), Some(100), Some(150), None]);
        }
    }
}

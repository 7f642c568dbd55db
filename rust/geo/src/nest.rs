//! Prefixes that keep what they lie in: where the longest has nothing to say, the next longer one is asked.

use crate::{Prefix, PrefixTable};

/// A longest-prefix table of prefix numbers, and for each prefix the one around it.
#[derive(Debug, Clone)]
pub struct Nested {
    /// Address → number of the longest prefix, counted from 1; 0 where there is none.
    pub table: PrefixTable,
    around: Vec<u32>,
}

impl Nested {
    /// Numbers the prefixes 1, 2, … in the order given; they must be distinct.
    pub fn build(prefixes: &[Prefix]) -> Self {
        let numbered = || prefixes.iter().copied().zip(1u32..);
        Self { table: PrefixTable::build(numbered(), 0), around: surroundings(numbered().collect(), prefixes.len()) }
    }

    /// The prefix with this number and all around it, longest first.
    pub fn outward(&self, number: u32) -> impl Iterator<Item = u32> + '_ {
        let known = |&n: &u32| n > 0;
        std::iter::successors(Some(number).filter(known), move |&n| self.around.get(n as usize).copied().filter(known))
    }
}

/// For each number the number of the longest prefix around it.
fn surroundings(mut numbered: Vec<(Prefix, u32)>, count: usize) -> Vec<u32> {
    numbered.sort_by_key(|(prefix, _)| (prefix.address(), prefix.length()));
    let mut around = vec![0; count + 1];
    let mut open: Vec<(Prefix, u32)> = Vec::new();
    for (prefix, number) in numbered {
        while open.pop_if(|(outer, _)| !outer.contains(&prefix)).is_some() {}
        if let (Some(slot), Some(&(_, outer))) = (around.get_mut(number as usize), open.last()) {
            *slot = outer;
        }
        open.push((prefix, number));
    }
    around
}

#[cfg(test)]
mod tests {
    use super::Nested;

    #[test]
    fn each_prefix_knows_those_around_it() {
        let prefixes = ["10.1.0.0/16", "10.0.0.0/8", "2001:db8::/32", "10.1.2.0/24", "11.0.0.0/8", "0.0.0.0/0"];
        let nested = Nested::build(&prefixes.map(|p| p.parse().unwrap()));
        let at = |address: &str| nested.outward(nested.table.lookup(address.parse().unwrap()).0).collect::<Vec<_>>();
        assert_eq!(at("10.1.2.3"), [4, 1, 2, 6]);
        assert_eq!(at("10.2.0.0"), [2, 6]);
        assert_eq!(at("11.1.2.3"), [5, 6]);
        assert_eq!(at("2001:db8::1"), [3]);
        assert!(at("2001:db9::1").is_empty());
    }
}

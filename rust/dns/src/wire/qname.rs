//! The name asked for, in lower case, with the places of its labels.
#![allow(clippy::indexing_slicing)] // Wire room: indexes are bounded by the name's checked length; fuzzed.

use super::name::{MAX_LABEL, MAX_NAME, Name};

/// Most labels of a name, the root's included: 127 of one octet, and the root.
const MAX_LABELS: usize = 128;

/// A name that a thread keeps and overwrites for every query.
#[derive(Clone)]
pub struct QName {
    octets: [u8; 256],
    starts: [u8; MAX_LABELS],
    len: usize,
    labels: usize,
}

impl Default for QName {
    fn default() -> Self {
        Self { octets: [0; 256], starts: [0; MAX_LABELS], len: 1, labels: 0 }
    }
}

impl QName {
    /// Reads an uncompressed name; returns the offset behind it. `None`: cut off, compressed or too long.
    #[inline]
    pub fn read(&mut self, packet: &[u8], start: usize) -> Option<usize> {
        let mut at = start;
        let mut labels = 0;
        loop {
            let len = usize::from(*packet.get(at)?);
            if len > MAX_LABEL || at - start >= MAX_NAME {
                return None;
            }
            self.starts[labels] = (at - start) as u8;
            at += len + 1;
            if len == 0 {
                break;
            }
            labels += 1;
        }
        let name = packet.get(start..at).filter(|name| name.len() <= MAX_NAME)?;
        self.labels = labels;
        self.len = name.len();
        self.octets[..name.len()].copy_from_slice(name);
        self.lower();
        Some(at)
    }

    /// Takes an uncompressed wire name of legal length.
    pub fn set(&mut self, name: &[u8]) -> bool {
        Name::wire_len(name) == Some(name.len()) && self.read(name, 0).is_some()
    }

    /// Letters to lower case, eight octets at a time. Length octets are below `A` and stay as they are.
    #[inline]
    fn lower(&mut self) {
        const HIGH: u64 = 0x8080_8080_8080_8080;
        for chunk in self.octets[..(self.len + 7) & !7].as_chunks_mut::<8>().0 {
            let word = u64::from_le_bytes(*chunk);
            let seven = word & !HIGH;
            let from_a = seven + 0x3f3f_3f3f_3f3f_3f3f;
            let above_z = seven + 0x2525_2525_2525_2525;
            let upper = (from_a & !above_z & !word) & HIGH;
            *chunk = (word | upper >> 2).to_le_bytes();
        }
    }

    /// The name in wire form, lower case.
    #[inline]
    pub fn wire(&self) -> &[u8] {
        &self.octets[..self.len]
    }

    /// Offsets of the labels from the leftmost on, the root's included.
    #[inline]
    pub fn starts(&self) -> &[u8] {
        &self.starts[..=self.labels]
    }

    /// Labels without the root's.
    #[inline]
    pub fn labels(&self) -> usize {
        self.labels
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn lower_case_is_ascii_lower_case(labels in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..=63), 0..=3)) {
            let mut wire: Vec<u8> = labels.iter().flat_map(|l| std::iter::once(l.len() as u8).chain(l.iter().copied())).collect();
            wire.push(0);
            let mut name = QName::default();
            prop_assert_eq!(name.read(&[b"ab", &wire[..], b"rest"].concat(), 2), Some(2 + wire.len()));
            prop_assert_eq!(name.wire(), &wire.to_ascii_lowercase()[..]);
            prop_assert_eq!(name.labels(), labels.len());
            prop_assert_eq!(name.starts().len(), labels.len() + 1);
            prop_assert_eq!(usize::from(*name.starts().last().unwrap()), wire.len() - 1);
        }
    }

    #[test]
    fn names_of_255_octets_and_no_more() {
        let of = |lens: &[usize]| {
            lens.iter().flat_map(|&n| std::iter::once(n as u8).chain(vec![b'A'; n])).chain([0]).collect::<Vec<u8>>()
        };
        let mut name = QName::default();
        assert_eq!(name.read(&of(&[63, 63, 63, 61]), 0), Some(255));
        assert_eq!(name.read(&of(&[63, 63, 63, 62]), 0), None);
        assert_eq!(name.read(&of(&[1; 127]), 0), Some(255));
        assert_eq!(name.read(&of(&[1; 128]), 0), None);
        assert_eq!(name.read(&[3, b'a'], 0), None);
        assert_eq!(name.read(&[0xc0, 0], 0), None);
    }
}

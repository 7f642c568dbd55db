//! Canonical order of names (RFC 4034 section 6.1), quick enough for millions.

use std::cmp::Ordering;

use crate::wire::name::labels;

/// Compares two lower-case names given without their common apex.
pub fn canonical(a: &[u8], b: &[u8]) -> Ordering {
    let a: Vec<&[u8]> = labels(a).collect();
    let b: Vec<&[u8]> = labels(b).collect();
    a.iter().rev().cmp(b.iter().rev())
}

/// The first 16 octets of a name's place in the canonical order. Two names with different keys are ordered by them;
/// with the same key, `canonical` decides.
pub fn key(name: &[u8]) -> u128 {
    let mut starts = [0u8; 128];
    let mut count = 0;
    let mut at = 0;
    while let Some(&len) = name.get(at).filter(|&&len| len > 0) {
        if let Some(start) = starts.get_mut(count) {
            *start = at as u8;
        }
        count += 1;
        at += usize::from(len) + 1;
    }
    let mut key = Key { value: 0, left: 16 };
    for &start in starts.iter().take(count).rev() {
        let start = usize::from(start);
        let end = start + 1 + usize::from(name.get(start).copied().unwrap_or(0));
        if !key.label(name.get(start + 1..end).unwrap_or(&[])) {
            break;
        }
    }
    key.finish()
}

struct Key {
    value: u128,
    left: u32,
}

impl Key {
    fn push(&mut self, octet: u8) -> bool {
        if self.left == 0 {
            return false;
        }
        self.value = self.value << 8 | u128::from(octet);
        self.left -= 1;
        true
    }

    /// Octets are moved up by one, so that the end of a label (0) comes before all of them. The two highest fall
    /// together; the key ends behind them and leaves the rest to the full comparison.
    fn label(&mut self, label: &[u8]) -> bool {
        for &octet in label {
            if !self.push(octet.saturating_add(1)) || octet >= 254 {
                return false;
            }
        }
        self.push(0)
    }

    fn finish(self) -> u128 {
        if self.left == 16 { 0 } else { self.value << (8 * self.left) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn name() -> impl Strategy<Value = Vec<u8>> {
        let octet = prop_oneof![Just(0u8), Just(1), Just(b'a'), Just(b'b'), Just(254), Just(255)];
        prop::collection::vec(prop::collection::vec(octet, 1..5), 0..5).prop_map(|labels| {
            labels.iter().flat_map(|l| std::iter::once(l.len() as u8).chain(l.iter().copied())).collect()
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]
        #[test]
        fn a_key_never_contradicts_the_order(a in name(), b in name()) {
            let by_key = key(&a).cmp(&key(&b));
            prop_assert!(by_key == Ordering::Equal || by_key == canonical(&a, &b));
        }
    }
}

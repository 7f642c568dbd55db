//! Weighted routing: each candidate by its share of the weights.

use edgeplane_base::random::Random;

use crate::{Chosen, Client, Policy};

/// Candidates by weight. Zero-weight candidates count only when no other is healthy; when nothing is healthy, health is
/// ignored; when all weights are zero, each is as likely as the next. (Route 53 developer guide, "Weighted routing" and
/// "How Amazon Route 53 chooses records when health checking is configured".)
///
/// Derived: for each candidate the sum of the weights up to it.
#[derive(Debug, Clone)]
pub struct Weighted {
    weights: Vec<u16>,
}

impl Weighted {
    /// One weight a candidate: 0 to 255 for record sets.
    pub fn new(weights: Vec<u16>) -> Self {
        Self { weights }
    }

    /// The weight that a candidate has for now.
    fn effective<'a>(&'a self, healthy: &'a [bool]) -> impl Iterator<Item = u32> + 'a {
        let candidates = || self.weights.iter().zip(healthy).map(|(&weight, &healthy)| (weight, healthy));
        let heavy = candidates().any(|(weight, healthy)| healthy && weight > 0);
        let light = candidates().any(|(weight, healthy)| healthy && weight == 0);
        let weightless = self.weights.iter().all(|&weight| weight == 0);
        candidates().map(move |(weight, healthy)| match (heavy, light) {
            (true, _) if healthy => u32::from(weight),
            (true, _) => 0,
            (false, true) => u32::from(healthy && weight == 0),
            (false, false) if weightless => 1,
            (false, false) => u32::from(weight),
        })
    }
}

impl Policy for Weighted {
    fn name(&self) -> &'static str {
        "weighted"
    }

    fn derive(&self, healthy: &[bool], out: &mut Vec<u32>) {
        out.clear();
        out.extend(self.effective(healthy).scan(0u32, |sum, weight| {
            *sum = sum.saturating_add(weight);
            Some(*sum)
        }));
    }

    #[inline]
    fn select(&self, derived: &[u32], _: &Client, random: &mut Random, chosen: &mut Chosen) {
        let Some(&total) = derived.last() else {
            return chosen.clear();
        };
        let drawn = random.below(total);
        chosen.only(Some(derived.partition_point(|&sum| sum <= drawn) as u16));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::battery::{Battery, frequencies};

    /// The candidates that can be chosen under a state of health such as `UUH`.
    fn reachable(weights: &[u16], health: &str) -> Vec<u16> {
        let counts =
            frequencies(&Weighted::new(weights.to_vec()), &health.chars().map(|c| c == 'H').collect::<Vec<_>>());
        (0u16..).zip(counts).filter(|&(_, count)| count > 0).map(|(n, _)| n).collect()
    }

    #[test]
    fn the_truth_table_of_zero_weights() {
        for (health, expected) in [
            ("UUH", vec![2]),
            ("UUU", vec![0, 1]),
            ("UHU", vec![1]),
            ("HHU", vec![0, 1]),
            ("HHH", vec![0, 1]),
            ("UHH", vec![1]),
            ("HUU", vec![0]),
        ] {
            assert_eq!(reachable(&[1, 1, 0], health), expected, "{health}");
        }
    }

    #[test]
    fn weights_of_zero_alone_are_equal() {
        for (health, expected) in [("HHH", vec![0, 1, 2]), ("UHH", vec![1, 2]), ("UUU", vec![0, 1, 2])] {
            assert_eq!(reachable(&[0, 0, 0], health), expected, "{health}");
        }
        let counts = frequencies(&Weighted::new(vec![0; 4]), &[true; 4]);
        assert!(counts.iter().all(|count| (2_300..2_700).contains(count)), "{counts:?}");
    }

    #[test]
    fn frequencies_follow_the_weights() {
        let weights = [1u16, 3, 0, 6, 255];
        let counts = frequencies(&Weighted::new(weights.to_vec()), &[true; 5]);
        let chi_square: f64 = (weights.iter().zip(&counts).filter(|(weight, _)| **weight > 0))
            .map(|(&weight, &count)| {
                let expected = f64::from(weight) / 265.0 * 10_000.0;
                (f64::from(count) - expected).powi(2) / expected
            })
            .sum();
        assert!(chi_square < 16.27, "p < 0.001 with 3 degrees of freedom: {chi_square} {counts:?}");
        assert_eq!(counts[2], 0);
    }

    #[test]
    fn keeps_the_contract() {
        for weights in [vec![1, 1, 0], vec![0, 0], vec![255, 1, 7, 0, 0], vec![65_535; 6], vec![5]] {
            let policy = Weighted::new(weights.clone());
            Battery::of(&policy, weights.len()).run();
        }
        Battery::of(&Weighted::new(vec![]), 0).eligible(|_| vec![]).run();
    }
}

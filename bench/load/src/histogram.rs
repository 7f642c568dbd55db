//! A histogram of durations with logarithmic buckets: 128 for each doubling, so that a quantile is at most 0.8 % off.

const SUB_BITS: u32 = 7;
const SUB: u64 = 1 << SUB_BITS;
const BUCKETS: usize = ((64 - SUB_BITS + 1) as usize) << SUB_BITS;

/// Counts of values (nanoseconds), by bucket.
pub struct Histogram {
    counts: Vec<u64>,
    total: u64,
    max: u64,
}

impl Histogram {
    /// An empty histogram; 60 kB.
    pub fn new() -> Self {
        Self { counts: vec![0; BUCKETS], total: 0, max: 0 }
    }

    /// Adds one value.
    pub fn record(&mut self, value: u64) {
        if let Some(count) = self.counts.get_mut(bucket(value)) {
            *count += 1;
        }
        self.total += 1;
        self.max = self.max.max(value);
    }

    /// The largest value recorded, exact.
    pub fn max(&self) -> u64 {
        self.max
    }

    /// The value below or at which the share `q` (0 to 1) of all values lies; 0 when empty.
    pub fn quantile(&self, q: f64) -> u64 {
        let rank = ((self.total as f64 * q).ceil() as u64).clamp(1, self.total.max(1));
        let mut seen = 0;
        for (index, count) in self.counts.iter().enumerate() {
            seen += count;
            if seen >= rank {
                return top(index).min(self.max);
            }
        }
        self.max
    }
}

/// Values below 128 have a bucket each; above, the seven bits after the leading one choose.
fn bucket(value: u64) -> usize {
    let exponent = (63 - (value | 1).leading_zeros()).saturating_sub(SUB_BITS);
    let sub = value >> exponent;
    ((u64::from(exponent) << SUB_BITS) + sub) as usize
}

/// The largest value of a bucket.
fn top(index: usize) -> u64 {
    let index = index as u64;
    if index < 2 * SUB {
        return index;
    }
    let exponent = (index >> SUB_BITS) - 1;
    let sub = (index & (SUB - 1)) + SUB;
    ((sub + 1) << exponent).wrapping_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_are_dense_ordered_and_narrow() {
        let mut last = bucket(0);
        assert_eq!(last, 0);
        for value in 1..200_000u64 {
            let now = bucket(value);
            assert!(now == last || now == last + 1, "gap at {value}");
            assert!(top(now) >= value && (top(now) - value) as f64 <= value as f64 / SUB as f64);
            last = now;
        }
        assert!(bucket(u64::MAX) < BUCKETS);
    }

    #[test]
    fn quantiles_agree_with_sorting() {
        let mut histogram = Histogram::new();
        let mut values: Vec<u64> = (0..10_000u64).map(|i| (i * 7_919) % 1_000_003 * (1 + i % 50)).collect();
        values.iter().for_each(|v| histogram.record(*v));
        values.sort_unstable();
        for q in [0.0, 0.5, 0.9, 0.99, 0.999, 1.0] {
            let rank = ((values.len() as f64 * q).ceil() as usize).max(1);
            let exact = values[rank - 1];
            let found = histogram.quantile(q);
            assert!(found >= exact && found as f64 <= exact as f64 * 1.008 + 1.0, "{q}: {found} for {exact}");
        }
        assert_eq!(histogram.max(), *values.last().unwrap());
    }

    #[test]
    fn empty_is_zero() {
        assert_eq!(Histogram::new().quantile(0.5), 0);
    }
}

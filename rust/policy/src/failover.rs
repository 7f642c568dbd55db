//! Failover routing: the primary while it is healthy, then the secondary.

use edgeplane_base::random::Random;

use crate::{Chosen, Client, Policy};

/// Primary and secondary. With both unhealthy the primary answers.
///
/// Derived: one word, the candidate, or `u32::MAX` for none.
#[derive(Debug, Clone, Copy)]
pub struct Failover {
    primary: Option<u16>,
    secondary: Option<u16>,
}

impl Failover {
    /// The candidates of the two roles; a group may have one of them only.
    pub fn new(primary: Option<u16>, secondary: Option<u16>) -> Self {
        Self { primary, secondary }
    }

    fn choose(&self, healthy: &[bool]) -> Option<u16> {
        let roles = || [self.primary, self.secondary].into_iter().flatten();
        let is_healthy = |&candidate: &u16| healthy.get(usize::from(candidate)) == Some(&true);
        roles().find(is_healthy).or_else(|| roles().next())
    }
}

impl Policy for Failover {
    fn name(&self) -> &'static str {
        "failover"
    }

    fn derive(&self, healthy: &[bool], out: &mut Vec<u32>) {
        out.clear();
        out.push(self.choose(healthy).map_or(u32::MAX, u32::from));
    }

    #[inline]
    fn select(&self, derived: &[u32], _: &Client, _: &mut Random, chosen: &mut Chosen) {
        chosen.only(derived.first().and_then(|&candidate| u16::try_from(candidate).ok()));
    }
}

#[cfg(test)]
mod tests {
    use super::Failover;
    use crate::battery::Battery;

    #[test]
    fn truth_table() {
        let policy = Failover::new(Some(1), Some(0));
        for (secondary, primary, expected) in [(true, true, 1), (true, false, 0), (false, true, 1), (false, false, 1)] {
            assert_eq!(policy.choose(&[secondary, primary]), Some(expected));
        }
    }

    #[test]
    fn keeps_the_contract() {
        Battery::of(&Failover::new(Some(0), Some(1)), 2).run();
        Battery::of(&Failover::new(Some(1), Some(0)), 2).run();
        Battery::of(&Failover::new(Some(0), None), 1).run();
        Battery::of(&Failover::new(None, Some(0)), 1).run();
        Battery::of(&Failover::new(None, None), 0).eligible(|_| vec![]).run();
    }
}

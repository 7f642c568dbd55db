//! Simple routing: one record set, whatever its health.

use edgeplane_base::random::Random;

use crate::{Chosen, Client, Policy};

/// Chooses the only candidate. A random order of its values is the answer's affair.
#[derive(Debug, Clone, Copy, Default)]
pub struct Simple;

impl Policy for Simple {
    fn name(&self) -> &'static str {
        "simple"
    }

    fn derive(&self, healthy: &[bool], out: &mut Vec<u32>) {
        out.clear();
        out.push(u32::from(!healthy.is_empty()));
    }

    #[inline]
    fn select(&self, derived: &[u32], _: &Client, _: &mut Random, chosen: &mut Chosen) {
        chosen.only((derived.first() == Some(&1)).then_some(0));
    }
}

#[cfg(test)]
mod tests {
    use super::Simple;
    use crate::battery::Battery;

    #[test]
    fn keeps_the_contract() {
        Battery::of(&Simple, 1).run();
        Battery::of(&Simple, 0).eligible(|_| vec![]).run();
    }
}

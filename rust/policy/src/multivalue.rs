//! Multivalue answer routing: up to eight healthy records at random.

use edgeplane_base::random::Random;

use crate::{CHOSEN_MAX, Chosen, Client, Policy};

/// Any eight of the healthy candidates, in random order; of all of them when none is healthy.
///
/// Derived: the candidates to draw from.
#[derive(Debug, Clone, Copy, Default)]
pub struct Multivalue;

impl Policy for Multivalue {
    fn name(&self) -> &'static str {
        "multivalue"
    }

    fn derive(&self, healthy: &[bool], out: &mut Vec<u32>) {
        let all = !healthy.contains(&true);
        out.clear();
        out.extend((0u32..).zip(healthy).filter(|&(_, &healthy)| healthy || all).map(|(candidate, _)| candidate));
    }

    #[inline]
    fn select(&self, derived: &[u32], _: &Client, random: &mut Random, chosen: &mut Chosen) {
        chosen.clear();
        let mut pool = [0; POOL];
        match pool.get_mut(..derived.len()) {
            Some(pool) => {
                pool.copy_from_slice(derived);
                draw(pool, random, chosen);
            }
            None => draw_from_many(derived, random, chosen),
        }
    }
}

/// Candidates that are shuffled in a copy. Their number decides nothing within the loop, so that no branch there can be
/// guessed wrong.
const POOL: usize = 32;

/// The front of the pool as it is shuffled (R. A. Fisher and F. Yates).
#[inline]
fn draw(pool: &mut [u32], random: &mut Random, chosen: &mut Chosen) {
    for n in 0..pool.len().min(CHOSEN_MAX) {
        pool.swap(n, n + random.below((pool.len() - n) as u32) as usize);
        chosen.push(pool.get(n).copied().unwrap_or(0) as u16);
    }
}

/// Draws without replacement and without a copy (R. W. Floyd's sampling), then shuffles.
fn draw_from_many(derived: &[u32], random: &mut Random, chosen: &mut Chosen) {
    for last in derived.len().saturating_sub(CHOSEN_MAX)..derived.len() {
        let drawn = random.below(last as u32 + 1) as usize;
        let Some(&candidate) = derived.get(drawn) else {
            continue;
        };
        let taken = chosen.indexes().contains(&(candidate as u16));
        let candidate = if taken { derived.get(last).copied().unwrap_or(candidate) } else { candidate };
        chosen.push(candidate as u16);
    }
    chosen.shuffle(random);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::battery::{Battery, frequencies};

    #[test]
    fn every_candidate_is_given_out_equally_often() {
        let counts = frequencies(&Multivalue, &[true; 20]);
        assert!(counts.iter().all(|count| (3_800..4_200).contains(count)), "8 of 20 in 10,000 draws: {counts:?}");
        let counts = frequencies(&Multivalue, &[true; 2 * POOL]);
        assert!(counts.iter().all(|count| (1_100..1_400).contains(count)), "8 of 64 in 10,000 draws: {counts:?}");
        let mut healthy = [false; 20];
        healthy[3..6].fill(true);
        assert_eq!(frequencies(&Multivalue, &healthy).iter().sum::<u32>(), 30_000, "all three healthy, always");
        assert_eq!(frequencies(&Multivalue, &[false; 20]).iter().sum::<u32>(), 80_000, "eight of the unhealthy");
    }

    #[test]
    fn every_candidate_comes_first_equally_often() {
        for candidates in [12, 2 * POOL] {
            let (mut random, mut chosen, mut first) = (Random::seeded(5), Chosen::default(), vec![0u32; candidates]);
            let derived: Vec<u32> = (0..candidates as u32).collect();
            for _ in 0..1_000 * candidates {
                Multivalue.select(&derived, &crate::battery::client(), &mut random, &mut chosen);
                first[usize::from(chosen.indexes()[0])] += 1;
            }
            assert!(first.iter().all(|count| (850..1_150).contains(count)), "{first:?}");
        }
    }

    #[test]
    fn nothing_is_chosen_twice_from_many() {
        let (mut random, mut chosen) = (Random::seeded(9), Chosen::default());
        let derived: Vec<u32> = (0..POOL as u32 + 1).collect();
        for _ in 0..1_000 {
            Multivalue.select(&derived, &crate::battery::client(), &mut random, &mut chosen);
            let distinct: std::collections::HashSet<_> = chosen.indexes().iter().collect();
            assert_eq!(distinct.len(), CHOSEN_MAX, "{chosen:?}");
        }
    }

    #[test]
    fn keeps_the_contract() {
        for candidates in [1, 3, 8, 10] {
            Battery::of(&Multivalue, candidates).run();
        }
        Battery::of(&Multivalue, 0).eligible(|_| vec![]).run();
    }
}

//! Which keys are being fetched.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex};

use super::Fill;

const SHARDS: usize = 32;

type Shard = Mutex<HashMap<Box<[u8]>, Arc<Fill>>>;

/// The fetches under way on all workers, by cache key.
pub struct Fills {
    shards: [Shard; SHARDS],
    hasher: RandomState,
}

/// What a request for a key is.
pub enum Joined {
    /// The first: it has to see to the fetch.
    Leads(Lead),
    /// One of those that wait.
    Follows(Arc<Fill>),
    /// None of both: a fetch has ended meanwhile, and the store is to be asked again.
    LooksAgain,
}

/// The duty to finish a fetch; dropping it takes the key out of the table, so that the next request starts anew. Nobody is
/// left waiting for what was never begun.
pub struct Lead {
    fills: Arc<Fills>,
    key: Box<[u8]>,
    /// What the others look at.
    pub fill: Arc<Fill>,
}

impl Default for Fills {
    fn default() -> Self {
        Self { shards: std::array::from_fn(|_| Mutex::default()), hasher: RandomState::new() }
    }
}

impl Fills {
    /// Follows the fetch of a key that is under way, or leads a new one, which is then `begun`; unless who asks
    /// `looks_again`, which is asked before anybody could follow. Whoever follows one that `is_outdated` goes on to do so;
    /// those who come later do not. Both are asked under a lock.
    pub fn join(
        self: &Arc<Self>,
        key: &[u8],
        begun: impl FnOnce() -> Fill,
        is_outdated: impl FnOnce(&Fill) -> bool,
        looks_again: impl FnOnce() -> bool,
    ) -> Joined {
        let mut shard = crate::lock(self.shard(key));
        if let Some(fill) = shard.get(key).filter(|fill| !is_outdated(fill)) {
            return Joined::Follows(fill.clone());
        }
        if looks_again() {
            return Joined::LooksAgain;
        }
        let fill = Arc::new(begun());
        shard.insert(key.into(), fill.clone());
        Joined::Leads(Lead { fills: self.clone(), key: key.into(), fill })
    }

    /// The fetch of a key that is under way.
    pub fn under_way(&self, key: &[u8]) -> Option<Arc<Fill>> {
        crate::lock(self.shard(key)).get(key).cloned()
    }

    /// How many fetches are under way.
    pub fn len(&self) -> usize {
        self.shards.iter().map(|shard| crate::lock(shard).len()).sum()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn shard(&self, key: &[u8]) -> &Shard {
        let [first, ..] = &self.shards;
        self.shards.get(self.hasher.hash_one(key) as usize % SHARDS).unwrap_or(first)
    }
}

impl Lead {
    /// The key that is fetched.
    pub fn key(&self) -> &[u8] {
        &self.key
    }
}

impl Drop for Lead {
    fn drop(&mut self) {
        let mut shard = crate::lock(self.fills.shard(&self.key));
        if shard.get(&self.key).is_some_and(|fill| Arc::ptr_eq(fill, &self.fill)) {
            shard.remove(&self.key);
        }
        drop(shard);
        self.fill.give_up();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fill::Stage;
    use crate::store::written::Mark;

    #[test]
    fn one_leads_until_it_is_done() {
        let fills = Arc::new(Fills::default());
        let join = |key: &[u8]| fills.join(key, || Fill::new(1, Mark::default()), |_| false, || false);
        let Joined::Leads(lead) = join(b"a") else { panic!("the first leads") };
        assert!(matches!(join(b"a"), Joined::Follows(fill) if Arc::ptr_eq(&fill, &lead.fill)));
        assert!(matches!(join(b"b"), Joined::Leads(_)));
        assert!(fills.under_way(b"a").is_some() && fills.under_way(b"b").is_none(), "only that of a is held");
        drop(lead);
        assert!(fills.is_empty());
        assert!(matches!(join(b"a"), Joined::Leads(_)));
    }

    #[test]
    fn who_is_to_look_again_has_nobody_wait() {
        let fills = Arc::new(Fills::default());
        let join = |moved| fills.join(b"a", || Fill::new(1, Mark::default()), |_| false, move || moved);
        assert!(matches!(join(true), Joined::LooksAgain));
        assert!(fills.is_empty(), "nobody could follow what is not begun");
        let Joined::Leads(lead) = join(false) else { panic!("nobody leads") };
        assert!(matches!(join(true), Joined::Follows(_)), "one that is under way brings what is new");
        let fill = lead.fill.clone();
        drop(lead);
        assert!(matches!(fill.stage(), Stage::Private), "who followed asks for himself");
    }

    #[test]
    fn one_that_is_outdated_gives_way_to_one_that_all_others_follow() {
        let fills = Arc::new(Fills::default());
        let join = |sequence| {
            fills.join(b"a", || Fill::new(sequence, Mark::default()), |fill| fill.sequence < sequence, || false)
        };
        let Joined::Leads(old) = join(1) else { panic!("the first leads") };
        let Joined::Leads(new) = join(2) else { panic!("the old one does not count") };
        assert!(matches!(join(2), Joined::Follows(fill) if Arc::ptr_eq(&fill, &new.fill)));
        drop(old);
        assert!(
            matches!(join(2), Joined::Follows(fill) if Arc::ptr_eq(&fill, &new.fill)),
            "its end is not that of the new"
        );
        drop(new);
        assert!(fills.is_empty());
    }
}

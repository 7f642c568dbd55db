//! A worker's accounts, one for each distribution that it has met, and its pen for the access log.

use std::sync::Arc;

use foldhash::HashMap;

use crate::log::Pen;
use crate::metrics::Account;
use crate::plan::{Distribution, Plan};
use crate::shared::Shared;

/// The accounts of one worker. A number stays with its distribution over all plans.
#[derive(Default)]
pub struct Ledger {
    /// Writes the access log; none where there is none.
    pub pen: Option<Pen>,
    accounts: Vec<Arc<Account>>,
    numbers: HashMap<String, usize>,
    /// The plan whose distributions `order` lists.
    plan: u64,
    order: Vec<usize>,
}

impl Ledger {
    /// Follows the plan of now: one comparison, while it stays the same.
    #[inline]
    pub fn follow(&mut self, shared: &Shared, plan: &Plan) {
        if self.plan != plan.serial {
            self.order = plan.distributions.iter().map(|one| self.number_of(shared, &one.id)).collect();
            self.pen = shared.log.pen(self.pen.take());
            self.plan = plan.serial;
        }
    }

    /// The number of a distribution of the plan that is followed.
    #[inline]
    pub fn number(&self, distribution: &Distribution) -> usize {
        self.order.get(distribution.number).copied().unwrap_or(usize::MAX)
    }

    /// The account with a number.
    #[inline]
    pub fn account(&self, number: usize) -> Option<&Account> {
        self.accounts.get(number).map(|account| &**account)
    }

    /// The number of an id, whose account is opened on first use.
    fn number_of(&mut self, shared: &Shared, id: &str) -> usize {
        if let Some(&number) = self.numbers.get(id) {
            return number;
        }
        self.accounts.push(shared.counters.open(id));
        self.numbers.insert(id.to_owned(), self.accounts.len() - 1);
        self.accounts.len() - 1
    }
}

//! Room for a newcomer: which connections are idle is known to their own worker alone, so a worker without any asks the others.

use std::sync::Mutex;

use tokio::sync::{mpsc, oneshot};

/// A worker's wish that another closes an idle connection; the answer says whether there was one.
pub type Wish = oneshot::Sender<bool>;

/// Where the wishes of all workers go.
#[derive(Default)]
pub struct Neighbours(Mutex<Vec<mpsc::UnboundedSender<Wish>>>);

impl Neighbours {
    /// One more worker: its number, and the wishes of the others.
    pub fn join(&self) -> (usize, mpsc::UnboundedReceiver<Wish>) {
        let (sender, wishes) = mpsc::unbounded_channel();
        let mut all = crate::lock(&self.0);
        all.push(sender);
        (all.len() - 1, wishes)
    }

    /// Asks the others in turn until one closes a connection; whether one did.
    pub async fn close_idlest(&self, asking: usize) -> bool {
        let others: Vec<_> = {
            let all = crate::lock(&self.0);
            all.iter().cycle().skip(asking + 1).take(all.len().saturating_sub(1)).cloned().collect()
        };
        for other in others {
            let (wish, answer) = oneshot::channel();
            if other.send(wish).is_ok() && answer.await == Ok(true) {
                return true;
            }
        }
        false
    }
}

/// Grants the wishes of other workers with `close_idlest`, as long as there are others.
pub async fn grant(mut wishes: mpsc::UnboundedReceiver<Wish>, close_idlest: impl Fn() -> bool) {
    while let Some(wish) = wishes.recv().await {
        let _ = wish.send(close_idlest());
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[tokio::test]
    async fn the_others_are_asked_in_turn_until_one_has_an_idle_connection() {
        let neighbours = Neighbours::default();
        let (own, _mine) = neighbours.join();
        let idle = [Cell::new(0), Cell::new(2)];
        let (_, first) = neighbours.join();
        let (_, second) = neighbours.join();
        let take = |idle: &Cell<u32>| {
            let had = idle.get();
            idle.set(had.saturating_sub(1));
            had > 0
        };
        let asked = async {
            let mut found = Vec::new();
            for _ in 0..3 {
                found.push(neighbours.close_idlest(own).await);
            }
            found
        };
        tokio::select! {
            found = asked => assert_eq!(found, [true, true, false]),
            () = grant(first, || take(&idle[0])) => unreachable!(),
            () = grant(second, || take(&idle[1])) => unreachable!(),
        }
    }

    #[tokio::test]
    async fn who_is_gone_has_none() {
        let neighbours = Neighbours::default();
        let (own, _mine) = neighbours.join();
        drop(neighbours.join());
        assert!(!neighbours.close_idlest(own).await);
    }
}

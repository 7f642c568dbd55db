//! A fetch for one client alone, made while that waits for it: no task to begin, and none to wake. When its client has what it
//! waited for, or waits no longer, the rest is a task's, so that no client holds up what is to be stored.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

use edgeplane_base::boxed::pin_with;
use tokio::task::spawn_local;

use crate::fill::{Fill, Stage};

/// A fetch that has not ended.
pub struct Aside(Option<Pin<Box<dyn Future<Output = ()>>>>);

impl Aside {
    /// One that has not begun. Nobody else may wait for it: it only goes on while `opened` is polled, or once it is let go.
    pub fn new<F: Future<Output = ()> + 'static>(fetch: impl FnOnce() -> F) -> Self {
        Self(Some(pin_with(fetch)))
    }

    /// Goes on until the fill that it works on is beyond `Asked`. A fetch always moves its fill on before it ends.
    pub async fn opened(&mut self, fill: &Fill) -> Stage {
        poll_fn(|cx| {
            if self.0.as_mut().is_some_and(|fetch| fetch.as_mut().poll(cx).is_ready()) {
                self.0 = None;
            }
            match fill.stage() {
                Stage::Asked => Poll::Pending,
                stage => Poll::Ready(stage),
            }
        })
        .await
    }

    /// Lets what is left of it go on by itself.
    pub fn let_go(self) {
        if let Some(fetch) = self.0 {
            spawn_local(fetch);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::rc::Rc;
    use std::sync::Arc;

    use tokio::sync::Notify;
    use tokio::task::{LocalSet, yield_now};

    use super::*;
    use crate::store::written::Mark;

    /// A fetch that opens its fill, waits, and says how far it is.
    fn fetch(fill: &Arc<Fill>, go_on: &Rc<Notify>, steps: &Rc<Cell<u32>>) -> Aside {
        let (fill, go_on, steps) = (fill.clone(), go_on.clone(), steps.clone());
        Aside::new(|| async move {
            steps.set(1);
            yield_now().await;
            fill.advance(Stage::Private);
            steps.set(2);
            go_on.notified().await;
            steps.set(3);
        })
    }

    #[tokio::test]
    async fn it_goes_on_while_it_is_waited_for_and_by_itself_from_then_on() {
        let in_set = async {
            let (fill, go_on, steps) =
                (Arc::new(Fill::new(1, Mark::default())), Rc::<Notify>::default(), Rc::default());
            let mut aside = fetch(&fill, &go_on, &steps);
            yield_now().await;
            assert_eq!(steps.get(), 0, "nobody waits");
            assert!(matches!(aside.opened(&fill).await, Stage::Private));
            assert_eq!(steps.get(), 2);
            aside.let_go();
            go_on.notify_one();
            while steps.get() < 3 {
                yield_now().await;
            }
        };
        LocalSet::new().run_until(in_set).await;
    }
}

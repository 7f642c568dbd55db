//! One coarse timer a connection: progress only notes the time; the timer looks at the note when it fires.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep};

/// Sees to it that something happens every so often.
pub(super) struct Watch {
    timer: Pin<Box<Sleep>>,
    since: Instant,
    limit: Duration,
}

impl Watch {
    /// A watch that starts now.
    pub fn new(limit: Duration) -> Self {
        Self { timer: Box::pin(sleep(limit)), since: Instant::now(), limit }
    }

    /// Starts again: something happened, or another limit holds. The timer is only touched where it would fire too late.
    pub fn restart(&mut self, limit: Duration) {
        (self.since, self.limit) = (Instant::now(), limit);
        if self.due() < self.timer.deadline() {
            let due = self.due();
            self.timer.as_mut().reset(due);
        }
    }

    /// Ready when nothing happened for as long as the limit.
    pub fn poll_expired(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            ready!(self.timer.as_mut().poll(cx));
            if self.due() <= Instant::now() {
                return Poll::Ready(());
            }
            let due = self.due();
            self.timer.as_mut().reset(due);
        }
    }

    fn due(&self) -> Instant {
        self.since + self.limit
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn progress_puts_the_end_off_and_a_shorter_limit_is_kept() {
        let start = Instant::now();
        let mut watch = Watch::new(Duration::from_secs(10));
        tokio::time::advance(Duration::from_secs(7)).await;
        watch.restart(Duration::from_secs(10));
        poll_fn(|cx| watch.poll_expired(cx)).await;
        assert_eq!(start.elapsed().as_secs(), 17);
        watch.restart(Duration::from_secs(30));
        watch.restart(Duration::from_secs(2));
        poll_fn(|cx| watch.poll_expired(cx)).await;
        assert_eq!(start.elapsed().as_secs(), 19);
    }
}

//! Interim responses (RFC 9110 section 15.2; 103 Early Hints: RFC 8297) on their way from the origin to the client whose
//! request it was asked for. Who waits for that client's fetch gets none: whether an answer may be shared is known from its
//! head, and hints come before it.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use edgeplane_http::{Response, Session, SessionError};

use crate::limits::INTERIM_RESPONSES;

/// Those that wait, and who waits for them. Takes memory when there are any, which is seldom.
#[derive(Default)]
struct Queue {
    waiting: VecDeque<Response>,
    waker: Option<Waker>,
}

/// Where a fetch puts them.
#[derive(Clone)]
pub struct Teller(Rc<RefCell<Queue>>);

/// Where they are taken to their client.
pub struct Interims(Rc<RefCell<Queue>>);

/// What came of waiting.
enum Told<T> {
    Interim(Response),
    Awaited(T),
}

/// Both ends.
pub fn channel() -> (Teller, Interims) {
    let queue = Rc::<RefCell<Queue>>::default();
    (Teller(queue.clone()), Interims(queue))
}

impl Teller {
    /// Puts one in; it is lost where the client takes none any more, or too slowly.
    pub fn tell(&self, response: Response) {
        let mut queue = self.0.borrow_mut();
        if queue.waiting.len() < INTERIM_RESPONSES.default as usize {
            queue.waiting.push_back(response);
        }
        queue.waker.take().into_iter().for_each(Waker::wake);
    }
}

impl Interims {
    /// Waits for `awaited`, which tells them while it is polled, and hands on meanwhile what it tells.
    pub async fn until<S: Session, T>(
        &mut self,
        session: &mut S,
        awaited: impl Future<Output = T>,
    ) -> Result<T, SessionError> {
        let mut awaited = pin!(awaited);
        let awaited = loop {
            match poll_fn(|cx| self.poll_told(awaited.as_mut(), cx)).await {
                Told::Interim(interim) => session.interim(&interim).await?,
                Told::Awaited(awaited) => break awaited,
            }
        };
        self.rest(session).await?;
        Ok(awaited)
    }

    fn poll_told<T>(&mut self, awaited: Pin<&mut impl Future<Output = T>>, cx: &mut Context<'_>) -> Poll<Told<T>> {
        match awaited.poll(cx) {
            Poll::Ready(awaited) => Poll::Ready(Told::Awaited(awaited)),
            Poll::Pending => self.first().map_or(Poll::Pending, |interim| Poll::Ready(Told::Interim(interim))),
        }
    }

    /// Waits for `awaited`, and hands on meanwhile what another task tells.
    pub async fn beside<S: Session, T>(
        &mut self,
        session: &mut S,
        awaited: impl Future<Output = T>,
    ) -> Result<T, SessionError> {
        let mut awaited = pin!(awaited);
        let awaited = loop {
            tokio::select! {
                biased;
                interim = self.next() => session.interim(&interim).await?,
                awaited = &mut awaited => break awaited,
            }
        };
        self.rest(session).await?;
        Ok(awaited)
    }

    /// Waits for the next one.
    pub async fn next(&mut self) -> Response {
        poll_fn(|cx| {
            let mut queue = self.0.borrow_mut();
            match queue.waiting.pop_front() {
                Some(response) => Poll::Ready(response),
                None => {
                    queue.waker.get_or_insert_with(|| cx.waker().clone()).clone_from(cx.waker());
                    Poll::Pending
                }
            }
        })
        .await
    }

    /// Hands on those that are there.
    pub async fn rest<S: Session>(&mut self, session: &mut S) -> Result<(), SessionError> {
        while let Some(interim) = self.first() {
            session.interim(&interim).await?;
        }
        Ok(())
    }

    fn first(&mut self) -> Option<Response> {
        self.0.borrow_mut().waiting.pop_front()
    }
}

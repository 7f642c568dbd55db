//! Interim responses (RFC 9110 section 15.2; 103 Early Hints: RFC 8297) on their way from the origin to the client whose
//! request it was asked for. Who waits for that client's fetch gets none: whether an answer may be shared is known from its
//! head, and hints come before it.

use std::pin::pin;

use edgeplane_http::{Response, Session, SessionError};
use tokio::sync::mpsc;

use crate::limits::INTERIM_RESPONSES;

/// Where a fetch puts them.
#[derive(Clone)]
pub struct Teller(mpsc::Sender<Response>);

/// Where they are taken to their client.
pub struct Interims(mpsc::Receiver<Response>);

/// Both ends.
pub fn channel() -> (Teller, Interims) {
    let (sender, receiver) = mpsc::channel(INTERIM_RESPONSES.default as usize);
    (Teller(sender), Interims(receiver))
}

impl Teller {
    /// Puts one in; it is lost where the client takes none any more, or too slowly.
    pub fn tell(&self, response: Response) {
        let _ = self.0.try_send(response);
    }
}

impl Interims {
    /// Waits for `awaited`, and hands on meanwhile what comes.
    pub async fn until<S: Session, T>(
        &mut self,
        session: &mut S,
        awaited: impl Future<Output = T>,
    ) -> Result<T, SessionError> {
        let mut awaited = pin!(awaited);
        let awaited = loop {
            tokio::select! {
                biased;
                Some(interim) = self.next() => session.interim(&interim).await?,
                awaited = &mut awaited => break awaited,
            }
        };
        self.rest(session).await?;
        Ok(awaited)
    }

    /// The next one; none when the fetch can give no more.
    pub async fn next(&mut self) -> Option<Response> {
        self.0.recv().await
    }

    /// Hands on those that are there.
    pub async fn rest<S: Session>(&mut self, session: &mut S) -> Result<(), SessionError> {
        while let Ok(interim) = self.0.try_recv() {
            session.interim(&interim).await?;
        }
        Ok(())
    }
}

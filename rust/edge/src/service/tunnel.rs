//! Connections that were given away to another protocol: octets both ways (RFC 9110 section 7.8).

use std::cell::Cell;
use std::pin::{Pin, pin};
use std::time::Duration;

use edgeplane_base::limits::Limit;
use edgeplane_http::Session;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, split};

use super::app::App;
use super::exchange::Told;
use super::interim;
use super::lines::Outcome;
use super::notice::Notice;
use super::render::Begun;
use super::route::Route;
use crate::behaviour::Purpose;
use crate::limits::{TUNNEL_GRACE_S, TUNNEL_IDLE_S};
use crate::metrics::Counters;
use crate::origin::Outgoing;
use crate::semantics::{CacheStatus, Forward};

impl App {
    /// WebSocket and the like: once the origin agrees, octets both ways until one side ends or nothing moves any more.
    pub(super) async fn tunnel<S: Session>(&self, route: &Route, session: &mut S) -> Told {
        let request = self.outgoing(route, session.request(), session.connection(), Purpose::Pass);
        let (teller, mut interims) = interim::channel();
        let asked = interims.until(session, self.ask(route, &request, Outgoing::None, Some(&teller))).await?;
        let mut fetched = match asked {
            Ok(fetched) => fetched,
            Err(error) => return self.notify(session, Notice::origin(&error)).await,
        };
        let (Some(origin), 101) = (fetched.upgrade.take(), fetched.response.status) else {
            let status = CacheStatus { forward: Some(Forward::Bypass), ..CacheStatus::default() };
            let begun = Begun::whole(std::mem::take(&mut fetched.response), fetched.length);
            return self.relay(session, route, fetched, begun, status).await;
        };
        self.counters.tunnels.add(1);
        let _open = OpenTunnel::new(&self.counters);
        self.count(Outcome::Miss, 101);
        let client = session.tunnel(&fetched.response).await?;
        connect(client, origin).await;
        Ok(())
    }
}

/// Octets that are on their way in one direction.
const PIECE: usize = 8 * 1024;

/// Moves octets between two sides until both have ended, or one has and nothing moves for a while, or nothing moves for long.
async fn connect(client: impl AsyncRead + AsyncWrite, origin: impl AsyncRead + AsyncWrite) {
    let ((client_in, client_out), (origin_in, origin_out)) = (split(client), split(origin));
    let moved = Cell::new(0);
    let (up, down) = (copy(client_in, origin_out, &moved), copy(origin_in, client_out, &moved));
    let (mut up, mut down) = (pin!(up), pin!(down));
    let rest: Pin<&mut dyn Future<Output = ()>> = tokio::select! {
        () = &mut up => down,
        () = &mut down => up,
        () = stillness(&moved, &TUNNEL_IDLE_S) => return,
    };
    tokio::select! {
        () = rest => {}
        () = stillness(&moved, &TUNNEL_GRACE_S) => {}
    }
}

/// Moves octets in one direction until their end, which is handed on, or until nobody takes them.
async fn copy(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin, moved: &Cell<u64>) {
    let mut piece = vec![0; PIECE];
    while let Ok(length @ 1..) = from.read(&mut piece).await {
        // TLS may hold back what the socket had no room for.
        if to.write_all(piece.get(..length).unwrap_or_default()).await.is_err() || to.flush().await.is_err() {
            return;
        }
        moved.set(moved.get() + 1);
    }
    let _ = to.shutdown().await;
}

/// Returns once nothing has moved for so long, or up to twice as long.
async fn stillness(moved: &Cell<u64>, seconds: &Limit) {
    loop {
        let before = moved.get();
        tokio::time::sleep(Duration::from_secs(seconds.default)).await;
        if moved.get() == before {
            return;
        }
    }
}

/// A tunnel that counts as open.
struct OpenTunnel<'a>(&'a Counters);

impl<'a> OpenTunnel<'a> {
    fn new(counters: &'a Counters) -> Self {
        counters.tunnels_open.add(1);
        Self(counters)
    }
}

impl Drop for OpenTunnel<'_> {
    fn drop(&mut self) {
        self.0.tunnels_open.add(u64::MAX);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{BufStream, DuplexStream, duplex};
    use tokio::time::Instant;

    /// Both far ends of a tunnel, and the tunnel.
    fn tunnel() -> (DuplexStream, DuplexStream, impl Future<Output = ()>) {
        let ((client, near), (origin, far)) = (duplex(64), duplex(64));
        (client, origin, connect(near, far))
    }

    #[tokio::test(start_paused = true)]
    async fn what_still_comes_after_one_side_ended_arrives() {
        let (mut client, mut origin, connected) = tunnel();
        let ends = async {
            client.write_all(b"up").await.unwrap();
            client.shutdown().await.unwrap();
            let mut asked = String::new();
            origin.read_to_string(&mut asked).await.unwrap();
            for _ in 0..5 {
                tokio::time::sleep(Duration::from_secs(TUNNEL_GRACE_S.default - 1)).await;
                origin.write_all(b"down").await.unwrap();
            }
            origin.shutdown().await.unwrap();
            let mut answered = String::new();
            client.read_to_string(&mut answered).await.unwrap();
            (asked, answered)
        };
        let (both, ()) = tokio::join!(ends, connected);
        assert_eq!(both, ("up".into(), "down".repeat(5)));
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_is_held_back() {
        let ((mut client, near), (mut origin, far)) = (duplex(64), duplex(64));
        let ends = async {
            let mut heard = [0; 2];
            client.write_all(b"up").await.unwrap();
            origin.read_exact(&mut heard).await.unwrap();
            assert_eq!(&heard, b"up");
            origin.write_all(b"on").await.unwrap();
            client.read_exact(&mut heard).await.unwrap();
            assert_eq!(&heard, b"on");
        };
        tokio::select! {
            () = ends => {}
            () = connect(BufStream::new(near), BufStream::new(far)) => panic!("silence"),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn who_does_not_end_when_the_other_did_is_left() {
        let begun = Instant::now();
        let (_client, origin, connected) = tunnel();
        drop(origin);
        connected.await;
        assert!(begun.elapsed().as_secs() <= 2 * TUNNEL_GRACE_S.default, "{:?}", begun.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn silence_is_borne_for_a_time() {
        let begun = Instant::now();
        let (_client, mut origin, connected) = tunnel();
        let pings = async {
            for _ in 0..5 {
                tokio::time::sleep(Duration::from_secs(TUNNEL_IDLE_S.default - 1)).await;
                origin.write_all(b"ping").await.unwrap();
            }
            origin
        };
        let (_origin, ()) = tokio::join!(pings, connected);
        let idle = TUNNEL_IDLE_S.default;
        assert!((6 * idle - 5..=7 * idle).contains(&begun.elapsed().as_secs()), "{:?}", begun.elapsed());
    }
}

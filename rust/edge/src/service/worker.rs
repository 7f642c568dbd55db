//! A thread that takes connections and answers on them.

use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use edgeplane_http::{Scheme, h1, h2};
use edgeplane_net::tcp::{Accepted, Acceptor, Admission};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::{LocalSet, spawn_local};

use super::app::App;
use crate::limits;
use crate::metrics::Counters;
use crate::plan::Plan;
use crate::plan::limits::{HEAD_TIMEOUT_S, KEEP_ALIVE_TIMEOUT_S};
use crate::shared::Shared;

/// The listeners of one worker.
#[derive(Default)]
pub struct Station {
    pub http: Vec<OwnedFd>,
    pub https: Vec<OwnedFd>,
}

/// What workers are to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Stage {
    #[default]
    Serving,
    Draining,
    Stopped,
}

/// How all workers are told.
pub struct Signals(watch::Sender<Stage>);

impl Default for Signals {
    fn default() -> Self {
        Self(watch::Sender::new(Stage::Serving))
    }
}

impl Signals {
    /// Take nothing new.
    pub fn drain(&self) {
        self.advance(Stage::Draining);
    }

    /// End.
    pub fn stop(&self) {
        self.advance(Stage::Stopped);
    }

    fn advance(&self, stage: Stage) {
        self.0.send_if_modified(|now| {
            let moves = stage > *now;
            *now = stage.max(*now);
            moves
        });
    }
}

/// Runs a worker until it is told to stop.
pub fn run(
    shared: &Arc<Shared>,
    counters: &Arc<Counters>,
    station: &Station,
    signals: &Signals,
    stop: &Arc<AtomicBool>,
) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => {
            tracing::error!("a worker of the edge cannot start: {error}");
            std::thread::sleep(Duration::from_secs(1));
            return;
        }
    };
    let mut stage = signals.0.subscribe();
    let local = LocalSet::new();
    let settings = settings(&shared.plan.load());
    local.block_on(&runtime, async {
        let desk = Rc::new(Listening {
            app: Rc::new(App::new(shared.clone(), counters.clone())),
            thread: h1::Thread::start(settings.clone()),
            http2: Rc::new(h2::Settings::from(&settings)),
            stage: stage.clone(),
            counters: counters.clone(),
            shared: shared.clone(),
        });
        let accepting = listen(&desk, station);
        reached(&mut stage, Stage::Draining).await;
        accepting.iter().for_each(tokio::task::JoinHandle::abort);
        desk.thread.drain();
        reached(&mut stage, Stage::Stopped).await;
    });
    stop.store(true, Ordering::Relaxed);
}

fn settings(plan: &Plan) -> h1::Settings {
    let limit = |limit| plan.settings.limit(limit) as u32;
    h1::Settings {
        head_timeout_s: limit(&HEAD_TIMEOUT_S),
        keep_alive_timeout_s: limit(&KEEP_ALIVE_TIMEOUT_S),
        ..h1::Settings::default()
    }
}

async fn reached(stage: &mut watch::Receiver<Stage>, wanted: Stage) {
    let _ = stage.wait_for(|now| *now >= wanted).await;
}

async fn reached_once(mut stage: watch::Receiver<Stage>, wanted: Stage) {
    reached(&mut stage, wanted).await;
}

/// What accepting tasks of a worker share.
struct Listening {
    app: Rc<App>,
    thread: Rc<h1::Thread>,
    http2: Rc<h2::Settings>,
    stage: watch::Receiver<Stage>,
    counters: Arc<Counters>,
    shared: Arc<Shared>,
}

fn listen(desk: &Rc<Listening>, station: &Station) -> Vec<tokio::task::JoinHandle<()>> {
    let plain = station.http.iter().map(|socket| (socket, Scheme::Http));
    let secure = station.https.iter().map(|socket| (socket, Scheme::Https));
    let all = plain.chain(secure).filter_map(|(socket, scheme)| {
        let pause = Duration::from_millis(limits::ACCEPT_PAUSE_MS.default);
        let acceptor = socket.try_clone().and_then(|socket| Acceptor::new(socket, pause));
        let told = |error| tracing::error!("a listener of the edge cannot be used: {error}");
        Some(spawn_local(accept(acceptor.map_err(told).ok()?, scheme, desk.clone())))
    });
    all.collect()
}

async fn accept(mut acceptor: Acceptor, scheme: Scheme, desk: Rc<Listening>) {
    loop {
        match acceptor.accept().await {
            Accepted::Connection(stream, client) => desk.take(stream, client, scheme),
            Accepted::Exhausted => desk.counters.connections_refused.add(1),
        }
    }
}

impl Listening {
    fn take(self: &Rc<Self>, stream: TcpStream, client: SocketAddr, scheme: Scheme) {
        let ticket = match self.shared.connections.admit(client.ip()) {
            Admission::Taken(ticket) | Admission::TakenFromIdle(ticket) => ticket,
            Admission::Refused => return self.counters.connections_refused.add(1),
        };
        let Ok(local) = stream.local_addr() else { return };
        self.counters.connections_accepted.add(1);
        self.counters.connections_open.add(1);
        let connection = edgeplane_http::Connection { client, local, scheme, tls: None };
        let desk = self.clone();
        spawn_local(async move {
            let _place = (ticket, Open(&desk.counters));
            match scheme {
                Scheme::Http => {
                    h1::serve_connection(stream, connection, desk.app.clone(), desk.thread.clone()).await;
                }
                Scheme::Https => desk.secure(stream, connection).await,
            }
        });
    }

    /// Shakes hands, and serves what was agreed on.
    async fn secure(&self, stream: TcpStream, connection: edgeplane_http::Connection) {
        let (stream, facts) = match self.shared.tls.accept(stream).await {
            Ok(secured) => secured,
            Err(_) => return self.counters.tls_failed.add(1),
        };
        self.counters.tls_handshakes.add(1);
        self.counters.tls_resumed.add(facts.resumed.into());
        let http2 = facts.http2;
        let connection = edgeplane_http::Connection { tls: Some(facts.into()), ..connection };
        if http2 {
            let drain = reached_once(self.stage.clone(), Stage::Draining);
            h2::serve_connection(stream, connection, &self.app, &self.http2, drain).await;
        } else {
            h1::serve_connection(stream, connection, self.app.clone(), self.thread.clone()).await;
        }
    }
}

/// A connection that counts as open.
struct Open<'a>(&'a Counters);

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.0.connections_open.add(u64::MAX);
        if std::thread::panicking() {
            self.0.panics.add(1);
        }
    }
}

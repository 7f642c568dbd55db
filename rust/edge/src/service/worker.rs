//! A thread that takes connections and answers on them.

use std::os::fd::OwnedFd;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use edgeplane_http::Scheme;
use edgeplane_net::tcp::{Accepted, Acceptor};
use edgeplane_net::worker::allow;
use tokio::runtime::Runtime;
use tokio::sync::watch;
use tokio::task::{JoinHandle, LocalSet, spawn_local};

use super::app::App;
use super::arrival::Door;
use super::lobby::Lobby;
use super::room::grant;
use super::terms::Terms;
use crate::limits;
use crate::metrics::Counters;
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

/// How all workers are told, and what they say.
pub struct Signals {
    stage: watch::Sender<Stage>,
    /// Workers that have taken all that waited in their listeners.
    done: AtomicUsize,
}

impl Default for Signals {
    fn default() -> Self {
        Self { stage: watch::Sender::new(Stage::Serving), done: AtomicUsize::new(0) }
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

    /// How many workers have taken all that waited in their listeners when the drain began.
    pub fn done(&self) -> usize {
        self.done.load(Ordering::Acquire)
    }

    fn advance(&self, stage: Stage) {
        self.stage.send_if_modified(|now| {
            let moves = stage > *now;
            *now = stage.max(*now);
            moves
        });
    }
}

/// Runs a worker until it is told to stop. Its threads for what blocks have all `cores`, whichever it is tied to itself.
pub fn run(
    shared: &Arc<Shared>,
    counters: &Arc<Counters>,
    station: &Station,
    signals: &Arc<Signals>,
    cores: &Arc<[usize]>,
    stop: &Arc<AtomicBool>,
) {
    let Some(runtime) = runtime(cores, stop) else { return };
    let mut stage = signals.stage.subscribe();
    LocalSet::new().block_on(&runtime, async {
        let (number, wishes) = shared.neighbours.join();
        let published = shared.published.subscribe();
        let door = Rc::new(Door {
            number,
            app: Rc::new(App::new(shared.clone(), counters.clone())),
            terms: Terms::new(&shared.plan.load()),
            stage: stage.clone(),
            counters: counters.clone(),
            shared: shared.clone(),
            newcomers: Lobby::new(limits::NEWCOMERS.default),
            turned_away: Lobby::new(limits::TURNED_AWAY.default),
        });
        let asked = door.clone();
        spawn_local(grant(wishes, move || asked.terms.close_idlest()));
        spawn_local(keep_up(door.app.clone(), published));
        let accepting = listen(&door, station);
        reached(&mut stage, Stage::Draining).await;
        door.terms.drain();
        spawn_local(finish(accepting, signals.clone()));
        reached(&mut stage, Stage::Stopped).await;
    });
    stop.store(true, Ordering::Relaxed);
}

/// A runtime, as soon as the system has what it takes; none once all are to stop.
fn runtime(cores: &Arc<[usize]>, stop: &AtomicBool) -> Option<Runtime> {
    while !stop.load(Ordering::Relaxed) {
        let cores = cores.clone();
        let built = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .thread_name("edgeplane-wait")
            .max_blocking_threads(limits::BLOCKING_THREADS.default as usize)
            .on_thread_start(move || {
                allow(&cores);
            })
            .build();
        match built {
            Ok(runtime) => return Some(runtime),
            Err(error) => tracing::error!("a worker of the edge cannot start: {error}"),
        }
        std::thread::sleep(Duration::from_secs(1));
    }
    None
}

/// Follows every plan at once: also a worker to which no request comes lets go of the one before.
async fn keep_up(app: Rc<App>, mut published: watch::Receiver<()>) {
    while published.changed().await.is_ok() {
        app.follow();
    }
}

async fn reached(stage: &mut watch::Receiver<Stage>, wanted: Stage) {
    let _ = stage.wait_for(|now| *now >= wanted).await;
}

/// As `reached`, with a receiver of its own.
pub async fn reached_once(mut stage: watch::Receiver<Stage>, wanted: Stage) {
    reached(&mut stage, wanted).await;
}

fn listen(door: &Rc<Door>, station: &Station) -> Vec<JoinHandle<()>> {
    let plain = station.http.iter().map(|socket| (socket, Scheme::Http));
    let secure = station.https.iter().map(|socket| (socket, Scheme::Https));
    let all = plain.chain(secure).filter_map(|(socket, scheme)| {
        let pause = Duration::from_millis(limits::ACCEPT_PAUSE_MS.default);
        let acceptor = socket.try_clone().and_then(|socket| Acceptor::new(socket, pause));
        let told = |error| tracing::error!("a listener of the edge cannot be used: {error}");
        Some(spawn_local(accept(acceptor.map_err(told).ok()?, scheme, door.clone())))
    });
    all.collect()
}

/// Takes connections until it is time to drain, those that wait in the listener by then too.
async fn accept(mut acceptor: Acceptor, scheme: Scheme, door: Rc<Door>) {
    let take = |accepted| match accepted {
        Accepted::Connection(stream, client) => door.take(stream, client, scheme),
        Accepted::Exhausted => door.counters.connections_refused.add(1),
    };
    let mut draining = pin!(reached_once(door.stage.clone(), Stage::Draining));
    loop {
        tokio::select! {
            biased;
            () = &mut draining => break,
            accepted = acceptor.accept() => take(accepted),
        }
    }
    acceptor.finish(take).await;
}

async fn finish(accepting: Vec<JoinHandle<()>>, signals: Arc<Signals>) {
    for each in accepting {
        let _ = each.await;
    }
    signals.done.fetch_add(1, Ordering::AcqRel);
}

#[cfg(test)]
mod tests {
    use std::fs::{DirEntry, read_dir, read_to_string};
    use std::io;
    use std::sync::mpsc::channel;

    use edgeplane_net::worker::{cores, pin};
    use tokio::task::spawn_blocking;

    use super::*;

    fn runtime_of_all_cores() -> Runtime {
        runtime(&cores().into(), &AtomicBool::new(false)).unwrap()
    }

    #[test]
    fn what_blocks_has_all_cores_and_the_worker_its_own() {
        let all = cores();
        let &own = all.last().unwrap();
        let runtime = runtime_of_all_cores();
        let worker = move || {
            assert!(pin(own));
            let blocking = runtime.block_on(async { spawn_blocking(cores).await.unwrap() });
            (blocking, runtime.block_on(async { cores() }))
        };
        assert_eq!(std::thread::spawn(worker).join().unwrap(), (all, vec![own]));
    }

    /// Threads of this process for what blocks.
    fn waiting_threads() -> usize {
        let names = read_dir("/proc/self/task").unwrap();
        let name = |task: io::Result<DirEntry>| read_to_string(task.unwrap().path().join("comm")).unwrap_or_default();
        names.map(name).filter(|name| name.starts_with("edgeplane-wait")).count()
    }

    #[test]
    fn so_many_threads_block_and_no_more() {
        let (runtime, most) = (runtime_of_all_cores(), limits::BLOCKING_THREADS.default as usize);
        let (begun, began) = channel();
        let (go, gone) = channel::<()>();
        let gone = Arc::new(std::sync::Mutex::new(gone));
        let job = |_| {
            let (begun, gone) = (begun.clone(), gone.clone());
            drop(runtime.spawn_blocking(move || {
                begun.send(()).unwrap();
                let _ = crate::lock(&gone).recv();
            }));
        };
        (0..2 * most).for_each(job);
        (0..most).for_each(|_| began.recv().unwrap());
        // The other test may have one.
        let threads = waiting_threads();
        drop(go);
        assert!((most..=most + 1).contains(&threads), "{threads}");
        (0..most).for_each(|_| began.recv().unwrap());
    }
}

//! Connections that idle, by peer. How long they do is counted in sweeps, so that no exchange asks for the time.

use std::cell::{Cell, RefCell};
use std::net::IpAddr;
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::time::Duration;

use foldhash::HashMap;

use super::{Connection, Keep, Peer};

/// How often connections that idled for too long are looked for.
const SWEEP: Duration = Duration::from_secs(1);

/// The connections that one worker keeps.
#[derive(Default)]
pub(super) struct Pool {
    idle: RefCell<HashMap<Arc<Peer>, Vec<Idle>>>,
    sweeping: Cell<bool>,
    sweeps: Cell<u64>,
}

struct Idle {
    connection: Connection,
    /// The sweep that closes it, for times of whole sweeps: at most `SWEEP` before its time is over, never after.
    last: u64,
}

impl Pool {
    /// The connection used last that is good and whose address is admitted; worse ones before it are closed.
    pub fn take(&self, peer: &Peer, admits: impl Fn(IpAddr) -> bool) -> Option<Connection> {
        let mut idle = self.idle.borrow_mut();
        let connections = idle.get_mut(peer)?;
        while let Some(mut kept) = connections.pop() {
            if kept.connection.is_ready() && admits(kept.connection.address().ip()) {
                return Some(kept.connection);
            }
        }
        None
    }

    /// Keeps a connection, if nothing is left of a response and there is room for it.
    pub fn put(self: &Rc<Self>, peer: &Arc<Peer>, mut connection: Connection, keep: Keep) {
        if !connection.is_empty() {
            return;
        }
        connection.wire.shrink();
        let last = self.sweeps.get() + (keep.idle.as_secs() / SWEEP.as_secs()).max(1);
        let mut idle = self.idle.borrow_mut();
        let connections = idle.entry(peer.clone()).or_default();
        if connections.len() < keep.at_most {
            connections.push(Idle { connection, last });
            drop(idle);
            self.sweep();
        }
    }

    /// Connections kept.
    pub fn len(&self) -> usize {
        self.idle.borrow().values().map(Vec::len).sum()
    }

    /// Sees to it that connections are closed in time, while there are any.
    fn sweep(self: &Rc<Self>) {
        if self.sweeping.replace(true) {
            return;
        }
        let pool = Rc::downgrade(self);
        tokio::task::spawn_local(async move { sweep_while_kept(&pool).await });
    }

    /// Closes what idled for too long or was closed by the peer; whether anything is left.
    fn close_stale(&self) -> bool {
        let sweep = self.sweeps.get() + 1;
        self.sweeps.set(sweep);
        let mut idle = self.idle.borrow_mut();
        idle.retain(|_, connections| {
            connections.retain_mut(|kept| sweep < kept.last && kept.connection.is_ready());
            !connections.is_empty()
        });
        !idle.is_empty()
    }
}

async fn sweep_while_kept(pool: &Weak<Pool>) {
    loop {
        tokio::time::sleep(SWEEP).await;
        let Some(pool) = pool.upgrade() else { return };
        if !pool.close_stale() {
            pool.sweeping.set(false);
            return;
        }
    }
}

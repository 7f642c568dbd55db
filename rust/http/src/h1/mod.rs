//! HTTP/1.1, the server's side (RFC 9112).
//!
//! ```text
//! octets ─ head ─► Request ─► Service::ready ─► answer ─► output: one write             wire: nothing is allocated
//!                     │ content, Upgrade, or no answer at once
//!                     └─────► Service::handle ─► content · interim · head · send · end   exchange: boxed
//! ```
//! What the connections of a thread share (settings, buffers, deadlines, the date) is a `Thread`. While a connection waits
//! for its next request it holds a socket, a seat among the deadlines and nothing else.

mod answer;
mod buffer;
mod chunked;
mod content;
mod date;
mod exchange;
mod framing;
mod head;
mod io;
pub mod limits;
mod output;
mod refusal;
mod seats;
mod settings;
mod target;
mod thread;
mod tunnel;
mod wire;

#[cfg(test)]
mod tests;

use std::rc::Rc;

pub use io::Io;
pub use settings::Settings;
pub use thread::Thread;
pub use tunnel::Tunnel;

pub(crate) use framing::digits;
pub(crate) use head::{is_token, is_value};
pub(crate) use refusal::{Refusal, bad};
pub(crate) use target::Target;

use crate::{Connection, Service};
use wire::{Next, Wire};

/// Serves a connection until it ends: closed by the client, by an answer that says so, by a time-out, or by `Thread::drain`.
/// To be run by `spawn_local` beside the `Thread` it is given.
pub async fn serve_connection<I: Io, S: Service>(io: I, connection: Connection, service: Rc<S>, thread: Rc<Thread>) {
    let mut wire = Wire::new(io, thread);
    loop {
        let mut next = std::future::poll_fn(|cx| wire.poll_ready(&connection, &*service, cx)).await;
        if let Next::Handle = next {
            // Boxed, so that a connection that waits or is answered at once does not carry the room for it.
            match Box::pin(exchange::handle(&mut wire, &connection, &*service)).await {
                Some(after) => next = after,
                None => continue,
            }
        }
        match next {
            Next::Refuse(refusal) => Box::pin(wire.refuse(refusal, &connection, &*service)).await,
            Next::Close { linger: true } => Box::pin(wire.linger()).await,
            Next::Close { linger: false } => Box::pin(wire.close()).await,
            Next::Handle | Next::Drop => {}
        }
        return;
    }
}

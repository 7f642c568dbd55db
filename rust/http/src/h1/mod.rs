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
mod guest;
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

use std::future::{Future, poll_fn};
use std::rc::Rc;

pub use guest::Guest;
pub use io::Io;
pub use settings::Settings;
pub use thread::Thread;
pub use tunnel::Tunnel;

pub(crate) use answer::{push_chunk_size, push_length};
pub(crate) use chunked::Chunked;
pub(crate) use framing::digits;
pub(crate) use head::{field, is_tchar, is_value};
pub(crate) use refusal::{Refusal, bad};
pub(crate) use target::Target;

use edgeplane_base::boxed::pin_with;

use crate::{Connection, Service};
use wire::{Next, Wire};

/// Serves a connection until it ends: closed by the client, by an answer that says so, by a time-out, or by `Thread::drain`.
/// To be run by `spawn_local` beside the `Thread` it is given. `held` is dropped with the connection: a future around this one
/// that held it would have room for this one twice.
pub fn serve_connection<I: Io, S: Service, H>(
    io: I,
    connection: Connection,
    service: Rc<S>,
    thread: Rc<Thread>,
    held: H,
) -> impl Future<Output = ()> {
    // Made outside of the future, which would keep room for the pieces as well.
    let mut wire = Wire::new(io, thread);
    async move {
        let _ = &held;
        loop {
            let mut next = poll_fn(|cx| wire.poll_ready(&connection, &*service, cx)).await;
            if let Next::Handle = next {
                // Boxed, so that a connection that waits or is answered at once does not carry the room for it.
                match pin_with(|| exchange::handle(&mut wire, &connection, &*service)).await {
                    Some(after) => next = after,
                    None => continue,
                }
            }
            return Box::pin(wire.end(next, &connection, &*service)).await;
        }
    }
}

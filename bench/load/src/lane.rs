//! One source port and its places for queries in flight.

use crate::queries::Queries;
use socket2::{Domain, Protocol, Socket, Type};
use std::io;
use std::net::SocketAddr;

/// A socket and its slots. A query's id is its slot plus a multiple of the number of slots, another one each time, so
/// that an answer that comes too late is not taken for the answer to the slot's next query.
pub struct Lane {
    pub socket: Socket,
    slots: Vec<Slot>,
    free: Vec<u16>,
    mask: u16,
}

#[derive(Clone, Copy)]
struct Slot {
    intended: u64,
    query: u32,
    id: u16,
    waiting: bool,
}

/// What a datagram turned out to be.
#[derive(Debug, PartialEq)]
pub enum Arrival {
    /// The answer to a query that was due at this time.
    Answer(u64),
    /// An answer after its time-out.
    Late,
    /// Anything else.
    Mismatch,
}

impl Lane {
    /// A socket connected to `server`, with room for `slots` queries: a power of two, at most 32,768.
    pub fn connect(server: SocketAddr, slots: u16) -> io::Result<Self> {
        let socket = Socket::new(Domain::for_address(server), Type::DGRAM, Some(Protocol::UDP))?;
        socket.set_recv_buffer_size(4 << 20)?;
        socket.connect(&server.into())?;
        let empty = |id| Slot { intended: 0, query: 0, id, waiting: false };
        Ok(Self { socket, slots: (0..slots).map(empty).collect(), free: (0..slots).rev().collect(), mask: slots - 1 })
    }

    /// Queries that may still be sent.
    pub fn room(&self) -> usize {
        self.free.len()
    }

    /// Whether any query waits for its answer.
    pub fn is_idle(&self) -> bool {
        self.free.len() == self.slots.len()
    }

    /// A free slot, if there is one, and the id of its next query.
    pub fn reserve(&mut self) -> Option<u16> {
        let slot = self.slots.get_mut(usize::from(self.free.pop()?))?;
        slot.id = slot.id.wrapping_add(self.mask.wrapping_add(1));
        Some(slot.id)
    }

    /// Notes that query `query` leaves under this id.
    pub fn start(&mut self, id: u16, query: u32, intended: u64) {
        if let Some(slot) = self.slots.get_mut(usize::from(id & self.mask)) {
            (slot.query, slot.intended, slot.waiting) = (query, intended, true);
        }
    }

    /// Takes back a query that could not be sent.
    pub fn cancel(&mut self, id: u16) {
        if let Some(slot) = self.slots.get_mut(usize::from(id & self.mask)) {
            slot.waiting = false;
            self.free.push(id & self.mask);
        }
    }

    /// Finds the query that a datagram answers, and frees its slot.
    pub fn accept(&mut self, reply: &[u8], queries: &Queries) -> Arrival {
        let [high, low, flags, ..] = reply else {
            return Arrival::Mismatch;
        };
        let id = u16::from_be_bytes([*high, *low]);
        let place = id & self.mask;
        let Some(slot) = self.slots.get_mut(usize::from(place)) else {
            return Arrival::Mismatch;
        };
        if slot.id != id || !slot.waiting {
            return Arrival::Late;
        }
        let question = queries.question(slot.query);
        if flags & 0x80 == 0 || reply.get(12..12 + question.len()) != Some(question) {
            return Arrival::Mismatch;
        }
        slot.waiting = false;
        self.free.push(place);
        Arrival::Answer(slot.intended)
    }

    /// Gives up queries that were due before `limit`; returns how many.
    pub fn expire(&mut self, limit: u64) -> u64 {
        let mut lost = 0;
        for (place, slot) in (0u16..).zip(self.slots.iter_mut()) {
            if slot.waiting && slot.intended < limit {
                slot.waiting = false;
                self.free.push(place);
                lost += 1;
            }
        }
        lost
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::queries::Edns;

    fn setup() -> (Lane, Queries) {
        let lane = Lane::connect("127.0.0.1:9".parse().unwrap(), 4).unwrap();
        (lane, Queries::parse("a. A", Edns::default()).unwrap())
    }

    fn ask(lane: &mut Lane, queries: &mut Queries, intended: u64) -> Vec<u8> {
        let id = lane.reserve().unwrap();
        let (query, span) = queries.take(id);
        lane.start(id, query, intended);
        let mut reply = queries.bytes()[span.packet()].to_vec();
        reply[2] |= 0x80;
        reply
    }

    #[test]
    fn an_answer_frees_its_slot_once() {
        let (mut lane, mut queries) = setup();
        let reply = ask(&mut lane, &mut queries, 7);
        assert_eq!(lane.room(), 3);
        assert_eq!(lane.accept(&reply, &queries), Arrival::Answer(7));
        assert_eq!(lane.accept(&reply, &queries), Arrival::Late);
        assert!(lane.is_idle());
    }

    #[test]
    fn wrong_question_or_no_response_bit_is_a_mismatch() {
        let (mut lane, mut queries) = setup();
        let reply = ask(&mut lane, &mut queries, 7);
        let mut other = reply.clone();
        other[13] = b'b';
        assert_eq!(lane.accept(&other, &queries), Arrival::Mismatch);
        other = reply.clone();
        other[2] = 0;
        assert_eq!(lane.accept(&other, &queries), Arrival::Mismatch);
        assert_eq!(lane.accept(&reply[..14], &queries), Arrival::Mismatch);
        assert_eq!(lane.accept(&reply, &queries), Arrival::Answer(7));
    }

    #[test]
    fn an_answer_after_the_time_out_is_late_even_when_the_slot_is_in_use_again() {
        let (mut lane, mut queries) = setup();
        let old = ask(&mut lane, &mut queries, 7);
        assert_eq!(lane.expire(7), 0);
        assert_eq!(lane.expire(8), 1);
        let new = ask(&mut lane, &mut queries, 9);
        assert_eq!(lane.accept(&old, &queries), Arrival::Late);
        assert_eq!(lane.accept(&new, &queries), Arrival::Answer(9));
    }
}

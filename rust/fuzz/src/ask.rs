//! Queries to a snapshot, and what must hold for every answer.

use std::net::IpAddr;
use std::sync::Arc;

use edgeplane_base::clock::Clock;
use edgeplane_base::random::Random;
use edgeplane_dns::answer::{Peer, Transport, Worker, respond};
use edgeplane_dns::message::Message;
use edgeplane_dns::metrics::Counters;
use edgeplane_dns::plan::Serving;

/// Octets of an OPT record without options.
const OPT: usize = 11;

struct Stopped;

impl Clock for Stopped {
    fn monotonic_ms(&self) -> u64 {
        1_000
    }

    fn wall_ms(&self) -> u64 {
        1_700_000_000_000
    }
}

/// A worker whose clock stands still.
pub fn worker() -> Worker {
    Worker::new(Arc::new(Counters::default()), Arc::new(Stopped), Random::seeded(1))
}

/// The answer to a packet; empty for silence.
pub fn ask(worker: &mut Worker, serving: &Serving, packet: &[u8], address: IpAddr, transport: Transport) -> Vec<u8> {
    let mut buffer = vec![0xa5; if transport == Transport::Tcp { 65_535 } else { 4_096 }];
    buffer[..packet.len()].copy_from_slice(packet);
    let len = respond(worker, serving, &mut buffer, packet.len(), &Peer { address, transport });
    assert!(len <= buffer.len());
    buffer.truncate(len);
    buffer
}

/// A query without EDNS for a name in wire form.
pub fn query(name: &[u8], rtype: u16) -> Vec<u8> {
    [&[0xab, 0xcd, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0], name, &rtype.to_be_bytes(), &[0, 1]].concat()
}

/// What holds for every answer, whatever was asked. `ours`: the largest UDP answer that is set.
pub fn check(packet: &[u8], answer: &[u8], transport: Transport, ours: u16) {
    if answer.is_empty() {
        return;
    }
    assert!(packet[2] & 0x80 == 0, "an answer must not be answered");
    assert_eq!(answer[..2], packet[..2], "the id is echoed");
    assert!(answer[2] & 0x80 != 0, "QR is set");
    assert_eq!(answer[2] & 0x79, packet[2] & 0x79, "opcode and RD are echoed");
    let message = Message::decode(answer).expect("an answer can be read");
    let records = message.answer.len() + message.authority.len() + message.additional.len();
    assert!(message.edns.is_some() || packet[10..12] != [0, 0] || records > 0 || answer.len() <= packet.len());
    let with_options = message.edns.as_ref().is_some_and(|edns| !edns.options.is_empty());
    if matches!(message.header.rcode, 1 | 4 | 5) && records == 0 && (message.header.rcode == 1 || !with_options) {
        assert!(answer.len() <= packet.len() + OPT, "an error is no longer than what caused it");
    }
    if transport == Transport::Udp {
        assert!(answer.len() <= limit(packet, ours).max(packet.len() + OPT), "larger than the client takes");
    }
    if let Ok(asked) = Message::decode(packet) {
        assert!(message.edns.is_none() || asked.edns.is_some(), "EDNS only for those who use it");
        if transport == Transport::Udp {
            let taken = asked.edns.map_or(512, |edns| edns.udp_payload_size.min(ours).max(512));
            assert!(answer.len() <= usize::from(taken));
        }
        assert!(message.question.is_empty() || message.question == asked.question);
    }
}

fn limit(packet: &[u8], ours: u16) -> usize {
    if packet[10..12] == [0, 0] { 512 } else { usize::from(ours) }
}

//! A query and a snapshot → an answer, in the buffer that the query came in.
//!
//! ```text
//! parse ─ refuse? ─ zone ─ resolve: referral · records · chain · wildcard · nothing ─ OPT ─ rate limit ─ length
//! ```
//! No allocation on the way of an address record: the question stays where it is, prepared records are copied behind it.

mod asked;
mod chaos;
mod guard;
mod owners;
mod reply;
mod resolve;
#[cfg(test)]
mod tests;
mod worker;

pub use asked::Asked;
pub use guard::Guard;
pub use worker::{Observer, Peer, Seen, Transport, Worker};

use crate::cookie::CookieState;
use crate::plan::Serving;
use crate::rrl::{Kind, Verdict};
use crate::wire::query::{HEADER, flags};
use crate::wire::{Query, Refused, rcode, rtype};
use reply::Reply;

/// Class IN and CHAOS (RFC 1035 section 3.2.4).
mod class {
    pub const IN: u16 = 1;
    pub const CHAOS: u16 = 3;
}

/// What answers to a query without a question are counted under, apart from errors.
const COOKIE_ONLY: u32 = 1 << 16;

/// Octets of an answer that every client takes (RFC 1035 section 4.2.1).
const PLAIN_UDP: usize = 512;

/// Answers the query in `buffer[..len]`; returns the answer's length in the same buffer, 0 for silence.
#[inline]
pub fn respond(worker: &mut Worker, serving: &Serving, buffer: &mut [u8], len: usize, peer: &Peer) -> usize {
    let mut asked = worker.asked.take().unwrap_or_default();
    asked.read(buffer.get(..len).unwrap_or(&[]), serving);
    let answered = respond_to(&asked, worker, serving, buffer, peer);
    worker.asked = Some(asked);
    answered
}

/// Answers a query that was read from `buffer`, where nothing else was put since; returns as `respond` does.
#[inline]
pub fn respond_to(asked: &Asked, worker: &mut Worker, serving: &Serving, buffer: &mut [u8], peer: &Peer) -> usize {
    worker.began(peer);
    let query = match &asked.query {
        Ok(query) => query,
        Err(refused) => return refuse(worker, serving, buffer, refused, peer),
    };
    let outcome = answer(asked, query, worker, serving, buffer, peer);
    worker.ended(serving, &asked.name, query, peer, &outcome);
    outcome.len
}

/// What was answered, for counters, log and rate limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome {
    /// Extended response code.
    pub rcode: u16,
    /// Length of the answer; 0 where it is held back.
    pub len: usize,
    /// Kind of the answer, for rate limiting.
    pub kind: Kind,
    /// What the kind is counted under.
    pub hash: u32,
    /// What the cookie said, where one came.
    pub cookie: Option<CookieState>,
    /// Number of the zone.
    pub zone: Option<u32>,
}

fn answer(
    asked: &Asked,
    query: &Query,
    worker: &mut Worker,
    serving: &Serving,
    buffer: &mut [u8],
    peer: &Peer,
) -> Outcome {
    let snapshot = &*serving.snapshot;
    let settings = &*snapshot.settings;
    let mut outcome = Outcome { rcode: rcode::NOERROR, len: 0, kind: Kind::Error, hash: 0, cookie: None, zone: None };
    let mut cookie = None;
    if let Some(data) = query.edns.as_ref().and_then(|edns| edns.cookie.clone())
        && let Some(cookies) = &snapshot.guard.cookies
    {
        let (state, option) = cookies.reply(peer.address, buffer.get(data).unwrap_or(&[]), worker.now_s);
        outcome.cookie = Some(state);
        cookie = option;
    }
    let limit = limit(buffer.len(), query, settings.udp_payload_size, peer);
    let mut reply = Reply::new(buffer, query, limit);
    reply.reserve_opt(query, settings, cookie, peer);
    match early(worker, serving, query, peer, &outcome) {
        Some((code, extended)) => {
            outcome.rcode = code;
            if code == rcode::FORMERR || extended == Some(rcode::EDE_PROHIBITED) {
                reply.bare_opt();
            }
            reply.extended_error(extended);
        }
        None if query.qclass == class::CHAOS => outcome.rcode = chaos::answer(&mut reply, &asked.name, query, settings),
        None if query.end > HEADER => resolve::resolve(worker, serving, asked, query, peer, &mut reply, &mut outcome),
        None => outcome.hash = COOKIE_ONLY,
    }
    send(worker, serving, reply, peer, &mut outcome);
    outcome
}

/// Finishes the answer as the rate limit lets it go: whole, without its records, or not at all.
#[inline]
fn send(worker: &Worker, serving: &Serving, mut reply: Reply<'_>, peer: &Peer, outcome: &mut Outcome) {
    if reply.is_truncated() {
        worker.counters.responses_truncated.add(1);
    }
    match verdict(worker, serving, peer, outcome) {
        Verdict::Send => {}
        Verdict::Slip => {
            worker.counters.rrl_slipped.add(1);
            reply.truncate();
        }
        Verdict::Drop => {
            worker.counters.rrl_dropped.add(1);
            return;
        }
    }
    outcome.len = reply.finish(outcome.rcode);
}

/// Octets that the answer may have.
fn limit(buffer: usize, query: &Query, ours: u16, peer: &Peer) -> usize {
    let most = match (peer.transport, &query.edns) {
        (Transport::Tcp, _) => usize::from(u16::MAX),
        (Transport::Udp, None) => PLAIN_UDP,
        (Transport::Udp, Some(edns)) => usize::from(edns.payload.min(ours)).max(PLAIN_UDP),
    };
    most.min(buffer)
}

/// The response code and extended error of a query that no zone is asked for.
fn early(
    worker: &Worker,
    serving: &Serving,
    query: &Query,
    peer: &Peer,
    outcome: &Outcome,
) -> Option<(u16, Option<u16>)> {
    if query.edns.as_ref().is_some_and(|edns| edns.version != 0) {
        return Some((rcode::BADVERS, None));
    }
    if outcome.cookie == Some(CookieState::Malformed) {
        return Some((rcode::FORMERR, None));
    }
    if query.end == HEADER {
        // Nothing was asked but a cookie (RFC 7873 section 5.4).
        let asked = outcome.cookie.is_some();
        return (!asked).then_some((rcode::FORMERR, None));
    }
    if !serving.snapshot.guard.acl.allows(peer.address) {
        worker.counters.acl_refused.add(1);
        return Some((rcode::REFUSED, Some(rcode::EDE_PROHIBITED)));
    }
    if query.qclass == class::CHAOS {
        return None;
    }
    if query.qclass != class::IN {
        return Some((rcode::REFUSED, None));
    }
    match query.qtype {
        rtype::AXFR | rtype::IXFR => Some((rcode::REFUSED, Some(rcode::EDE_NOT_SUPPORTED))),
        rtype::OPT | rtype::TSIG | rtype::TKEY | 0 => Some((rcode::FORMERR, None)),
        rtype::MAILA | rtype::MAILB => Some((rcode::NOTIMP, Some(rcode::EDE_NOT_SUPPORTED))),
        _ => None,
    }
}

/// What the rate limit says. Over TCP and with a good cookie the client's address is not forged.
#[inline]
fn verdict(worker: &Worker, serving: &Serving, peer: &Peer, outcome: &Outcome) -> Verdict {
    match &serving.snapshot.guard.rrl {
        Some(rrl) if peer.transport == Transport::Udp && outcome.cookie != Some(CookieState::Good) => {
            let hash = if outcome.kind == Kind::Error { outcome.hash ^ u32::from(outcome.rcode) } else { outcome.hash };
            rrl.verdict(peer.address, outcome.kind.hash(hash), worker.now_ms)
        }
        _ => Verdict::Send,
    }
}

/// Answers a packet that is no query which could be answered.
#[cold]
fn refuse(worker: &mut Worker, serving: &Serving, buffer: &mut [u8], refused: &Refused, peer: &Peer) -> usize {
    let Refused::Rcode { rcode, end, edns } = *refused else {
        worker.counters.dropped_malformed.add(1);
        return 0;
    };
    // An answer that slips would be no shorter than this one.
    if let Some(rrl) = &serving.snapshot.guard.rrl
        && peer.transport == Transport::Udp
        && rrl.verdict(peer.address, Kind::Error.hash(u32::from(rcode)), worker.now_ms) == Verdict::Drop
    {
        worker.counters.rrl_dropped.add(1);
        return 0;
    }
    worker.counters.response(rcode).add(1);
    reply::bare(buffer, rcode, end, edns, serving.snapshot.settings.udp_payload_size)
}

/// Bits of a query's header that an answer repeats.
const ECHOED: u16 = flags::OPCODE | flags::RD | flags::CD;

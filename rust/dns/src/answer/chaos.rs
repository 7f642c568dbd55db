//! The server's identity, for those who ask in class CHAOS (RFC 4892).

use super::reply::Reply;
use crate::plan::Settings;
use crate::wire::{QName, Query, rcode, rtype};

const NAMES: [&[u8]; 2] = [b"\x02id\x06server\x00", b"\x08hostname\x04bind\x00"];

/// Writes the TXT record that `id_server` sets; REFUSED where nothing is to be said.
#[cold]
pub(super) fn answer(reply: &mut Reply<'_>, name: &QName, query: &Query, settings: &Settings) -> u16 {
    let asked = NAMES.contains(&name.wire()) && matches!(query.qtype, rtype::TXT | rtype::ANY);
    let text = settings.id_server.as_bytes();
    let Ok(len) = u8::try_from(text.len()) else { return rcode::REFUSED };
    if !asked || len == 0 {
        return rcode::REFUSED;
    }
    let mut record = vec![0xc0, 12, 0, rtype::TXT as u8, 0, 3, 0, 0, 0, 0, 0, len.saturating_add(1), len];
    record.extend_from_slice(text);
    if reply.raw_answer(&record) { rcode::NOERROR } else { rcode::REFUSED }
}

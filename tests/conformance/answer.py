"""An answer reduced to what it means: order, compression and spelling of names fall away."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdatatype
import dns.rrset

Record = tuple[dns.name.Name, int, int, dns.rdata.Rdata]
"""Owner, type, TTL, rdata; names compare without case."""
Records = frozenset[Record]

ASPECTS = ("rcode", "aa", "tc", "answer", "authority")
"""What is compared one by one. The additional section is hints, and compared as such."""


@dataclass(frozen=True)
class Answer:
    """What an answer says."""

    rcode: str
    aa: bool
    tc: bool
    answer: Records
    authority: Records
    additional: Records
    twice: Records
    """Records that a section has more than once (RFC 2181 section 5)."""
    question: bytes

    def __str__(self) -> str:
        flags = " ".join(flag for flag, is_set in [("AA", self.aa), ("TC", self.tc)] if is_set)
        sections = [
            f"    {name} {owner} {ttl} {dns.rdatatype.to_text(rdtype)} {rdata}"
            for name in ("answer", "authority", "additional")
            for owner, rdtype, ttl, rdata in sorted(getattr(self, name), key=str)
        ]
        return "\n".join([f"{self.rcode} {flags}", *sections])


SILENCE = Answer("silence", False, False, frozenset(), frozenset(), frozenset(), frozenset(), b"")


def read(packet: bytes, question: bytes, apexes: frozenset[dns.name.Name]) -> Answer:
    """The meaning of a packet; `question`: the question section as it was sent; `apexes`: names of the served zones.

    An authoritative answer may name the servers of its own zone in the authority section or not (RFC 1034 section
    4.3.2 does not ask for it): that falls away. The NS records of a delegation stay.
    """
    if not packet:
        return SILENCE
    message = dns.message.from_wire(packet, one_rr_per_rrset=True)
    answer, authority, additional = (records(section) for section in message.sections[1:])
    aa = bool(message.flags & dns.flags.AA)
    own = {record for record in authority if record[1] == dns.rdatatype.NS and record[0] in apexes and aa}
    return Answer(
        dns.rcode.to_text(message.rcode()),
        aa,
        bool(message.flags & dns.flags.TC),
        frozenset(answer),
        frozenset(authority) - own,
        frozenset(additional),
        frozenset(record for section in (answer, authority) for record, times in section.items() if times > 1),
        packet[12 : 12 + len(question)],
    )


def records(section: list[dns.rrset.RRset]) -> Counter[Record]:
    """A section's records, counted."""
    return Counter((rrset.name, rrset.rdtype, rrset.ttl, rdata) for rrset in section for rdata in rrset)

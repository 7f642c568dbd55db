"""The checks of RFC 8906 section 8, put to edgeplane and, so that the checks themselves are judged, to the others."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass

import dns.edns
import dns.flags
import dns.message
import dns.opcode
import dns.rcode
import pytest

from .court import EDGEPLANE, court
from .judges import SERVERS

ZONE = """\
$ORIGIN rfc8906.corner.
@ 300 SOA ns1 admin 1 7200 900 1209600 60
@ 300 NS ns1
ns1 300 A 192.0.2.53
""" + "".join(f'big 300 TXT "{n:02} {"t" * 90}"\n' for n in range(8))
ZONES = {"rfc8906.corner.": ZONE}

RESERVED = 0x0040
UNKNOWN_FLAG = 0x0080
UNKNOWN_OPTION = dns.edns.GenericOption(100, b"")
OPTIONS = [
    dns.edns.GenericOption(dns.edns.NSID, b""),
    dns.edns.GenericOption(dns.edns.COOKIE, bytes(range(8))),
    dns.edns.GenericOption(9, b""),  # EXPIRE
    dns.edns.ECSOption("0.0.0.0", 0),  # noqa: S104
]

Expected = Callable[[dns.message.Message], bool]


@dataclass(frozen=True)
class Check:
    """What is asked, and what must come back."""

    rdtype: str = "SOA"
    name: str = "@"
    flags: int = 0
    edns: int | None = None
    edns_flags: int = 0
    options: tuple[dns.edns.Option, ...] = ()
    payload: int = 4096
    opcode: int = 0
    tcp: bool = False
    rcode: str = "NOERROR"
    expect: Expected = lambda _: True

    def packet(self) -> bytes:
        """The query; for an opcode that is no query, a header alone."""
        name = "rfc8906.corner." if self.name == "@" else f"{self.name}.rfc8906.corner."
        options = list(self.options)
        query = dns.message.make_query(
            name, self.rdtype, use_edns=self.edns if self.edns is not None else False, options=options, id=8906
        )
        query.flags = self.flags
        if self.edns is not None:
            query.use_edns(self.edns, self.edns_flags, self.payload, options=options)
        wire = bytearray(query.to_wire())
        wire[2] |= self.opcode << 3
        return bytes(wire[:4]) + bytes(8) if self.opcode else bytes(wire)


def soa(reply: dns.message.Message) -> bool:
    """The SOA record, authoritative, and no AD flag that nobody could have earned."""
    kinds = [rrset.rdtype for rrset in reply.answer]
    return kinds == [dns.rdatatype.SOA] and aa(reply) and not reply.flags & dns.flags.AD


def aa(reply: dns.message.Message) -> bool:
    """Authoritative, and no recursion offered."""
    return bool(reply.flags & dns.flags.AA) and not reply.flags & dns.flags.RA


def empty(reply: dns.message.Message) -> bool:
    """No records but OPT."""
    return not (reply.answer or reply.authority or reply.additional)


def version_0(reply: dns.message.Message) -> bool:
    """An OPT record of version 0 with none of the flags that have no meaning."""
    return reply.edns == 0 and not reply.ednsflags & 0x7FFF


def both(*expected: Expected) -> Expected:
    """All of them."""
    return lambda reply: all(one(reply) for one in expected)


def no_option_100(reply: dns.message.Message) -> bool:
    """An option that nobody knows does not come back."""
    return all(option.otype != 100 for option in reply.options)


def options_once(reply: dns.message.Message) -> bool:
    """Options that came back are some of those sent, each once."""
    kinds = [option.otype for option in reply.options]
    return len(kinds) == len(set(kinds)) and set(kinds) <= {option.otype for option in OPTIONS} | {15}


def badvers(reply: dns.message.Message) -> bool:
    """Nothing but an OPT record of the highest version that is known."""
    return empty(reply) and version_0(reply)


CHECKS = {
    "8.1.1 configured for the zone": Check(expect=soa),
    "8.1.2 unknown type": Check(
        "TYPE1000", expect=lambda reply: aa(reply) and not reply.answer and len(reply.authority) == 1
    ),
    "8.1.3.1 CD=1": Check(flags=dns.flags.CD, expect=soa),
    "8.1.3.2 AD=1": Check(flags=dns.flags.AD, expect=soa),
    "8.1.3.3 reserved flag": Check(flags=RESERVED, expect=both(soa, lambda reply: not reply.flags & RESERVED)),
    "8.1.3.4 RD=1": Check(flags=dns.flags.RD, expect=both(soa, lambda reply: bool(reply.flags & dns.flags.RD))),
    "8.1.4 unknown opcode": Check(opcode=15, rcode="NOTIMP", expect=empty),
    "8.1.5 TCP": Check(tcp=True, expect=soa),
    "8.2.1 EDNS": Check(edns=0, expect=both(soa, version_0)),
    "8.2.2 EDNS version": Check(edns=1, rcode="BADVERS", expect=badvers),
    "8.2.3 unknown option": Check(edns=0, options=(UNKNOWN_OPTION,), expect=both(soa, version_0, no_option_100)),
    "8.2.4 unknown flags": Check(edns=0, edns_flags=UNKNOWN_FLAG, expect=both(soa, version_0)),
    "8.2.5 version and flags": Check(edns=1, edns_flags=UNKNOWN_FLAG, rcode="BADVERS", expect=badvers),
    "8.2.6 version and option": Check(
        edns=1, options=(UNKNOWN_OPTION,), rcode="BADVERS", expect=both(badvers, no_option_100)
    ),
    "8.2.7 truncated": Check(
        "TXT", "big", edns=0, payload=512, expect=lambda reply: reply.edns == 0 and bool(reply.flags & dns.flags.TC)
    ),
    "8.2.8 DO=1": Check(edns=0, edns_flags=dns.flags.DO, expect=lambda reply: soa(reply) and reply.edns == 0),
    "8.2.9 version and DO=1": Check(
        edns=1, edns_flags=dns.flags.DO, rcode="BADVERS", expect=lambda reply: empty(reply) and reply.edns == 0
    ),
    "8.2.10 several options": Check(edns=0, options=tuple(OPTIONS), expect=both(soa, options_once)),
}
"""Section → check."""


@pytest.fixture(scope="module")
def judged(tmp_path_factory):
    with court(tmp_path_factory.mktemp("rfc8906") / "court", ZONES) as servers:
        yield servers


@pytest.mark.parametrize("section", CHECKS)
@pytest.mark.parametrize("name", [EDGEPLANE, *SERVERS])
def test_check(judged, name, section):
    check, server = CHECKS[section], judged.servers[name]
    packet = check.packet()
    reply = server.ask_tcp(packet) if check.tcp else server.ask([packet])[0]
    right = len(reply) >= 12 and passes(check, reply)
    assert right, dns.message.from_wire(reply, ignore_trailing=True) if reply else "silence"


def passes(check: Check, packet: bytes) -> bool:
    """Whether an answer is as expected; an answer always has the query's id and opcode."""
    number, flags = struct.unpack_from("!HH", packet)
    if number != 8906 or not flags & 0x8000 or (flags >> 11) & 15 != check.opcode:
        return False
    if check.opcode:
        return dns.rcode.to_text(flags & 15) == check.rcode and len(packet) == 12
    reply = dns.message.from_wire(packet)
    return dns.rcode.to_text(reply.rcode()) == check.rcode and check.expect(reply)

"""Packets that are no plain question: what comes back, and which of the other servers see it the same way."""

from __future__ import annotations

import struct
from dataclasses import dataclass

import dns.name
import dns.rcode
import pytest

from .court import EDGEPLANE, court
from .judges import SERVERS

APEX = "packets.corner."
ZONES = {APEX: f"{APEX} 300 SOA ns1 admin 1 7200 900 1209600 60\n{APEX} 300 NS ns.elsewhere.\n"}
NAME = dns.name.from_text(APEX).to_wire()
SOA, IN = 6, 1
OPT = b"\0\0\x29\x04\xd0\0\0\0\0\0\0"
QUESTION = NAME + struct.pack("!2H", SOA, IN)
SILENCE = "silence"
ALL = frozenset(SERVERS)
NOBODY: frozenset[str] = frozenset()


def query(
    *, rdtype: int = SOA, rdclass: int = IN, flags: int = 0, counts: tuple[int, ...] = (1, 0, 0, 0), behind: bytes = b""
) -> bytes:
    """Flags, counts, a question and what stands behind it."""
    return struct.pack("!5H", flags, *counts) + NAME + struct.pack("!2H", rdtype, rdclass) + behind


def bare(flags: int = 0, counts: tuple[int, ...] = (0, 0, 0, 0), behind: bytes = b"") -> bytes:
    """The same without a question."""
    return struct.pack("!5H", flags, *counts) + behind


@dataclass(frozen=True)
class Packet:
    """Octets behind the id; what edgeplane says to them; which servers say the same."""

    octets: bytes
    rcode: str
    like: frozenset[str] = ALL


OPCODES = {
    f"opcode {n}": Packet(query(flags=n << 11), "NOTIMP", {4: NOBODY, 5: frozenset({"nsd"})}.get(n, ALL))
    for n in range(1, 16)
}
CLASSES = {
    "class CH": Packet(query(rdclass=3), "REFUSED"),
    "class HS": Packet(query(rdclass=4), "REFUSED"),
    "class NONE": Packet(query(rdclass=254), "REFUSED", ALL - {"bind"}),
    "class 256": Packet(query(rdclass=256), "REFUSED", ALL - {"bind"}),
    "class ANY": Packet(query(rdclass=255), "REFUSED", NOBODY),
}
TYPES = {
    "type OPT": Packet(query(rdtype=41), "FORMERR", frozenset({"bind"})),
    "type TKEY": Packet(query(rdtype=249), "FORMERR", frozenset({"bind"})),
    "type TSIG": Packet(query(rdtype=250), "FORMERR", frozenset({"bind"})),
    "type IXFR": Packet(query(rdtype=251), "REFUSED", frozenset({"nsd"})),
    "type AXFR": Packet(query(rdtype=252), "REFUSED", NOBODY),
    "type MAILB": Packet(query(rdtype=253), "NOTIMP", frozenset({"bind"})),
    "type MAILA": Packet(query(rdtype=254), "NOTIMP", frozenset({"bind"})),
    "type 65535": Packet(query(rdtype=65535), "NOERROR"),
}
SHAPES = {
    "two questions": Packet(query(counts=(2, 0, 0, 0), behind=QUESTION), "FORMERR", ALL - {"knot"}),
    "no question": Packet(bare(), "FORMERR"),
    "no question but OPT": Packet(bare(counts=(0, 0, 0, 1), behind=OPT), "FORMERR", ALL - {"nsd"}),
    "two OPT": Packet(query(counts=(1, 0, 0, 2), behind=OPT * 2), "FORMERR"),
    "OPT cut off": Packet(query(counts=(1, 0, 0, 1), behind=OPT[:-1]), "FORMERR"),
    "OPT with a name": Packet(query(counts=(1, 0, 0, 1), behind=b"\1a" + OPT), "FORMERR", ALL - {"knot"}),
    "OPT as an answer": Packet(query(counts=(1, 1, 0, 0), behind=OPT), "FORMERR"),
    "option cut off": Packet(query(counts=(1, 0, 0, 1), behind=OPT[:-1] + b"\5\0\3\0\2x"), "FORMERR"),
    "more than is said": Packet(query(behind=b"xyz"), "FORMERR", frozenset({"knot"})),
    "question cut off": Packet(query()[:-3], "FORMERR", ALL - {"knot"}),
    "question with a pointer": Packet(bare(counts=(1, 0, 0, 0), behind=b"\xc0\x0c\0\1\0\1"), "FORMERR", ALL - {"knot"}),
    "header cut off": Packet(bytes(9), SILENCE),
    "a response": Packet(query(flags=0x8000), SILENCE),
    "a query that calls itself truncated": Packet(query(flags=0x0200), "NOERROR"),
    "a query that calls itself authoritative": Packet(query(flags=0x0400), "NOERROR"),
    "a query with RA": Packet(query(flags=0x0080), "NOERROR"),
    "a query with a response code": Packet(query(flags=0x0005), "NOERROR", ALL - {"nsd"}),
}
PACKETS = OPCODES | CLASSES | TYPES | SHAPES


@pytest.fixture(scope="module")
def said(tmp_path_factory):
    """Server → packet → response code."""
    packets = [number.to_bytes(2) + packet.octets for number, packet in enumerate(PACKETS.values())]
    with court(tmp_path_factory.mktemp("packets") / "court", ZONES, rounds=2) as judged:
        answers = {name: server.ask(packets) for name, server in judged.servers.items()}
    return {name: dict(zip(PACKETS, map(rcode, given), strict=True)) for name, given in answers.items()}


def rcode(answer: bytes) -> str:
    """The response code of an answer."""
    return dns.rcode.to_text(answer[3] & 15) if len(answer) >= 12 else SILENCE


@pytest.mark.parametrize("name", PACKETS)
def test_packet(said, name):
    packet = PACKETS[name]
    assert said[EDGEPLANE][name] == packet.rcode
    assert {server for server in SERVERS if said[server][name] == packet.rcode} == packet.like

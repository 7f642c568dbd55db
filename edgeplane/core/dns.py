"""DNS messages and zones without sockets.

Names are text in presentation form with the last dot (RFC 1035 section 5.1); types, classes and codes are numbers as on
the wire; rdata is octets with uncompressed names, and `Record.text` shows it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from os import PathLike
from typing import Any

from edgeplane import _core

IN = 1
"""The Internet class (RFC 1035 section 3.2.4)."""


def type_number(mnemonic: str) -> int:
    """The number of a record type: 28 for `AAAA` in any case, 65280 for `TYPE65280` (RFC 3597). Else ValueError."""
    return _core.type_from_text(mnemonic)


def type_mnemonic(number: int) -> str:
    """The mnemonic of a record type, `TYPE65280` where it has none (RFC 3597 section 5)."""
    return _core.type_to_text(number)


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked (RFC 1035 section 4.1.2)."""

    name: str
    type: int
    class_: int = IN

    @classmethod
    def of(cls, name: str, mnemonic: str) -> Question:
        """A question of class IN by the type's mnemonic. ValueError for an unknown type."""
        return cls(name, type_number(mnemonic))


@dataclass(frozen=True, slots=True)
class Record:
    """A resource record (RFC 1035 section 4.1.3). `ttl` in seconds."""

    name: str
    type: int
    class_: int
    ttl: int
    rdata: bytes

    @classmethod
    def of(cls, name: str, mnemonic: str, ttl: int, text: str) -> Record:
        """A record of class IN from presentation form, its names absolute. ValueError says what is wrong."""
        number = type_number(mnemonic)
        return cls(name, number, IN, ttl, _core.rdata_from_text(number, text))

    @property
    def text(self) -> str:
        """The rdata in presentation form; in RFC 3597's form where it is not what its type asks for."""
        return _core.rdata_to_text(self.type, self.rdata)

    def __str__(self) -> str:
        """The record as a line of a zone file."""
        class_ = "IN" if self.class_ == IN else f"CLASS{self.class_}"
        return f"{self.name} {self.ttl} {class_} {type_mnemonic(self.type)} {self.text}"


@dataclass(frozen=True, slots=True)
class Edns:
    """The OPT record (RFC 6891 section 6.1). `udp_payload_size` in octets; `options` are code and data."""

    udp_payload_size: int = 1232
    version: int = 0
    dnssec_ok: bool = False
    options: tuple[tuple[int, bytes], ...] = ()


@dataclass(frozen=True, slots=True)
class Message:
    """A DNS message (RFC 1035 section 4.1).

    `opcode` has 4 bits. `rcode` has 12, of which EDNS carries the upper 8 (RFC 6891 section 6.1.3), so that one over 15
    needs `edns`. `additional` is without the OPT record.
    """

    id: int = 0
    response: bool = False
    opcode: int = 0
    authoritative: bool = False
    truncated: bool = False
    recursion_desired: bool = False
    recursion_available: bool = False
    authentic_data: bool = False
    checking_disabled: bool = False
    rcode: int = 0
    question: tuple[Question, ...] = ()
    answer: tuple[Record, ...] = ()
    authority: tuple[Record, ...] = ()
    additional: tuple[Record, ...] = ()
    edns: Edns | None = None


def decode(packet: bytes | bytearray | memoryview) -> Message:
    """A message from its wire form.

    Every octet must belong to it. ValueError says at which octet it is malformed, and why. Compression pointers must
    lead backwards; the work is bounded whatever the octets.
    """
    header, question, answer, authority, additional, edns = _core.decode(bytes(packet))
    return Message(
        *header,
        tuple(Question(*q) for q in question),
        tuple(Record(*r) for r in answer),
        tuple(Record(*r) for r in authority),
        tuple(Record(*r) for r in additional),
        Edns(*edns[:3], tuple(edns[3])) if edns else None,
    )


def encode(message: Message) -> bytes:
    """The wire form, names compressed as RFC 1035 section 4.1.4 and RFC 3597 section 4 allow, the OPT record last.

    ValueError where there is none: a malformed name, rdata that is not what its type asks for, over 65,535 octets.
    """
    m = message
    flags = (m.authoritative, m.truncated, m.recursion_desired, m.recursion_available)
    header = (m.id, m.response, m.opcode, *flags, m.authentic_data, m.checking_disabled, m.rcode)
    question = [(q.name, q.type, q.class_) for q in m.question]
    edns = (m.edns.udp_payload_size, m.edns.version, m.edns.dnssec_ok, m.edns.options) if m.edns else None
    return _core.encode((header, question, _tuples(m.answer), _tuples(m.authority), _tuples(m.additional), edns))


def _tuples(records: tuple[Record, ...]) -> list[tuple[str, int, int, int, bytes]]:
    return [(r.name, r.type, r.class_, r.ttl, r.rdata) for r in records]


@dataclass(frozen=True, slots=True)
class Zone:
    """The records of one zone in the order in which they were written."""

    name: str
    records: tuple[Record, ...] = field(repr=False)

    @classmethod
    def read(cls, path: str | PathLike[str], origin: str | None = None) -> Zone:
        """A zone from a zone file (RFC 1035 section 5, and BIND's `$GENERATE`).

        origin: the zone's name; else the owner of its SOA record. edgeplane.errors.ContentError holds every fault with
        file and line.
        """
        return cls._of(_core.read_zone(path, origin))

    @classmethod
    def parse(cls, text: str, origin: str) -> Zone:
        """A zone from zone file text without `$INCLUDE`. edgeplane.errors.ContentError as above."""
        return cls._of(_core.read_zone_text(text, origin))

    @classmethod
    def _of(cls, read: tuple[str, Any]) -> Zone:
        name, records = read
        return cls(name, tuple(Record(owner, rtype, IN, ttl, rdata) for owner, rtype, ttl, rdata in records))

    def __iter__(self) -> Iterator[Record]:
        """The records."""
        return iter(self.records)


class Responder:
    """Answers packets from zones as a node would, without sockets.

    Access list, rate limit and cookies are a node's affair: everyone is answered. May be used from several threads.
    """

    def __init__(self, zones: Mapping[str, str | PathLike[str]]) -> None:
        """zones: name -> zone file text, or the path of a zone file as a `pathlib.Path`.

        edgeplane.errors.ContentError holds every fault of every zone.
        """
        texts = [(name, text) for name, text in zones.items() if isinstance(text, str)]
        paths = [(name, path) for name, path in zones.items() if not isinstance(path, str)]
        self._responder = _core.Responder(texts, paths)

    def answer(self, packet: bytes, client: str = "0.0.0.0", *, tcp: bool = False) -> bytes:  # noqa: S104
        """The answer to a query from an address; empty octets where a server would be silent (RFC 8906 section 3).

        tcp: whether the query came over TCP, so that an answer may have 65,535 octets. Over UDP it keeps to what EDNS
        allows, at most 1,232, and is truncated beyond (RFC 6891 section 6.2.5). ValueError for what is no address.
        """
        return self._responder.answer(packet, client, tcp)

"""Packets that nobody should send cost nothing: no crash, no memory, no amplification, and good queries go on."""

from __future__ import annotations

import random
import re
import selectors
import socket
import struct
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype
import pytest

from ..running import PATIENCE_S
from ..scenario.conftest import ZONE, Node

PACKETS = 100_000
RATE = 5_000
"""Packets a second: well within what one core answers, so that silence is an answer and not a loss."""
BATCH = 50
GOOD_SHARE = 0.999
MEMORY_MIB = 10
OPT_OCTETS = 11
OPTIONS_OCTETS = 16 + 6
"""A server cookie behind the client's, and an extended error: for queries whose OPT record is well-formed."""
CONNECTIONS = 500

MORE = """\
*.wild 300 TXT "anything"
sub 300 NS ns1.sub
ns1.sub 300 A 192.0.2.54
old 300 DNAME www
alias 300 CNAME www
"""

EXPECTED = {
    dns.rcode.NOERROR,
    dns.rcode.NXDOMAIN,
    dns.rcode.FORMERR,
    dns.rcode.NOTIMP,
    dns.rcode.REFUSED,
    dns.rcode.YXDOMAIN,
    dns.rcode.BADVERS,
}
ERRORS = EXPECTED - {dns.rcode.NOERROR, dns.rcode.NXDOMAIN, dns.rcode.YXDOMAIN}

NAMES = [b"\3www\7example\3org\0", b"\1x\4wild\7example\3org\0", b"\1x\3old\7example\3org\0", b"\7nothing\0", b"\0"]
OPTIONS = [b"", b"\0\3\0\0", b"\0\x0a\0\x08abcdefgh", b"\0\x08\0\7\0\1\x18\0\xc0\0\2", b"\0\x0b\0\0", b"\xff\xfe\0\2ab"]
Make = Callable[[random.Random], bytes]


def header(flags: int = 0x0100, counts: tuple[int, int, int, int] = (1, 0, 0, 0)) -> bytes:
    return struct.pack("!HHHHHH", 0, flags, *counts)


def opt(options: bytes, payload: int = 1232, ttl: int = 0, length: int | None = None) -> bytes:
    return struct.pack("!BHHIH", 0, 41, payload, ttl, len(options) if length is None else length) + options


def query(
    dice: random.Random, rdtype: int = 1, rdclass: int = 1, flags: int = 0x0100, edns: bytes | None = None
) -> bytes:
    question = dice.choice(NAMES) + struct.pack("!HH", rdtype, rdclass)
    return header(flags, (1, 0, 0, int(edns is not None))) + question + (edns or b"")


def valid(dice: random.Random) -> bytes:
    return query(dice, dice.choice([1, 2, 6, 16, 28, 255]), edns=dice.choice([None, opt(dice.choice(OPTIONS))]))


def flipped(dice: random.Random) -> bytes:
    packet = bytearray(valid(dice))
    for _ in range(dice.randint(1, 4)):
        packet[dice.randrange(2, len(packet))] ^= 1 << dice.randrange(8)
    return bytes(packet)


def truncated(dice: random.Random) -> bytes:
    packet = valid(dice)
    return packet[: dice.randrange(len(packet))]


def longer(dice: random.Random) -> bytes:
    return valid(dice) + dice.randbytes(dice.randint(1, 1200))


def pointing(dice: random.Random) -> bytes:
    """Compression in the question: to itself, to another pointer, forwards, behind the packet."""
    pointer = struct.pack("!H", 0xC000 | dice.choice([0, 12, 13, 14, 16, 30, 0x3FFF, dice.randrange(64)]))
    labels = b"\1a" * dice.randrange(4)
    return header() + labels + pointer + dice.choice([b"", pointer]) + b"\0\1\0\1"


def miscounted(dice: random.Random) -> bytes:
    counts = tuple(dice.choice([0, 1, 2, 255, 65535]) for _ in range(4))
    return header(counts=counts) + valid(dice)[12:]


def labelled(dice: random.Random) -> bytes:
    """Names of odd label types, too many labels, too many octets."""
    name = dice.choice([b"\x40a", b"\x80a", b"\1a" * 128, (b"\x3f" + b"a" * 63) * 4, b"\x3fabc"])
    return header() + name + b"\0\0\1\0\1"


def optioned(dice: random.Random) -> bytes:
    """OPT records that are wrong: lengths, versions, owners, cookies, subnets, two of them."""
    options = struct.pack("!HH", dice.choice([3, 8, 10, 11, 15, 65001]), dice.choice([0, 1, 7, 8, 9, 41, 65535]))
    options += dice.randbytes(dice.randrange(44))
    record = opt(options, dice.choice([0, 511, 1232, 65535]), dice.getrandbits(32), dice.choice([None, None, 0, 65535]))
    return query(dice, edns=dice.choice([record, record + record, b"\1a" + record]))


def swept(dice: random.Random) -> bytes:
    """Any type, class and opcode, the meta types most of all."""
    rdtype = dice.choice([0, 41, 249, 250, 251, 252, 253, 254, 255, 65535, dice.getrandbits(16)])
    return query(dice, rdtype, dice.choice([0, 1, 3, 254, 255, 65535]), dice.getrandbits(16) & 0x7FFF)


def noise(dice: random.Random) -> bytes:
    return dice.randbytes(dice.randrange(600))


KINDS: list[Make] = [flipped, truncated, longer, pointing, miscounted, labelled, optioned, swept, noise]


def corpus() -> Iterator[bytes]:
    """The same packets each time; the id counts up, so that a reply finds the packet that it answers."""
    dice = random.Random(8906)
    for n in range(PACKETS):
        packet = KINDS[n % len(KINDS)](dice)
        yield struct.pack("!H", n & 0xFFFF)[: len(packet)] + packet[2:]


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    node = Node(tmp_path_factory.mktemp("malformed"), {"zones/example.org.zone": ZONE + MORE})
    try:
        yield node.start()
    finally:
        node.close()


def memory_mib(pid: int) -> float:
    """Resident memory of a process."""
    match = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert match is not None
    return int(match[1]) / 1024


class Conversation:
    """Junk from one socket, good queries from another, at a bounded rate; judges every reply."""

    def __init__(self, port: int) -> None:
        self.junk, self.good = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
        self.selector = selectors.DefaultSelector()
        for sock in (self.junk, self.good):
            sock.connect(("127.0.0.1", port))
            sock.setblocking(False)
            self.selector.register(sock, selectors.EVENT_READ)
        self.sent: dict[int, bytes] = {}
        self.rcodes: Counter[int] = Counter()
        self.asked, self.answered, self.wrong = 0, set[int](), list[str]()

    def run(self, packets: Iterator[bytes]) -> None:
        start = time.monotonic()
        for n, packet in enumerate(packets):
            self.sent[n & 0xFFFF] = packet
            self.junk.send(packet)
            if n % BATCH == 0:
                self.ask()
                self.listen(start + n / RATE)
        self.listen(time.monotonic() + 1)

    def ask(self) -> None:
        self.asked += 1
        message = dns.message.make_query("www.example.org", "A", id=self.asked)
        self.good.send(message.to_wire())

    def listen(self, until: float) -> None:
        """Takes what comes, at least until then."""
        while ready := self.selector.select(max(0.0, until - time.monotonic())):
            for key, _ in ready:
                reply = key.fileobj.recv(65535)  # type: ignore[union-attr]
                self.judge(reply) if key.fileobj is self.junk else self.take(reply)

    def take(self, reply: bytes) -> None:
        message = dns.message.from_wire(reply)
        if [rdata.to_text() for rrset in message.answer for rdata in rrset] == ["192.0.2.1"]:
            self.answered.add(message.id)

    def judge(self, reply: bytes) -> None:
        packet = self.sent[int.from_bytes(reply[:2])]
        try:
            message = dns.message.from_wire(reply)
        except Exception as error:
            self.wrong.append(f"{error!r}: {packet.hex()} → {reply.hex()}")
            return
        rcode = message.rcode()
        self.rcodes[rcode] += 1
        records = message.answer or message.authority or message.additional
        more = OPTIONS_OCTETS if message.options else OPT_OCTETS
        too_long = rcode in ERRORS and len(reply) > len(packet) + more
        if rcode not in EXPECTED or not message.flags & dns.flags.QR or too_long or (rcode in ERRORS and records):
            self.wrong.append(f"{dns.rcode.to_text(rcode)}: {packet.hex()} → {reply.hex()}")


def test_a_hundred_thousand_malformed_packets_do_no_harm(node: Node) -> None:
    front = node.child("front")
    Conversation(node.port).run(iter([valid(random.Random(1))] * 500))
    before = memory_mib(front)
    talk = Conversation(node.port)
    talk.run(corpus())
    assert not talk.wrong, f"{len(talk.wrong)} bad replies\n" + "\n".join(talk.wrong[:10])
    assert {dns.rcode.FORMERR, dns.rcode.NOTIMP, dns.rcode.REFUSED, dns.rcode.BADVERS} <= set(talk.rcodes)
    assert talk.rcodes.total() < PACKETS, "answers and cut headers get silence"
    assert len(talk.answered) >= GOOD_SHARE * talk.asked
    assert node.child("front") == front, "the front died"
    assert panics(node) == 0
    assert memory_mib(front) - before <= MEMORY_MIB


def panics(node: Node) -> float:
    """Panics that the serving threads caught."""
    found = re.findall(r"^edgeplane_dns_panics_total(?:\{.*\})? (\S+)$", node.get("/metrics")[1], re.MULTILINE)
    assert found
    return sum(map(float, found))


def connect(node: Node, source: str = "127.0.0.1") -> socket.socket:
    return socket.create_connection(("127.0.0.1", node.port), PATIENCE_S, (source, 0))


def frame(packet: bytes) -> bytes:
    return struct.pack("!H", len(packet)) + packet


def ended(sock: socket.socket) -> bool:
    """Whether the server closes the connection, whatever it says before."""
    sock.settimeout(PATIENCE_S)
    try:
        while sock.recv(65535):
            pass
    except ConnectionError:
        pass
    except TimeoutError:
        return False
    return True


def received(sock: socket.socket) -> bytes:
    """The message in the next frame."""
    with sock.makefile("rb") as stream:
        return stream.read(int.from_bytes(stream.read(2)))


def test_junk_frames_are_answered_or_end_the_connection(node: Node) -> None:
    front, dice = node.child("front"), random.Random(7766)
    for make in KINDS * 20:
        with connect(node) as sock:
            packet = make(dice)[:4000]
            sock.sendall(frame(packet) + frame(valid(dice)))
            sock.shutdown(socket.SHUT_WR)
            assert ended(sock), make.__name__
    for length in (0, 1, 11, 4097, 65535):
        with connect(node) as sock:
            sock.sendall(struct.pack("!H", length) + b"\0" * min(length, 100))
            assert ended(sock), length
    assert node.child("front") == front
    assert panics(node) == 0
    assert node.answers("www.example.org", tcp=True) == ["192.0.2.1"]


def test_one_octet_at_a_time_is_a_query_all_the_same(node: Node) -> None:
    asked = dns.message.make_query("www.example.org", "A")
    with connect(node) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for octet in frame(asked.to_wire()):
            sock.sendall(bytes([octet]))
        assert dns.message.from_wire(received(sock)).answer


def test_half_frames_on_five_hundred_connections_hold_nothing_up(node: Node) -> None:
    front = node.child("front")
    before = memory_mib(front)
    half = frame(valid(random.Random(1)))[:-5]
    sockets = []
    try:
        for n in range(CONNECTIONS):
            sockets.append(connect(node, f"127.0.{n % 16}.1"))
            sockets[-1].sendall(half)
        asked = dns.message.make_query("www.example.org", "A")
        for n in range(100):
            reply = dns.query.tcp(asked, "127.0.0.1", PATIENCE_S, node.port, source=f"127.0.{100 + n % 8}.1")
            assert reply.answer
        assert node.answers("www.example.org") == ["192.0.2.1"]
        assert memory_mib(front) - before <= MEMORY_MIB
    finally:
        for sock in sockets:
            sock.close()
    assert node.child("front") == front
    assert panics(node) == 0

"""Queries over UDP, and just enough DNS to see that a server answers, and that two servers answer the same."""

from __future__ import annotations

import ipaddress
import socket
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from measure import traffic
from measure.load import Generator
from measure.traffic import Window

TYPES = {"A": 1, "NS": 2, "CNAME": 5, "SOA": 6, "TXT": 16, "AAAA": 28}
NAMES_IN_DATA = {2, 5, 12}


@dataclass(frozen=True)
class Answer:
    """What counts when two servers are compared; `records` is sorted (owner, type, TTL, data)."""

    rcode: int
    records: tuple[tuple[str, int, int, str], ...]


@dataclass(frozen=True)
class Queries:
    """The queries of a file, in turn. `ready`: one with an answer on every side, the sign that content is served.

    same: both sides must give the same answers, record by record; otherwise the same number of records.
    options: of the load generator. outstanding: in flight at saturation, fewer than overflow a socket buffer of the
    system's default size. sockets: source ports.
    """

    file: Path
    ready: str
    same: bool = False
    options: tuple[str, ...] = ()
    outstanding: int = 128
    sockets: int = 4
    unit: str = "query"
    floor: str = "echo"
    warm_up_s: float = 0.3
    turn_s: float = 0.25

    def answers(self, port: int, bare: bool) -> bool:
        """An echo has no answer to give, it only has to send something back."""
        answer = ask(port, self.ready, 0.05)
        return answer is not None and (bare or (answer.rcode == 0 and bool(answer.records)))

    def argv(self, generator: Generator, port: int, seconds: float, rate: float | None = None) -> list[str]:
        pace = ["--rate", f"{rate:.0f}"] if rate else ["--outstanding", str(self.outstanding)]
        options = ["--sockets", str(self.sockets), "--cpu", str(generator.cpu), "--duration", str(seconds)]
        where = ["--server", f"127.0.0.1:{port}", "--queries", str(self.file)]
        return [str(generator.binary), "query", *where, *options, *pace, *self.options]

    def run(self, generator: Generator, port: int, seconds: float, rate: float | None = None) -> Window:
        return window(traffic.run(self.argv(generator, port, seconds, rate)))

    def examine(self, port: int, count: int = 300) -> list[Any]:
        lines = self.file.read_text().splitlines()
        return [(line, ask(port, line)) for line in lines[:: max(1, len(lines) // count)]]

    def compare(self, given: dict[str, list[Any]]) -> None:
        (first, ours), (second, theirs) = given.items()
        for (line, a), (_, b) in zip(ours, theirs, strict=True):
            if a is None or b is None or self._shape(a) != self._shape(b):
                raise ValueError(f"different answers to `{line}`:\n  {first}: {a}\n  {second}: {b}")

    def _shape(self, answer: Answer) -> object:
        return answer if self.same else (answer.rcode, len(answer.records))

    def void(self, windows: list[Any]) -> list[str]:
        wrong = sum(each.wrong for each in windows)
        return [f"{wrong} answers were neither NOERROR nor NXDOMAIN, or answered no query"] if wrong else []


def window(document: dict[str, Any]) -> Window:
    """What the generator says, in the words of every protocol."""
    latency, rcodes = document["latency_us"], document["rcodes"]
    return Window(
        answered=document["received"],
        seconds=document["seconds"],
        p50=latency["p50"],
        p99=latency["p99"],
        p999=latency["p999"],
        lost=document["timeouts"] + document["send_errors"],
        wrong=document["mismatches"] + sum(n for rcode, n in rcodes.items() if rcode not in ("NOERROR", "NXDOMAIN")),
        raw=document,
    )


def query(line: str, ident: int) -> bytes:
    """A line of a query file (`name type [@ecs=prefix]`) as a packet."""
    name, kind, *rest = line.split()
    labels = b"".join(bytes([len(part)]) + part.encode() for part in name.rstrip(".").split("."))
    subnet = _client_subnet(rest[0].removeprefix("@ecs=")) if rest else b""
    opt = b"\0" + struct.pack("!HHIH", 41, 1232, 0, len(subnet)) + subnet if subnet else b""
    return struct.pack("!6H", ident, 0, 1, 0, 0, int(bool(opt))) + labels + struct.pack("!BHH", 0, TYPES[kind], 1) + opt


def ask(port: int, line: str, timeout_s: float = 1.0) -> Answer | None:
    """Asks a server on loopback; None when nothing that can be understood comes back in time."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(timeout_s)
        sock.connect(("127.0.0.1", port))
        try:
            sock.send(query(line, 4711))
            return decode(sock.recv(4096))
        except (OSError, IndexError, struct.error):
            return None


def decode(packet: bytes) -> Answer:
    """Raises IndexError or struct.error for what is no DNS message."""
    _, flags, questions, answers, _, _ = struct.unpack_from("!6H", packet)
    at = 12
    for _ in range(questions):
        at = _name(packet, at)[1] + 4
    records = []
    for _ in range(answers):
        owner, at = _name(packet, at)
        kind, _, ttl, length = struct.unpack_from("!HHIH", packet, at)
        at += 10
        data = _name(packet, at)[0] if kind in NAMES_IN_DATA else packet[at : at + length].hex()
        records.append((owner, kind, ttl, data))
        at += length
    return Answer(flags & 15, tuple(sorted(records)))


def _name(packet: bytes, at: int) -> tuple[str, int]:
    labels: list[str] = []
    end = 0
    for _ in range(128):
        length = packet[at]
        if length >= 0xC0:
            end = end or at + 2
            at = (length & 0x3F) << 8 | packet[at + 1]
        elif length:
            labels.append(packet[at + 1 : at + 1 + length].decode("latin-1").lower())
            at += 1 + length
        else:
            return ".".join(labels) + ".", end or at + 1
    raise IndexError("a name without an end")


def _client_subnet(prefix: str) -> bytes:
    network = ipaddress.ip_network(prefix)
    family = 1 if network.version == 4 else 2
    address = network.network_address.packed[: (network.prefixlen + 7) // 8]
    return struct.pack("!HHHBB", 8, 4 + len(address), family, network.prefixlen, 0) + address

"""Just enough DNS to see that a server answers, and that two servers answer the same."""

from __future__ import annotations

import ipaddress
import socket
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass

TYPES = {"A": 1, "NS": 2, "CNAME": 5, "SOA": 6, "TXT": 16, "AAAA": 28}
NAMES_IN_DATA = {2, 5, 12}


@dataclass(frozen=True)
class Answer:
    """What counts when two servers are compared; `records` is sorted (owner, type, TTL, data)."""

    rcode: int
    records: tuple[tuple[str, int, int, str], ...]


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


def wait_answer(port: int, line: str, seconds: float, each: Callable[[], None]) -> None:
    """Asks until an answer with a record comes, with a call of `each` in between; raises TimeoutError."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        answer = ask(port, line, 0.05)
        if answer and answer.rcode == 0 and answer.records:
            return
        each()
        time.sleep(0.002)
    raise TimeoutError(f"no correct answer to `{line}` on port {port} within {seconds:.0f} s")


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

"""Questions put to edgeplane and to its judges, many at a time."""

from __future__ import annotations

import socket
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import dns.message
import dns.name
import dns.query
import dns.rdatatype

from edgeplane.core.dns import Responder

from .judges import PAYLOAD, Judge

BATCH = 60
"""Questions under way at once: their answers fit a socket's buffer."""
ROUNDS = 10
ROUND_S = 1.0
"""A question is put again after so long, so many times."""


@dataclass(frozen=True)
class Question:
    """What is asked. `name` in the case that is to be echoed; `edns`: with an OPT record of the common payload size."""

    name: str
    rdtype: str
    edns: bool = True

    def packet(self, number: int, payload: int = PAYLOAD) -> bytes:
        """The query with that id, taking so many octets over UDP."""
        message = dns.message.make_query(
            dns.name.from_text(self.name), self.rdtype, use_edns=0 if self.edns else False, payload=payload, id=number
        )
        message.flags = 0
        return message.to_wire()

    def __str__(self) -> str:
        return f"{self.name} {self.rdtype}{'' if self.edns else ' without EDNS'}"


class Server(Protocol):
    """Whoever answers packets."""

    def ask(self, packets: Sequence[bytes]) -> list[bytes]:
        """The answers over UDP, in order; packets have different ids."""

    def ask_tcp(self, packet: bytes) -> bytes:
        """The answer over TCP."""


class Edgeplane:
    """The engine without sockets."""

    def __init__(self, zones: Mapping[str, str]) -> None:
        self.responder = Responder(zones)

    def ask(self, packets: Sequence[bytes]) -> list[bytes]:
        return [self.responder.answer(packet, "127.0.0.1") for packet in packets]

    def ask_tcp(self, packet: bytes) -> bytes:
        return self.responder.answer(packet, "127.0.0.1", tcp=True)


class Rival:
    """A server behind sockets. `rounds`: how often it is asked before it counts as silent."""

    def __init__(self, judge: Judge, rounds: int = ROUNDS) -> None:
        self.address, self.rounds = ("127.0.0.1", judge.port), rounds

    def ask(self, packets: Sequence[bytes]) -> list[bytes]:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.connect(self.address)
            batches = [packets[at : at + BATCH] for at in range(0, len(packets), BATCH)]
            return [answer for batch in batches for answer in self._batch(sock, batch)]

    def _batch(self, sock: socket.socket, packets: Sequence[bytes]) -> list[bytes]:
        answers: dict[bytes, bytes] = {}
        for _ in range(self.rounds):
            missing = [packet for packet in packets if packet[:2] not in answers]
            if not missing:
                break
            for packet in missing:
                sock.send(packet)
            collect(sock, answers, len(packets))
        return [answers.get(packet[:2], b"") for packet in packets]

    def ask_tcp(self, packet: bytes) -> bytes:
        with socket.create_connection(self.address, ROUND_S * ROUNDS) as sock:
            sock.sendall(len(packet).to_bytes(2) + packet)
            with sock.makefile("rb") as stream:
                return stream.read(int.from_bytes(stream.read(2)))


def collect(sock: socket.socket, answers: dict[bytes, bytes], wanted: int) -> None:
    """Takes answers by id until all are there or a round's time is over."""
    deadline = time.monotonic() + ROUND_S
    while len(answers) < wanted and (left := deadline - time.monotonic()) > 0:
        sock.settimeout(left)
        try:
            answer = sock.recv(65535)
        except TimeoutError:
            return
        answers[answer[:2]] = answer

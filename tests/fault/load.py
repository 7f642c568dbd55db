"""A steady load of UDP queries at a node, and what came back."""

from __future__ import annotations

import selectors
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import TracebackType

import dns.message
import dns.rcode

from ..scenario.conftest import Node

TICK_S = 0.002
PATIENCE_S = 3.0
"""Time that the last queries have for their answers."""


@dataclass
class Lane:
    """One source port. `replies`: (query's index, the reply after its id) in the order in which they came."""

    socket: socket.socket
    open: dict[int, int] = field(default_factory=dict)
    replies: list[tuple[int, bytes]] = field(default_factory=list)
    sent: int = 0
    octets: int = 0


class Load:
    """Asks `queries` in turn at `rate` a second, from `source`, until the block ends."""

    def __init__(
        self,
        node: Node,
        queries: Sequence[tuple[str, str]],
        *,
        rate: int = 5000,
        lanes: int = 4,
        source: str = "127.0.0.1",
        payload: int | None = None,
    ) -> None:
        edns = {"use_edns": 0, "payload": payload} if payload else {}
        self.packets = [dns.message.make_query(*query, **edns).to_wire() for query in queries]  # type: ignore[arg-type]
        self._rate, self._stop = rate, threading.Event()
        self.lanes = [Lane(_connected(source, node.port)) for _ in range(lanes)]
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Load:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stop.set()
        self._thread.join()
        for lane in self.lanes:
            lane.socket.close()

    @property
    def sent(self) -> int:
        """Queries so far."""
        return sum(lane.sent for lane in self.lanes)

    @property
    def lost(self) -> int:
        """Queries without an answer, once the block has ended."""
        return sum(len(lane.open) for lane in self.lanes)

    @property
    def received_octets(self) -> int:
        """Octets of answers so far."""
        return sum(lane.octets for lane in self.lanes)

    @property
    def sent_octets(self) -> int:
        """Octets of queries so far, when all are of one size."""
        return self.sent * len(self.packets[0])

    def rcodes(self) -> Counter[str]:
        """Answers by rcode."""
        found = Counter(reply[1] & 15 for lane in self.lanes for _, reply in lane.replies)
        return Counter({dns.rcode.to_text(dns.rcode.Rcode(code)): count for code, count in found.items()})

    def messages(self, lane: Lane, query: int) -> list[dns.message.Message]:
        """A lane's answers to one query; what came many times in a row is told once."""
        told: list[bytes] = []
        for number, reply in lane.replies:
            if number == query and reply != (told[-1] if told else None):
                told.append(reply)
        return [dns.message.from_wire(b"\0\0" + reply) for reply in told]

    def _run(self) -> None:
        with selectors.DefaultSelector() as selector:
            for lane in self.lanes:
                selector.register(lane.socket, selectors.EVENT_READ, lane)
            begun = time.monotonic()
            sent = 0
            while not self._stop.is_set():
                due = int((time.monotonic() - begun) * self._rate)
                for number in range(sent, due):
                    self._send(self.lanes[number % len(self.lanes)], number)
                sent = due
                self._receive(selector, TICK_S)
            end = time.monotonic() + PATIENCE_S
            while self.lost and time.monotonic() < end:
                self._receive(selector, 0.05)

    def _send(self, lane: Lane, number: int) -> None:
        query = number // len(self.lanes) % len(self.packets)
        id_ = lane.sent & 0xFFFF
        lane.open[id_] = query
        lane.sent += 1
        lane.socket.send(struct.pack("!H", id_) + self.packets[query][2:])

    def _receive(self, selector: selectors.BaseSelector, wait: float) -> None:
        for key, _ in selector.select(wait):
            lane = key.data
            for _ in range(256):
                try:
                    reply = lane.socket.recv(4096)
                except BlockingIOError:
                    break
                query = lane.open.pop(struct.unpack_from("!H", reply)[0], None)
                lane.octets += len(reply)
                if query is not None:
                    lane.replies.append((query, reply[2:]))


def _connected(source: str, port: int) -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
    sock.bind((source, 0))
    sock.connect(("127.0.0.1", port))
    sock.setblocking(False)
    return sock

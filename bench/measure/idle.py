"""What a connection costs that does nothing: memory of a server with many of them, less without, and the place that
some servers hold ready for each from their start.
"""

from __future__ import annotations

import socket
import time
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from typing import Any

from measure import process
from measure.http import Requests
from measure.trial import Bench, running, warm_up
from rival import Site

SETTLE_S = 1.0
FEW, MANY = 1_024, 65_536
"""Places in two servers, whose memory differs by those."""


@dataclass(frozen=True)
class Idle:
    """PSS of the whole tree in bytes, before and while `connections` are open that have had one response each.

    bytes_a_place: what is held ready for a connection before it comes. bytes_a_connection: with that.
    """

    server: str
    connections: int
    pss_before: int
    pss_after: int
    bytes_a_place: float
    bytes_a_connection: float
    closed: int
    foreign: float

    def document(self) -> dict[str, Any]:
        return asdict(self)


def idle_once(bench: Bench[Requests], name: str, content: Site, connections: int) -> Idle:
    """A fresh server, warmed up; then connections, one response each, and silence."""
    place = _place(bench, name, content)
    with running(bench, name, content) as server, ExitStack() as held:
        warm_up(bench)
        time.sleep(SETTLE_S)
        before, watch, cpu = server.memory().pss, process.Watch(bench.cpu), server.cpu_now()
        opened = [held.enter_context(_asked(bench)) for _ in range(connections)]
        time.sleep(SETTLE_S)
        after = server.memory().pss
        foreign, _ = watch.shares(process.cost(cpu, server.cpu_now()).total)
        closed = sum(_is_closed(sock) for sock in opened)
    grown = (after - before) / connections
    return Idle(name, connections, before, after, place, place + grown, closed, foreign)


def _place(bench: Bench[Requests], name: str, content: Site) -> float:
    few, many = (_at_rest(bench, name, replace(content, places=places)) for places in (FEW, MANY))
    return (many - few) / (MANY - FEW)


def _at_rest(bench: Bench[Requests], name: str, content: Site) -> int:
    with running(bench, name, content) as server:
        time.sleep(SETTLE_S)
        return server.memory().pss


def _asked(bench: Bench[Requests]) -> socket.socket:
    """A connection that has had its response."""
    asked = bench.traffic
    target = asked.targets()[0]
    sock = socket.create_connection(("127.0.0.1", bench.port), timeout=10)
    sock.sendall(f"GET {target} HTTP/1.1\r\nHost: {asked.host}\r\n\r\n".encode())
    seen = b""
    while len(seen.partition(b"\r\n\r\n")[2]) < asked.origin.length:
        octets = sock.recv(65536)
        if not octets:
            raise ConnectionError("the server closed a connection in the middle of a response")
        seen += octets
    return sock


def _is_closed(sock: socket.socket) -> bool:
    sock.setblocking(False)
    try:
        return sock.recv(1) == b""
    except BlockingIOError:
        return False

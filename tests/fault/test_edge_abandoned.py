"""Fetches under way hold a bounded part of memory, however many there are and whoever still waits for them."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

from ..edge import HOST
from ..origin import Asked, response
from ..running import until
from .test_edge_slow import rss

FETCHES, OCTETS = 100, 1_500_000
MEMORY = 32 << 20
HELD = MEMORY // 2
"""What may be under way; a little more for what fetches hold beside it."""
BESIDE = 16 << 20


class Stalling:
    """An origin that sends all but the last octet, and that when it is let go."""

    def __init__(self) -> None:
        self.may_end = threading.Event()

    def __call__(self, asked: Asked) -> bytes | Iterator[bytes | float]:
        whole = response(asked.target[-1:].encode() * OCTETS, Cache_Control="max-age=600")
        return whole if asked.target == "/free" else self._slowly(whole)

    def _slowly(self, whole: bytes) -> Iterator[bytes | float]:
        yield whole[:-1]
        while not self.may_end.is_set():
            yield 0.05
        yield whole[-1:]


def test_fetches_that_nobody_waits_for_hold_a_bounded_part_of_memory(make_edge, origin):
    """A hundred clients ask for 1.5 MB each and leave; one that stays gets all of its own."""
    origin.answer = stalling = Stalling()
    edge = make_edge(origin.port, f'memory = "{MEMORY >> 20}MiB"\n').start()
    assert edge.fetch("/free").status == 200
    front = edge.child("front")
    before, answers = rss(front), []
    for number in range(FETCHES):
        with socket.create_connection(("127.0.0.1", edge.http), timeout=20) as client:
            client.sendall(f"GET /{number} HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
            client.recv(1_000)
    until(lambda: origin.count == FETCHES + 1, edge)
    stays = threading.Thread(target=lambda: answers.append(edge.fetch("/stays")))
    stays.start()
    until(lambda: origin.count == FETCHES + 2, edge)
    held = rss(front) - before
    assert held < HELD + BESIDE, f"{held} octets held"
    stalling.may_end.set()
    stays.join(60)
    assert [(answer.status, answer.content) for answer in answers] == [(200, b"s" * OCTETS)]
    assert edge.fetch("/free").status == 200

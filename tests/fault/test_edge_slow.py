"""H1: clients that are slow on purpose are closed, cost little, and hold up nobody."""

from __future__ import annotations

import os
import time

import pytest

from ..edge import HOST
from ..origin import response
from ..running import until
from .visitors import Slow, Visitors

CONNECTIONS = 500
VISITORS = 80
"""Connections of those who are not slow, and what the node opens by itself."""
HEAD_S, CLOSED_S = 3, 45.0
OCTETS_A_CONNECTION = 64 << 10
SETTINGS = f"[edge.limits]\nhead_timeout_s = {HEAD_S}\nconnections_per_prefix = 4000\n"

MODES = {
    "head": (b"GET /slow HTTP/1.1\r\nHost: %s\r\n" % HOST.encode(), b"X: y\r\n", False),
    "content": (b"POST /slow HTTP/1.1\r\nHost: %s\r\nContent-Length: 1000000\r\n\r\n" % HOST.encode(), b"x", False),
}


def rss(pid: int) -> int:
    with open(f"/proc/{pid}/status") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith("VmRSS"))


def descriptors(pid: int) -> int:
    return len(os.listdir(f"/proc/{pid}/fd"))


@pytest.mark.parametrize("mode", MODES)
def test_slow_clients_cost_nobody_else(make_edge, origin, mode):
    """500 of them: all are closed in time, each holds 64 KiB at most, and others are answered as before."""
    large = response(b"x" * (8 << 20), Cache_Control="max-age=600")
    small = response(b"ok\n", Cache_Control="max-age=600")
    origin.answer = lambda asked: large if asked.target == "/large" else small
    edge = make_edge(origin.port, SETTINGS).start()
    for path in ("/a", "/large"):
        assert edge.fetch(path).status == 200
    front = edge.child("front")
    before, idle = rss(front), descriptors(front)
    first, more, deaf = MODES[mode]
    with Visitors(edge, ["/a"]) as visitors, Slow(edge.http, CONNECTIONS, first, more, deaf) as slow:
        until(lambda: descriptors(front) >= idle + CONNECTIONS, edge)
        held = rss(front) - before
        end = time.monotonic() + CLOSED_S
        while (left := descriptors(front) - idle) > VISITORS and time.monotonic() < end:
            slow.drip()
            time.sleep(0.5)
    assert left <= VISITORS, f"{left} connections were still open after {CLOSED_S:.0f} s"
    assert held <= CONNECTIONS * OCTETS_A_CONNECTION
    answered = visitors.statuses()
    assert answered[200] >= 0.999 * visitors.sent, answered

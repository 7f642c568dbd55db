"""H1, H2: clients that are slow on purpose are closed, cost little, and hold up nobody.

What a connection may hold, in resident memory of the front (the system's own buffers aside):

    HTTP/1.1, reading nothing   a set of buffers for a head and answers, 6 to 64 KiB; the content is the store's
    HTTP/2, reading nothing     64 KiB collected for one write, 64 KiB of TLS records, 256 KiB read ahead from files
                                and, for each open stream, its request and its place: 4 KiB
    HTTP/2, without window      the streams alone: nothing is read or copied before there is room
"""

from __future__ import annotations

import contextlib
import os
import time

import pytest

from ..edge import HOST
from ..origin import response
from ..running import until
from .http2 import ENHANCE_YOUR_CALM, GOAWAY, Http2
from .visitors import Slow, Visitors

CONNECTIONS = 500
VISITORS = 80
"""Connections of those who are not slow, and what the node opens by itself."""
HEAD_S, SEND_S, CLOSED_S = 3, 3, 45.0
OCTETS_A_CONNECTION = 64 << 10
SETTINGS = f"[edge.limits]\nhead_timeout_s = {HEAD_S}\nsend_grace_s = {SEND_S}\nconnections_per_prefix = 4000\n"
HTTP2_CONNECTIONS, STREAMS = 40, 100
OCTETS_A_STREAM = 4 << 10
HANDSHAKE = 64 << 10
"""What a connection over TLS takes before it asks for anything, its task and session included."""
HTTP2_MODES = {
    "without window": (0, 0, 0, HANDSHAKE),
    "reading nothing": (1 << 30, 1 << 30, 4096, HANDSHAKE + (384 << 10)),
}
"""Window of a stream, room of the connection, what the system keeps for the client, and the most that a connection may
hold beside its streams."""

MODES = {
    "head": (b"GET /slow HTTP/1.1\r\nHost: %s\r\n" % HOST.encode(), b"X: y\r\n", False),
    "content": (b"POST /slow HTTP/1.1\r\nHost: %s\r\nContent-Length: 1000000\r\n\r\n" % HOST.encode(), b"x", False),
    "reading": (b"GET /mebibyte HTTP/1.1\r\nHost: %s\r\n\r\n" % HOST.encode(), b"", True),
}


def rss(pid: int) -> int:
    with open(f"/proc/{pid}/status") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith("VmRSS"))


def descriptors(pid: int) -> int:
    return len(os.listdir(f"/proc/{pid}/fd"))


def established(port: int) -> int:
    """Connections that a port of this host has and did not close."""
    with open("/proc/net/tcp") as file:
        columns = [line.split() for line in file][1:]
    return sum(local.endswith(f":{port:04X}") and state == "01" for _, local, _, state, *_ in columns)


def started(make_edge, origin):
    large = response(b"x" * (1 << 20), Cache_Control="max-age=600")
    small = response(b"ok\n", Cache_Control="max-age=600")
    origin.answer = lambda asked: large if asked.target == "/mebibyte" else small
    edge = make_edge(origin.port, SETTINGS).start()
    for path in ("/a", "/mebibyte"):
        assert edge.fetch(path).status == 200
    return edge


@pytest.mark.parametrize("mode", MODES)
def test_slow_clients_cost_nobody_else(make_edge, origin, mode):
    """500 of them: all are closed in time, each holds 64 KiB at most, and others are answered as before."""
    edge = started(make_edge, origin)
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


@pytest.mark.parametrize("mode", HTTP2_MODES)
def test_slow_clients_of_http2_cost_nobody_else(make_edge, origin, mode):
    """40 of them with 100 streams each, for a stored 1 MiB: what they hold is bounded, and they are ended."""
    window, room, receive, octets = HTTP2_MODES[mode]
    edge = started(make_edge, origin)
    front = edge.child("front")
    before = rss(front)
    with Visitors(edge, ["/a"]) as visitors, contextlib.ExitStack() as slow:
        clients = [
            slow.enter_context(Http2(edge, window=window, room=room, receive=receive)) for _ in range(HTTP2_CONNECTIONS)
        ]
        for client in clients:
            client.ask("/mebibyte", *range(1, 2 * STREAMS, 2))
        held, end = 0, time.monotonic() + CLOSED_S
        while (left := established(edge.https)) and time.monotonic() < end:
            held = max(held, rss(front) - before)
            time.sleep(0.2)
        said = [frame.error for frame in clients[0].frames() if frame.kind == GOAWAY]
    assert not left, f"{left} connections were still open after {CLOSED_S:.0f} s"
    assert held <= HTTP2_CONNECTIONS * (octets + STREAMS * OCTETS_A_STREAM)
    assert said == ([ENHANCE_YOUR_CALM] if window == 0 else [])
    answered = visitors.statuses()
    assert answered[200] >= 0.999 * visitors.sent, answered

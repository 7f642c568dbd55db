"""S1, S2: more connections than descriptors, and an end in the middle of downloads."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import time

from ..origin import response
from ..running import until
from .test_host import BUSY_SHARE, cpu_seconds

FILES, CONNECTIONS = 256, 400
DOWNLOADS = 50
SLOW_S = 3.0


def test_without_descriptors_nothing_spins_and_metrics_go_on(make_edge, origin):
    """More connections than descriptors: no spinning on accept, metrics answer, and all is well when they close."""
    edge = make_edge(origin.port, "[edge.limits]\nconnections_per_prefix = 4000\n")
    edge.program = ["prlimit", f"--nofile={FILES}:{FILES}", *edge.program]
    edge.start()
    assert edge.fetch("/a").status == 200
    front = edge.child("front")
    with contextlib.ExitStack() as held:
        for _ in range(CONNECTIONS):
            held.enter_context(socket.create_connection(("127.0.0.1", edge.http), timeout=20))
        time.sleep(0.5)
        before, begun = cpu_seconds(front), time.monotonic()
        time.sleep(1.5)
        assert cpu_seconds(front) - before < BUSY_SHARE * (time.monotonic() - begun), "no spinning on accept"
        assert edge.get("/metrics")[0] == 200
        assert len(os.listdir(f"/proc/{front}/fd")) <= FILES
    begun = time.monotonic()
    until(lambda: edge.fetch("/a").status == 200, edge, patience=10.0)
    assert time.monotonic() - begun < 5.0


def test_a_second_sigterm_ends_at_once(make_edge, origin):
    """Downloads break, and do not look whole."""
    whole = response(b"x" * 300_000, Cache_Control="no-store")
    origin.answer = lambda asked: [whole[:100_000], 60.0, whole[100_000:]]
    edge = make_edge(origin.port, policy="CachingDisabled").start()
    with socket.create_connection(("127.0.0.1", edge.http), timeout=20) as download:
        download.sendall(b"GET /a HTTP/1.1\r\nHost: edge.test\r\n\r\n")
        received = len(download.recv(65536))
        edge.process.send_signal(signal.SIGTERM)
        until(lambda: "draining" in edge.written, edge)
        begun = time.monotonic()
        edge.process.send_signal(signal.SIGTERM)
        edge.ended()
        assert time.monotonic() - begun < 10
        with contextlib.suppress(ConnectionResetError):
            while octets := download.recv(65536):
                received += len(octets)
    assert received < 300_000

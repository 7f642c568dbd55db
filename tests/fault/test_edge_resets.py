"""H2: streams opened and reset at once, by many, for long: each connection ends soon, and others get their answers."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

from ..edge import Edge
from ..origin import response
from ..running import ROOT
from .http2 import ENHANCE_YOUR_CALM
from .measure import measure
from .resets import BATCH
from .test_edge_slow import descriptors, rss
from .test_host import cpu_seconds
from .visitors import Visitors

CONNECTIONS, STREAMS, RATE = measure(20, 100), measure(500, 10_000), 4_000
ATTACK_S = measure(120, 1_800)
"""At most."""
EXCESS = 200
SLOWER, PAUSE_S = 3, 0.1
"""How much slower one visit in a hundred may be, and what it costs that others work on the same two cores."""
GROWN = 16 << 20
IDLE_S, IDLE_SHARE = 2.0, 0.1


@contextlib.contextmanager
def visits(edge: Edge) -> Iterator[list[float]]:
    """Somebody who visits until the block ends; then the seconds that 99 of 100 answers took at most."""
    argv = [sys.executable, "-m", "tests.fault.visits", str(edge.http)]
    p99: list[float] = []
    with subprocess.Popen(argv, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as visitor:
        yield p99
        p99.append(float(visitor.communicate(timeout=60)[0]))


def attacked(edge: Edge, streams: int) -> dict[str, Any]:
    """So many streams on each of the connections; what came of it."""
    argv = [sys.executable, "-m", "tests.fault.resets", *map(str, (edge.https, CONNECTIONS, streams, RATE))]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, timeout=ATTACK_S)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_streams_reset_at_once_cost_nobody_else(make_edge, origin):
    """Each connection ends with ENHANCE_YOUR_CALM after 200 resets at most; the origin hears of one in a hundred."""
    origin.answer = lambda asked: response(Cache_Control="max-age=600" if asked.target == "/a" else "no-store")
    edge = make_edge(origin.port, 'memory = "4MiB"\n').start()
    assert edge.fetch("/a").status == 200
    with visits(edge) as before:
        time.sleep(2 * IDLE_S)
    attacked(edge, STREAMS // 10)
    front = edge.child("front")
    held, idle = rss(front), descriptors(front)
    with Visitors(edge, ["/a"]) as visitors, visits(edge) as beside:
        attack = attacked(edge, STREAMS)
    time.sleep(IDLE_S)
    busy, begun = cpu_seconds(front), time.monotonic()
    time.sleep(IDLE_S)
    assert cpu_seconds(front) - busy < IDLE_SHARE * (time.monotonic() - begun), "it has nothing more to do"
    assert attack["most"] <= EXCESS + BATCH
    assert set(attack["ended"]) == {str(ENHANCE_YOUR_CALM)}, attack
    assert origin.count - 1 <= 0.01 * CONNECTIONS * STREAMS
    assert visitors.statuses() == {200: visitors.sent}
    assert beside[0] < SLOWER * before[0] + PAUSE_S
    assert rss(front) - held < GROWN
    assert descriptors(front) <= idle + CONNECTIONS
    assert edge.metric("edgeplane_edge_panics_total") == 0

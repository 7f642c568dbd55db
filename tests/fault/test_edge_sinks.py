"""S5, D3: what the edge writes to takes no more, its log's pipe or its cache's disk, and answers are as before."""

from __future__ import annotations

import contextlib
import os
import random
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count

import pytest

from ..edge import HOST, Edge, cache_policy
from ..origin import Asked, Origin, response
from ..running import until
from ..scenario.test_edge_disk import DISK, kept, killed
from ..scenario.test_edge_logs import log
from .test_host import filled, on_small_disk

GET = f"GET /a HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode()
STORED = b"stored\n"
REQUESTS = 3_000
"""Fewer than the entries that wait for the log's writer."""
ROUNDS = 60
"""Of so many requests each, at most, until lines are dropped: a pipe and a ring hold some five thousand."""
COLUMNS = 33
DROPPED = "edgeplane_edge_access_log_dropped_total"
SLOWER, PAUSE_S = 3, 0.02
"""How much slower one request in a hundred may be, and what two busy cores cost in any case."""

SMALL, LARGE = 5_000, 4 << 20
"""Octets: what goes to disk from memory, and what is longer than memory takes."""

Make = Callable[..., Edge]


def asked_in_turn(sock: socket.socket, requests: int) -> list[float]:
    """Seconds that each of so many requests took, the shortest first."""
    taken = []
    for _ in range(requests):
        begun, answer = time.monotonic(), b""
        sock.sendall(GET)
        while not answer.endswith(STORED):
            octets = sock.recv(65536)
            assert octets, "the connection ended"
            answer += octets
        assert answer.startswith(b"HTTP/1.1 200 ")
        taken.append(time.monotonic() - begun)
    return sorted(taken)


def p99(taken: list[float]) -> float:
    return taken[len(taken) * 99 // 100]


@pytest.fixture
def pipe(tmp_path) -> Iterator[int]:
    """The end of access.log in the node's directory from which nobody reads."""
    os.mkfifo(tmp_path / "access.log")
    reader = os.open(tmp_path / "access.log", os.O_RDONLY | os.O_NONBLOCK)
    yield reader
    os.close(reader)


def test_an_access_log_that_nobody_reads_delays_no_request(make_edge: Make, origin: Origin, pipe: int) -> None:
    """What finds no room is counted and said; once somebody reads, all else comes, whole lines, and none is dropped."""
    origin.answer = lambda asked: response(STORED, Cache_Control="max-age=600")
    edge = make_edge(origin.port, settings=log("cloudfront")).start()
    text = b""

    def lines() -> list[bytes]:
        nonlocal text
        with contextlib.suppress(BlockingIOError):
            while octets := os.read(pipe, 65536):
                text += octets
        return [line for line in text.splitlines(keepends=True) if not line.startswith(b"#")]

    with socket.create_connection(("127.0.0.1", edge.http), timeout=20) as sock:
        before = asked_in_turn(sock, REQUESTS)
        assert edge.metric(DROPPED) == 0
        rounds = next(number for number in range(2, ROUNDS) if asked_in_turn(sock, REQUESTS) and edge.metric(DROPPED))
        after = asked_in_turn(sock, REQUESTS)
        assert p99(after) < SLOWER * p99(before) + PAUSE_S
        until(lambda: "the access log takes lines too slowly" in edge.written, edge)
        asked = (rounds + 1) * REQUESTS
        until(lambda: len(lines()) + edge.metric(DROPPED) == asked, edge)
        dropped = edge.metric(DROPPED)
        assert dropped >= REQUESTS
        asked_in_turn(sock, REQUESTS)
    until(lambda: len(lines()) + dropped == asked + REQUESTS, edge)
    assert edge.metric(DROPPED) == dropped
    assert all(line.endswith(b"\n") and line.count(b"\t") == COLUMNS - 1 for line in lines())


def content_of(path: str) -> bytes:
    """Octets that only this path has."""
    return random.Random(path).randbytes(LARGE if path.startswith("/large") else SMALL)


def are_right(edge: Edge, paths: list[str]) -> None:
    """Several clients at once; each path for several of them."""
    with ThreadPoolExecutor(8) as clients:
        for path, reply in zip(paths, clients.map(edge.fetch, paths), strict=True):
            assert (reply.status, reply.content == content_of(path)) == (200, True), path


def test_a_full_disk_of_the_cache_costs_no_answer(make_edge: Make, origin: Origin) -> None:
    """What it has is served, all else comes from origins; metrics and log say so. With room, it keeps again."""

    def answer(asked: Asked) -> bytes:
        return response(content_of(asked.target), Cache_Control="max-age=600")

    origin.answer = answer
    edge = make_edge(origin.port, settings=DISK, policy=cache_policy(), forwards=None)
    cache = on_small_disk(edge, edge.directory / "cache")
    are_right(edge, ["/before"])
    kept(edge, 1)
    are_right(edge, ["/large/0"] * 4)
    until(lambda: "the disk tier cannot write an object; responses pass by it" in edge.written, edge)
    filler = filled(cache)
    killed(edge)
    are_right(edge, [f"/small/{number}" for number in range(40)] * 2 + ["/before", "/large/1"] * 4)
    assert [asked.target for asked in origin.asked].count("/before") == 1, "what is on disk is served"
    numbers = count()
    until(lambda: are_right(edge, [f"/full/{next(numbers)}"]) or not edge.metric("edgeplane_edge_disk_open"), edge)
    assert edge.metric("edgeplane_edge_disk_faults_total") > 0
    until(lambda: edge.written.count("responses pass by it") == 2, edge)
    until(lambda: not list((cache / "temporary").iterdir()), edge)
    filler.unlink()
    until(lambda: are_right(edge, [f"/after/{next(numbers)}"]) or on_disk(edge) > 1, edge)
    until(lambda: "the disk tier takes responses again" in edge.written, edge)
    assert edge.metric("edgeplane_edge_disk_open") == 1
    are_right(edge, ["/kept"])
    until(lambda: edge.do("cache_inspect", url=f"http://{HOST}/kept")["objects"][-1]["tier"] == "disk", edge)
    killed(edge)
    are_right(edge, ["/before", "/kept"])
    assert [asked.target for asked in origin.asked].count("/kept") == 1


def on_disk(edge: Edge) -> int:
    return int(edge.do("cache_stats")["disk"]["entries"])

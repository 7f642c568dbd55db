"""H4: many who ask for one object in their own way: of other variants, for parts of it, while it is being renewed."""

from __future__ import annotations

import hashlib
import http.client
import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from ..edge import HOST, Edge, cache_policy
from ..origin import Asked, response

VARIANTS, KEPT = 1_000, 64
LENGTH, RANGES = 1 << 20, 500
CLIENTS, RENEWED_S = 8, 3.5

Answer = tuple[int, str, bytes]


class Client:
    """One connection; a status, `X-Cache` and the content of each answer."""

    def __init__(self, edge: Edge) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", edge.http, timeout=20)

    def get(self, path: str, **fields: str) -> Answer:
        self.connection.request("GET", path, headers={"Host": HOST, **fields})
        reply = self.connection.getresponse()
        return reply.status, reply.getheader("x-cache", ""), reply.read()


def crowd(edge: Edge, work: Callable[[Client, int], None]) -> None:
    """Several clients at once, each with its number; what one of them raises is raised."""
    with ThreadPoolExecutor(CLIENTS) as pool:
        for done in [pool.submit(work, Client(edge), number) for number in range(CLIENTS)]:
            done.result(60)


def test_a_field_with_a_value_for_each_client_does_not_fill_the_store(make_edge, origin):
    """1,000 variants of one URL: everybody gets its own, and 64 are kept, the newest."""
    fields = {"Cache_Control": "max-age=600", "Vary": "X-Who"}
    origin.answer = lambda asked: response(f"for {asked.field('X-Who')}".encode(), **fields)
    edge = make_edge(origin.port, semantics="rfc9111").start()

    def ask(client: Client, number: int) -> None:
        for who in range(number, VARIANTS, CLIENTS):
            assert client.get("/a", **{"X-Who": str(who)})[2] == f"for {who}".encode()

    crowd(edge, ask)
    kept = edge.do("cache_inspect", url=f"http://{HOST}/a")["objects"]
    assert len(kept) == KEPT
    assert edge.metric("edgeplane_edge_memory_objects") == 1
    assert origin.count == VARIANTS


@pytest.mark.parametrize("semantics", ["cloudfront", "rfc9111"])
def test_a_storm_of_ranges_costs_one_fetch(make_edge, origin, semantics):
    """Of an object that nobody had: each is the right part of it, and the origin is asked for the whole, once."""
    content = hashlib.shake_128(b"ranges").digest(LENGTH)
    whole = response(content, Cache_Control="max-age=600", ETag='"1"')
    origin.answer = lambda asked: [whole[:300_000], 0.3, whole[300_000:]]
    edge = make_edge(origin.port, semantics=semantics, policy=cache_policy(), forwards=None).start()

    def ask(client: Client, number: int) -> None:
        chance = random.Random(number)
        for _ in range(number, RANGES, CLIENTS):
            first = chance.randrange(LENGTH)
            last = min(first + chance.randrange(1, 100_000), LENGTH) - 1
            status, _, part = client.get("/a", Range=f"bytes={first}-{last}")
            assert (status, part) in ((206, content[first : last + 1]), (200, content))

    crowd(edge, ask)
    assert origin.count == 1
    assert origin.asked[0].field("Range") is None


def test_what_is_renewed_in_the_background_costs_one_fetch_a_lifetime(make_edge, origin):
    """stale-while-revalidate: nobody waits but the first, and the origin is asked at most once a second."""

    def answer(asked: Asked) -> list[bytes | float]:
        return [0.2, response(b"x", Cache_Control="max-age=1, stale-while-revalidate=600")]

    origin.answer = answer
    edge = make_edge(origin.port, policy=cache_policy(), forwards=None, threads=2).start()
    edge.fetch("/a")
    begun = time.monotonic()
    slow: list[float] = []
    others: set[str] = set()
    lock = threading.Lock()

    def ask(client: Client, number: int) -> None:
        while time.monotonic() - begun < RENEWED_S:
            asked = time.monotonic()
            status, result, _ = client.get("/a")
            assert status == 200
            with lock:
                slow.append(time.monotonic() - asked)
                others.add(result)
            time.sleep(0.005)

    crowd(edge, ask)
    assert others == {"Hit from cloudfront"}
    assert sorted(slow)[len(slow) * 99 // 100] < 0.1
    assert 2 <= origin.count - 1 <= RENEWED_S + 1

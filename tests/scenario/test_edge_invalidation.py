"""An invalidation reaches what is being fetched: who asks after it gets nothing that was asked for before it."""

from __future__ import annotations

import itertools
import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event
from typing import Any

import pytest

from ..edge import Edge, Reply, cache_policy
from ..origin import Asked, Origin, response
from ..running import until

Make = Callable[..., Edge]
NOTHING: dict[str, Any] = {"paths": [], "tags": [], "all": False}
SCOPES = {
    "/path": NOTHING | {"paths": ["/path"]},
    "/tag": NOTHING | {"tags": ["news"]},
    "/all": NOTHING | {"all": True},
}
FOLLOWERS = 8
COLLAPSED = "edgeplane_edge_fills_collapsed_total"


class Slow:
    """The first answer of a path stands still before its head, or after it, until it is let go; the others do not."""

    def __init__(self, after_head: bool) -> None:
        self.after_head, self.asked, self.let_go = after_head, Counter[str](), {path: Event() for path in SCOPES}

    def __call__(self, asked: Asked) -> Iterator[bytes | float]:
        self.asked[asked.target] += 1
        number = self.asked[asked.target]
        whole = response(str(number).encode() * 1_000, Cache_Control="max-age=600", X_Amz_Meta_Cache_Tag="news")
        begun = len(whole) - 500 if self.after_head else 0
        yield whole[:begun] or 0.0
        while number == 1 and not self.let_go[asked.target].is_set():
            yield 0.01
        yield whole[begun:]


@pytest.mark.parametrize("after_head", [False, True], ids=["asked", "streaming"])
def test_who_comes_after_an_invalidation_gets_what_was_fetched_after_it(
    make_edge: Make, origin: Origin, after_head: bool
) -> None:
    """They share one fetch, and what the old one brings takes nobody's place."""
    origin.answer = slow = Slow(after_head)
    edge = make_edge(origin.port, policy=cache_policy(), forwards=None, threads=2).start()
    for path, scope in SCOPES.items():
        with ThreadPoolExecutor(1 + FOLLOWERS) as clients:
            try:
                collapsed = edge.metric(COLLAPSED)
                first = clients.submit(edge.fetch, path)
                until(lambda path=path: slow.asked[path] == 1, edge)
                edge.do("invalidate", distribution="edge.test", **scope)
                late = [clients.submit(edge.fetch, path) for _ in range(FOLLOWERS)]
                # Before its head nobody knows the tags of an answer: who comes then waits for it, and asks anew.
                if path == "/tag" and not after_head:
                    until(lambda before=collapsed: edge.metric(COLLAPSED) == before + FOLLOWERS, edge)
                    slow.let_go[path].set()
                assert {whose(reply) for reply in late} == {"2"}
            finally:
                slow.let_go[path].set()
            assert whose(first) == "1", "who came before gets what was being fetched"
        assert edge.fetch(path).content[:1] == b"2"
        assert slow.asked[path] == 2


def test_who_comes_after_an_unsafe_request_gets_what_was_fetched_after_it(make_edge: Make, origin: Origin) -> None:
    """RFC 9111 section 4.4 reaches fetches under way, too."""
    slow = Slow(after_head=False)
    origin.answer = lambda asked: slow(asked) if asked.method == "GET" else response()
    edge = make_edge(origin.port, semantics="rfc9111", policy=cache_policy(), forwards=None, threads=2).start()
    with ThreadPoolExecutor(1 + FOLLOWERS) as clients:
        try:
            first = clients.submit(edge.fetch, "/path")
            until(lambda: slow.asked["/path"] == 1, edge)
            assert edge.fetch("/path", "POST", b"new").status == 200
            late = [clients.submit(edge.fetch, "/path") for _ in range(FOLLOWERS)]
            assert {whose(reply) for reply in late} == {"2"}
        finally:
            slow.let_go["/path"].set()
        assert whose(first) == "1"
    assert edge.fetch("/path").content[:1] == b"2"


def test_the_root_is_invalidated_by_its_path(make_edge: Make, origin: Origin) -> None:
    """What is kept under the name of the default root object is what `/` shows."""
    numbers = itertools.count(1)
    origin.answer = lambda asked: response(str(next(numbers)).encode(), Cache_Control="max-age=600")
    root = {"DefaultRootObject": "index.html"}
    edge = make_edge(origin.port, policy=cache_policy(), forwards=None, config=root).start()
    assert (edge.fetch("/").content, edge.fetch("/index.html").content) == (b"1", b"1")
    edge.do("invalidate", distribution="edge.test", **NOTHING | {"paths": ["/"]})
    assert (edge.fetch("/").content, edge.fetch("/index.html").content) == (b"2", b"2")


def whose(reply: Future[Reply]) -> str:
    """The number of the answer that came whole."""
    content = reply.result().content.decode()
    assert len(content) == 1_000
    return content[0]


def test_an_invalidation_holds_for_all_workers_within_a_tenth_of_a_second(make_edge: Make, origin: Origin) -> None:
    """From the order to its answer, the way to the node included: who comes then, to any worker, gets the new one."""
    numbers = itertools.count(1)
    origin.answer = lambda asked: response(str(next(numbers)).encode(), Cache_Control="max-age=600")
    edge = make_edge(origin.port, policy=cache_policy(), forwards=None, threads=2).start()
    taken = []
    for path in (f"/{number}" for number in range(20)):
        before = int(edge.fetch(path).content)
        begun = time.monotonic()
        edge.do("invalidate", distribution="edge.test", **NOTHING | {"paths": [path]})
        taken.append(time.monotonic() - begun)
        assert all(int(edge.fetch(path).content) > before for _ in range(4))
    assert statistics.median(taken) < 0.1

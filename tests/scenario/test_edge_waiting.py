"""Who waits for another's fetch gets of its answer what is for everybody, and nothing that is for the one who asked."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from ..edge import Edge, Reply, cache_policy
from ..origin import Asked, Origin, response
from ..running import until

COLLAPSED = "edgeplane_edge_fills_collapsed_total"
TO_BE_VALIDATED = ("no-cache", "max-age=0, must-revalidate", "s-maxage=0, public")


class House:
    """An origin with a page for each who shows a key, and nothing for others. The first answer is held back."""

    def __init__(self, control: str) -> None:
        self.control, self.released, self.held = control, threading.Event(), 0

    def answer(self, asked: Asked) -> Iterator[bytes | float]:
        key = asked.field("Authorization") or asked.field("X-Key")
        self.held += 1
        while self.held == 1 and not self.released.is_set():
            yield 0.005
        if not key:
            yield response(b"no entry", "401 Unauthorized", Cache_Control="no-store")
        elif asked.field("If-None-Match"):
            yield response(b"", "304 Not Modified", ETag='"a"', **self.said)
        else:
            yield response(f"page of {key}".encode(), ETag='"a"', **self.said)

    @property
    def said(self) -> dict[str, str]:
        return {"Cache_Control": self.control} if self.control else {}


def together(edge: Edge, house: House, first: dict[str, str], second: dict[str, str]) -> tuple[Reply, Reply]:
    """Both ask for one page; the second while the first waits for the origin, which answers when both wait."""
    house.released.clear()
    before, house.held = edge.metric(COLLAPSED), 0
    with ThreadPoolExecutor(2) as clients:
        one = clients.submit(edge.fetch, "/page", **first)
        until(lambda: house.held, edge)
        other = clients.submit(edge.fetch, "/page", **second)
        # Of a key that nobody shares each asks for itself.
        until(lambda: edge.metric(COLLAPSED) > before or house.held > 1, edge)
        house.released.set()
        return one.result(), other.result()


@pytest.fixture
def rfc9111(make_edge: Any, origin: Origin) -> Edge:
    return make_edge(origin.port, semantics="rfc9111").start()


@pytest.mark.parametrize("control", TO_BE_VALIDATED)
def test_what_everybody_has_to_validate_is_for_the_one_who_did(rfc9111: Edge, origin: Origin, control: str) -> None:
    """When it is fetched, and when it is confirmed: the origin alone knows who may see it."""
    house = House(control)
    origin.answer = house.answer
    for _ in range(2):
        mine, theirs = together(rfc9111, house, {"X-Key": "alice"}, {})
        assert (mine.status, mine.content) == (200, b"page of alice")
        assert (theirs.status, theirs.content) == (401, b"no entry")


def test_what_a_confirmation_makes_private_is_for_the_one_who_asked(rfc9111: Edge, origin: Origin) -> None:
    house = House("max-age=0")
    origin.answer = house.answer
    house.held = 1
    assert rfc9111.fetch("/page", **{"X-Key": "alice"}).content == b"page of alice"
    house.control = "private, max-age=60"
    mine, _ = together(rfc9111, house, {"X-Key": "alice"}, {"X-Key": "bob"})
    assert mine.content == b"page of alice"
    assert [asked.field("X-Key") for asked in origin.asked] == ["alice", "alice", "bob"], (
        "each was answered for himself"
    )


def test_by_the_rules_of_cloudfront_too(make_edge: Any, origin: Origin) -> None:
    """What has a minimum TTL of 0 and is not to be used without asking is asked for by each."""
    edge = make_edge(origin.port, policy=cache_policy(), forwards=None).start()
    house = House("no-cache")
    origin.answer = lambda asked: house.answer(replace(asked, head=asked.head + f"\r\nX-Key: {origin.count}".encode()))
    mine, theirs = together(edge, house, {}, {})
    assert (mine.content, theirs.content) == (b"page of 1", b"page of 2")

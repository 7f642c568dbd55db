"""`explain url` says what would be done now: what is remembered and what is under way counts; nothing is changed."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from ..edge import Edge, cache_policy
from ..origin import Asked, Origin, response

released = threading.Event()


def answer(asked: Asked) -> Iterator[bytes | float]:
    """By path: never to be stored, stored and stale at once, confirmed, held back until it is let go, or ten octets."""
    if asked.target == "/slow":
        while not released.is_set():
            yield 0.005
    if asked.target == "/validated" and asked.field("If-None-Match"):
        yield b'HTTP/1.1 304 Not Modified\r\nCache-Control: no-cache\r\nETag: "a"\r\n\r\n'
        return
    stores = {"/private": "no-store", "/stale": "max-age=0", "/validated": "no-cache"}
    yield response(b"0123456789", Cache_Control=stores.get(asked.target, "max-age=60"), ETag='"a"')


@pytest.fixture
def edge(make_edge, origin: Origin) -> Edge:
    origin.answer = answer
    return make_edge(origin.port, policy=cache_policy(), forwards=None).start()


def explained(edge: Edge, path: str, method: str = "GET", **fields: str) -> dict[str, Any]:
    """What the node says of a request."""
    headers = list(fields.items())
    found: dict[str, Any] = edge.do(
        "explain_url", url=f"http://edge.test{path}", method=method, headers=headers, client=None
    )
    return found


def test_what_is_remembered_of_a_key_is_told(edge: Edge, origin: Origin) -> None:
    """An answer that nobody shares, and a failure: told again, or answered with what is stored."""
    assert "separate_for" not in explained(edge, "/private")
    assert "last_failure" not in explained(edge, "/private")["asked"]
    edge.fetch("/private")
    assert 0 < explained(edge, "/private")["separate_for"] <= 10
    edge.fetch("/stale")
    stale = explained(edge, "/stale")
    assert stale["decision"] == "validate"
    assert any(line.startswith("If-None-Match: ") for line in stale["asked"]["headers"])
    origin.close()
    assert (edge.fetch("/stale").status, edge.fetch("/gone").status) == (200, 502)
    stale, gone = explained(edge, "/stale"), explained(edge, "/gone")
    assert (stale["kept"], stale["decision"], stale["why"]) == ("memory", "stale", "error-caching")
    assert (gone["decision"], gone["why"]) == ("error", "OriginConnectError")
    for each in (stale, gone):
        assert each["failure"]["what"] == "OriginConnectError"
        assert 0 < each["failure"]["remembered_for"] <= 10
        assert "asked" not in each
    asked = explained(edge, "/other")["asked"]
    assert "refused" in asked["last_failure"], "whatever key it was asked for"
    assert 0 <= asked["failed_ago"] < 60


def test_a_key_whose_answers_all_validate_stays_separate(edge: Edge, origin: Origin) -> None:
    """Each is stored anew: what is known of the key must outlive that."""
    for _ in range(4):
        assert edge.fetch("/validated").status == 200
        assert 0 < explained(edge, "/validated")["separate_for"] <= 10
    assert origin.count == 4


def test_a_fetch_under_way_is_joined(edge: Edge) -> None:
    """By a GET; a HEAD is handed on."""
    released.clear()
    client = threading.Thread(target=edge.fetch, args=("/slow",))
    client.start()
    try:
        while "fill" not in (found := explained(edge, "/slow")):
            assert found["decision"] == "fetch"
        assert (found["fill"], found["decision"], "asked" in found) == ("the origin is asked", "join", False)
        head = explained(edge, "/slow", "HEAD")
        assert (head["decision"], head["asked"]["method"]) == ("pass", "HEAD")
    finally:
        released.set()
        client.join()
    assert explained(edge, "/slow")["decision"] == "hit"


def test_a_range_is_explained(edge: Edge) -> None:
    """Before there is anything, from what is kept, and where there is none to give."""
    assert "range" not in explained(edge, "/a")
    assert explained(edge, "/a", Range="bytes=0-1")["range"] == "cut from the whole, as that comes"
    edge.fetch("/a")
    for wanted, told in {
        "bytes=0-1": "bytes 0-1/10",
        "bytes=0-1, 4-5": "bytes 0-1/10, bytes 4-5/10",
        "bytes=20-": "not-satisfiable",
        "lines=1-2": "full",
    }.items():
        found = explained(edge, "/a", Range=wanted)
        assert (found["decision"], found["range"]) == ("hit", told)
    assert explained(edge, "/a", "HEAD", Range="bytes=0-1")["range"] == "not heeded: ranges are for GET"
    assert explained(edge, "/a", "POST", Range="bytes=0-1")["decision"] == "pass"

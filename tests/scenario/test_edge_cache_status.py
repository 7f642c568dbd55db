"""Why the store answered, or did not, stands in `Cache-Status` (RFC 9211) and in the log, in the words of `explain`."""

from __future__ import annotations

import json
import re
import threading

import pytest

from ..edge import Edge, cache_policy
from ..origin import Asked, Origin, response
from ..running import until

LOG = 'access_log = {path = "access.log", format = "json"}\n'
SAID = {
    "/kept": "max-age=600",
    "/secret": "no-store",
    "/mine": "private",
    "/asked": "no-cache",
    "/late": "max-age=0, stale-while-revalidate=600",
    "/ill": "max-age=0, stale-if-error=600",
}


@pytest.fixture
def edge(make_edge, origin: Origin) -> Edge:
    """With RFC 9111, before an origin that says of each path what is in `SAID`; an ill one is 503 the second time."""

    def answer(asked: Asked) -> bytes:
        if asked.field("if-none-match"):
            ill = asked.target == "/ill"
            return response(b"", "503 Service Unavailable" if ill else "304 Not Modified", ETag='"a"')
        return response(Cache_Control=SAID[asked.target], ETag='"a"')

    origin.answer = answer
    return make_edge(origin.port, LOG, semantics="rfc9111", policy=cache_policy(), forwards=None).start()


def status(fields) -> str:
    """Without the freshness that is left, which is the clock's."""
    return re.sub(r"; ttl=-?\d+", "", fields["cache-status"])


@pytest.mark.parametrize(
    ("path", "method", "first", "second"),
    [
        ("/kept", "GET", "edgeplane; fwd=uri-miss; stored", "edgeplane; hit"),
        ("/kept", "POST", "edgeplane; fwd=method", "edgeplane; fwd=method"),
        ("/secret", "GET", "edgeplane; fwd=uri-miss; detail=no-store", "edgeplane; fwd=uri-miss; detail=no-store"),
        ("/mine", "GET", "edgeplane; fwd=uri-miss; detail=private", "edgeplane; fwd=uri-miss; detail=private"),
        (
            "/asked",
            "GET",
            "edgeplane; fwd=uri-miss; stored",
            "edgeplane; fwd=stale; fwd-status=304; stored; detail=response-no-cache",
        ),
        ("/late", "GET", "edgeplane; fwd=uri-miss; stored", "edgeplane; hit; detail=stale-while-revalidate"),
        ("/ill", "GET", "edgeplane; fwd=uri-miss; stored", "edgeplane; fwd=stale; detail=stale-if-error"),
    ],
)
def test_it_says_why(edge: Edge, path: str, method: str, first: str, second: str) -> None:
    """The first time, and the second."""
    replies = [edge.fetch(path, method) for _ in range(2)]
    assert [status(reply.fields) for reply in replies] == [first, second]
    log = edge.directory / "access.log"
    until(lambda: log.exists() and log.read_text().count("\n") == len(replies), edge)
    logged = [json.loads(line)["Cache-Status"] for line in log.read_text().splitlines()]
    assert logged == [reply.fields["cache-status"] for reply in replies]


def test_who_waits_for_another_ones_fetch_is_told(edge: Edge, origin: Origin) -> None:
    """`collapsed`; the log of CloudFront's 33 fields has no place for any of this."""
    answer = origin.answer

    def slowly(asked: Asked) -> list[bytes | float]:
        whole = answer(asked)
        return [whole[:40], 2.0, whole[40:]]

    origin.answer = slowly
    said: list[str] = []
    crowd = [threading.Thread(target=lambda: said.append(status(edge.fetch("/kept").fields))) for _ in range(4)]
    for each in crowd:
        each.start()
    until(lambda: edge.metric("edgeplane_edge_fills_collapsed_total") == 3, edge)
    for each in crowd:
        each.join()
    assert sorted(said) == [
        "edgeplane; fwd=uri-miss; stored",
        *["edgeplane; fwd=uri-miss; stored; collapsed"] * 3,
    ]

"""Content that the origin took away stays away, also when the origin fails later."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ..edge import Edge, cache_policy
from ..origin import Asked, Origin, response
from ..running import until

DISK = 'memory = "16MiB"\ndisk = {path = "cache", size = "256MiB"}\n'
AT_ONCE: dict[str, Any] = {"Cache_Control": "max-age=0, stale-if-error=600", "ETag": '"a"'}
"""Stored, asked about each time, and good for a time in which the origin fails."""
CLOUDFRONT: dict[str, Any] = {"config": {"CustomErrorResponses": [{"ErrorCode": 404, "ErrorCachingMinTTL": 0}]}}
Make = Callable[..., Edge]


@pytest.fixture(params=["cloudfront", "rfc9111"])
def edge(request: pytest.FixtureRequest, make_edge: Make, origin: Origin) -> Edge:
    """Has /a, and is to validate it."""
    rules = {"semantics": request.param} | (CLOUDFRONT if request.param == "cloudfront" else {})
    edge = make_edge(origin.port, settings=DISK, policy=cache_policy(), forwards=None, **rules).start()
    origin.answer = lambda asked: response(b"old\n", **AT_ONCE)
    assert edge.fetch("/a").content == b"old\n"
    until(lambda: len(kept(edge)) == 2, edge)
    return edge


def kept(edge: Edge) -> list[str]:
    """The tiers that have /a."""
    return [each["tier"] for each in edge.do("cache_inspect", url="http://edge.test/a")["objects"]]


@pytest.mark.parametrize(
    ("status", "fields"),
    [
        ("404 Not Found", {}),
        ("410 Gone", {}),
        ("401 Unauthorized", {}),
        ("403 Forbidden", {}),
        ("200 OK", {"Cache_Control": "no-store"}),
        ("302 Found", {"Cache_Control": "no-store", "Location": "/b"}),
    ],
)
def test_what_was_withdrawn_does_not_come_back(edge: Edge, origin: Origin, status: str, fields: dict[str, Any]) -> None:
    """An answer that is not stored took its place: neither memory nor disk has it any more."""
    origin.answer = lambda asked: response(b"gone\n", status, **fields)
    assert edge.fetch("/a").content == b"gone\n"
    until(lambda: kept(edge) == [], edge)
    origin.close()
    reply = edge.fetch("/a")
    assert (reply.status, b"old" in reply.content) == (502, False)


@pytest.mark.parametrize("status", ["503 Service Unavailable", "429 Too Many Requests", "408 Request Timeout"])
def test_what_says_nothing_of_the_content_leaves_it(edge: Edge, origin: Origin, status: str) -> None:
    """A failure, and what only this request did wrong: what is stored stands in when the origin dies."""
    origin.answer = lambda asked: response(b"", status)
    edge.fetch("/a")
    origin.close()
    assert (edge.fetch("/a").content, kept(edge)) == (b"old\n", ["memory", "disk"])


def test_an_error_that_cloudfront_keeps_still_takes_its_place(make_edge: Make, origin: Origin) -> None:
    """By ErrorCachingMinTTL, also without a lifetime of its own."""
    edge = make_edge(origin.port, policy=cache_policy(), forwards=None).start()
    origin.answer = lambda asked: response(b"old\n", **AT_ONCE)
    edge.fetch("/a")
    origin.answer = lambda asked: response(b"gone\n", "404 Not Found")
    assert edge.fetch("/a").status == 404
    origin.close()
    again = edge.fetch("/a")
    assert (again.status, again.fields["x-cache"]) == (404, "Hit from cloudfront")


def test_what_is_withdrawn_while_it_is_sent_stale(make_edge: Make, origin: Origin) -> None:
    """Within stale-while-revalidate: only until the origin has answered."""
    edge = make_edge(origin.port, semantics="rfc9111", policy=cache_policy(), forwards=None).start()
    origin.answer = lambda asked: response(b"old\n", ETag='"a"', Cache_Control="max-age=0, stale-while-revalidate=600")
    edge.fetch("/a")
    origin.answer = lambda asked: response(b"", "404 Not Found")
    assert edge.fetch("/a").status == 200
    until(lambda: edge.fetch("/a").status == 404, edge)
    origin.close()
    assert edge.fetch("/a").status == 502


def test_a_slice_that_is_not_to_be_kept_any_more(make_edge: Make, origin: Origin) -> None:
    """A 206 in place of a slice is all of that slice."""
    edge = make_edge(origin.port, ranges="slices", policy=cache_policy(), forwards=None).start()
    store = AT_ONCE["Cache_Control"]

    def answer(asked: Asked) -> bytes:
        whole = {"Cache_Control": store, "ETag": '"a"' if store != "no-store" else '"b"'}
        if not asked.field("Range"):
            return response(b"0123456789", **whole)
        length = 2 if asked.field("Range") == "bytes=0-1" else 10
        part = f"bytes 0-{length - 1}/10"
        return response(b"0123456789"[:length], "206 Partial Content", Content_Range=part, **whole)

    origin.answer = answer
    assert edge.fetch("/a", Range="bytes=0-1").content == b"01"
    assert [each["slices"] for each in edge.do("cache_inspect", url="http://edge.test/a")["objects"]] == [1]
    store = "no-store"
    assert edge.fetch("/a", Range="bytes=0-1").content == b"01"
    assert edge.do("cache_inspect", url="http://edge.test/a")["objects"] == []
    origin.close()
    assert edge.fetch("/a", Range="bytes=0-1").status == 502

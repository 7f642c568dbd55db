"""Answers from memory that once were wrong."""

from __future__ import annotations

from collections.abc import Callable

from ..edge import Edge, cache_policy
from ..origin import Origin, response

CASES: list[tuple[dict[str, str], int, str | None]] = [
    ({}, 200, "1000"),
    ({"If_Match": '"b"'}, 412, "0"),
    ({"If_None_Match": '"a"'}, 304, None),
]
"""A request's condition, the status of the answer, its Content-Length."""


def test_the_length_in_an_answer_to_head_is_that_of_its_own_get(make_edge: Callable[..., Edge], origin: Origin) -> None:
    """RFC 9110 section 8.6. A HEAD whose condition failed said the length of the content that it did not select."""
    origin.answer = lambda asked: response(b"x" * 1_000, ETag='"a"', Cache_Control="max-age=600")
    edge = make_edge(origin.port, policy=cache_policy()).start()
    edge.fetch("/a")
    for condition, status, length in CASES:
        for method in ("GET", "HEAD"):
            reply = edge.fetch("/a", method, **condition)
            assert (reply.status, reply.fields.get("content-length")) == (status, length), (method, condition)
    assert origin.count == 1

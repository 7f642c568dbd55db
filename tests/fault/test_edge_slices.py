"""H6 for slices: files that change, origins that know no ranges, slices that break off: nothing wrong is shown."""

from __future__ import annotations

import http.client
from collections.abc import Callable

import pytest

from ..edge import Edge, Reply, cache_policy
from ..origin import Asked, Origin, response
from ..running import until
from ..scenario.test_edge_disk import DISK, kept
from ..scenario.test_edge_slices import LONG, SLICE, asked, ranged, slices
from .http2 import DATA, END_STREAM, Http2

OTHER = bytes(255 - octet for octet in LONG)
Answer = Callable[[Asked], bytes]


@pytest.fixture
def edge(make_edge: Callable[..., Edge], origin: Origin) -> Edge:
    origin.answer = ranged(LONG)
    return make_edge(origin.port, ranges="slices", settings=DISK, policy=cache_policy(), forwards=None).start()


def whole(edge: Edge, **fields: str) -> Reply | None:
    """None for an answer that broke off."""
    try:
        return edge.fetch("/film", **fields)
    except (http.client.HTTPException, ConnectionError):
        return None


def test_the_next_slice_comes_while_one_is_sent_and_no_more(edge: Edge, origin: Origin) -> None:
    """A client that gives room for no more than a part of a slice has the next one fetched, and no other."""
    edge.fetch("/film", Range="bytes=0-0")
    with Http2(edge) as client:
        client.ask("/film", 1)
        until(lambda: asked(origin) == slices(0, 1), edge)
        kept(edge, 2)
        assert asked(origin) == slices(0, 1)
        client.give(1, len(LONG))
        content = b""
        for frame in client.frames():
            content += frame.payload if frame.kind == DATA else b""
            if frame.kind == DATA and frame.flags & END_STREAM:
                break
    assert content == LONG
    assert asked(origin) == slices(0, 1, 2, 3)


def test_a_file_that_changes_between_slices_breaks_off_and_is_then_the_new_one(edge: Edge, origin: Origin) -> None:
    old, new = ranged(LONG), ranged(OTHER, ETag='"other"')
    origin.answer = lambda asked: (old if asked.field("Range") in slices(0, 1) else new)(asked)
    assert edge.fetch("/film", Range="bytes=0-0").content == LONG[:1]
    assert whole(edge) is None
    origin.answer = new
    assert edge.fetch("/film").content == OTHER
    assert [edge.fetch("/film", Range=f"bytes={n * SLICE}-{n * SLICE}").content for n in range(4)] == [
        OTHER[n * SLICE : n * SLICE + 1] for n in range(4)
    ]


def test_a_file_that_changed_is_noticed_before_an_answer_begins(edge: Edge, origin: Origin) -> None:
    assert edge.fetch("/film", Range="bytes=0-0").content == LONG[:1]
    origin.answer = ranged(OTHER, ETag='"other"')
    later = edge.fetch("/film", Range=f"bytes={2 * SLICE}-{2 * SLICE + 5}")
    assert (later.status, later.content) == (206, OTHER[2 * SLICE : 2 * SLICE + 6])
    assert edge.fetch("/film").content == OTHER


@pytest.mark.parametrize("status", ["200 OK", "206 Partial Content"])
def test_an_origin_that_gives_all_for_a_slice_is_asked_for_all(edge: Edge, origin: Origin, status: str) -> None:
    """With 200, or with a 206 of everything."""

    def answer(asked: Asked) -> bytes:
        if status == "200 OK":
            return response(LONG, Cache_Control="max-age=600", ETag='"film"')
        everything = f"bytes 0-{len(LONG) - 1}/{len(LONG)}"
        if asked.field("Range"):
            return response(LONG, status, Content_Range=everything, Cache_Control="max-age=600", ETag='"film"')
        return response(LONG, Cache_Control="max-age=600", ETag='"film"')

    origin.answer = answer
    for first in (5, SLICE + 5):
        reply = edge.fetch("/film", Range=f"bytes={first}-{first + 5}")
        assert (reply.status, reply.content) == (206, LONG[first : first + 6])
    assert [each is None for each in asked(origin)].count(True) <= 2


@pytest.mark.parametrize("fields", [{"ETag": 'W/"film"'}, {"ETag": ""}, {"Cache_Control": "no-store"}])
def test_what_cannot_be_put_together_is_fetched_whole(edge: Edge, origin: Origin, fields: dict[str, str]) -> None:
    origin.answer = ranged(LONG, **fields)
    reply = edge.fetch("/film", Range=f"bytes={SLICE}-{SLICE + 5}")
    assert (reply.status, reply.content) in [(206, LONG[SLICE : SLICE + 6]), (200, LONG)]
    assert asked(origin)[-1] is None


def test_a_slice_that_breaks_off_is_never_kept_or_shown_as_whole(edge: Edge, origin: Origin) -> None:
    sound = ranged(LONG)

    def answer(asked: Asked) -> bytes | list[bytes | float]:
        full = sound(asked)
        return [full[: len(full) - 1_000], b""] if asked.field("Range") == slices(1)[0] else full

    origin.answer = answer
    assert edge.fetch("/film", Range="bytes=0-9").content == LONG[:10]
    assert whole(edge) is None
    origin.answer = sound
    assert edge.fetch("/film").content == LONG
    assert asked(origin).count(slices(1)[0]) >= 2


@pytest.mark.parametrize(
    "wrong", ["bytes 5-{last}/{length}", "bytes {first}-{last}/*", "bytes {first}-{last}/9", "none"]
)
def test_a_slice_that_lies_about_what_it_is_is_not_taken(edge: Edge, origin: Origin, wrong: str) -> None:
    def answer(asked: Asked) -> bytes:
        if not asked.field("Range"):
            return response(LONG, Cache_Control="max-age=600", ETag='"film"')
        named = {"Content_Range": wrong.format(first=0, last=SLICE - 1, length=len(LONG)), "ETag": '"film"'}
        return response(LONG[:SLICE], "206 Partial Content", Cache_Control="max-age=600", **named)

    origin.answer = answer
    reply = edge.fetch("/film", Range="bytes=5-9")
    assert (reply.status, reply.content) == (206, LONG[5:10])


def test_an_origin_that_fails_is_told_and_asked_again_later(edge: Edge, origin: Origin) -> None:
    origin.answer = lambda asked: response(b"no", "500 Internal Server Error")
    assert edge.fetch("/film", Range="bytes=5-9").status == 500
    assert edge.fetch("/film", Range="bytes=5-9").status == 500
    assert len(asked(origin)) <= 2, "the failure is kept"

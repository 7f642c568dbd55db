"""Ranges of what is not kept are fetched and kept in slices, where a template asks for it."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from ..edge import Edge, cache_policy
from ..origin import Asked, Origin, response
from ..running import until
from .test_edge_disk import DISK, kept, killed

SLICE = 1 << 20
FILM = b"".join(b"%08d" % n for n in range(SLICE // 2))
"""Four slices."""
LONG = FILM[: 3 * SLICE + 1_000]

Make = Callable[..., Edge]


def ranged(content: bytes, status: str = "206 Partial Content", **fields: str) -> Callable[[Asked], bytes]:
    """An origin that knows ranges."""

    def answer(asked: Asked) -> bytes:
        named = {"Cache_Control": "max-age=600", "ETag": '"film"', "X_Amz_Meta_Cache_Tag": "film"} | fields
        found = re.fullmatch(r"bytes=(\d+)-(\d*)", asked.field("Range") or "")
        if not found:
            return response(content, **named)
        first, last = int(found[1]), min(int(found[2] or len(content)), len(content) - 1)
        if first > last:
            return response(b"", "416 Range Not Satisfiable", Content_Range=f"bytes */{len(content)}")
        return response(
            content[first : last + 1], status, Content_Range=f"bytes {first}-{last}/{len(content)}", **named
        )

    return answer


@pytest.fixture
def edge(make_edge: Make, origin: Origin) -> Edge:
    origin.answer = ranged(LONG)
    return make_edge(origin.port, ranges="slices", settings=DISK, policy=cache_policy(), forwards=None).start()


def asked(origin: Origin, path: str = "/film") -> list[str | None]:
    return [each.field("Range") for each in origin.asked if each.target == path]


def slices(*numbers: int) -> list[str]:
    return [f"bytes={number * SLICE}-{(number + 1) * SLICE - 1}" for number in numbers]


def test_a_range_is_fetched_and_kept_in_the_slices_that_it_needs(edge: Edge, origin: Origin) -> None:
    first = 2 * SLICE - 3
    reply = edge.fetch("/film", Range=f"bytes={first}-{first + 9}")
    assert (reply.status, reply.content) == (206, LONG[first : first + 10])
    assert reply.fields["content-range"] == f"bytes {first}-{first + 9}/{len(LONG)}"
    assert reply.fields["x-cache"].startswith("Miss")
    assert asked(origin) == slices(0, 1, 2)
    again = edge.fetch("/film", Range=f"bytes={first + 1}-{first + 5}")
    assert (again.content, again.fields["x-cache"][:3]) == (LONG[first + 1 : first + 6], "Hit")
    end = edge.fetch("/film", Range="bytes=-5")
    assert (end.status, end.content) == (206, LONG[-5:])
    assert asked(origin) == slices(0, 1, 2, 3)


def test_all_comes_from_slices_once_there_are_some(edge: Edge, origin: Origin) -> None:
    edge.fetch("/film", Range="bytes=0-0")
    whole = edge.fetch("/film")
    assert (whole.status, whole.content, whole.fields["etag"]) == (200, LONG, '"film"')
    assert "content-range" not in whole.fields
    assert asked(origin) == slices(0, 1, 2, 3)
    assert edge.fetch("/film").fields["x-cache"].startswith("Hit")
    assert edge.fetch("/other").content == LONG
    assert asked(origin, "/other") == [None], "what has no slice is fetched whole"
    kept(edge, 5)
    assert edge.fetch("/other", Range="bytes=7-8").content == LONG[7:9]
    assert asked(origin, "/other") == [None], "and ranges come from that"


def test_preconditions_and_ends_are_those_of_the_whole(edge: Edge, origin: Origin) -> None:
    assert edge.fetch("/film", Range="bytes=0-9", If_None_Match='"film"').status == 304
    beyond = edge.fetch("/film", Range=f"bytes={10 * SLICE}-")
    assert (beyond.status, beyond.fields["content-range"]) == (416, f"bytes */{len(LONG)}")
    assert asked(origin) == slices(0)
    other = edge.fetch("/film", Range="bytes=5-9", If_Range='"other"')
    assert (other.status, other.content) == (200, LONG)


def test_one_fetch_a_slice_however_many_ask(edge: Edge, origin: Origin) -> None:
    with ThreadPoolExecutor(20) as clients:
        ranges = [f"bytes={SLICE + n}-{SLICE + n + 10}" for n in range(20)]
        replies = list(clients.map(lambda each: edge.fetch("/film", Range=each), ranges))
    assert [reply.content for reply in replies] == [LONG[SLICE + n : SLICE + n + 11] for n in range(20)]
    assert sorted(each or "" for each in asked(origin)) == sorted(slices(0, 1))


def test_slices_outlive_a_kill_and_go_with_their_path_and_tag(edge: Edge, origin: Origin) -> None:
    for path in ("/film", "/other"):
        edge.fetch(path, Range=f"bytes={SLICE}-{SLICE + 5}")
    kept(edge, 4)
    killed(edge)
    assert edge.fetch("/film", Range=f"bytes={SLICE}-{SLICE + 5}").content == LONG[SLICE : SLICE + 6]
    assert asked(origin) == slices(0, 1)
    edge.do("invalidate", distribution="edge.test", paths=["/film"], tags=[], all=False)
    edge.fetch("/film", Range="bytes=0-5")
    edge.fetch("/other", Range="bytes=0-5")
    assert (asked(origin), asked(origin, "/other")) == (slices(0, 1, 0), slices(0, 1))
    edge.do("invalidate", distribution="edge.test", paths=[], tags=["film"], all=False)
    edge.fetch("/other", Range="bytes=0-5")
    assert asked(origin, "/other") == slices(0, 1, 0)


def test_what_is_stale_is_confirmed_slice_by_slice(edge: Edge, origin: Origin) -> None:
    origin.answer = ranged(LONG, Cache_Control="max-age=0")
    until(lambda: edge.fetch("/film", Range="bytes=0-5").content == LONG[:6], edge)

    def confirmed(asked: Asked) -> bytes:
        assert asked.field("If-None-Match") == '"film"'
        return response(b"", "304 Not Modified", ETag='"film"', Cache_Control="max-age=600")

    origin.answer = confirmed
    for _ in range(2):
        assert edge.fetch("/film", Range="bytes=1-5").content == LONG[1:6]
    assert asked(origin) == slices(0, 0)


def test_explain_says_that_a_slice_is_asked_for(edge: Edge) -> None:
    headers = [("Range", "bytes=5-9")]
    said = edge.do("explain_url", url="http://edge.test/film", method="GET", headers=headers, client=None)
    assert said["range"] == "asked of the origin"
    assert f"Range: {slices(0)[0]}" in said["asked"]["headers"]


def kept_slices(edge: Edge, tier: str = "disk") -> list[tuple[str, int]]:
    """Parts of the film that one tier has, and of how many slices each is."""
    objects = edge.do("cache_inspect", url="http://edge.test/film")["objects"]
    return [(each["part"], each["slices"]) for each in objects if each["tier"] == tier]


def part(first: int, slices: int) -> str:
    return f"bytes {first * SLICE}-{min((first + slices) * SLICE, len(LONG)) - 1}/{len(LONG)}"


def test_what_is_kept_in_slices_alone_is_inspected_and_explained(edge: Edge, origin: Origin) -> None:
    """Those that follow one another are told as one; what is lacking is what would be asked for."""

    def explained(**fields: str) -> tuple[str, str, str | None, list[str]]:
        headers = list(fields.items())
        said = edge.do("explain_url", url="http://edge.test/film", method="GET", headers=headers, client=None)
        lines = said.get("asked", {}).get("headers", [])
        return said["kept"], said["decision"], said.get("range"), [line for line in lines if "range" in line.lower()]

    edge.fetch("/film", Range=f"bytes={2 * SLICE}-{2 * SLICE + 5}")
    kept(edge, 2)
    killed(edge)
    assert kept_slices(edge) == [(part(0, 1), 1), (part(2, 1), 1)]
    assert kept_slices(edge, "memory") == []
    second = f"Range: {slices(1)[0]}"
    assert explained(Range="bytes=5-9") == ("disk", "hit", f"bytes 5-9/{len(LONG)}", [])
    assert explained(Range=f"bytes={SLICE}-{SLICE}") == ("disk", "fetch", "asked of the origin", [second])
    assert explained() == ("disk", "fetch", None, [second])
    assert explained(Range="bytes=0-1, 5-9")[3] == [], "for several ranges the whole is fetched"
    assert asked(origin) == slices(0, 2), "nothing is fetched"
    edge.fetch("/film", Range=f"bytes={SLICE}-{SLICE}")
    until(lambda: kept_slices(edge) == [(part(0, 3), 3)], edge)
    assert kept_slices(edge, "memory") == [(part(0, 2), 2)]
    edge.do("invalidate", distribution="edge.test", paths=["/film"], tags=[], all=False)
    assert explained(Range="bytes=5-9") == ("nowhere", "fetch", "asked of the origin", [f"Range: {slices(0)[0]}"])


def test_without_the_word_a_range_is_cut_from_the_whole(make_edge: Make, origin: Origin) -> None:
    origin.answer = ranged(LONG)
    edge = make_edge(origin.port, settings=DISK, policy=cache_policy(), forwards=None).start()
    assert edge.fetch("/film", Range="bytes=5-9").content == LONG[5:10]
    assert asked(origin) == [None]


def test_a_cookie_that_comes_with_a_slice_is_for_who_asked(make_edge: Make, origin: Origin) -> None:
    origin.answer = ranged(LONG, Set_Cookie="a=1")
    edge = make_edge(origin.port, ranges="slices", settings=DISK, policy=cache_policy()).start()
    assert edge.fetch("/film", Range="bytes=5-9").fields["set-cookie"] == "a=1"
    again = edge.fetch("/film", Range="bytes=5-9")
    assert (again.content, "set-cookie" in again.fields, asked(origin)) == (LONG[5:10], False, slices(0))

"""Ranges and conditions of what is not stored: the origin's answers to them reach the client, and nobody else."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from ..edge import Edge, Reply, cache_policy
from ..origin import Asked, Origin, response
from ..running import until

CONTENT = bytes(range(250)) * 4_000
LONG = bytes(range(250)) * 40_000
RULES: dict[str, dict[str, Any]] = {
    "disabled": {"policy": "CachingDisabled"},
    "cloudfront": {"policy": cache_policy(), "forwards": None},
    "rfc9111": {"policy": cache_policy(), "semantics": "rfc9111"},
}
"""What a distribution stores by: CachingDisabled, CloudFront's rules, RFC 9111."""
Make = Callable[..., Edge]


def answer(asked: Asked, store: str = "no-store", tag: str = '"a"') -> bytes:
    """As a server of files does: one range, If-None-Match, If-Match. /dull knows no range and no condition."""
    content, fields = LONG if asked.target == "/long" else CONTENT, {"ETag": tag, "Cache_Control": store}
    if asked.target == "/dull":
        return response(content, **fields)
    if asked.field("If-Match") not in (None, tag):
        return response(b"", "412 Precondition Failed", **fields)
    if asked.field("If-None-Match") == tag:
        return f"HTTP/1.1 304 Not Modified\r\nETag: {tag}\r\nCache-Control: {store}\r\n\r\n".encode()
    if not (range_ := re.fullmatch(r"bytes=(\d+)-(\d+)", asked.field("Range") or "")):
        return response(content, **fields)
    first, last = int(range_[1]), min(int(range_[2]), len(content) - 1)
    if first >= len(content):
        return response(b"", "416 Range Not Satisfiable", Content_Range=f"bytes */{len(content)}", **fields)
    part = f"bytes {first}-{last}/{len(content)}"
    return response(content[first : last + 1], "206 Partial Content", Content_Range=part, **fields)


def said(reply: Reply) -> tuple[int, str | None, bytes]:
    """What counts in an answer to a range or a condition."""
    return reply.status, reply.fields.get("content-range"), reply.content


ASKED: dict[str, tuple[dict[str, Any], tuple[int, str | None, bytes]]] = {
    "end": ({"Range": "bytes=999990-999999"}, (206, "bytes 999990-999999/1000000", CONTENT[-10:])),
    "middle": ({"Range": "bytes=70000-139999"}, (206, "bytes 70000-139999/1000000", CONTENT[70_000:140_000])),
    "beyond": ({"Range": "bytes=1000000-1000009"}, (416, "bytes */1000000", b"")),
    "if-range": ({"Range": "bytes=0-9", "If_Range": '"a"'}, (206, "bytes 0-9/1000000", CONTENT[:10])),
    "known": ({"If_None_Match": '"a"'}, (304, None, b"")),
    "known, of a range": ({"If_None_Match": '"a"', "Range": "bytes=0-9"}, (304, None, b"")),
    "unknown": ({"If_None_Match": '"b"'}, (200, None, CONTENT)),
}
"""What a client asks, and what it gets."""


@pytest.mark.parametrize("store", ["no-store", "private, no-cache"])
@pytest.mark.parametrize("rules", RULES)
def test_ranges_and_conditions_hold_for_what_is_not_stored(
    make_edge: Make, origin: Origin, rules: str, store: str
) -> None:
    """The first time, when the whole may have been asked for, and later, when the origin is asked just that."""
    origin.answer = lambda asked: answer(asked, store)
    edge = make_edge(origin.port, **RULES[rules]).start()
    for name, (fields, expected) in ASKED.items():
        path = f"/{name.replace(' ', '')}"
        assert said(edge.fetch(path, **fields)) == expected, name
        before = origin.count
        assert said(edge.fetch(path, **fields)) == expected, name
        (asked,) = origin.asked[before:]
        told = {key: asked.field(key.replace("_", "-")) for key in fields}
        assert told == fields, f"{name}: the origin is asked what the client asks"
        plain = edge.fetch(path)
        assert said(plain) == (200, None, CONTENT), "one client's range and conditions are nobody else's"


@pytest.mark.parametrize("rules", RULES)
def test_an_origin_that_knows_no_ranges_and_conditions(make_edge: Make, origin: Origin, rules: str) -> None:
    """It sends all; the client gets what it asked for, as of what is stored."""
    origin.answer = answer
    edge = make_edge(origin.port, **RULES[rules]).start()
    for fields, expected in [*ASKED.values(), *ASKED.values()]:
        assert said(edge.fetch("/dull", **fields)) == expected, fields
    older = edge.fetch("/dull", If_Modified_Since="Fri, 01 Jan 2100 00:00:00 GMT")
    assert older.status == 200, "what was just made is not dated by the moment"


@pytest.mark.parametrize("rules", ["cloudfront", "rfc9111"])
def test_of_what_is_too_long_to_be_kept_no_more_is_read(make_edge: Make, origin: Origin, rules: str) -> None:
    """Nobody waits until all before a range has gone by: the origin is asked anew."""
    origin.answer = answer
    edge = make_edge(origin.port, settings='memory = "1MiB"\n', **RULES[rules]).start()
    part = (206, "bytes 9999990-9999999/10000000", LONG[-10:])
    assert said(edge.fetch("/long", Range="bytes=9999990-9999999")) == part
    assert [asked.field("Range") for asked in origin.asked] == [None, "bytes=9999990-9999999"]


@pytest.mark.parametrize("rules", ["cloudfront", "rfc9111"])
def test_answers_to_one_clients_conditions_are_not_stored(make_edge: Make, origin: Origin, rules: str) -> None:
    """Also where they have a lifetime: 206, 304, 412 and 416 are for who asked. A whole answer is stored at once."""
    origin.answer = answer
    edge = make_edge(origin.port, **RULES[rules]).start()
    edge.fetch("/a")
    origin.answer = lambda asked: answer(asked, "max-age=600", '"b"')
    conditions: list[tuple[dict[str, Any], int]] = [
        ({"If_None_Match": '"b"'}, 304),
        ({"Range": "bytes=0-9"}, 206),
        ({"Range": "bytes=2000000-2000009"}, 416),
        ({"If_Match": '"x"'}, 412),
    ]
    for fields, status in conditions:
        assert edge.fetch("/a", **fields).status == status
        assert edge.do("cache_inspect", url="http://edge.test/a")["objects"] == [], fields
    assert edge.fetch("/a", If_None_Match='"a"').status == 200
    hit = edge.fetch("/a", Range="bytes=0-9")
    assert (hit.fields["x-cache"], *said(hit)) == ("Hit from cloudfront", 206, "bytes 0-9/1000000", CONTENT[:10])


def test_who_only_validates_notices_that_it_may_be_stored_now(make_edge: Make, origin: Origin) -> None:
    """A 304 does not prolong what is remembered of a key: after 10 s the whole is asked for again."""
    origin.answer = answer
    edge = make_edge(origin.port, **RULES["rfc9111"]).start()
    edge.fetch("/a")
    origin.answer = lambda asked: answer(asked, "max-age=600")

    def validated() -> bool:
        reply = edge.fetch("/a", If_None_Match='"a"')
        assert reply.status == 304
        return reply.fields["x-cache"].startswith("Hit")

    until(validated, edge)


def test_explain_says_what_the_origin_would_be_asked(make_edge: Make, origin: Origin) -> None:
    """Whole at first, and just the client's range while the key is known as one that nobody shares."""
    origin.answer = answer
    edge = make_edge(origin.port, ranges="slices", **RULES["cloudfront"]).start()
    edge.fetch("/a", Range="bytes=0-9")
    told = edge.do("explain_url", url="http://edge.test/a", method="GET", headers=[["Range", "bytes=0-9"]], client=None)
    assert (told["decision"], told["range"]) == ("pass", "handed on")
    assert "range: bytes=0-9" in [line.lower() for line in told["asked"]["headers"]]

"""Answers are encoded once, when they are fetched, for those who take it."""

import gzip
import socket
from collections.abc import Callable
from typing import Any

import pytest

from ..edge import HOST, Edge, cache_policy, heard
from ..origin import Asked, Origin, response
from ..running import until

TEXT = b"The quick brown fox jumps over the lazy dog; then it does so again.\n" * 400


def text(asked: Asked) -> bytes:
    """TEXT with a strong tag, for a second; 304 to who has it."""
    fields = {"Cache_Control": "max-age=1", "ETag": '"one"'}
    if '"one"' in (asked.field("If-None-Match") or ""):
        return response(b"", "304 Not Modified", **fields)
    return response(b"" if asked.method == "HEAD" else TEXT, Content_Length=str(len(TEXT)), **fields)


@pytest.fixture(params=["cloudfront", "rfc9111"])
def edge(request: pytest.FixtureRequest, make_edge: Callable[..., Edge], origin: Origin) -> Edge:
    policy: dict[str, Any] = cache_policy(default=60)
    policy["ParametersInCacheKeyAndForwardedToOrigin"]["EnableAcceptEncodingGzip"] = True
    origin.answer = text
    made = make_edge(origin.port, semantics=request.param, policy=policy, forwards=None, behaviour={"Compress": True})
    return made.start()


def test_who_takes_gzip_gets_it_from_the_first_on(edge: Edge, origin: Origin) -> None:
    first, second = (edge.fetch("/a", Accept_Encoding=taken) for taken in ("gzip", "deflate, gzip;q=0.5"))
    assert origin.count == 1
    assert gzip.decompress(first.content) == TEXT
    assert first.content == second.content
    for reply in (first, second):
        fields = reply.fields
        assert (fields["content-encoding"], fields["etag"], fields["vary"]) == ("gzip", 'W/"one"', "Accept-Encoding")
        assert int(fields["content-length"]) == len(reply.content) < len(TEXT) / 10
    assert second.fields["x-cache"].startswith("Hit")


def test_who_does_not_gets_the_origins_octets(edge: Edge, origin: Origin) -> None:
    edge.fetch("/a", Accept_Encoding="gzip")
    plain = edge.fetch("/a")
    assert plain.content == TEXT
    assert "content-encoding" not in plain.fields
    assert (plain.fields["etag"], plain.fields["vary"]) == ('"one"', "Accept-Encoding")
    assert origin.count == 2


def test_ranges_and_heads_are_of_what_is_stored(edge: Edge) -> None:
    whole = edge.fetch("/a", Accept_Encoding="gzip")
    part = edge.fetch("/a", Accept_Encoding="gzip", Range="bytes=5-20")
    assert (part.status, part.content) == (206, whole.content[5:21])
    assert part.fields["content-encoding"] == "gzip"
    head = edge.fetch("/a", "HEAD", Accept_Encoding="gzip")
    same = ("content-encoding", "content-length", "etag", "vary")
    assert [head.fields[name] for name in same] == [whole.fields[name] for name in same]


def test_a_304_with_the_origins_tag_keeps_what_was_encoded(edge: Edge, origin: Origin) -> None:
    first = edge.fetch("/a", Accept_Encoding="gzip")
    seen = [first]

    def is_refreshed() -> bool:
        seen.append(edge.fetch("/a", Accept_Encoding="gzip"))
        return seen[-1].fields["x-cache"].startswith("RefreshHit")

    until(is_refreshed, edge)
    again = seen[-1]
    assert origin.asked[-1].field("If-None-Match") == 'W/"one"'
    assert (again.content, again.fields["etag"]) == (first.content, 'W/"one"')
    after = edge.fetch("/a", Accept_Encoding="deflate, gzip")
    assert (after.content, after.fields["vary"]) == (first.content, "Accept-Encoding")
    assert after.fields["x-cache"].startswith("Hit")


def test_old_clients_get_the_origins_octets(edge: Edge) -> None:
    """HTTP/1.0 with Accept-Encoding: CloudFront encodes nothing before HTTP/1.1."""
    assert edge.fetch("/a", Accept_Encoding="gzip").fields["content-encoding"] == "gzip"
    with socket.create_connection(("127.0.0.1", edge.http), timeout=20) as sock:
        sock.sendall(b"GET /a HTTP/1.0\r\nHost: %s\r\nAccept-Encoding: gzip\r\n\r\n" % HOST.encode())
        head, _, content = heard(sock).partition(b"\r\n\r\n")
    assert content == TEXT
    assert b"content-encoding" not in head.lower()

"""Methods that nobody here knows: any token may be one (RFC 9110 section 9.1)."""

from __future__ import annotations

import http.client

import pytest

from ..edge import HOST, METHODS, cache_policy
from ..origin import response
from ..running import PATIENCE_S


def test_by_rfc_9111_they_are_handed_on_and_invalidate(make_edge, origin):
    """The origin gets token and content as they were sent; what was stored for the URL is not used again."""
    origin.answer = lambda asked: response(asked.method.encode() + asked.content, Cache_Control="max-age=60")
    edge = make_edge(origin.port, semantics="rfc9111", policy=cache_policy()).start()
    for method in ("M-SEARCH", "get", "PROPFIND"):
        path, before = f"/{method}", origin.count
        assert [edge.fetch(path).content for _ in range(2)] == [b"GET"] * 2
        assert origin.count == before + 1
        for number in (2, 3):
            reply = edge.fetch(path, method, b"<content/>")
            assert (reply.status, reply.content) == (200, method.encode() + b"<content/>")
            assert "fwd=method" in reply.fields["cache-status"]
            assert origin.count == before + number, "such an answer is never stored"
        assert edge.fetch(path).content == b"GET"
        assert origin.count == before + 4
    before = origin.count
    for method in ("CONNECT", "TRACE", "M" * 33):
        assert edge.fetch("/a", method).status == 501, "a tunnel, an echo, and what is longer than any method"
    assert origin.count == before


@pytest.mark.parametrize(("semantics", "methods"), [("cloudfront", METHODS), ("rfc9111", ["GET", "HEAD", "OPTIONS"])])
def test_otherwise_they_are_refused_and_the_connection_ends(make_edge, origin, semantics, methods):
    """403, as CloudFront has it, also where fewer than all methods are allowed; what follows is not looked at."""
    edge = make_edge(origin.port, semantics=semantics, behaviour={"AllowedMethods": methods}).start()
    connection = http.client.HTTPConnection("127.0.0.1", edge.http, timeout=PATIENCE_S)
    connection.request("M-SEARCH", "/a", headers={"Host": HOST})
    reply = connection.getresponse()
    assert (reply.status, reply.headers["connection"], origin.count) == (403, "close", 0)


def test_a_protocol_that_nobody_speaks_is_no_way_round_the_cache(make_edge, origin):
    """`Upgrade` may be ignored (RFC 9110 section 7.8), and is but for WebSocket."""
    origin.answer = lambda asked: response(asked.method.encode(), Cache_Control="max-age=60")
    edge = make_edge(origin.port, semantics="rfc9111", policy=cache_policy()).start()
    upgrade = {"Connection": "upgrade", "Upgrade": "foo"}
    assert [edge.fetch("/a", **upgrade).content for _ in range(3)] == [b"GET"] * 3
    assert origin.count == 1
    assert edge.fetch("/a", "DELETE", **upgrade).content == b"DELETE"
    assert edge.fetch("/a").content == b"GET"
    assert origin.count == 3, "what DELETE changed was fetched anew"
    assert all(asked.field("Upgrade") is None for asked in origin.asked)

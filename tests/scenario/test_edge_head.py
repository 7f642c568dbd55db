"""HEAD is answered as GET would be (RFC 9110 section 9.3.2), also by an origin's answer that is handed on."""

from __future__ import annotations

import pytest

from ..edge import Reply, cache_policy
from ..origin import Asked, response

CONTENT = b"a { color: red }\n" * 500
SAME = ("content-type", "content-encoding", "etag", "vary", "cache-control", "x-other")


def answer(asked: Asked) -> bytes:
    """A style sheet that can be encoded; for HEAD without it."""
    store = "no-store" if asked.target == "/no-store" else "max-age=60"
    fields = {"Content_Type": "text/css", "Cache_Control": store, "ETag": '"a"', "X_Other": "1"}
    whole = response(CONTENT, **fields)
    return whole.removesuffix(CONTENT) if asked.method == "HEAD" else whole


def same(reply: Reply) -> list[str | None]:
    """What HEAD and GET have in common."""
    return [reply.fields.get(name) for name in SAME]


@pytest.mark.parametrize("semantics", ["cloudfront", "rfc9111"])
def test_a_head_says_what_get_would(make_edge, origin, semantics):
    """Encoded or not, stored or not; of a length only what GET has."""
    origin.answer = answer
    policy = cache_policy()
    policy["ParametersInCacheKeyAndForwardedToOrigin"]["EnableAcceptEncodingGzip"] = True
    edge = make_edge(origin.port, semantics=semantics, policy=policy, behaviour={"Compress": True}).start()
    for path, coding in [("/a", "gzip"), ("/a", "identity"), ("/no-store", "gzip")]:
        encoded = coding == "gzip" and path != "/no-store"
        head, get, again = (edge.fetch(path, method, Accept_Encoding=coding) for method in ("HEAD", "GET", "HEAD"))
        assert head.status == get.status == again.status == 200
        assert same(head) == same(get) == same(again)
        assert get.fields.get("content-encoding") == ("gzip" if encoded else None)
        assert get.fields["content-length"] == again.fields["content-length"] == str(len(get.content))
        assert head.fields.get("content-length") == (None if encoded else str(len(CONTENT)))
        assert head.fields["x-cache"] == get.fields["x-cache"] == "Miss from cloudfront", "a HEAD stores nothing"
        assert head.content == again.content == b""


def test_a_head_has_no_ranges(make_edge, origin):
    """They are not asked of the origin either, which might heed them."""
    origin.answer = answer
    edge = make_edge(origin.port, semantics="rfc9111", policy=cache_policy()).start()
    head = edge.fetch("/a", "HEAD", Range="bytes=0-1", If_Range='"a"')
    assert (head.status, head.fields["content-length"]) == (200, str(len(CONTENT)))
    assert [origin.asked[0].field(name) for name in ("Range", "If-Range")] == [None, None]


def test_what_has_no_content_has_no_length(make_edge, origin):
    """204, by HEAD and by GET (RFC 9110 section 8.6)."""
    origin.answer = lambda asked: b"HTTP/1.1 204 No Content\r\nCache-Control: max-age=60\r\n\r\n"
    edge = make_edge(origin.port, semantics="rfc9111", policy=cache_policy()).start()
    for method in ("GET", "GET", "HEAD"):
        reply = edge.fetch("/a", method)
        assert (reply.status, reply.fields.get("content-length")) == (204, None)
    assert origin.count == 1


@pytest.mark.parametrize(("later", "hits"), [(b"old", True), (b"new content", False)])
def test_a_head_with_another_length_ends_what_is_stored(make_edge, origin, later, hits):
    """RFC 9111 section 4.3.5, where nothing but the length tells: else old content would get a new lifetime."""
    origin.answer = lambda asked: response(b"old", Cache_Control="max-age=60")
    edge = make_edge(origin.port, semantics="rfc9111", policy=cache_policy()).start()
    assert edge.fetch("/a").content == b"old"
    origin.answer = lambda asked: response(later, Cache_Control="max-age=60").removesuffix(
        later if asked.method == "HEAD" else b""
    )
    head = edge.fetch("/a", "HEAD", Cache_Control="no-cache")
    assert head.fields["content-length"] == str(len(later))
    get = edge.fetch("/a")
    assert (get.content, get.fields["x-cache"].startswith("Hit")) == (later, hits)


def test_a_head_knows_what_was_encoded_here(make_edge, origin):
    """It has another length than the origin's content, and stays."""
    origin.answer = answer
    policy = cache_policy()
    policy["ParametersInCacheKeyAndForwardedToOrigin"]["EnableAcceptEncodingGzip"] = True
    edge = make_edge(origin.port, semantics="rfc9111", policy=policy, behaviour={"Compress": True}).start()
    edge.fetch("/a", Accept_Encoding="gzip")
    edge.fetch("/a", "HEAD", Accept_Encoding="gzip", Cache_Control="no-cache")
    get = edge.fetch("/a", Accept_Encoding="gzip")
    assert (get.fields["content-encoding"], get.fields["x-cache"]) == ("gzip", "Hit from cloudfront")

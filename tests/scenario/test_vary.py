"""What `Vary` names of a request, and what of it the origin ever saw (RFC 9111 section 4.1, RFC 9110 section 7.6.1)."""

import socket

import pytest

from ..edge import HOST, cache_policy
from ..origin import response


@pytest.mark.parametrize(
    ("names", "fields"),
    [
        ("Cookie", {"Cookie": "a=1"}),
        ("User-Agent", {"User-Agent": "x"}),
        ("Origin", {"Origin": "https://a.example"}),
        ("X-Q", {"X-Q": "1"}),
        ("X-Forwarded-For, Via", {"X-Forwarded-For": "192.0.2.1"}),
    ],
)
@pytest.mark.parametrize("size", [7, 200_000])
def test_a_request_is_answered_by_one_fetch_whatever_its_answer_varies_by(make_edge, origin, names, fields, size):
    """Fields that the edge does not forward as they came once made it ask again and again for one request."""
    origin.answer = lambda asked: response(b"x" * size, Cache_Control="max-age=60", Vary=names)
    edge = make_edge(origin.port, semantics="rfc9111", policy=cache_policy(), forwards=None).start()
    for count in (1, 2):
        assert edge.fetch("/a", **fields).content == b"x" * size
        assert origin.count <= count
    assert edge.metric("edgeplane_restarts_total") == 0


def test_what_no_origin_sees_tells_nobody_apart(make_edge, origin):
    origin.answer = lambda asked: response(Cache_Control="max-age=60", Vary="Cookie, User-Agent, X-Q")
    edge = make_edge(origin.port, semantics="rfc9111", policy=cache_policy(), forwards=None).start()
    for number in range(3):
        edge.fetch("/a", Cookie=f"a={number}", User_Agent=f"agent {number}", X_Q=str(number))
    assert origin.count == 1


def test_what_origins_see_tells_clients_apart(make_edge, origin):
    origin.answer = lambda asked: response((asked.field("X-Q") or "").encode(), Cache_Control="max-age=60", Vary="X-Q")
    edge = make_edge(origin.port, semantics="rfc9111").start()
    assert [edge.fetch("/a", X_Q=value).content for value in ("1", "2", "1", "2")] == [b"1", b"2", b"1", b"2"]
    assert origin.count == 2


@pytest.mark.parametrize("semantics", ["cloudfront", "rfc9111"])
def test_a_field_that_connection_names_is_in_no_key(make_edge, origin, semantics):
    """A client that keeps a field from the origin gets, and leaves, what is for requests without it."""
    key = cache_policy(default=60)
    headers = {"HeaderBehavior": "whitelist", "Headers": ["Origin"]}
    key["ParametersInCacheKeyAndForwardedToOrigin"]["HeadersConfig"] = headers
    origin.answer = lambda asked: response((asked.field("Origin") or "none").encode(), Cache_Control="max-age=60")
    edge = make_edge(origin.port, semantics=semantics, policy=key, forwards=None).start()
    request = f"GET /a HTTP/1.1\r\nHost: {HOST}\r\nOrigin: https://a.example\r\nConnection: close, Origin\r\n\r\n"
    with socket.create_connection(("127.0.0.1", edge.http), timeout=10) as sock:
        sock.sendall(request.encode())
        poisoned = b"".join(iter(lambda: sock.recv(65536), b""))
    assert poisoned.endswith(b"\r\n\r\nnone")
    assert edge.fetch("/a", Origin="https://a.example").content == b"https://a.example"
    assert edge.fetch("/a").content == b"none"
    assert origin.count == 2


def test_a_stored_answer_to_options_is_brought_up_to_date_by_options(make_edge, origin):
    def answer(asked):
        fields = {"Cache_Control": "max-age=0, stale-while-revalidate=600", "Allow": "GET"}
        return response(asked.method.encode(), **fields)

    origin.answer = answer
    behaviour = {"CachedMethods": ["GET", "HEAD", "OPTIONS"]}
    edge = make_edge(origin.port, policy=cache_policy(), forwards=None, behaviour=behaviour).start()
    assert {edge.fetch("/a", method="OPTIONS").content for _ in range(5)} == {b"OPTIONS"}
    assert {asked.method for asked in origin.asked} == {"OPTIONS"}


def test_content_goes_before_an_upgrade(make_edge, origin):
    """An upgrade may be ignored (RFC 9110 section 7.8), the content of a request may not."""
    edge = make_edge(origin.port).start()
    fields = {"Connection": "upgrade", "Upgrade": "websocket"}
    assert edge.fetch("/form", method="POST", body=b"amount=100", **fields).status == 200
    assert [asked.content for asked in origin.asked] == [b"amount=100"]

"""H6 and error pages: content that breaks off is never whole for anybody, and errors have their pages."""

from __future__ import annotations

import http.client
import random
import time

from ..edge import HOST, Edge, cache_policy
from ..origin import Asked, response
from .measure import measure

LENGTH = 20_000
CUTS = measure(60, 500)
PAGES = {
    "CustomErrorResponses": [
        {"ErrorCode": 404, "ResponsePagePath": "/page", "ResponseCode": 200},
        {"ErrorCode": 403, "ResponsePagePath": "/missing", "ResponseCode": 403},
        *(
            {"ErrorCode": status, "ResponsePagePath": "/page", "ResponseCode": 503, "ErrorCachingMinTTL": 1}
            for status in (502, 503, 504)
        ),
    ]
}


def content_of(path: str) -> bytes:
    """Octets that only this path has."""
    return random.Random(path).randbytes(LENGTH)


def is_whole(edge: Edge, path: str) -> bool:
    """Whether an answer came to its end. ValueError for octets of something else."""
    connection = http.client.HTTPConnection("127.0.0.1", edge.http, timeout=10)
    try:
        connection.request("GET", path, headers={"Host": HOST})
        came = connection.getresponse()
        if came.status != 200:
            return False
        whole = came.read()
    except http.client.IncompleteRead as cut:
        if not content_of(path).startswith(cut.partial):
            raise ValueError("octets of something else") from cut
        return False
    except (http.client.HTTPException, ConnectionError):
        return False
    finally:
        connection.close()
    assert whole == content_of(path), "a short answer that looks whole"
    return True


def test_what_breaks_off_is_never_stored_or_shown_as_whole(make_edge, origin):
    """The origin cuts at random offsets, with a length and in chunks: clients see it; the next one gets the whole."""
    chance, broken = random.Random(6), set()

    def answer(asked: Asked) -> list[bytes | float]:
        content, path = content_of(asked.target), asked.target
        chunked = b"%x\r\n%s\r\n0\r\n\r\n" % (LENGTH, content)
        whole = (
            response(content, Cache_Control="max-age=600")
            if path.endswith("length")
            else response(Transfer_Encoding="chunked", Cache_Control="max-age=600")
            .replace(b"Content-Length: 3\r\n", b"")
            .removesuffix(b"ok\n")
            + chunked
        )
        if path in broken:
            return [whole]
        broken.add(path)
        return [whole[: chance.randrange(100, len(whole))], 0.01, b""]

    origin.answer = answer
    edge = make_edge(origin.port, policy=cache_policy(), forwards=None).start()
    for number in range(CUTS):
        path = f"/{number}/{('length', 'chunks')[number % 2]}"
        tries = [is_whole(edge, path) for _ in range(3)]
        assert tries[1:] == [True, True], path
        asked = sum(each.target == path for each in origin.asked)
        assert asked == 2, f"{path}: broken, then whole, then from the store; or asked again before anything was sent"


def test_errors_have_their_pages(make_edge, origin):
    """A page stands in for the origin's error and for the edge's own, by its own way; one that fails shows how."""

    def answer(asked: Asked) -> bytes:
        if asked.target == "/page":
            return response(b"the page\n", Cache_Control="max-age=600")
        status = {"/gone": "404 Not Found", "/denied": "403 Forbidden"}.get(asked.target, "410 Gone")
        return response(b"the origin\n", status)

    origin.answer = answer
    edge = make_edge(origin.port, policy=cache_policy(1, 1), forwards=None, config=PAGES).start()
    for _ in range(2):
        reply = edge.fetch("/gone")
        assert (reply.status, reply.content) == (200, b"the page\n")
        assert reply.fields["x-cache"] == "Error from cloudfront"
    assert sum(each.target == "/gone" for each in origin.asked) == 1, "errors are remembered"
    assert edge.fetch("/denied").status == 410, "the status of the page's fetch"
    origin.close()
    for number in range(20):
        begun = time.monotonic()
        reply = edge.fetch(f"/new/{number}")
        assert (reply.status, reply.content) == (503, b"the page\n")
        assert time.monotonic() - begun < 1.0


def test_a_part_answers_ranges_and_is_completed(make_edge, origin):
    """RFC 9111 section 3.4: a 206 is kept; ranges within it cost nothing, and only what is missing is asked for."""
    content = b"0123456789"

    def answer(asked: Asked) -> bytes:
        first = 5 if asked.field("range") == "bytes=5-" else 0
        part = content[first : first + 5]
        fields = {"Cache_Control": "max-age=600", "ETag": '"a"', "Content_Range": f"bytes {first}-{first + 4}/10"}
        return response(part, "206 Partial Content", **fields)

    origin.answer = answer
    edge = make_edge(origin.port, semantics="rfc9111", policy=cache_policy(), forwards=None).start()
    assert edge.fetch("/a", Range="bytes=0-4").content == b"01234"
    assert edge.fetch("/a", Range="bytes=1-3").content == b"123"
    assert origin.count == 1
    whole = edge.fetch("/a")
    assert (whole.status, whole.content, origin.count) == (200, content, 2)
    assert origin.asked[-1].field("if-range") == '"a"'
    assert edge.fetch("/a", Range="bytes=4-6").content == b"456"
    assert origin.count == 2

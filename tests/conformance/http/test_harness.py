"""The judges of the edge, on caches that others wrote and on one that is wrong: a judge that finds nothing is none."""

from __future__ import annotations

from pathlib import Path

from ...origin import Origin
from .caches import Naive, nginx
from .clients import browse, judge_page, write_page
from .court import Court
from .h2spec import failed
from .smuggling import streams, vectors
from .smuggling.readings import STRICT, disagreements, requests
from .smuggling.vector import AFTER, HIDDEN, REFUSED, SERVED
from .witnesses import Octets, aiohttp_origin, nginx_origin

NGINX_TOLERATES = 150
"""Refusals by the letter that nginx 1.22 does not give: it takes bare line feeds, drops odd names, and so on."""


NGINX_TOLERATES_OF_HTTP2 = 20


def test_there_are_vectors_of_every_kind() -> None:
    all_of_them = [*vectors(), *streams.vectors()]
    assert len({vector.name for vector in all_of_them}) == len(all_of_them) >= 400
    assert {SERVED, REFUSED} <= {vector.verdict for vector in all_of_them}


def test_readers_that_disagree_are_heard() -> None:
    early = (
        b"POST /v HTTP/1.1\r\nContent-Length: %d\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" % (5 + len(HIDDEN))
        + HIDDEN
    )
    assert requests(early + AFTER, STRICT) == ["/v", "/hidden", "/after"]
    assert any("length before coding" in said for said in disagreements(early + AFTER))
    assert disagreements(b"POST /v HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello" + AFTER) == []


def test_a_cache_that_forwards_what_it_is_sent_is_caught(origin: Origin) -> None:
    """Nearly every vector is found out when octets go on as they came."""
    with Naive(origin.port) as naive:
        chosen = [vector for vector in vectors() if vector.verdict == REFUSED and len(vector.octets) < 10_000][::16]
        caught = Court(naive, Octets(origin)).hear(chosen)
    assert len(caught) == len(chosen) > 25


def test_nginx_forwards_nothing_hidden(tmp_path: Path, origin: Origin) -> None:
    """What is forwarded is read in one way by all, and counted; but nginx is more lenient than the edge may be."""
    with nginx(tmp_path / "nginx", origin.port) as cache:
        found = Court(cache, Octets(origin)).hear(vectors())
    print("\n".join(f"{name}: {faults}" for name, faults in found.items()))
    assert len(found) < NGINX_TOLERATES


def test_nginx_forwards_nothing_hidden_of_http2(tmp_path: Path, origin: Origin) -> None:
    """The same of a third of HTTP/2: a plain request is served, and the table does its work."""
    with nginx(tmp_path / "nginx", origin.port) as cache:
        found = Court(cache, Octets(origin)).hear(list(streams.vectors())[::3])
    print("\n".join(f"{name}: {faults}" for name, faults in found.items()))
    assert "h2: a request" not in found
    assert len(found) < NGINX_TOLERATES_OF_HTTP2


def test_chromium_shows_a_page_through_nginx(tmp_path: Path) -> None:
    """The page, the browser, and an origin that counts."""
    files = write_page(tmp_path / "origin" / "files")
    with nginx_origin(tmp_path / "origin") as origin, nginx(tmp_path / "nginx", origin.port) as cache:
        judge_page(browse(cache.https), files)
        assert cache.forwarded() == len(origin.fresh()[0]) == files


def test_h2spec_knows_nginx(tmp_path: Path, origin: Origin) -> None:
    """Of the generic part, nginx 1.22 lacks trailers alone."""
    with nginx(tmp_path / "nginx", origin.port) as cache:
        wrong, tried = failed(cache.https, tmp_path / "report.xml", "generic")
    (trailers,) = wrong
    assert trailers.startswith("generic/4: Sends a POST request with trailers: ")
    assert tried > 30


def test_aiohttp_counts_what_nginx_forwards(tmp_path: Path) -> None:
    with aiohttp_origin() as origin, nginx(tmp_path / "nginx", origin.port) as cache:
        found = Court(cache, origin).hear(vector for vector in vectors() if vector.verdict == SERVED)
    assert len(found) < 8, found

"""Clients that people use, through the edge: curl, Chromium, and a WebSocket; origins that people use behind it."""

from __future__ import annotations

import asyncio
import ssl

import aiohttp
import pytest

from ...edge import HOST
from .clients import browse, curl, judge_page, write_page
from .witnesses import aiohttp_origin, nginx_origin


@pytest.fixture
def site(tmp_path):
    """nginx with a page."""
    files = write_page(tmp_path / "nginx" / "files")
    with nginx_origin(tmp_path / "nginx") as origin:
        yield origin, files


@pytest.mark.parametrize(
    ("option", "scheme", "version"),
    [("--http1.1", "http", "1.1"), ("--http1.1", "https", "1.1"), ("--http2", "https", "2")],
)
def test_curl_gets_what_the_origin_has(make_edge, site, option, scheme, version):
    """The file, over each protocol; the second time from the cache; a range of it; its head."""
    origin, _ = site
    edge = make_edge(origin.port).start()
    port = edge.http if scheme == "http" else edge.https
    content = (origin.folder / "files" / "style.css").read_bytes()
    for _ in range(2):
        assert curl(port, "/style.css", option, scheme=scheme) == ("200", version, content)
    assert curl(port, "/style.css", option, "--range", "2-5", scheme=scheme) == ("206", version, content[2:6])
    assert curl(port, "/style.css", option, "--head", scheme=scheme)[0] == "200"
    assert edge.forwarded() == len(origin.fresh()[0]) == 1


def test_a_browser_shows_a_page(make_edge, site):
    """Twice: from the origin, and from the cache, which is not asked again."""
    origin, files = site
    edge = make_edge(origin.port).start()
    judge_page(browse(edge.https), files)
    first = origin.fresh()[0]
    assert sorted(set(first)) == sorted(first), "every file once"
    judge_page(browse(edge.https), files)
    assert origin.fresh()[0] == []


@pytest.mark.parametrize("tls", [False, True])
def test_a_websocket_is_passed_through(make_edge, tls):
    """Texts and octets, small and large, both ways, and its end."""
    with aiohttp_origin() as origin:
        edge = make_edge(origin.port).start()
        said = ["a", "é" * 1000, b"\x00" * 70_000, b"", b"\xff" * 1_000_000]
        assert asyncio.run(echoed(edge, tls, said)) == said
        assert edge.forwarded() == len(origin.fresh()[0]) == 1


async def echoed(edge, tls: bool, said: list[str | bytes]) -> list[str | bytes]:
    """What comes back of what is said."""
    context = ssl.create_default_context(cafile=str(edge.directory / "tls" / "chain.pem"))
    context.check_hostname = False
    url = f"wss://127.0.0.1:{edge.https}/socket" if tls else f"ws://127.0.0.1:{edge.http}/socket"
    options = {"ssl": context} if tls else {}
    heard = []
    async with (
        aiohttp.ClientSession(headers={"Host": HOST}) as session,
        session.ws_connect(url, protocols=["echo"], **options) as socket,
    ):
        assert socket.protocol == "echo"
        for each in said:
            await (socket.send_str(each) if isinstance(each, str) else socket.send_bytes(each))
            heard.append((await socket.receive(timeout=20)).data)
    return heard


def test_aiohttp_gets_what_clients_send(make_edge):
    """Content of each kind, framed by length and by chunks, arrives whole."""
    with aiohttp_origin() as origin:
        edge = make_edge(origin.port, policy="CachingDisabled").start()
        for method in ("POST", "PUT", "PATCH"):
            for size in (0, 1, 65_536, 3_000_000):
                reply = edge.fetch("/content", method, b"x" * size)
                assert (reply.status, reply.content) == (200, b"x" * size or b"ok\n")
        large = curl(edge.https, "/content", "--http2", "--data-binary", "y" * 100_000, "--header", "Content-Type: a/b")
        assert large == ("200", "2", b"y" * 100_000)
        chunked = ["--http1.1", "--header", "Transfer-Encoding: chunked", "--data-binary", "z" * 100_000]
        assert curl(edge.http, "/content", *chunked, scheme="http")[2] == b"z" * 100_000
        assert edge.forwarded() == len(origin.fresh()[0]) == 14

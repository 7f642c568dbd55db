"""S2: how a node with an edge ends. What was begun is finished, slow clients included; nobody new comes in."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator

from ..edge import HOST, heard
from ..origin import response
from ..running import until
from .http2 import DATA, GOAWAY, Http2, connected

SIZE, BEGUN = 8 << 20, 256 << 10
CONTENT = random.Random(7).randbytes(SIZE)
RECEIVE = 64 << 10
"""What the system keeps for a slow client, so that most of its download is still the node's to send."""
FAST, SLOW = 16 << 20, 64 << 10
"""Octets a second: so slow is far above the least rate, and not done within the time of a drain."""
REFUSED_S = 1.0
"""S2 asks for 100 ms; two busy cores may need longer to run this test's own steps."""
SHORT_DRAIN_S = 2.0
SHORT_DRAIN = "; ".join(
    (
        "from edgeplane.node import limits",
        f"limits.DRAIN_S = {SHORT_DRAIN_S}",
        "from edgeplane.__main__ import main",
        "main()",
    )
)
"""The program with less time for a drain than anybody would want, except to see how it ends."""


class Download(threading.Thread):
    """Reads `/large` at a rate; `content` is what came of it, `whole` whether the protocol says that it is all."""

    def __init__(self, edge, rate: int) -> None:
        super().__init__(daemon=True)
        self.edge, self.rate = edge, rate
        self.content, self.whole = bytearray(), False
        self.begun = threading.Event()
        self.start()
        assert self.begun.wait(30)

    def took(self, octets: bytes) -> None:
        self.content += octets
        if len(self.content) >= BEGUN:
            self.begun.set()
            time.sleep(len(octets) / self.rate)


class Http1Download(Download):
    def run(self) -> None:
        with connected(self.edge.http, RECEIVE) as sock, contextlib.suppress(ConnectionError):
            sock.sendall(f"GET /large HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
            head = b""
            while b"\r\n\r\n" not in head:
                head += sock.recv(1)
            while octets := sock.recv(16_384):
                self.took(octets)
        self.whole = len(self.content) == SIZE


class Http2Download(Download):
    def run(self) -> None:
        with Http2(self.edge, receive=RECEIVE) as client:
            client.ask("/large", 1)
            for frame in client.frames():
                if frame.kind == DATA:
                    self.took(frame.payload)
                    client.give(1, max(1, len(frame.payload)))
                    self.whole |= bool(frame.flags & 1)


def started(make_edge, origin, program: str = ""):
    large, small = response(CONTENT, Cache_Control="max-age=600"), response(b"ok\n", Cache_Control="max-age=600")
    origin.answer = lambda asked: large if asked.target == "/large" else small
    edge = make_edge(origin.port)
    if program:
        edge.program = [sys.executable, "-c", program, "serve", str(edge.config)]
    edge.start()
    assert edge.fetch("/large").content == CONTENT
    return edge


def refuses(port: int) -> bool:
    with socket.socket() as sock:
        sock.settimeout(10)
        try:
            sock.connect(("127.0.0.1", port))
        except ConnectionRefusedError:
            return True
        return False


def told_to_end(edge) -> float:
    """Sends SIGTERM; when all listeners refused, by the clock."""
    begun = time.monotonic()
    edge.process.send_signal(signal.SIGTERM)
    for port in (edge.http, edge.https, edge.port):
        until(lambda port=port: refuses(port), edge)
    assert time.monotonic() - begun < REFUSED_S
    return begun


def get(sock: socket.socket, path: str = "/small") -> bytes:
    """The answer to a request, as far as its end can be seen in the first octets."""
    sock.sendall(f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
    return sock.recv(65_536)


@contextlib.contextmanager
def stopped(process: int) -> Iterator[None]:
    os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(process, signal.SIGCONT)


def test_slow_downloads_end_whole_and_nobody_new_comes(make_edge, origin):
    """New connections are refused at once, idle ones are closed; downloads that take seconds arrive, then all ends."""
    edge = started(make_edge, origin)
    with connected(edge.http) as idle, Http2(edge) as idle2:
        assert get(idle).endswith(b"ok\n")
        idle2.ask("/small", 1)
        assert idle2.content(1) == (b"ok\n", True)
        downloads = [kind(edge, FAST // 8) for kind in (Http1Download, Http2Download) for _ in range(4)]
        begun = told_to_end(edge)
        assert heard(idle) == b""
        said = [frame.error for frame in idle2.frames() if frame.kind == GOAWAY]
        assert said
        assert set(said) == {0}
        assert time.monotonic() - begun < 5
        assert edge.process.poll() is None, "it waits for the downloads"
        for download in downloads:
            download.join(30)
            assert download.whole
            assert download.content == CONTENT
    assert edge.ended() == 0
    assert "still open" not in edge.written


def test_who_waits_to_be_taken_is_answered(make_edge, origin):
    """Connections that the kernel has when the drain begins are taken and answered, with a word that they end."""
    edge = started(make_edge, origin)
    with contextlib.ExitStack() as held:
        with stopped(edge.child("front")):
            plain = [held.enter_context(connected(edge.http)) for _ in range(40)]
            for sock in plain:
                sock.sendall(f"GET /small HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
            secure = [connected(edge.https) for _ in range(4)]
            told_to_end(edge)
        for sock in plain:
            said = heard(sock)
            assert said.startswith(b"HTTP/1.1 200 ")
            assert b"\r\nconnection: close\r\n" in said
            assert said.endswith(b"ok\n")
        for sock in secure:
            client = held.enter_context(Http2(edge, sock))
            client.ask("/small", 1)
            assert client.content(1) == (b"ok\n", True)
    assert edge.ended() == 0


def test_a_front_that_was_started_again_ends_like_the_first(make_edge, origin):
    """The listeners outlive a front, and refuse all the same."""
    edge = started(make_edge, origin)
    first = edge.child("front")
    os.kill(first, signal.SIGKILL)
    until(lambda: edge.child("front") not in (0, first), edge)
    edge.do("reload")
    assert edge.fetch("/small").status == 200
    download = Http1Download(edge, FAST // 4)
    told_to_end(edge)
    download.join(30)
    assert download.content == CONTENT
    assert edge.ended() == 0


def ends_short(edge, end: Callable[[], None], within: float) -> None:
    """Downloads that nobody waits for are broken, and do not look whole."""
    downloads = [Http1Download(edge, SLOW), Http2Download(edge, SLOW)]
    told_to_end(edge)
    until(lambda: "draining" in edge.written, edge)
    begun = time.monotonic()
    end()
    assert edge.ended() == 0
    assert time.monotonic() - begun < within
    for download in downloads:
        download.rate = FAST
        download.join(60)
        assert not download.whole
        assert len(download.content) < SIZE


def test_a_second_signal_ends_at_once(make_edge, origin):
    edge = started(make_edge, origin)
    ends_short(edge, lambda: edge.process.send_signal(signal.SIGTERM), within=2)


def test_a_drain_that_takes_too_long_ends_the_rest(make_edge, origin):
    edge = started(make_edge, origin, SHORT_DRAIN)
    ends_short(edge, lambda: None, within=SHORT_DRAIN_S + 5)
    assert f"connections were still open after {SHORT_DRAIN_S:g} s" in edge.written

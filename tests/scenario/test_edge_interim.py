"""Interim responses of an origin reach the client whose request it was asked for, before there is an answer."""

from __future__ import annotations

import socket
import subprocess
import threading
from collections.abc import Iterator

import pytest

from ..edge import HOST, Edge
from ..origin import Asked, response
from ..running import PATIENCE_S, until

HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\nX-Hop: 1\r\nConnection: X-Hop\r\n\r\n"
SEEN = b"HTTP/1.1 103 Early Hints\r\nlink: </a.css>; rel=preload\r\n\r\n"


class Hinting:
    """An origin's answers: hints at once, the answer when it is let go."""

    def __init__(self, **fields: str) -> None:
        self.released, self.fields = threading.Event(), fields

    def __call__(self, asked: Asked) -> Iterator[bytes | float]:
        yield HINTS
        while not self.released.is_set():
            yield 0.005
        whole = response(b"whole", **self.fields)
        yield whole.removesuffix(b"whole") if asked.method == "HEAD" else whole


def opened(edge: Edge, head: str) -> socket.socket:
    """A connection on which a request's head was sent."""
    connection = socket.create_connection(("127.0.0.1", edge.http), timeout=PATIENCE_S)
    connection.sendall(f"{head}\r\nHost: {HOST}\r\n\r\n".encode())
    return connection


def read_until(connection: socket.socket, end: bytes) -> bytes:
    """What comes, up to and with `end`, or all of it."""
    seen = b""
    while not seen.endswith(end) and (piece := connection.recv(65_536)):
        seen += piece
    return seen


@pytest.mark.parametrize("semantics", ["cloudfront", "rfc9111"])
def test_hints_come_before_the_answer(make_edge, origin, semantics):
    """Of fetches that may be stored and that may not, of HEAD, and of what is handed on without a look at the store."""
    origin.answer = answer = Hinting()
    edge = make_edge(origin.port, semantics=semantics).start()
    asked = [("GET", "max-age=60"), ("GET", "no-store"), ("HEAD", "max-age=60"), ("OPTIONS", ""), ("DELETE", "")]
    for number, (method, store) in enumerate(asked):
        answer.released.clear()
        answer.fields = {"Cache-Control": store}
        with opened(edge, f"{method} /{number} HTTP/1.1") as client:
            assert read_until(client, b"\r\n\r\n") == SEEN, f"{method} {store}"
            answer.released.set()
            end = b"\r\n\r\n" if method == "HEAD" else b"whole"
            assert read_until(client, end).startswith(b"HTTP/1.1 200 OK\r\n"), f"{method} {store}"
    assert edge.metric("edgeplane_edge_interim_responses_total") == len(asked)


def hint_while_reading(listener: socket.socket, length: int, every: int) -> None:
    """An origin for one request that hints when it has the head, and again after so many octets of the content."""
    connection, _ = listener.accept()
    with connection:
        content, read = read_until(connection, b"\r\n\r\n").partition(b"\r\n\r\n")[2], 0
        while True:
            connection.sendall(HINTS)
            while len(content) < min(read + every, length):
                content += connection.recv(65_536)
            if (read := read + every) >= length:
                return connection.sendall(response(content))


def test_content_goes_on_while_hints_come(make_edge):
    """Whoever waits for 100 (Continue) gets it beside them, and nothing of the content is lost."""
    content = b"".join(bytes([number]) * 40_000 for number in range(1, 21))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        edge = make_edge(listener.getsockname()[1]).start()
        origin = threading.Thread(target=hint_while_reading, args=(listener, len(content), 100_000), daemon=True)
        origin.start()
        head = f"POST /a HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: {len(content)}"
        with opened(edge, head) as client:
            seen = b""
            while b"100 Continue\r\n\r\n" not in seen or SEEN not in seen:
                seen += client.recv(65_536)
            client.sendall(content)
            seen += read_until(client, content)
        origin.join(PATIENCE_S)
    *interim, answered = seen.removesuffix(content).removesuffix(b"\r\n\r\n").split(b"\r\n\r\n")
    assert interim.count(SEEN.removesuffix(b"\r\n\r\n")) == 8
    assert len(interim) == 9
    assert answered.startswith(b"HTTP/1.1 200 OK\r\n")


def test_old_clients_and_those_who_wait_for_others_get_none(make_edge, origin):
    """HTTP/1.0 knows no interim responses; a hint of an answer that may turn out to be private is nobody else's."""
    origin.answer = answer = Hinting(Cache_Control="max-age=60")
    edge = make_edge(origin.port, forwards=None).start()
    with opened(edge, "GET /old HTTP/1.0") as old, opened(edge, "GET /a HTTP/1.1") as first:
        assert read_until(first, b"\r\n\r\n") == SEEN
        with opened(edge, "GET /a HTTP/1.1") as second:
            until(lambda: edge.metric("edgeplane_edge_fills_collapsed_total") == 1, edge)
            answer.released.set()
            for client in (old, first, second):
                assert read_until(client, b"whole").startswith(b"HTTP/1.1 200 OK\r\n")
    assert origin.count == 2


def test_hints_over_http2(make_edge, origin):
    """As curl sees them."""
    origin.answer = answer = Hinting(Cache_Control="max-age=60")
    answer.released.set()
    edge = make_edge(origin.port).start()
    target = ["--resolve", f"{HOST}:{edge.https}:127.0.0.1", f"https://{HOST}:{edge.https}/a"]
    argv = ["curl", "--silent", "--show-error", "--insecure", "--http2", "--include", "--max-time", "20", *target]
    seen = subprocess.run(argv, capture_output=True, timeout=PATIENCE_S * 2, check=True).stdout
    hints, answered = seen.split(b"\r\n\r\n", 1)
    assert hints.split(b"\r\n") == [b"HTTP/2 103 ", b"link: </a.css>; rel=preload"]
    assert answered.startswith(b"HTTP/2 200 ")
    assert answered.endswith(b"\r\n\r\nwhole")

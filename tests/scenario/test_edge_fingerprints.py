"""JA3 and JA4 of real clients, as the origin gets them, beside those made here from what each client said."""

from __future__ import annotations

import contextlib
import hashlib
import shutil
import socket
import struct
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Self

import pytest

from ..edge import HOST, Edge, shown
from ..origin import Origin, response
from .test_edge_viewer import made

JA3, JA4 = "CloudFront-Viewer-JA3-Fingerprint", "CloudFront-Viewer-JA4-Fingerprint"
SERVER_NAME, GROUPS, POINT_FORMATS, SIGNATURES, ALPN, VERSIONS = 0, 10, 11, 13, 16, 43
PATIENCE_S = 60

Client = Callable[[int], list[str]]


@dataclass
class Relay:
    """Between clients and a port. Keeps the ClientHello of each, and hands it on in records of `most` octets."""

    to: int
    most: int = 1 << 14
    hellos: list[bytes] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=self._relay, args=(self._listener.accept()[0],), daemon=True).start()

    def _relay(self, client: socket.socket) -> None:
        server = socket.create_connection(("127.0.0.1", self.to), PATIENCE_S)
        with client, server, contextlib.suppress(OSError):
            hello = said_first(client.makefile("rb", buffering=0))
            self.hellos.append(hello)
            for at in range(0, len(hello), self.most):
                piece = hello[at : at + self.most]
                server.sendall(b"\x16\x03\x01" + struct.pack("!H", len(piece)) + piece)
            back = threading.Thread(target=_pump, args=(server, client), daemon=True)
            back.start()
            _pump(client, server)
            back.join()


def _pump(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while octets := source.recv(65536):
            target.sendall(octets)
        target.shutdown(socket.SHUT_WR)


def said_first(file) -> bytes:
    """A whole handshake message from the records with which a connection begins."""
    message = b""
    while len(message) < 4 or len(message) < 4 + int.from_bytes(message[1:4]):
        _, _, length = struct.unpack("!BHH", exactly(file, 5))
        message += exactly(file, length)
    return message


def exactly(file, octets: int) -> bytes:
    found = b""
    while len(found) < octets:
        more = file.read(octets - len(found))
        if not more:
            raise ConnectionError("it ended early")
        found += more
    return found


def numbers(octets: bytes) -> list[int]:
    """Of two octets each, but for GREASE."""
    values = [value for (value,) in struct.iter_unpack("!H", octets)]
    return [value for value in values if value & 0x0F0F != 0x0A0A or value >> 8 != value & 0xFF]


def fingerprints(hello: bytes) -> tuple[str, str]:
    """JA3 and JA4 of a ClientHello."""
    version, at = int.from_bytes(hello[4:6]), 38
    at += 1 + hello[at]
    size = int.from_bytes(hello[at : at + 2])
    ciphers, at = numbers(hello[at + 2 : at + 2 + size]), at + 2 + size
    at += 1 + hello[at] + 2
    kinds, values = b"", {}
    while at < len(hello):
        kind, size = struct.unpack("!HH", hello[at : at + 4])
        kinds += hello[at : at + 2]
        values[kind] = hello[at + 4 : at + 4 + size]
        at += 4 + size
    kinds_, groups = numbers(kinds), numbers(values.get(GROUPS, b"")[2:])
    lists = [ciphers, kinds_, groups, list(values.get(POINT_FORMATS, b"")[1:])]
    text = ",".join([str(version), *("-".join(map(str, each)) for each in lists)])
    versions = numbers(values.get(VERSIONS, b"")[1:]) or [version]
    newest = {0x0304: "13", 0x0303: "12"}[max(versions)]
    named = "d" if SERVER_NAME in values else "i"
    alpn = values.get(ALPN, b"")
    protocol = alpn[3 : 3 + alpn[2]].decode() if alpn else "00"
    sorted_ciphers = ",".join(f"{each:04x}" for each in sorted(ciphers))
    rest = ",".join(f"{each:04x}" for each in sorted(kinds_) if each not in (SERVER_NAME, ALPN))
    rest += "_" + ",".join(f"{each:04x}" for each in numbers(values[SIGNATURES][2:]))
    counts = f"t{newest}{named}{len(ciphers):02}{len(kinds_):02}{protocol[0]}{protocol[-1]}"
    hashes = [hashlib.sha256(each.encode()).hexdigest()[:12] for each in (sorted_ciphers, rest)]
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest(), "_".join([counts, *hashes])


def curl(*options: str) -> Client:
    """To a port."""
    argv = ["curl", "-sSk", "-m", "20", "-o", "/dev/null", *options]
    return lambda port: [*argv, "--resolve", f"{HOST}:{port}:127.0.0.1", f"https://{HOST}:{port}/a"]


def openssl(*options: str) -> Client:
    return lambda port: ["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-quiet", "-ign_eof", *options]


def chromium(port: int) -> list[str]:
    program = shutil.which("chromium")
    assert program, "chromium is missing: sudo make packages"
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--ignore-certificate-errors", "--dump-dom"]
    return [program, *options, f"--host-resolver-rules=MAP {HOST} 127.0.0.1", f"https://{HOST}:{port}/a"]


CLIENTS: dict[str, tuple[Client, str]] = {
    "curl, HTTP/2": (curl("--http2"), "t13d"),
    "curl, TLS 1.2": (curl("--http1.1", "--tls-max", "1.2", "--ciphers", "ECDHE-ECDSA-AES128-GCM-SHA256"), "t12d"),
    "openssl, without a name": (openssl("-noservername"), "t13i"),
    "openssl, TLS 1.2": (openssl("-servername", HOST, "-tls1_2", "-alpn", "http/1.1", "-curves", "P-256"), "t12d"),
    "Chromium, with GREASE": (chromium, "t13d"),
}


@pytest.fixture
def edge(make_edge, origin: Origin) -> Edge:
    origin.answer = lambda asked: response(b"<p>ok</p>\n", Content_Type="text/html", Cache_Control="no-store")
    return made(make_edge, origin, JA3, JA4).start()


@pytest.fixture
def relay(edge: Edge) -> Iterator[Relay]:
    with Relay(edge.https) as relay:
        yield relay


@pytest.mark.parametrize("name", CLIENTS)
def test_an_origin_is_told_what_a_client_offered(name: str, origin: Origin, relay: Relay, tmp_path) -> None:
    """In the fields stands what this program makes of the client's first words, whole and in pieces."""
    client, begins = CLIENTS[name]
    asking = f"GET /a HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n".encode()
    for relay.most in (1 << 14, 50):
        argv = client(relay.port)
        if name.startswith("Chromium"):
            argv.insert(1, f"--user-data-dir={tmp_path}/browser-{relay.most}")
        done = subprocess.run(argv, input=asking, capture_output=True, timeout=PATIENCE_S, check=False)
        [asked] = [asked for asked in origin.asked if asked.target == "/a"]
        told = asked.field(JA3), asked.field(JA4)
        assert told in {fingerprints(hello) for hello in relay.hellos}, done.stderr
        assert told[1].startswith(begins)
        origin.asked.clear()


def test_a_client_cannot_say_its_fingerprint_and_without_tls_there_is_none(edge: Edge, origin: Origin) -> None:
    own = {JA3.replace("-", "_"): "me", JA4.replace("-", "_"): "me"}
    edge.fetch("/a", **own)
    assert [origin.asked[-1].field(name) for name in (JA3, JA4)] == [None, None]
    edge.fetch("/a", tls=True, **own)
    ja3, ja4 = (origin.asked[-1].field(name) for name in (JA3, JA4))
    assert (len(ja3 or ""), (ja4 or "")[:4]) == (32, "t13i")


def test_handshakes_go_on_as_before(edge: Edge) -> None:
    """Who is listened to gets its certificate by name, or an alert."""
    assert shown(edge.https)[0] == shown(edge.https, "localhost")[0]
    with socket.create_connection(("127.0.0.1", edge.https), timeout=20) as sock:
        sock.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert sock.recv(2) == b"\x15\x03"

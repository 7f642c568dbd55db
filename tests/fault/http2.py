"""HTTP/2 by hand, for clients that do what no library would: read nothing, open no window, say no word."""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
from collections.abc import Iterator
from types import TracebackType
from typing import NamedTuple, Self

from ..conformance.http.smuggling import frames
from ..edge import HOST, Edge, unverified

DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE = 0, 1, 3, 4, 6, 7, 8
END_STREAM = ACK = 1
INITIAL_WINDOW_SIZE = 4
ENHANCE_YOUR_CALM = 11
PATIENCE_S = 30.0


class Frame(NamedTuple):
    """As it was read."""

    kind: int
    flags: int
    stream: int
    payload: bytes

    @property
    def error(self) -> int:
        """Of RST_STREAM and GOAWAY."""
        at = 4 if self.kind == GOAWAY else 0
        return int.from_bytes(self.payload[at : at + 4])


class Http2:
    """A connection, its preface sent. It answers SETTINGS and PING as it reads, and gives room only when told to.

    plain: a connection that is there already. window: what each stream may be sent; the whole connection, as much
    more as `room` says. receive: octets that the system keeps for this side; with few, the other soon sees that nobody
    reads.
    """

    def __init__(
        self, edge: Edge, plain: socket.socket | None = None, window: int = 65_535, room: int = 0, receive: int = 0
    ) -> None:
        plain = plain or connected(edge.https, receive)
        context = unverified()
        context.set_alpn_protocols(["h2"])
        self.sock = context.wrap_socket(plain, server_hostname=HOST)
        assert self.sock.selected_alpn_protocol() == "h2"
        self._pending = b""
        settings = frames.frame(SETTINGS, 0, struct.pack("!HI", INITIAL_WINDOW_SIZE, window))
        self.sock.sendall(frames.PREFACE + settings + (_update(0, room) if room else b""))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.sock.close()

    def ask(self, path: str, *streams: int) -> None:
        """GET on each of the streams."""
        fields = (
            (b":method", b"GET"),
            (b":scheme", b"https"),
            (b":authority", HOST.encode()),
            (b":path", path.encode()),
        )
        self.sock.sendall(b"".join(frames.message(stream, fields) for stream in streams))

    def give(self, stream: int, octets: int) -> None:
        """Room for so many more octets of a stream, and of the connection."""
        with contextlib.suppress(OSError):
            self.sock.sendall(_update(0, octets) + _update(stream, octets))

    def frames(self) -> Iterator[Frame]:
        """Frames as they come, until the end; a broken connection is one."""
        while octets := self._read():
            self._pending += octets
            while len(self._pending) >= 9 and len(self._pending) >= 9 + (size := int.from_bytes(self._pending[:3])):
                frame = Frame(*struct.unpack("!BBI", self._pending[3:9]), self._pending[9 : 9 + size])
                self._pending = self._pending[9 + size :]
                self._agree(frame)
                yield frame

    def content(self, stream: int) -> tuple[bytes, bool]:
        """What comes on a stream, for which room is given as it is read, and whether it is whole."""
        found = b""
        for frame in self.frames():
            if frame.stream == stream and frame.kind == RST_STREAM:
                break
            if frame.stream == stream and frame.kind == DATA:
                found += frame.payload
                self.give(stream, max(1, len(frame.payload)))
            if frame.stream == stream and frame.kind in (DATA, HEADERS) and frame.flags & END_STREAM:
                return found, True
        return found, False

    def _read(self) -> bytes:
        try:
            return self.sock.recv(16_384)
        except (ConnectionError, ssl.SSLError):
            return b""

    def _agree(self, frame: Frame) -> None:
        if frame.kind in (SETTINGS, PING) and not frame.flags & ACK:
            echoed = frame.payload if frame.kind == PING else b""
            with contextlib.suppress(OSError):
                self.sock.sendall(frames.frame(frame.kind, 0, echoed, ACK))


def connected(port: int, receive: int = 0) -> socket.socket:
    """A TCP connection; `receive` as above."""
    sock = socket.socket()
    if receive:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive)
    sock.settimeout(PATIENCE_S)
    sock.connect(("127.0.0.1", port))
    return sock


def _update(stream: int, octets: int) -> bytes:
    return frames.frame(WINDOW_UPDATE, stream, struct.pack("!I", octets))

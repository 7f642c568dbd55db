"""HTTP/2 frames as they stand (RFC 9113), with header lists that no library would write (RFC 7541, literals alone)."""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
from dataclasses import dataclass, field

from .exchange import PATIENCE_S, SILENCE_S

Fields = tuple[tuple[bytes, bytes], ...]

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, CONTINUATION = 0, 1, 3, 4, 6, 7, 9
END_STREAM, ACK, END_HEADERS = 1, 1, 4
RESET = 0
"""Stands among statuses for a stream that was reset, or a connection that was ended."""
STATUSES = {8: 200, 9: 204, 10: 206, 11: 304, 12: 400, 13: 404, 14: 500}
"""Entries of HPACK's static table (RFC 7541 appendix A)."""


def frame(kind: int, stream: int, payload: bytes = b"", flags: int = 0) -> bytes:
    return struct.pack("!I", len(payload))[1:] + struct.pack("!BBI", kind, flags, stream) + payload


def block(fields: Fields) -> bytes:
    """Fields as literals that are never indexed, without Huffman code."""
    return b"".join(b"\x10" + _string(name) + _string(value) for name, value in fields)


def _string(octets: bytes) -> bytes:
    return _integer(len(octets), 7) + octets


def _integer(value: int, bits: int) -> bytes:
    limit = (1 << bits) - 1
    if value < limit:
        return bytes([value])
    out, value = [limit], value - limit
    while value >= 128:
        out.append(value % 128 + 128)
        value //= 128
    return bytes([*out, value])


def message(stream: int, fields: Fields, content: bytes = b"", trailers: Fields = ()) -> bytes:
    """HEADERS, DATA where there is content, HEADERS where there are trailers."""
    rest = bool(content), bool(trailers)
    octets = frame(HEADERS, stream, block(fields), END_HEADERS | (0 if any(rest) else END_STREAM))
    if content:
        octets += frame(DATA, stream, content, 0 if trailers else END_STREAM)
    return octets + (frame(HEADERS, stream, block(trailers), END_HEADERS | END_STREAM) if trailers else b"")


@dataclass
class Seen:
    """What the server sent: stream → status or `RESET`; streams that have ended."""

    statuses: dict[int, int] = field(default_factory=dict)
    ended: set[int] = field(default_factory=set)
    gone: bool = False


def exchange(port: int, octets: bytes, streams: set[int], server_name: str = "edge.test") -> Seen:
    """Sends frames after the preface; reads until the streams have ended, the connection has, or nothing comes."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols(["h2"])
    seen = Seen()
    plain = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S)
    with contextlib.suppress(OSError), context.wrap_socket(plain, server_hostname=server_name) as sock:
        assert sock.selected_alpn_protocol() == "h2", "no HTTP/2 was agreed on"
        sock.sendall(PREFACE + frame(SETTINGS, 0) + octets)
        sock.settimeout(SILENCE_S)
        _read(sock, seen, streams)
    return seen


def _read(sock: ssl.SSLSocket, seen: Seen, streams: set[int]) -> None:
    pending = b""
    while not streams <= seen.ended and not seen.gone:
        octets = sock.recv(65536)
        seen.gone = not octets
        pending += octets
        while len(pending) >= 9 and len(pending) >= 9 + (size := int.from_bytes(pending[:3])):
            kind, flags, stream = struct.unpack("!BBI", pending[3:9])
            _take(sock, seen, kind, flags, stream, pending[9 : 9 + size])
            pending = pending[9 + size :]


def _take(sock: ssl.SSLSocket, seen: Seen, kind: int, flags: int, stream: int, payload: bytes) -> None:
    if kind == SETTINGS and not flags & ACK:
        sock.sendall(frame(SETTINGS, 0, flags=ACK))
    elif kind == PING and not flags & ACK:
        sock.sendall(frame(PING, 0, payload, ACK))
    elif kind == GOAWAY:
        seen.gone = True
    elif kind == RST_STREAM:
        seen.statuses.setdefault(stream, RESET)
        seen.ended.add(stream)
    elif kind == HEADERS and (status := status_of(payload)) >= 200:
        seen.statuses.setdefault(stream, status)
    if kind in (HEADERS, DATA) and flags & END_STREAM:
        seen.ended.add(stream)


def status_of(fields: bytes) -> int:
    """The status with which a block of fields begins; -1 where that cannot be read without a dynamic table."""
    first = fields[0]
    while first & 0xE0 == 0x20:
        fields = fields[1:]
        first = fields[0]
    if first & 0x80:
        return STATUSES.get(first & 0x7F, 200)
    if (first & 0x3F if first & 0x40 else first & 0x0F) not in STATUSES:
        return -1
    length, octets = fields[1] & 0x7F, fields[2:]
    return int(digits(octets[:length]) if fields[1] & 0x80 else octets[:3])


def digits(octets: bytes) -> str:
    """Three digits in HPACK's Huffman code (appendix B): 0 to 2 have five bits, 3 to 9 six."""
    bits = "".join(f"{octet:08b}" for octet in octets)
    found = ""
    while len(found) < 3:
        short = int(bits[:5], 2)
        found += str(short if short <= 2 else int(bits[:6], 2) - 0b011001 + 3)
        bits = bits[5:] if short <= 2 else bits[6:]
    return found

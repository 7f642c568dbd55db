"""As much of an HTTP/1.1 response as a probe looks at, from a target that may wish it ill.

The reader's limit bounds what a line or a head can take; the caller's time-out bounds how long.
"""

import asyncio
from asyncio import StreamReader
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass

from edgeplane.health import limits


@dataclass(frozen=True, slots=True)
class Head:
    """A response's status and header fields (names in lower case)."""

    status: int
    fields: Mapping[bytes, bytes]


class BadResponse(Exception):
    """The target does not speak HTTP/1.1, or says too much."""


_HEAD_TOO_LONG = f"response head over {limits.HEAD.default} bytes"


async def read_head(reader: StreamReader) -> Head:
    """The final response's head. Interim responses (1xx) are passed over; all together stay within the limit."""
    left = limits.HEAD.default
    while True:
        try:
            raw = await reader.readuntil(b"\r\n\r\n")
        except asyncio.LimitOverrunError as error:
            raise BadResponse(_HEAD_TOO_LONG) from error
        left -= len(raw)
        if left < 0:
            raise BadResponse(_HEAD_TOO_LONG)
        head = parse_head(raw)
        if not 100 <= head.status < 200 or head.status == 101:
            return head


def parse_head(raw: bytes) -> Head:
    """Read a response head that ends in an empty line (RFC 9112, 4 and 5)."""
    status_line, *lines = raw[:-4].split(b"\r\n")
    version, _, rest = status_line.partition(b" ")
    code = rest[:3]
    if not (version.startswith(b"HTTP/1.") and len(code) == 3 and code.isdigit() and rest[3:4] in (b"", b" ")):
        raise BadResponse("not an HTTP/1.1 response")
    fields = (line.partition(b":") for line in lines)
    return Head(int(code), {name.lower(): value.strip() for name, _, value in fields})


async def read_body(reader: StreamReader, head: Head) -> AsyncGenerator[bytes, None]:
    """The body in pieces, its framing taken off (RFC 9112, 6.3)."""
    if head.fields.get(b"transfer-encoding", b"").lower().endswith(b"chunked"):
        async with aclosing(_chunks(reader)) as pieces:
            async for piece in pieces:
                yield piece
        return
    length = head.fields.get(b"content-length")
    if length is not None and not _is_number(length, 10):
        raise BadResponse("Content-Length is not a number")
    left = limits.SEARCHED.default if length is None else min(int(length), limits.SEARCHED.default)
    while left > 0 and (piece := await reader.read(left)):
        left -= len(piece)
        yield piece


async def _chunks(reader: StreamReader) -> AsyncGenerator[bytes, None]:
    while size := await _chunk_size(reader):
        left = min(size, limits.SEARCHED.default)  # nobody reads on after that many bytes
        while left > 0:
            piece = await reader.read(left)
            if not piece:
                raise EOFError
            left -= len(piece)
            yield piece
        if size <= limits.SEARCHED.default:
            await reader.readexactly(2)


async def _chunk_size(reader: StreamReader) -> int:
    try:
        line = await reader.readuntil(b"\r\n")
    except asyncio.LimitOverrunError as error:
        raise BadResponse("chunk line too long") from error
    digits = line.partition(b";")[0].strip()
    if not _is_number(digits, 16):
        raise BadResponse("chunk size is not a number")
    return int(digits, 16)


def _is_number(digits: bytes, base: int) -> bool:
    allowed = b"0123456789abcdefABCDEF" if base == 16 else b"0123456789"
    return 0 < len(digits) <= 16 and not digits.strip(allowed)

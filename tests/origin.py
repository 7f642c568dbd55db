"""An origin that keeps every octet it is sent: what it was really asked is for the test to read."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Self

PATIENCE_S = 20.0
PLAIN = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nCache-Control: no-store\r\nContent-Length: 3\r\n\r\nok\n"


@dataclass(frozen=True)
class Asked:
    """A request as the origin understood it, by the letter of RFC 9112; anything else ends the connection."""

    method: str
    target: str
    head: bytes
    content: bytes

    def field(self, name: str) -> str | None:
        """The first value of a name."""
        for line in self.head.split(b"\r\n")[1:]:
            found, _, value = line.partition(b":")
            if found.lower() == name.lower().encode():
                return value.strip().decode("latin-1")
        return None


Answer = Callable[[Asked], bytes]
"""A request → the whole response; empty: the connection ends without one."""


@dataclass
class Origin:
    """HTTP/1.1 on a port of 127.0.0.1, in a thread of its own. `streams`: the octets of each connection.

    answer: what it says; `PLAIN` to everything unless a test says otherwise. May be replaced while it runs.
    """

    answer: Answer = lambda asked: PLAIN
    port: int = 0
    streams: list[bytearray] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)

    @property
    def count(self) -> int:
        """Requests so far."""
        return len(self.asked)

    def __enter__(self) -> Self:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.listen()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE_S)
        self._loop.close()

    def listen(self) -> None:
        """On its port; the first time on a free one."""
        self._call(self._listen())

    def close(self) -> None:
        """Refuses connections, and ends those that are open."""
        self._call(self._close())

    def _call(self, work: object) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE_S)  # type: ignore[arg-type]

    async def _listen(self) -> None:
        self._writers: set[asyncio.StreamWriter] = set()
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, backlog=4096)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        self._server.close()
        for writer in list(self._writers):
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        stream = bytearray()
        self.streams.append(stream)
        self._writers.add(writer)
        try:
            while asked := await _request(_Kept(reader, stream)):
                self.asked.append(asked)
                answer = self.answer(asked)
                writer.write(answer)
                await writer.drain()
                if not answer:
                    break
        except (OSError, ValueError, asyncio.IncompleteReadError):
            pass
        finally:
            stream.extend(await _rest(reader))
            self._writers.discard(writer)
            writer.close()


@dataclass
class _Kept:
    """A reader that writes down what it reads."""

    reader: asyncio.StreamReader
    stream: bytearray

    async def until(self, end: bytes) -> bytes:
        octets = await self.reader.readuntil(end)
        self.stream.extend(octets)
        return octets

    async def exactly(self, count: int) -> bytes:
        octets = await self.reader.readexactly(count)
        self.stream.extend(octets)
        return octets


async def _request(kept: _Kept) -> Asked | None:
    if kept.reader.at_eof():
        return None
    head = await kept.until(b"\r\n\r\n")
    method, target, _ = head.split(b"\r\n", 1)[0].decode("latin-1").split(" ")
    asked = Asked(method, target, head, b"")
    coding, length = asked.field("Transfer-Encoding"), asked.field("Content-Length")
    if coding is not None:
        return Asked(method, target, head, await _chunks(kept))
    return Asked(method, target, head, await kept.exactly(int(length or 0)))


async def _chunks(kept: _Kept) -> bytes:
    content = b""
    while size := int((await kept.until(b"\r\n")).split(b";")[0].strip(), 16):
        content += await kept.exactly(size)
        await kept.exactly(2)
    while await kept.until(b"\r\n") != b"\r\n":
        pass
    return content


async def _rest(reader: asyncio.StreamReader) -> bytes:
    """What came beyond the last request that could be read, without waiting for more."""
    try:
        return await asyncio.wait_for(reader.read(65536), 0.01)
    except (TimeoutError, OSError):
        return b""

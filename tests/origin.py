"""An origin that keeps every octet it is sent: what it was really asked is for the test to read."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass, field
from typing import Any, Self

PATIENCE_S = 20.0
PLAIN = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nCache-Control: no-store\r\nContent-Length: 3\r\n\r\nok\n"


@dataclass(frozen=True)
class Asked:
    """A request as the origin understood it, by the letter of RFC 9112; anything else ends the connection."""

    method: str
    target: str
    head: bytes
    content: bytes = b""

    def field(self, name: str) -> str | None:
        """The first value of a name."""
        for line in self.head.split(b"\r\n")[1:]:
            found, _, value = line.partition(b":")
            if found.lower() == name.lower().encode():
                return value.strip().decode("latin-1")
        return None


Answer = Callable[[Asked], bytes | Iterable[bytes | float]]
"""A request → the whole response, or pieces of it with pauses in seconds between them. `b""` breaks the connection."""


def response(content: bytes = b"ok\n", status: str = "200 OK", **fields: str) -> bytes:
    """A whole response. Underscores in names of fields stand for hyphens."""
    given = {"Content-Type": "text/plain", "Content-Length": str(len(content))}
    given |= {name.replace("_", "-"): value for name, value in fields.items()}
    lines = "".join(f"{name}: {value}\r\n" for name, value in given.items())
    return f"HTTP/1.1 {status}\r\n{lines}\r\n".encode() + content


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
        self._run(self._listen())

    def close(self) -> None:
        """Refuses connections, and breaks those that are open."""
        self._run(self._close())

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE_S)

    async def _listen(self) -> None:
        self._open: set[_Connection] = set()
        made = self._loop.create_server(lambda: _Connection(self, self._open), "127.0.0.1", self.port, backlog=4096)
        self._server = await made
        self.port = self._server.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        self._server.close()
        for connection in list(self._open):
            connection.end()
        await asyncio.sleep(0)


class _Connection(asyncio.Protocol):
    """Keeps what comes as it comes; answers one request after the other."""

    def __init__(self, origin: Origin, all_open: set[_Connection]) -> None:
        self.origin, self.all_open = origin, all_open
        self.stream, self.pending = bytearray(), b""
        self.asked: asyncio.Queue[Asked] = asyncio.Queue()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: asyncio.Transport = transport  # type: ignore[assignment]
        self.origin.streams.append(self.stream)
        self.all_open.add(self)
        self.worker = asyncio.get_running_loop().create_task(self._work())

    def data_received(self, data: bytes) -> None:
        self.stream.extend(data)
        self.pending += data
        try:
            while found := request(self.pending):
                asked, self.pending = found
                self.origin.asked.append(asked)
                self.asked.put_nowait(asked)
        except ValueError:
            self.end()

    def connection_lost(self, exc: Exception | None) -> None:
        self.all_open.discard(self)
        self.worker.cancel()

    def end(self) -> None:
        self.worker.cancel()
        self.transport.abort()

    async def _work(self) -> None:
        while True:
            asked = await self.asked.get()
            answer = self.origin.answer(asked)
            if not answer:
                return self.transport.abort()
            for piece in [answer] if isinstance(answer, bytes) else answer:
                if isinstance(piece, float):
                    await asyncio.sleep(piece)
                elif piece:
                    self.transport.write(piece)
                else:
                    return self.transport.close()


def request(octets: bytes) -> tuple[Asked, bytes] | None:
    """The first request and what follows it; None while it is not whole. ValueError for what is none."""
    head, end, rest = octets.partition(b"\r\n\r\n")
    if not end:
        return None
    method, target, _ = head.split(b"\r\n", 1)[0].decode("latin-1").split(" ")
    asked = Asked(method, target, head)
    if asked.field("Transfer-Encoding") is not None:
        found = chunks(rest)
    else:
        length = int(asked.field("Content-Length") or 0)
        found = (rest[:length], rest[length:]) if len(rest) >= length else None
    return found and (Asked(method, target, head, found[0]), found[1])


def chunks(octets: bytes) -> tuple[bytes, bytes] | None:
    """Chunked content and what follows it; None while it is not whole."""
    content = b""
    while True:
        line, end, octets = octets.partition(b"\r\n")
        if not end:
            return None
        if not (size := int(line.split(b";")[0].strip(), 16)):
            break
        if len(octets) < size + 2:
            return None
        content, octets = content + octets[:size], octets[size + 2 :]
    while not octets.startswith(b"\r\n"):
        _, end, octets = octets.partition(b"\r\n")
        if not end:
            return None
    return content, octets[2:]

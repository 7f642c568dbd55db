"""Visitors of an edge: steady ones, whose answers are kept, and slow ones, who take places and give nothing."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import TracebackType

import aiohttp

from ..edge import HOST, Edge

LAST_S = 10.0
"""Time that the last requests have for their answers."""


@dataclass(frozen=True)
class Answer:
    """What a request came to: a status, or 0 where there was none; seconds that it took; its content."""

    path: str
    status: int
    seconds: float
    content: bytes


@dataclass
class Visitors:
    """Ask for `paths` in turn at `rate` a second until the block ends."""

    edge: Edge
    paths: Sequence[str]
    rate: int = 200
    answers: list[Answer] = field(default_factory=list)
    sent: int = 0

    def __enter__(self) -> Visitors:
        self._stop = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stop.set()
        self._thread.join()

    def statuses(self) -> Counter[int]:
        """Answers by status."""
        return Counter(answer.status for answer in self.answers)

    def p99(self) -> float:
        """Seconds."""
        taken = sorted(answer.seconds for answer in self.answers)
        return taken[len(taken) * 99 // 100]

    async def _run(self) -> None:
        begun, asked = time.monotonic(), set()
        limits = aiohttp.TCPConnector(limit=64)
        async with aiohttp.ClientSession(connector=limits, headers={"Host": HOST}) as session:
            while not self._stop.is_set():
                while self.sent < (time.monotonic() - begun) * self.rate:
                    path = self.paths[self.sent % len(self.paths)]
                    asked.add(task := asyncio.create_task(self._ask(session, path)))
                    task.add_done_callback(asked.discard)
                    self.sent += 1
                await asyncio.sleep(0.005)
            await asyncio.gather(*asked)

    async def _ask(self, session: aiohttp.ClientSession, path: str) -> None:
        begun, status, content = time.monotonic(), 0, b""
        with contextlib.suppress(aiohttp.ClientError, TimeoutError, OSError):
            timeout = aiohttp.ClientTimeout(total=LAST_S)
            async with session.get(f"http://127.0.0.1:{self.edge.http}{path}", timeout=timeout) as response:
                content = await response.read()
                status = response.status
        self.answers.append(Answer(path, status, time.monotonic() - begun, content))


@dataclass
class Slow:
    """Connections that each send `first`, then `more` twice a second, and read nothing when `deaf`."""

    port: int
    count: int
    first: bytes
    more: bytes = b""
    deaf: bool = False

    def __enter__(self) -> Slow:
        self.open: set[socket.socket] = set()
        for _ in range(self.count):
            sock = socket.socket()
            if self.deaf:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            sock.settimeout(20)
            sock.connect(("127.0.0.1", self.port))
            with contextlib.suppress(OSError):
                sock.sendall(self.first)
            sock.setblocking(False)
            self.open.add(sock)
        return self

    def __exit__(self, *_: object) -> None:
        for sock in self.open:
            sock.close()

    def drip(self) -> None:
        """One more turn; a connection that was closed is let go."""
        for sock in list(self.open) if self.more else ():
            try:
                sock.send(self.more, socket.MSG_NOSIGNAL)
            except BlockingIOError:
                continue
            except OSError:
                self.open.discard(sock)
                sock.close()

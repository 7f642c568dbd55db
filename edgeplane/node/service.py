"""The life of the data plane in the front: an asyncio face over `_core.Node`, whose threads answer without Python."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import Any, NamedTuple, Protocol

import msgpack

from edgeplane.errors import ContentError, Fault
from edgeplane.node import limits


class Node(Protocol):
    """What the Rust core offers (`_core.Node`). Every call leaves the interpreter lock and may block."""

    def apply(self, path: str) -> bytes: ...
    def restore(self, path: str) -> bytes: ...
    def check(self, path: str) -> None: ...
    def serve(self, udp: list[int], tcp: list[int], http: list[int], https: list[int], health_fd: int) -> None: ...
    def stats(self) -> bytes: ...
    def status(self) -> bytes: ...
    def explain(self, request: bytes) -> bytes: ...
    def edge(self, request: bytes) -> bytes: ...
    def drain(self, timeout: float) -> bool: ...
    def stop(self) -> None: ...
    def reopen_logs(self) -> None: ...


class Sockets(NamedTuple):
    """Descriptors of bound sockets; those of TCP listen. Each but `tcp` has one for each address and thread."""

    udp: list[int]
    tcp: list[int]
    http: list[int]
    https: list[int]

    @classmethod
    def named(cls, descriptors: Sequence[tuple[str, int]]) -> Sockets:
        """From descriptors with the names `udp`, `tcp`, `http` and `https`, others aside."""
        return cls(*([number for name, number in descriptors if name == kind] for kind in cls._fields))


class NodeService:
    """Starts, reloads, drains and stops one node on sockets that somebody else bound."""

    def __init__(self, node: Node, sockets: Sockets, health_fd: int) -> None:
        self._node, self._sockets, self._health_fd = node, sockets, health_fd
        self._serving = False
        self._giving_way = ThreadPoolExecutor(1, "reload", _give_way)

    async def reload(self, path: str, *, whole: bool = False) -> dict[str, Any]:
        """Takes a plan file: {"generation", "zones": [{"name", "serial", "records"}], "reused", "unread"}.

        whole: reads sections that the running plan holds as well. Raises ContentError, and the old plan goes on.
        While the node answers, this gives way to that; before, there is nothing to give way to.
        """
        aside = self._giving_way if self._serving else None
        if whole:
            await self._called(self._node.check, path, on=aside)
        return await self._packed(self._node.apply, path, on=aside)

    async def restore(self, path: str) -> dict[str, Any]:
        """As `reload`, before anything is served, from a plan that was kept: a file that it names and that cannot be
        read costs what needs it alone. "unread" has the faults.
        """
        return await self._packed(self._node.restore, path)

    async def start(self) -> None:
        """Answers from now on; a second call changes nothing."""
        if not self._serving:
            await asyncio.to_thread(self._node.serve, *self._sockets, self._health_fd)
            self._serving = True

    async def stats(self) -> dict[str, Any]:
        """Counters since the start, by name."""
        return await self._packed(self._node.stats)

    async def status(self) -> dict[str, Any]:
        """What the running snapshot holds."""
        return await self._packed(self._node.status)

    async def explain(self, request: dict[str, Any]) -> dict[str, Any]:
        """Why the running snapshot answers as it does."""
        return await self._packed(self._node.explain, _question(request))

    async def edge(self, request: dict[str, Any]) -> dict[str, Any]:
        """A question to the running edge, or an order (docs/ARCHITECTURE.md, "Questions to the edge")."""
        return await self._packed(self._node.edge, _question(request))

    async def drain(self, timeout: float) -> bool:  # noqa: ASYNC109 - the core counts the seconds
        """Takes no new work; whether all open connections have finished within `timeout` seconds."""
        return await asyncio.to_thread(self._node.drain, timeout)

    async def stop(self) -> None:
        """Ends the threads."""
        await asyncio.to_thread(self._node.stop)

    async def reopen_logs(self) -> None:
        """Opens log files anew, after somebody moved the old ones away."""
        await asyncio.to_thread(self._node.reopen_logs)

    async def _packed(self, function: Any, *args: Any, on: Executor | None = None) -> dict[str, Any]:
        document: dict[str, Any] = msgpack.unpackb(await self._called(function, *args, on=on))
        return document

    async def _called(self, function: Any, *args: Any, on: Executor | None = None) -> Any:
        try:
            return await asyncio.get_running_loop().run_in_executor(on, function, *args)
        except Exception as error:
            raise refusal(error) from error


def _give_way() -> None:
    """Lowers this thread alone, as Linux does it, and those that it starts."""
    os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), limits.NICENESS)


def _question(request: dict[str, Any]) -> bytes:
    """A request as the core takes it. Raises ContentError for what JSON can say and MessagePack cannot."""
    try:
        return bytes(msgpack.packb(request))
    except (ValueError, OverflowError) as error:
        raise ContentError.one("request", f"cannot be asked: {error}") from None


def refusal(error: Exception) -> ContentError:
    """What the core raised, as faults: its own list where it has one, else its text."""
    faults = [f if isinstance(f, Fault) else Fault.from_document(f) for f in getattr(error, "faults", [])]
    return ContentError(faults or [Fault("edgeplane", 0, str(error))])

"""The front: a process that holds `_core.Node` and does what the supervisor says (`python -m edgeplane.node.front`).

Its descriptors come by name: control, health, udp…, tcp…, http…, https…. Says no more than it is asked, and ends when
the supervisor does.
"""

from __future__ import annotations

import asyncio
import signal
import socket
from typing import Any

import uvloop

from edgeplane.node.lines import Handler, Refused, serve_channel
from edgeplane.node.listen import inherited
from edgeplane.node.service import Node, NodeService, Sockets
from edgeplane.observe import events, logs


def main() -> None:
    """Runs until the control channel closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    descriptors = inherited()
    by_name = dict(descriptors)
    uvloop.run(_run(by_name["control"], by_name["health"], descriptors))


async def _run(control: int, health: int, descriptors: list[tuple[str, int]]) -> None:
    front = Front(health, descriptors)
    await serve_channel(socket.socket(fileno=control), front.handle)
    await front.end()


class Front:
    """Verbs of the control channel: start, apply, restore, serve, stats, status, explain, edge, drain, reopen_logs."""

    def __init__(self, health: int, descriptors: list[tuple[str, int]]) -> None:
        self._health = health
        self._sockets = Sockets.named(descriptors)
        self._service: NodeService | None = None
        self._events: asyncio.Task[None] | None = None

    async def handle(self, do: str, args: dict[str, Any]) -> Any:
        """The handler of the channel."""
        if do == "start":
            return self._start(args)
        if self._service is None:
            raise Refused.because("the front was not started")
        return await _verb(self._service, do)(do, args)

    def _start(self, settings: dict[str, Any]) -> None:
        logs.set_up(settings.get("log_format", "text"))
        self._events = asyncio.ensure_future(events.follow(_core_events()))
        self._service = NodeService(_node(), self._sockets, self._health)

    async def end(self) -> None:
        """Stops the threads, so that the process can."""
        if self._service is not None:
            await self._service.stop()
        if self._events is not None:
            self._events.cancel()
            await asyncio.wait([self._events])


def _node() -> Node:
    from edgeplane import _core

    node: Node = _core.Node()
    return node


def _core_events() -> events.Events:
    from edgeplane import _core

    gathered: events.Events = _core.Events()
    return gathered


def _verb(service: NodeService, do: str) -> Handler:
    verbs: dict[str, Any] = {
        "apply": lambda args: service.reload(args["path"], whole=args.get("whole", False)),
        "restore": lambda args: service.restore(args["path"]),
        "serve": lambda _: service.start(),
        "stats": lambda _: service.stats(),
        "status": lambda _: service.status(),
        "explain": lambda args: service.explain(args["request"]),
        "edge": lambda args: service.edge(args["request"]),
        "drain": lambda args: service.drain(args["timeout"]),
        "reopen_logs": lambda _: service.reopen_logs(),
    }
    if do not in verbs:
        raise Refused.because(f"the front knows no {do!r}")

    async def run(_: str, args: dict[str, Any]) -> Any:
        return await verbs[do](args)

    return run


if __name__ == "__main__":
    main()

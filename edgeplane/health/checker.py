"""The checker process: `python -m edgeplane.health.checker --control-fd N --health-fd N --state-dir DIR`.

Reads requests from the supervisor, one JSON document a line, until the socket ends; then saves and exits.
"""

import argparse
import asyncio
import json
import logging
import random
import signal
import socket
from pathlib import Path
from typing import Any

import uvloop

from edgeplane.errors import Fault
from edgeplane.health import limits
from edgeplane.health.clock import Clock, SystemClock
from edgeplane.health.engine import Engine
from edgeplane.health.gate import Gate
from edgeplane.health.history import History
from edgeplane.health.prober import Probe, Prober
from edgeplane.health.resolve import Resolver
from edgeplane.health.table import Table, open_table
from edgeplane.observe import logs

log = logging.getLogger(__name__)

_HEARTBEAT_SECONDS = 1.0
_PUBLISH_SECONDS = 0.05  # a burst of transitions is one epoch
_SAVE_SECONDS = 1.0


class Checker:
    """Engine, history and the control socket, tied together."""

    def __init__(self, table: Table, history: History, probe: Probe, gate: Gate, clock: Clock) -> None:
        """`gate` is the one that `probe` uses; its count of running probes is reported."""
        self._table = table
        self._history = history
        self._gate = gate
        self._clock = clock
        self._engine = Engine(table, probe, clock, history.load(), random.random)

    async def serve(self, control: socket.socket) -> None:
        """Answer requests until the peer hangs up; then end the probes and save."""
        reader, writer = await asyncio.open_unix_connection(sock=control, limit=limits.CONTROL_LINE.default)
        loops = [asyncio.create_task(loop) for loop in (self._beat(), self._publish(), self._save())]
        try:
            while line := await reader.readline():
                writer.write(json.dumps(self.answer(line)).encode() + b"\n")
                await writer.drain()
        except (ConnectionError, ValueError) as error:  # ValueError: a line beyond the limit
            log.error("control socket: %s", error)
        finally:
            for task in loops:
                task.cancel()
            await asyncio.gather(*loops, return_exceptions=True)
            await self._engine.stop()
            self._history.save(self._engine.take_unsaved())
            self._history.close()
            writer.close()

    def answer(self, line: bytes) -> dict[str, Any]:
        """One request line → its reply: `{"id", "ok"}` or `{"id", "faults"}`."""
        try:
            request = json.loads(line)
            reply: dict[str, Any] = {"id": request.get("id")}
        except (ValueError, AttributeError, RecursionError):
            return {"id": None, **_refusal(Fault("request", 0, "not a JSON object"))}
        try:
            return reply | self._do(request)
        except Exception as error:
            log.exception("request failed")
            return reply | _refusal(Fault("request", 0, f"failed, see the log: {error!r}"))

    def _do(self, request: dict[str, Any]) -> dict[str, Any]:
        what = request.get("do")
        if what == "checks":
            faults = self._engine.apply(request.get("checks"))
            return _refusal(*faults) if faults else {"ok": {}}
        if what == "health":
            return {"ok": self._engine.health(_count(request.get("transitions", 10)))}
        if what == "stats":
            return {"ok": self._stats()}
        return _refusal(Fault("do", 0, f"unknown: {what!r}; known here: checks, health, stats"))

    def _stats(self) -> dict[str, Any]:
        return {
            "checks": self._engine.states(),
            "probes_running": self._gate.running,
            "history_errors_total": self._history.errors,
            **self._engine.stats.document(),
        }

    async def _beat(self) -> None:
        while True:
            self._table.beat(int(self._clock.monotonic() * 1000))
            await self._clock.sleep(_HEARTBEAT_SECONDS)

    async def _publish(self) -> None:
        while True:
            await self._engine.moved.wait()
            self._engine.moved.clear()
            self._table.publish()
            await self._clock.sleep(_PUBLISH_SECONDS)

    async def _save(self) -> None:
        """The commit waits for the disk, so it has a thread; what could not be written is tried again."""
        while True:
            await self._clock.sleep(_SAVE_SECONDS)
            changed = self._engine.take_unsaved()
            if changed and not await asyncio.shield(asyncio.to_thread(self._history.save, changed)):
                self._engine.unsaved |= changed.keys()


def _refusal(*faults: Fault) -> dict[str, Any]:
    return {"faults": [fault.document() for fault in faults]}


def _count(number: Any) -> int:
    return min(number, limits.TRANSITIONS.default) if isinstance(number, int) and number > 0 else 0


async def run(control_fd: int, health_fd: int, state_dir: Path) -> None:
    """The process's life, on inherited descriptors."""
    control = socket.socket(fileno=control_fd)
    control.setblocking(False)
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, control.shutdown, socket.SHUT_RD)
    clock, gate = SystemClock(), Gate()
    probe = Prober(clock, gate, Resolver())
    await Checker(open_table(health_fd), History(state_dir / "control"), probe, gate, clock).serve(control)


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(prog="edgeplane.health.checker", description=__doc__)
    parser.add_argument("--control-fd", type=int, required=True, help="socketpair to the supervisor")
    parser.add_argument("--health-fd", type=int, required=True, help="memfd of the health table")
    parser.add_argument("--state-dir", type=Path, required=True, help="the node's state_dir")
    parser.add_argument("--log-format", choices=("text", "json"), default="text")
    options = parser.parse_args()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal's ^C is the supervisor's to handle
    logs.set_up(options.log_format)
    uvloop.run(run(options.control_fd, options.health_fd, options.state_dir))


if __name__ == "__main__":
    main()

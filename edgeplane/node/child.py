"""A process that the supervisor keeps running, and the conversation with it.

spawn ─► greet over the channel ─► lives … dies ─► pause (none the first time) ─► spawn …
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import logging
import os
import signal
import socket
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from edgeplane.node import limits
from edgeplane.node.lines import Channel, Gone
from edgeplane.node.listen import FIRST_DESCRIPTOR

log = logging.getLogger(__name__)

Greeting = Callable[[Channel], Awaitable[None]]
"""What a fresh child is told before it counts as started; an exception means that it is of no use and is ended."""


class Backoff:
    """Pauses between restarts: none after a good life, then 0.1 s, doubled up to 5 s."""

    def __init__(self) -> None:
        self._next = 0.0

    def pause(self, lived: float) -> float:
        """Seconds to wait before the next start, when the last life took `lived` seconds."""
        if lived >= limits.SETTLED_S:
            self._next = 0.0
        pause = self._next
        self._next = min(max(pause * 2, limits.BACKOFF_FIRST_S), limits.BACKOFF_MOST_S)
        return pause


def spawn(argv: Sequence[str], descriptors: Sequence[tuple[str, int]]) -> int:
    """Starts a process that has `descriptors` as 3, 4, … and LISTEN_FDS and LISTEN_FDNAMES to say so; returns its id.

    It gets a process group of its own, so that an interrupt typed at the terminal reaches the supervisor alone.
    """
    environ = {k: v for k, v in os.environ.items() if not k.startswith(("LISTEN_", "NOTIFY_", "WATCHDOG_"))}
    environ["LISTEN_FDS"] = str(len(descriptors))
    environ["LISTEN_FDNAMES"] = ":".join(name for name, _ in descriptors)
    # Copies above all targets first: a dup2 must not overwrite a descriptor that a later one reads.
    floor = FIRST_DESCRIPTOR + len(descriptors)
    copies: list[int] = []
    try:
        for _, number in descriptors:
            copies.append(fcntl.fcntl(number, fcntl.F_DUPFD_CLOEXEC, floor))
        places = [(os.POSIX_SPAWN_DUP2, copy, FIRST_DESCRIPTOR + n) for n, copy in enumerate(copies)]
        return os.posix_spawn(argv[0], list(argv), environ, file_actions=places, setpgroup=0)
    finally:
        for copy in copies:
            os.close(copy)


def python(module: str, *args: str) -> list[str]:
    """The command that runs a module of this installation, with nothing taken from the working directory."""
    return [sys.executable, "-P", "-m", module, *args]


class Child:
    """One kept process. `restarts` counts how often it had to be started again."""

    def __init__(self, name: str, argv: Sequence[str], descriptors: Sequence[tuple[str, int]], greet: Greeting) -> None:
        self.name, self._argv, self._descriptors, self._greet = name, argv, descriptors, greet
        self.pid = 0
        self.restarts = 0
        self._channel: Channel | None = None
        self._ended = asyncio.Event()  # set while no process runs
        self._ended.set()
        self._greeted = asyncio.Event()
        self._stopping = False
        self._backoff = Backoff()
        self._keeping: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Starts it and keeps it; returns or raises after its first greeting."""
        started = time.monotonic()
        greeted = await self._life()
        self._keeping = asyncio.ensure_future(self._keep(started))
        if greeted is not None:
            raise greeted

    @property
    def lives(self) -> bool:
        """Whether it runs and was greeted."""
        return self._greeted.is_set()

    async def call(self, do: str, *, within: float = limits.CALL_S, **args: Any) -> Any:
        """Asks the child once it was greeted; Refused, or Gone when it does not answer within so many seconds."""
        deadline = time.monotonic() + within
        channel = await self.greeted(within)
        return await channel.call(do, within=max(0.0, deadline - time.monotonic()), **args)

    async def greeted(self, within: float) -> Channel:
        """Its channel, once it is ready for questions; Gone when that takes longer than so many seconds."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._greeted.wait(), within)
        if self._channel is None or not self._greeted.is_set():
            raise Gone(f"the {self.name} is not running")
        return self._channel

    async def stop(self, grace: float = limits.STOP_S) -> None:
        """Ends it: closes the conversation, waits `grace` seconds, then kills it."""
        self._stopping = True
        if self._channel is not None:
            self._channel.close()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._ended.wait(), grace)
        self.kill()
        if self._keeping is not None:
            self._keeping.cancel()

    def kill(self, life: int | None = None) -> None:
        """Ends it at once; with `life`, only while it still is the process with that id."""
        if self.pid and not self._ended.is_set() and life in (None, self.pid):
            os.kill(self.pid, signal.SIGKILL)

    async def _keep(self, started: float) -> None:
        while True:
            await self._ended.wait()
            if self._stopping:
                return
            pause = self._backoff.pause(time.monotonic() - started)
            log.warning("the %s ended; starting it again in %.1f s", self.name, pause)
            await asyncio.sleep(pause)
            self.restarts += 1
            started = time.monotonic()
            if fault := await self._life():
                log.error("the %s did not start: %s", self.name, fault)
            else:
                log.info("the %s is back (process %d)", self.name, self.pid)

    async def _life(self) -> Exception | None:
        """A new process, greeted. Where that fails, the process is ended and the reason returned."""
        try:
            self._channel = await Channel.over(self.name, self._born())
            await self._greet(self._channel)
        except Exception as error:  # whatever the reason, a child that was not greeted does not serve
            self.kill()
            return error
        if self._ended.is_set():
            return Gone(f"the {self.name} ended while it was greeted")
        self._greeted.set()
        return None

    def _born(self) -> socket.socket:
        """Starts the process; returns this side of its control channel. OSError leaves nothing behind."""
        ours, theirs = socket.socketpair()
        try:
            with theirs:
                self.pid = spawn(self._argv, [("control", theirs.fileno()), *self._descriptors])
            self._watch(self.pid)
        except BaseException:
            ours.close()
            raise
        return ours

    def _watch(self, pid: int) -> None:
        loop = asyncio.get_running_loop()
        try:
            handle = os.pidfd_open(pid)
        except OSError:
            # A process whose end nobody would see.
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            raise

        def reap() -> None:
            loop.remove_reader(handle)
            self._greeted.clear()
            os.close(handle)
            _, status = os.waitpid(pid, 0)
            if not self._stopping:
                log.warning("the %s (process %d) %s", self.name, pid, exit_words(status))
            self._ended.set()

        self._ended.clear()
        loop.add_reader(handle, reap)


def exit_words(status: int) -> str:
    """A wait status as words."""
    code = os.waitstatus_to_exitcode(status)
    if code >= 0:
        return f"exited with {code}"
    return f"was ended by {signal.Signals(-code).name}"

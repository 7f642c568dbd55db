"""Ends a child that lives and does nothing, so that the next one works."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from edgeplane.health.table import heartbeat
from edgeplane.node import limits
from edgeplane.node.child import Child
from edgeplane.node.lines import Gone, Refused

log = logging.getLogger(__name__)


async def watch(child: Child, shows_life: Callable[[], Awaitable[bool]]) -> None:
    """Looks every PING_S and ends a process that showed no life PINGS_MISSED times in a row. Never returns.

    Looks are counted rather than seconds: after a host stood still, all children are silent once.
    """
    missed, life = 0, child.pid
    while True:
        await asyncio.sleep(limits.PING_S)
        if not child.lives or child.pid != life:
            missed, life = 0, child.pid
            continue
        missed = 0 if await shows_life() else missed + 1
        if missed == limits.PINGS_MISSED:
            log.error("the %s (process %d) gave no sign of life %d times; it is ended", child.name, life, missed)
            child.kill(life)


async def answers(child: Child) -> bool:
    """Whether a question about itself is answered, if only by a refusal."""
    try:
        await child.call("stats", within=limits.PING_S)
    except Refused:
        return True
    except Gone:
        return False
    return True


class Heartbeat:
    """That of the checker in a health table, given by its descriptor."""

    def __init__(self, health_fd: int) -> None:
        self._fd, self._last = health_fd, 0

    async def moved(self) -> bool:
        """Whether it has moved since the last call."""
        last, self._last = self._last, heartbeat(self._fd)
        return self._last != last

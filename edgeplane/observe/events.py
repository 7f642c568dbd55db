"""What the Rust core says, in this process's log. The core never waits for it: events are left to be fetched."""

from __future__ import annotations

import asyncio
import logging
from typing import Protocol

LOOK_S = 0.25
"""Time between two looks for events."""

_LEVELS = {"ERROR": logging.ERROR, "WARN": logging.WARNING, "INFO": logging.INFO}
_log = logging.getLogger(__name__)


class Events(Protocol):
    """`_core.Events`."""

    def take(self) -> tuple[list[tuple[str, str, str]], int]:
        """([(level, target, message)] since the last call, how many were lost)."""


async def follow(events: Events) -> None:
    """Logs events until cancelled, and the last ones then."""
    try:
        while True:
            relay(events)
            await asyncio.sleep(LOOK_S)
    finally:
        relay(events)


def relay(events: Events) -> None:
    """Logs what has come, each under its module's name in Python's spelling."""
    said, lost = events.take()
    for level, target, message in said:
        logging.getLogger(target.replace("::", ".")).log(_LEVELS.get(level, logging.INFO), "%s", message)
    if lost:
        _log.warning("%d events of the core were lost", lost)

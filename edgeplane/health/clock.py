"""Time, as something that is handed in."""

import asyncio
import time
from typing import Protocol


class Clock(Protocol):
    """What the checker asks of time; tests bring their own."""

    def wall(self) -> float:
        """Unix seconds, for people. May jump."""

    def monotonic(self) -> float:
        """Seconds of CLOCK_MONOTONIC, for schedules and the heartbeat."""

    async def sleep(self, seconds: float) -> None:
        """Wait."""


class SystemClock:
    """The machine's clocks."""

    def wall(self) -> float:
        """Unix seconds."""
        return time.time()

    def monotonic(self) -> float:
        """Seconds of CLOCK_MONOTONIC."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait without holding the loop."""
        await asyncio.sleep(seconds)

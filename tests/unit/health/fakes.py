"""A clock that moves when told, a table in a dictionary, a prober that says what the test says."""

import asyncio
import heapq
from collections.abc import Callable

from edgeplane.health.models import Check
from edgeplane.health.probe.outcome import Outcome, failure, success


class FakeClock:
    """Starts at 1,000 s. `advance` wakes sleepers in order, one instant at a time."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._number = 0

    def wall(self) -> float:
        return self.now

    def monotonic(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self._number += 1
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self.now + seconds, self._number, future))
        await future

    async def advance(self, seconds: float) -> None:
        end = self.now + seconds
        await settle()
        while self._sleepers and self._sleepers[0][0] <= end:
            self.now, _, future = heapq.heappop(self._sleepers)
            if not future.done():
                future.set_result(None)
                if not (self._sleepers and self._sleepers[0][0] <= self.now):
                    await settle()
        self.now = end


async def settle() -> None:
    """Let everything that can run now run."""
    for _ in range(4):
        await asyncio.sleep(0)


class FakeTable:
    """Fulfils Table; remembers every epoch's states."""

    def __init__(self, slots: int = 2_000) -> None:
        self.states = [0] * slots
        self.epoch = 0
        self.beats: list[int] = []

    def set(self, slot: int, state: int) -> None:
        self.states[slot] = int(state)

    def get(self, slot: int) -> int:
        return self.states[slot]

    def publish(self) -> None:
        self.epoch += 1

    def beat(self, ms: int) -> None:
        self.beats.append(ms)


class FakeProber:
    """Answers at once with `says(check)`; None is no verdict. Remembers who was asked and when."""

    def __init__(self, clock: FakeClock, says: Callable[[Check], bool | None]) -> None:
        self.clock = clock
        self.says = says
        self.asked: list[tuple[str, float]] = []

    async def __call__(self, check: Check) -> tuple[Outcome, float]:
        self.asked.append((check.id, self.clock.now))
        ok = self.says(check)
        if ok is None:
            return Outcome(None, "local", "no sockets left"), 0.0
        return (success("HTTP status 200") if ok else failure("refused", "TCP connection: refused")), 0.0

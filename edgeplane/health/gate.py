"""How many probes may run at once: against one address, and at all."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from edgeplane.health import limits


class Gate:
    """First in, first out. A probe waits for its address first, so that one busy address does not fill the house."""

    def __init__(
        self, total: int = limits.PROBES.default, per_address: int = limits.PROBES_PER_ADDRESS.default
    ) -> None:
        """Both in probes at the same time."""
        self._total = asyncio.Semaphore(total)
        self._per_address = per_address
        self._addresses: dict[str, tuple[asyncio.Semaphore, int]] = {}
        self.running = 0

    @asynccontextmanager
    async def enter(self, address: str) -> AsyncIterator[None]:
        """Hold a place while the probe of `address` runs."""
        semaphore = self._visit(address)
        try:
            async with semaphore, self._total:
                self.running += 1
                try:
                    yield
                finally:
                    self.running -= 1
        finally:
            self._leave(address)

    def _visit(self, address: str) -> asyncio.Semaphore:
        semaphore, visitors = self._addresses.get(address) or (asyncio.Semaphore(self._per_address), 0)
        self._addresses[address] = semaphore, visitors + 1
        return semaphore

    def _leave(self, address: str) -> None:
        semaphore, visitors = self._addresses[address]
        if visitors > 1:
            self._addresses[address] = semaphore, visitors - 1
        else:
            del self._addresses[address]

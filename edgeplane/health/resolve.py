"""A lookups for checks that name a host: through the system's resolver, bounded in time and number."""

import asyncio
import socket
import threading
from collections.abc import Callable

from edgeplane.health import limits

Lookup = Callable[[str], str]


class Resolver:
    """One thread a name in flight; checks of the same name share the answer.

    Daemon threads of our own rather than the loop's pool: a resolver that hangs must neither fill a pool of four nor
    keep the process from ending.
    """

    def __init__(self, lookup: "Lookup | None" = None, seconds: float = limits.LOOKUP.default) -> None:
        """`lookup` blocks and returns one IPv4 address or raises OSError."""
        self._lookup = lookup or first_address
        self._seconds = seconds
        self._flying: dict[str, asyncio.Future[str]] = {}
        self._places = asyncio.Semaphore(limits.LOOKUPS.default)

    async def address(self, name: str) -> str:
        """The name's IPv4 address. OSError when there is none, or none in time; waiting for a place is not counted."""
        if name not in self._flying:
            await self._places.acquire()
            if name in self._flying:  # somebody else was quicker
                self._places.release()
            else:
                self._take_off(name)
        async with asyncio.timeout(self._seconds):
            return await asyncio.shield(self._flying[name])

    def _take_off(self, name: str) -> None:
        loop = asyncio.get_running_loop()
        flight: asyncio.Future[str] = loop.create_future()
        self._flying[name] = flight
        threading.Thread(target=self._fly, args=(loop, name, flight), daemon=True, name="lookup").start()

    def _fly(self, loop: asyncio.AbstractEventLoop, name: str, flight: "asyncio.Future[str]") -> None:
        found: str | OSError
        try:
            found = self._lookup(name)
        except (OSError, UnicodeError) as error:
            found = OSError(str(error))
        try:
            loop.call_soon_threadsafe(self._land, name, flight, found)
        except RuntimeError:
            return  # the loop has ended; nobody waits

    def _land(self, name: str, flight: "asyncio.Future[str]", found: "str | OSError") -> None:
        del self._flying[name]
        self._places.release()
        if isinstance(found, str):
            flight.set_result(found)
        else:
            flight.set_exception(found)
            flight.exception()  # nobody may be waiting any more


def first_address(name: str) -> str:
    """The first A record as the system resolves it (IPv4 only, as Route 53 does for checks without an address)."""
    found = socket.getaddrinfo(name, None, family=socket.AF_INET, type=socket.SOCK_STREAM)
    return str(found[0][4][0])

"""The health table as the checker sees it."""

import importlib
import os
import struct
from typing import Protocol


class Table(Protocol):
    """One byte a check in memory shared with the data plane; `edgeplane._core.HealthTable` fulfils it."""

    def set(self, slot: int, state: int) -> None:
        """Store a state (0 unknown, 1 healthy, 2 unhealthy). An error when the table has no such slot."""

    def get(self, slot: int) -> int:
        """The state of a slot. An error when the table has no such slot."""

    def publish(self) -> None:
        """Add one to the epoch, so that readers derive anew."""

    def beat(self, ms: int) -> None:
        """Say that the checker lives. `ms` is CLOCK_MONOTONIC in milliseconds."""


def open_table(fd: int) -> Table:
    """The table behind an inherited descriptor. The core is imported here, so that all else works without it."""
    table: Table = importlib.import_module("edgeplane._core").HealthTable.open(fd)
    return table


_HEARTBEAT = struct.Struct("<Q")
_HEARTBEAT_AT = 24


def heartbeat(fd: int) -> int:
    """When the checker last said that it lives, in milliseconds of CLOCK_MONOTONIC; 0 where it never did."""
    octets = os.pread(fd, _HEARTBEAT.size, _HEARTBEAT_AT)
    return int(_HEARTBEAT.unpack(octets)[0]) if len(octets) == _HEARTBEAT.size else 0


def heartbeat_age(fd: int, now: float) -> float | None:
    """Seconds since the checker last said that it lives, at `now` (CLOCK_MONOTONIC); None where it never did."""
    beat = heartbeat(fd)
    return max(0.0, now - beat / 1000) if beat else None

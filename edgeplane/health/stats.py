"""Counters of the checker, as plain numbers for the supervisor's metrics."""

from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

BOUNDS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 12.0)
"""Upper bounds of the histogram's buckets, in seconds; one more bucket takes the rest."""


@dataclass(slots=True)
class Stats:
    """What has happened since the process began."""

    transitions: int = 0
    probes: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    buckets: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS) + 1))

    def probed(self, kind: str, seconds: float) -> None:
        """Count one probe."""
        self.probes[kind] += 1
        self.seconds += seconds
        self.buckets[bisect_left(BOUNDS, seconds)] += 1

    def document(self) -> dict[str, Any]:
        """JSON: `probe_seconds.counts` are per bucket, not cumulative."""
        return {
            "transitions_total": self.transitions,
            "probes_total": dict(self.probes),
            "probe_seconds": {"bounds": BOUNDS, "counts": self.buckets, "sum": self.seconds},
        }

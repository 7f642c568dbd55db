"""Medians, and how far they can be trusted."""

from __future__ import annotations

import random
from dataclasses import dataclass
from statistics import median

RESAMPLES = 10_000


@dataclass(frozen=True)
class Ratio:
    """Median of paired ratios with a 95 % interval."""

    median: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.median:.3f} [{self.low:.3f}, {self.high:.3f}]"


def paired(ours: list[float], theirs: list[float], seed: int = 1) -> Ratio:
    """Ratio ours/theirs round by round; percentile bootstrap over rounds (Efron), 10,000 resamples."""
    ratios = [a / b for a, b in zip(ours, theirs, strict=True)]
    chance = random.Random(seed)
    medians = sorted(median(chance.choices(ratios, k=len(ratios))) for _ in range(RESAMPLES))
    return Ratio(median(ratios), medians[int(RESAMPLES * 0.025)], medians[int(RESAMPLES * 0.975)])

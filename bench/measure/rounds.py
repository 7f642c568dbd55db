"""Interleaved rounds: in each, every server once, in random order, in a fresh process."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import Any

from measure.traffic import Traffic
from measure.trial import Bench, Sample, measure, running, warm_up

PROBES = 3


@dataclass(frozen=True)
class Plan:
    """What to run: content by server, `modes` of saturate and half, the rate of half a second."""

    sides: dict[str, Any]
    rounds: int
    seconds: float
    modes: tuple[str, ...]
    rate: float | None
    seed: int = 1

    def steps(self) -> int:
        return self.rounds * len(self.sides)


def peak(bench: Bench[Traffic], name: str, content: Any, seconds: float) -> float:
    """Answers a second at saturation, median of a few short windows."""
    found = []
    for _ in range(PROBES):
        with running(bench, name, content) as server:
            warm_up(bench)
            found.append(measure(bench, server, name, "saturate", seconds, None).per_second)
    return median(found)


def run(bench: Bench[Traffic], plan: Plan, step: Callable[[str], None]) -> list[Sample]:
    """All samples, in the order in which they were taken. A fresh process each time: the luck of where its memory
    lies averages out with everything else. `step` hears of every server that is done.
    """
    chance = random.Random(plan.seed)
    samples = []
    for number in range(plan.rounds):
        for name in chance.sample(list(plan.sides), len(plan.sides)):
            with running(bench, name, plan.sides[name]) as server:
                warm_up(bench)
                for mode in plan.modes:
                    rate = plan.rate if mode == "half" else None
                    samples.append(measure(bench, server, name, mode, plan.seconds, rate))
            step(f"round {number + 1}: {name}")
    return samples

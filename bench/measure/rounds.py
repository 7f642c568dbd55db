"""Interleaved rounds: in each, every server in a fresh process, and short windows of load on one after the other.

The CPU of a shared machine is a third faster in one second than in the next. Windows of a quarter of a second, taken in
turns, meet the same machine on average; whole seconds did not.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from statistics import median
from typing import Any

from measure.process import Server
from measure.traffic import Traffic
from measure.trial import Bench, Sample, Turn, measure, running, sample, turn, warm_up

PROBES = 3
PORTS = 4
"""From one server's first port to the next one's."""


@dataclass(frozen=True)
class Plan:
    """What to run: content by server, `modes` of saturate and half, the rate of half a second. `seconds` are those that
    each server is asked for in a round and mode.
    """

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
    """All samples, one for each round, mode and server. Fresh processes each time: the luck of where a process's memory
    lies averages out with everything else. `step` hears of every server that is done.
    """
    chance = random.Random(plan.seed)
    samples = []
    for number in range(plan.rounds):
        names = chance.sample(list(plan.sides), len(plan.sides))
        benches = {name: replace(bench, port=bench.port + PORTS * place) for place, name in enumerate(names)}
        with ExitStack() as alive:
            servers = {name: alive.enter_context(running(benches[name], name, plan.sides[name])) for name in names}
            for each in benches.values():
                warm_up(each)
            for mode in plan.modes:
                samples += take_turns(benches, servers, mode, plan, chance)
        for name in names:
            step(f"round {number + 1}: {name}")
    return samples


def take_turns(
    benches: dict[str, Bench[Traffic]],
    servers: dict[str, Server],
    mode: str,
    plan: Plan,
    chance: random.Random,
) -> list[Sample]:
    """A sample of each server; who comes first changes from turn to turn."""
    names, rate = list(servers), plan.rate if mode == "half" else None
    count = max(1, round(plan.seconds / next(iter(benches.values())).traffic.turn_s))
    turns: dict[str, list[Turn]] = {name: [] for name in names}
    for _ in range(count):
        for name in chance.sample(names, len(names)):
            turns[name].append(turn(benches[name], servers[name], plan.seconds / count, rate))
    return [sample(servers[name], name, mode, turns[name]) for name in names]

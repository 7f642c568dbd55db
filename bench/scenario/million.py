"""One zone with a million names: how long it takes to load, what it weighs, and what a reload loses."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

from measure.dns import Queries
from rival import Content
from scenario import Material, Scenario
from scenario.zone import ipv4, labels, write_lines, write_zone

ORIGIN = "million.example."
NAMES = 1_000_000
MARKER = f"marker.{ORIGIN} A"


def make(folder: Path) -> Material:
    names = labels(NAMES, seed=16)
    path = write_zone(folder / "million.example.zone", ORIGIN, lines(names, "198.51.100.1"))
    write_zone(folder / "million.example.zone.next", ORIGIN, lines(names, "198.51.100.2"), serial=2)
    empty = write_zone(folder / "empty" / "million.example.zone", ORIGIN, [])
    asked = random.Random(4).sample(names, 200_000)
    return Material(
        content=Content({ORIGIN: path}),
        plain=Content({ORIGIN: empty}),
        traffic=Queries(write_lines(folder / "queries", (f"{name}.{ORIGIN} A" for name in asked)), MARKER, same=True),
    )


def lines(names: list[str], marker: str) -> Iterator[str]:
    yield f"marker IN A {marker}"
    for number, name in enumerate(names):
        yield f"{name} IN A {ipv4(number)}"


SCENARIOS = [
    Scenario("load-1m", "one zone of 1,000,000 names: time to the first answer, memory a record", make, "load"),
    Scenario("reload-1m", "the same, reloaded at half of each server's own peak: time, losses, memory", make, "reload"),
]

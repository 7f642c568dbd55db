"""Weighted records: 1,000 names, four record sets each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from measure.dns import Queries
from rival import Content
from scenario import Material, Scenario
from scenario.zone import ipv4, labels, write_lines, write_template, write_zone

ORIGIN = "weighted.example."
WEIGHTS = (1, 10, 100, 255)


def make(folder: Path) -> Material:
    names = labels(1000, seed=11)
    sets = [record_set(name, number, place) for number, name in enumerate(names) for place in range(len(WEIGHTS))]
    plain = [f"{name} IN A {ipv4(number)}" for number, name in enumerate(names)]
    return Material(
        content=Content({}, write_template(folder / "weighted.json", ORIGIN, sets)),
        plain=Content({ORIGIN: write_zone(folder / "weighted.example.zone", ORIGIN, plain)}),
        traffic=Queries(write_lines(folder / "queries", (f"{name}.{ORIGIN} A" for name in names)), f"ready.{ORIGIN} A"),
    )


def record_set(name: str, number: int, place: int) -> dict[str, Any]:
    return {
        "Name": f"{name}.{ORIGIN}",
        "Type": "A",
        "TTL": "300",
        "SetIdentifier": f"set-{place}",
        "Weight": WEIGHTS[place],
        "ResourceRecords": [ipv4(number * 8 + place)],
    }


SCENARIOS = [Scenario("weighted", "1,000 names of four weighted record sets; beside: one plain record each", make)]

"""Multivalue answers: 1,000 names, ten record sets each, of which eight go into an answer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from measure.dns import Queries
from rival import Content
from scenario import Material, Scenario
from scenario.zone import ipv4, labels, write_lines, write_template, write_zone

ORIGIN = "multivalue.example."


def make(folder: Path) -> Material:
    names = labels(1000, seed=12)
    sets = [record_set(name, number, place) for number, name in enumerate(names) for place in range(10)]
    plain = [f"{name} IN A {ipv4(number * 16 + place)}" for number, name in enumerate(names) for place in range(8)]
    return Material(
        content=Content({}, write_template(folder / "multivalue.json", ORIGIN, sets)),
        plain=Content({ORIGIN: write_zone(folder / "multivalue.example.zone", ORIGIN, plain)}),
        traffic=Queries(write_lines(folder / "queries", (f"{name}.{ORIGIN} A" for name in names)), f"ready.{ORIGIN} A"),
    )


def record_set(name: str, number: int, place: int) -> dict[str, Any]:
    return {
        "Name": f"{name}.{ORIGIN}",
        "Type": "A",
        "TTL": "300",
        "SetIdentifier": f"set-{place}",
        "MultiValueAnswer": True,
        "ResourceRecords": [ipv4(number * 16 + place)],
    }


SCENARIOS = [Scenario("multivalue", "1,000 names, eight of ten records each; beside: eight plain records each", make)]

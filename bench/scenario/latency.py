"""Latency: 1,000 names, a record set in each of six regions, milliseconds measured for every country."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

from measure.dns import Queries
from rival import Content
from scenario import Material, Scenario
from scenario.world import COUNTRIES, write_places, write_queries
from scenario.zone import ipv4, labels, write_lines, write_template, write_zone

ORIGIN = "latency.example."
REGIONS = ("us-east-1", "us-west-2", "eu-west-1", "eu-central-1", "ap-southeast-1", "sa-east-1")


def make(folder: Path) -> Material:
    names = labels(1000, seed=14)
    sets = [record_set(label, number, place) for number, label in enumerate(names) for place in range(len(REGIONS))]
    plain = [f"{label} IN A {ipv4(number)}" for number, label in enumerate(names)]
    chance = random.Random(23)
    rows = [f"country:{country},{region},{chance.randint(5, 300)}" for country, *_ in COUNTRIES for region in REGIONS]
    settings = {
        "geo_database": str(write_places(folder / "places.csv")),
        "latency_table": str(write_lines(folder / "rtt.csv", ["client,region,milliseconds", *rows])),
    }
    return Material(
        content=Content({}, write_template(folder / "latency.json", ORIGIN, sets), settings),
        plain=Content({ORIGIN: write_zone(folder / "latency.example.zone", ORIGIN, plain)}),
        traffic=Queries(
            write_queries(folder / "queries", [f"{label}.{ORIGIN}" for label in names]), f"ready.{ORIGIN} A"
        ),
    )


def record_set(label: str, number: int, place: int) -> dict[str, Any]:
    return {
        "Name": f"{label}.{ORIGIN}",
        "Type": "A",
        "TTL": "300",
        "SetIdentifier": REGIONS[place],
        "Region": REGIONS[place],
        "ResourceRecords": [ipv4(number * 8 + place)],
    }


SCENARIOS = [Scenario("latency", "1,000 names in six regions, 20,000 prefixes, queries with client subnet", make)]

"""Geolocation: 1,000 names, a record set for each continent, for ten countries and for everywhere else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from measure.dns import Queries
from rival import Content
from scenario import Material, Scenario
from scenario.world import COUNTRIES, write_places, write_queries
from scenario.zone import ipv4, labels, write_lines, write_template, write_zone

ORIGIN = "geolocation.example."
PLACES: list[dict[str, str]] = [
    *({"ContinentCode": code} for code in ("AF", "AS", "EU", "NA", "OC", "SA")),
    *({"CountryCode": country[0]} for country in COUNTRIES[:10]),
    {"CountryCode": "*"},
]


def make(folder: Path, name: str = "geolocation") -> Material:
    names = labels(1000, seed=13)
    sets = [record_set(label, number, place) for number, label in enumerate(names) for place in range(len(PLACES))]
    plain = [f"{label} IN A {ipv4(number)}" for number, label in enumerate(names)]
    settings = {"geo_database": str(write_places(folder / "places.csv"))}
    return Material(
        content=Content({}, write_template(folder / f"{name}.json", ORIGIN, sets), settings),
        plain=Content({ORIGIN: write_zone(folder / f"{name}.example.zone", ORIGIN, plain)}),
        traffic=Queries(
            write_queries(folder / "queries", [f"{label}.{ORIGIN}" for label in names]), f"ready.{ORIGIN} A"
        ),
    )


def make_address(folder: Path) -> Material:
    """Without client subnet: the place of the source address."""
    material = make(folder, "geolocation")
    write_lines(folder / "queries", (f"{label}.{ORIGIN} A" for label in labels(1000, seed=13)))
    return material


def record_set(label: str, number: int, place: int) -> dict[str, Any]:
    return {
        "Name": f"{label}.{ORIGIN}",
        "Type": "A",
        "TTL": "300",
        "SetIdentifier": f"set-{place}",
        "GeoLocation": PLACES[place],
        "ResourceRecords": [ipv4(number * 32 + place)],
    }


SCENARIOS = [
    Scenario("geolocation-ecs", "1,000 names of 17 places, 20,000 prefixes, queries with client subnet", make),
    Scenario("geolocation", "the same, queries without client subnet", make_address),
]

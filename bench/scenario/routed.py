"""Names that a policy answers for whoever asks, and plain records beside them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from measure.dns import Queries
from rival import Content
from scenario import Material
from scenario.zone import ipv4, labels, write_lines, write_template, write_zone


def material(
    folder: Path, policy: str, seed: int, routing: Sequence[dict[str, Any]], plain: int, apart: int
) -> Material:
    """1,000 names in POLICY.example: a record set for each `routing`, the properties of its policy; beside, `plain`
    records each. apart: how far the addresses of two names are from each other.
    """
    origin, names = f"{policy}.example.", labels(1000, seed)
    sets = [
        record_set(f"{name}.{origin}", place, properties, ipv4(number * apart + place))
        for number, name in enumerate(names)
        for place, properties in enumerate(routing)
    ]
    records = [f"{name} IN A {ipv4(number * apart + i)}" for number, name in enumerate(names) for i in range(plain)]
    return Material(
        content=Content({}, write_template(folder / f"{policy}.json", origin, sets)),
        plain=Content({origin: write_zone(folder / f"{origin}zone", origin, records)}),
        traffic=Queries(write_lines(folder / "queries", (f"{name}.{origin} A" for name in names)), f"ready.{origin} A"),
    )


def record_set(name: str, place: int, properties: dict[str, Any], address: str) -> dict[str, Any]:
    """One of a name's record sets, of type A."""
    identity = {"Name": name, "Type": "A", "TTL": "300", "SetIdentifier": f"set-{place}"}
    return {**identity, **properties, "ResourceRecords": [address]}

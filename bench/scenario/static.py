"""Plain zones: 100,000 names, 80 % A, 10 % AAAA, 5 % CNAME (asked for A, target in the zone), 5 % that do not exist."""

from __future__ import annotations

import random
from pathlib import Path

from measure.dns import Queries
from rival import Content
from scenario import Material, Scenario
from scenario.zone import ipv4, labels, write_lines, write_zone

ORIGIN = "static.example."
NAMES = 100_000


def make(folder: Path, load: tuple[str, ...] = (), settings: dict[str, object] | None = None) -> Material:
    names = labels(NAMES, seed=1)
    a, aaaa, cname, absent = names[:80_000], names[80_000:90_000], names[90_000:95_000], names[95_000:]
    lines = [f"{name} IN A {ipv4(number)}" for number, name in enumerate(a)]
    lines += [f"{name} IN AAAA 2001:db8::{number:x}" for number, name in enumerate(aaaa)]
    targets = random.Random(2).sample(a, len(cname))
    lines += [f"{name} IN CNAME {target}" for name, target in zip(cname, targets, strict=True)]
    queries = [f"{name}.{ORIGIN} {'AAAA' if 80_000 <= number < 90_000 else 'A'}" for number, name in enumerate(names)]
    random.Random(3).shuffle(queries)
    assert len(absent) == NAMES // 20
    zone = {ORIGIN: write_zone(folder / "static.example.zone", ORIGIN, lines)}
    return Material(
        content=Content(zones=zone, settings=settings or {}),
        plain=Content(zones=zone),
        traffic=Queries(write_lines(folder / "queries", queries), f"ready.{ORIGIN} A", same=True, options=load),
    )


def make_edns(folder: Path) -> Material:
    return make(folder, load=("--edns",))


def make_guarded(folder: Path) -> Material:
    """Limits so high that nothing is refused: what is measured is the work of counting and checking."""
    rrl = {"enabled": True, "responses_per_second": 1_000_000, "slip": 2, "exempt": []}
    return make(folder, load=("--edns", "--cookie"), settings={"rrl": rrl, "cookies": True})


SCENARIOS = [
    Scenario("static", "100,000 names: 80 % A, 10 % AAAA, 5 % CNAME, 5 % NXDOMAIN", make),
    Scenario("static-edns", "the same, every query with an OPT record", make_edns),
    Scenario(
        "static-guarded", "the same with cookies in queries; edgeplane: rate limiting and cookies on", make_guarded
    ),
]

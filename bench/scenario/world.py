"""An invented world: 20,000 prefixes, each in a country, and queries that carry addresses in them."""

from __future__ import annotations

import random
from pathlib import Path

from scenario.zone import write_lines

# Country, continent, latitude, longitude.
COUNTRIES = [
    ("US", "NA", 39.8, -98.6), ("CA", "NA", 56.1, -106.3), ("MX", "NA", 23.6, -102.6), ("BR", "SA", -14.2, -51.9),
    ("AR", "SA", -38.4, -63.6), ("CL", "SA", -35.7, -71.5), ("GB", "EU", 55.4, -3.4), ("FR", "EU", 46.2, 2.2),
    ("DE", "EU", 51.2, 10.5), ("IT", "EU", 41.9, 12.6), ("ES", "EU", 40.5, -3.7), ("PL", "EU", 51.9, 19.1),
    ("ZA", "AF", -30.6, 22.9), ("NG", "AF", 9.1, 8.7), ("EG", "AF", 26.8, 30.8), ("KE", "AF", -0.02, 37.9),
    ("JP", "AS", 36.2, 138.3), ("IN", "AS", 20.6, 79.0), ("CN", "AS", 35.9, 104.2), ("SG", "AS", 1.35, 103.8),
    ("AU", "OC", -25.3, 133.8), ("NZ", "OC", -40.9, 174.9),
]  # fmt: skip
PREFIXES = 20_000


def write_places(path: Path) -> Path:
    """The `geo_database` of the scenarios, as CSV."""
    chance = random.Random(21)
    rows = (chance.choice(COUNTRIES) for _ in range(PREFIXES))
    lines = [f"{prefix(n)},{land},{country},,{lat},{lon}" for n, (country, land, lat, lon) in enumerate(rows)]
    return write_lines(path, ["prefix,continent,country,subdivision,latitude,longitude", *lines])


def prefix(number: int) -> str:
    """The prefixes are /22 in 16.0.0.0 and above, one beside the other."""
    return f"{16 + (number >> 14)}.{number >> 6 & 255}.{number << 2 & 255}.0/22"


def write_queries(path: Path, names: list[str], count: int = 100_000) -> Path:
    """A queries, each from a /24 somewhere in the world; one in twenty from nowhere."""
    chance = random.Random(22)

    def subnet() -> str:
        if chance.random() < 0.05:
            return f"203.0.{chance.randrange(256)}.0/24"
        network = prefix(chance.randrange(PREFIXES)).removesuffix(".0/22")
        front, _, third = network.rpartition(".")
        return f"{front}.{int(third) + chance.randrange(4)}.0/24"

    return write_lines(path, (f"{chance.choice(names)} A @ecs={subnet()}" for _ in range(count)))

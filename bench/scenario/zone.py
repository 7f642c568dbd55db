"""Zone files, query files and templates, as text."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable
from pathlib import Path
from typing import Any

HEAD = """\
$ORIGIN {origin}
$TTL 300
@ IN SOA ns1 hostmaster {serial} 7200 900 1209600 300
@ IN NS ns1
@ IN NS ns2
ns1 IN A 192.0.2.1
ns2 IN A 192.0.2.2
ready IN A 192.0.2.53
"""


def write_zone(path: Path, origin: str, lines: Iterable[str], serial: int = 1) -> Path:
    """A zone with two name servers, `ready` and the given lines."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as out:
        out.write(HEAD.format(origin=origin, serial=serial))
        out.writelines(f"{line}\n" for line in lines)
    return path


def write_lines(path: Path, lines: Iterable[str]) -> Path:
    """A query file or table."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as out:
        out.writelines(f"{line}\n" for line in lines)
    return path


def write_template(path: Path, zone: str, record_sets: list[dict[str, Any]], **resources: dict[str, Any]) -> Path:
    """A template with one hosted zone, one group of record sets, `ready`, and other resources."""
    ready = {"Name": f"ready.{zone}", "Type": "A", "TTL": "300", "ResourceRecords": ["192.0.2.53"]}
    group = {"HostedZoneName": zone, "RecordSets": [ready, *record_sets]}
    everything: dict[str, Any] = {
        "Zone": {"Type": "AWS::Route53::HostedZone", "Properties": {"Name": zone}},
        "Records": {"Type": "AWS::Route53::RecordSetGroup", "DependsOn": "Zone", "Properties": group},
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"AWSTemplateFormatVersion": "2010-09-09", "Resources": everything | resources}))
    return path


def labels(count: int, seed: int) -> list[str]:
    """Different host names of 8 to 20 characters."""
    chance = random.Random(seed)
    letters = "abcdefghijklmnopqrstuvwxyz0123456789"
    return [f"{''.join(chance.choices(letters, k=chance.randint(1, 13)))}-{number:06x}" for number in range(count)]


def ipv4(number: int) -> str:
    """An address in 10.0.0.0/8."""
    return f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"

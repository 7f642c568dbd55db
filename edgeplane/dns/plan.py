"""Settings and resources → plan source, as docs/ARCHITECTURE.md has it. Pure: reads no file, no clock."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgpack

from edgeplane.config.model import Dns
from edgeplane.dns.models import CidrCollection, HealthCheck
from edgeplane.dns.resources import DnsResources, PlacedSet, Zone
from edgeplane.template.resource import Resource

FREE = ""
"""The id of a slot that no check has."""

NOT_PLANNED = {"HostedZoneId", "HostedZoneName", "Comment"}


def plan_source(
    dns: Dns,
    resources: DnsResources,
    *,
    zone_files: Sequence[Path] = (),
    cookie_secret: bytes = b"",
    slots: Mapping[str, int] | None = None,
) -> dict[str, Any]:
    """What DNS has in a plan source: "health" and "dns". slots: check id → slot in plans that live."""
    ids = assign_slots([check.id for check in resources.health_checks], slots or {})
    return {
        "health": msgpack.packb(_by_slot(resources.health_checks, ids)),
        "dns": {
            "settings": _settings(dns, cookie_secret),
            "zone_files": [{"path": str(path), "origin": None} for path in zone_files],
            "zones": [_zone(zone, dns.name_servers) for zone in resources.zones],
            "checks": ids,
            "cidr_collections": [_collection(one) for one in resources.collections],
            "geo_database": _path(dns.geo_database),
            "latency_table": _path(dns.latency_table),
            "regions": _path(dns.regions),
        },
    }


def checks_document(source: Mapping[str, Any]) -> dict[str, Any]:
    """The checker's document of a plan source: {"checks": [{"slot", "id", "path", "config"}]}."""
    return {"checks": [check for check in msgpack.unpackb(source["health"]) if check is not None]}


def assign_slots(ids: Sequence[str], taken: Mapping[str, int]) -> list[str]:
    """Check ids by slot, FREE where none is. A known check keeps its slot; a new one gets the lowest that none had."""
    kept = {taken[id_]: id_ for id_ in ids if id_ in taken}
    had = set(taken.values())
    slot = 0
    for id_ in ids:
        if id_ in taken:
            continue
        while slot in had or slot in kept:
            slot += 1
        kept[slot] = id_
    return [kept.get(number, FREE) for number in range(max(kept, default=-1) + 1)]


def _by_slot(checks: Iterable[Resource[HealthCheck]], ids: Sequence[str]) -> list[dict[str, Any] | None]:
    by_id = {check.id: check for check in checks}
    return [_check(slot, by_id[id_]) if id_ != FREE else None for slot, id_ in enumerate(ids)]


def _check(slot: int, check: Resource[HealthCheck]) -> dict[str, Any]:
    config = check.properties.HealthCheckConfig.model_dump(mode="json", exclude_none=True)
    return {"slot": slot, "id": check.id, "path": check.path, "config": config}


def _settings(dns: Dns, cookie_secret: bytes) -> dict[str, Any]:
    tuned = dns.model_dump(
        mode="json",
        include={"udp_payload_size", "cookies", "nsid", "id_server", "minimal_any", "rrl", "query_acl", "tcp"},
    )
    log = dns.query_log
    query_log = {"path": str(log.path), "sample": log.sample} if log.path else None
    return {**tuned, "cookie_secret": cookie_secret, "query_log": query_log}


def _zone(zone: Zone, name_servers: Sequence[str]) -> dict[str, Any]:
    return {
        "path": zone.path,
        "id": zone.id,
        "name": zone.name,
        "name_servers": list(name_servers) if zone.id else [],
        "record_sets": [_record_set(one) for one in zone.record_sets],
    }


def _record_set(one: PlacedSet) -> dict[str, Any]:
    record = one.record.model_dump(mode="json", exclude_none=True, exclude=NOT_PLANNED)
    if not record.get("MultiValueAnswer", True):
        del record["MultiValueAnswer"]
    return {"path": one.path, **record}


def _collection(one: Resource[CidrCollection]) -> dict[str, Any]:
    locations = one.properties.model_dump(mode="json")["Locations"]
    return {"id": one.id, "name": one.properties.Name, "locations": locations}


def _path(path: Path | None) -> str | None:
    return str(path) if path else None

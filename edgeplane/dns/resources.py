"""Resources of all templates put together: record sets under their zones, every reference leading somewhere."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from edgeplane.config.validation import Path, steps
from edgeplane.dns import types
from edgeplane.dns.models import CidrCollection, HealthCheck, HostedZone, RecordSet
from edgeplane.dns.name import within
from edgeplane.errors import ContentError, Fault
from edgeplane.template.resource import Resource
from edgeplane.template.scope import ring


@dataclass(frozen=True)
class PlacedSet:
    """A record set and where it stands: a resource of its own, or one of a group's."""

    record: RecordSet
    resource: Resource[Any]
    at: Path
    zone_id: str | None
    zone_name: str | None

    @property
    def path(self) -> str:
        """`site.yaml: Resources.Www`, or `site.yaml: Resources.Group.Properties.RecordSets[0]`."""
        return self.fault((), "").place

    @property
    def line(self) -> int:
        """Where it stands in its file."""
        return self.fault((), "").line

    def fault(self, path: Path, message: str) -> Fault:
        """A fault at one of its properties."""
        return self.resource.fault((*self.at, *path), message)


@dataclass(frozen=True)
class Zone:
    """A zone and its record sets from templates. id: empty where only a zone file makes the zone. line: of `path`."""

    path: str
    id: str
    name: str
    line: int
    record_sets: list[PlacedSet] = field(default_factory=list)


@dataclass(frozen=True)
class DnsResources:
    """All that templates say about DNS."""

    zones: list[Zone]
    health_checks: list[Resource[HealthCheck]]
    collections: list[Resource[CidrCollection]]

    def with_lines(self, faults: Iterable[Fault]) -> list[Fault]:
        """Faults of the core, which knows paths alone, with the lines of what stands there."""
        lines = {zone.path: zone.line for zone in self.zones}
        sets = {one.path: one for zone in self.zones for one in zone.record_sets}

        def with_line(fault: Fault) -> Fault:
            if found := _part_of(fault.place, sets):
                one, path = found
                return one.fault(path, fault.message)
            return replace(fault, line=lines.get(fault.place, 0))

        return [fault if fault.line else with_line(fault) for fault in faults]


def _part_of(place: str, sets: Mapping[str, PlacedSet]) -> tuple[PlacedSet, Path] | None:
    """The record set that a place of the core's lies in, and the way on: `….Www.ResourceRecords[0]` is in `….Www`."""
    for end in (len(place), *(step.start() for step in reversed([*re.finditer(r"[.\[]", place)]))):
        if one := sets.get(place[:end]):
            return one, steps(place[end:].removeprefix(".Properties"))
    return None


def assemble(
    resources: Iterable[Resource[Any]], given: Sequence[Zone] = (), absent: Mapping[str, str] = MappingProxyType({})
) -> DnsResources:
    """Puts resources together. Raises ContentError with every reference that leads nowhere.

    given: zones with their record sets that no template makes, as targets of alias records. absent: ids of zones that
    are known but not served, and why.
    """
    by_type: dict[str, list[Resource[Any]]] = {}
    for resource in resources:
        by_type.setdefault(resource.type, []).append(resource)
    checks, collections = by_type.get(types.HEALTH_CHECK, []), by_type.get(types.COLLECTION, [])
    placed = [*map(_single, by_type.get(types.RECORD_SET, [])), *_grouped(by_type.get(types.GROUP, []))]
    zones, faults = _zones(by_type.get(types.ZONE, []), given)
    faults += _into_zones(placed, zones)
    faults += [*_check_faults(placed, checks), *_ring_faults(checks)]
    faults += [*_collection_faults(placed, collections), *_alias_faults(placed, zones, absent)]
    if faults:
        raise ContentError(faults)
    return DnsResources(zones, checks, collections)


def _single(resource: Resource[RecordSet]) -> PlacedSet:
    record = resource.properties
    return PlacedSet(record, resource, (), record.HostedZoneId, record.HostedZoneName)


def _grouped(groups: Iterable[Resource[Any]]) -> Iterator[PlacedSet]:
    for group in groups:
        for number, record in enumerate(group.properties.RecordSets):
            own = record if record.HostedZoneId or record.HostedZoneName else group.properties
            yield PlacedSet(record, group, ("RecordSets", number), own.HostedZoneId, own.HostedZoneName)


def _zones(resources: Iterable[Resource[HostedZone]], given: Iterable[Zone]) -> tuple[list[Zone], list[Fault]]:
    zones = {zone.name: zone for zone in given}
    faults = []
    for resource in resources:
        zone = Zone(resource.path, resource.id, resource.properties.Name, resource.fault((), "").line)
        first = zones.setdefault(zone.name, zone)
        if first is not zone:
            faults.append(resource.fault(("Name",), f"{zone.name} is the zone of {first.path} already"))
    return list(zones.values()), faults


def _into_zones(placed: Iterable[PlacedSet], zones: list[Zone]) -> list[Fault]:
    """Adds each record set to its zone; one that only a zone file can make is added to `zones` without an id."""
    by_id = {zone.id: zone for zone in zones}
    by_name = {zone.name: zone for zone in zones}
    faults = []
    for one in placed:
        if one.zone_id and one.zone_id not in by_id:
            faults.append(one.fault(("HostedZoneId",), f"no hosted zone here has the id {one.zone_id}"))
            continue
        if not one.zone_id and not one.zone_name:
            faults.append(one.fault((), "needs HostedZoneId or HostedZoneName"))
            continue
        name = by_id[one.zone_id].name if one.zone_id else str(one.zone_name)
        if not within(one.record.Name, name):
            faults.append(one.fault(("Name",), f"{one.record.Name} is not within {name}"))
            continue
        if name not in by_name:
            by_name[name] = Zone(one.path, "", name, one.line)
            zones.append(by_name[name])
        by_name[name].record_sets.append(one)
    return faults


def _check_faults(placed: Iterable[PlacedSet], checks: list[Resource[HealthCheck]]) -> Iterator[Fault]:
    known = {check.id for check in checks}
    for one in placed:
        if (id_ := one.record.HealthCheckId) and id_ not in known:
            yield one.fault(("HealthCheckId",), f"no health check here has the id {id_}")
    for check in checks:
        for number, child in enumerate(check.properties.HealthCheckConfig.children):
            if child not in known:
                path = ("HealthCheckConfig", "ChildHealthChecks", number)
                yield check.fault(path, f"no health check here has the id {child}")


def _ring_faults(checks: list[Resource[HealthCheck]]) -> Iterator[Fault]:
    by_id = {check.id: check for check in checks}
    found = ring({id_: check.properties.HealthCheckConfig.children for id_, check in by_id.items()})
    if found:
        path = ("HealthCheckConfig", "ChildHealthChecks")
        yield by_id[found[0]].fault(path, f"counts itself: {' → '.join(found)}")


def _collection_faults(placed: Iterable[PlacedSet], collections: list[Resource[CidrCollection]]) -> Iterator[Fault]:
    known = {one.id: {each.LocationName for each in one.properties.Locations} | {"*"} for one in collections}
    for one in placed:
        routing = one.record.CidrRoutingConfig
        if routing is None:
            continue
        if routing.CollectionId not in known:
            path: Path = ("CidrRoutingConfig", "CollectionId")
            yield one.fault(path, f"no CIDR collection here has the id {routing.CollectionId}")
        elif routing.LocationName not in known[routing.CollectionId]:
            path = ("CidrRoutingConfig", "LocationName")
            yield one.fault(path, f"the collection has no location {routing.LocationName}")


def _alias_faults(placed: Iterable[PlacedSet], zones: Iterable[Zone], absent: Mapping[str, str]) -> Iterator[Fault]:
    by_id = {zone.id: zone.name for zone in zones if zone.id}
    for one in placed:
        target = one.record.AliasTarget
        if target is None or target.HostedZoneId is None:
            continue
        zone = by_id.get(target.HostedZoneId)
        if zone is None:
            said = f"no hosted zone here has the id {target.HostedZoneId}; without an id, DNSName alone decides"
            yield one.fault(("AliasTarget", "HostedZoneId"), absent.get(target.HostedZoneId, said))
        elif not within(target.DNSName, zone):
            yield one.fault(("AliasTarget", "DNSName"), f"{target.DNSName} is not within {zone}")

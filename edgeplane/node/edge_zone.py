"""Where the pillars meet: the zone in which DNS answers for the host names of distributions.

Alias records find it as they find CloudFront's: by the hosted zone id that CloudFront's documentation names for all
distributions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from edgeplane.config import Settings
from edgeplane.dns.models import RecordSet
from edgeplane.dns.resources import PlacedSet, Zone
from edgeplane.edge.models import Distribution
from edgeplane.edge.types import HOSTED_ZONE_ID, host_name
from edgeplane.template import Resource

TTL_S = 60
"""As CloudFront's own host names have it."""


def edge_zone(settings: Settings, distributions: Sequence[Resource[Distribution]], source: Path) -> Zone | None:
    """The zone of `edge.domain` with the public addresses of each distribution; None where these are not told.

    source: the configuration, where faults of the zone stand.
    """
    if not distributions or not settings.edge.public_addresses or not settings.dns.name_servers:
        return None
    zone = Zone(f"{source}: edge.domain", HOSTED_ZONE_ID, f"{settings.edge.domain}.", 0)
    for distribution in distributions:
        zone.record_sets.extend(_record_sets(settings, distribution))
    return zone


def absent_zone(settings: Settings, source: Path) -> Mapping[str, str]:
    """Why alias records to distributions lead nowhere, where `edge_zone` has none."""
    wanted = {"edge.public_addresses": settings.edge.public_addresses, "dns.name_servers": settings.dns.name_servers}
    unset = [name for name, value in wanted.items() if not value]
    said = f"set {' and '.join(unset)} in {source}" if unset else "no distribution is in the templates"
    return {HOSTED_ZONE_ID: f"is the zone of distributions, which is not served: {said}"}


def _record_sets(settings: Settings, distribution: Resource[Distribution]) -> Iterator[PlacedSet]:
    """IPv6 as the distribution says (CloudFront API, IPV6Enabled)."""
    name = f"{host_name(distribution.id, settings.edge.domain)}."
    has_ipv6 = distribution.properties.DistributionConfig.IPV6Enabled
    for version, rtype in ((4, "A"), (6, "AAAA"))[: 1 + has_ipv6]:
        values = tuple(str(each) for each in settings.edge.public_addresses if each.version == version)
        if values:
            record = RecordSet(Name=name, Type=rtype, TTL=TTL_S, ResourceRecords=values)
            yield PlacedSet(record, distribution, (), HOSTED_ZONE_ID, None)

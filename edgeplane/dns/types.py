"""The resource types of DNS in templates, and how their ids come from logical names.

A resource without `Metadata: {edgeplane: {Id: …}}` gets an id from its logical name alone, so that it stays the same
when the file moves or anything else in it changes: a zone `Z` and 20 base-32 digits, the others the shape of a UUID,
both of BLAKE2b over `type:logical name`.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from uuid import UUID

from edgeplane.dns.models import CidrCollection, HealthCheck, HostedZone, RecordSet, RecordSetGroup
from edgeplane.template import ResourceType
from edgeplane.template.resource import digest

ZONE = "AWS::Route53::HostedZone"
RECORD_SET = "AWS::Route53::RecordSet"
GROUP = "AWS::Route53::RecordSetGroup"
HEALTH_CHECK = "AWS::Route53::HealthCheck"
COLLECTION = "AWS::Route53::CidrCollection"


def resource_types(name_servers: Sequence[str]) -> tuple[ResourceType, ...]:
    """The types; `name_servers` is what the attribute NameServers of a zone gives."""
    servers = [name.removesuffix(".") for name in name_servers]
    return (
        ResourceType(ZONE, HostedZone, zone_id, {"Id": str, "NameServers": lambda _: servers}),
        ResourceType(RECORD_SET, RecordSet, str, ref="Name"),
        ResourceType(GROUP, RecordSetGroup, str),
        ResourceType(HEALTH_CHECK, HealthCheck, health_check_id, {"HealthCheckId": str}),
        ResourceType(COLLECTION, CidrCollection, collection_id, {"Id": str, "Arn": _arn}),
    )


def zone_id(logical_name: str) -> str:
    """`Z` and 20 base-32 digits."""
    return "Z" + base64.b32encode(digest(ZONE, logical_name, 12)).decode().rstrip("=")


def health_check_id(logical_name: str) -> str:
    """In the shape of a UUID."""
    return str(UUID(bytes=digest(HEALTH_CHECK, logical_name, 16)))


def collection_id(logical_name: str) -> str:
    """In the shape of a UUID."""
    return str(UUID(bytes=digest(COLLECTION, logical_name, 16)))


def _arn(id_: str) -> str:
    return f"arn:aws:route53:::cidrcollection/{id_}"

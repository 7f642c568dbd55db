"""The resource types of the edge in templates, and how their ids come from logical names.

A resource without `Metadata: {edgeplane: {Id: …}}` gets an id from its logical name alone, as in `edgeplane.dns.types`:
`E` and 13 base-32 digits for a distribution or an origin access control, `K` and 13 for a key, the others the shape of
a UUID.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from uuid import UUID

from edgeplane.edge import models
from edgeplane.template import ResourceType
from edgeplane.template.resource import digest

DISTRIBUTION = "AWS::CloudFront::Distribution"
CACHE_POLICY = "AWS::CloudFront::CachePolicy"
ORIGIN_REQUEST_POLICY = "AWS::CloudFront::OriginRequestPolicy"
RESPONSE_HEADERS_POLICY = "AWS::CloudFront::ResponseHeadersPolicy"
PUBLIC_KEY = "AWS::CloudFront::PublicKey"
KEY_GROUP = "AWS::CloudFront::KeyGroup"
ORIGIN_ACCESS_CONTROL = "AWS::CloudFront::OriginAccessControl"
SIGNING_KEY = "Edgeplane::Edge::SigningKey"

HOSTED_ZONE_ID = "Z2FDTNDATAQYW2"
"""`AliasTarget.HostedZoneId` of every distribution (Route 53 API, AliasTarget)."""


def resource_types(domain: str) -> tuple[ResourceType, ...]:
    """The types; `domain` is what the host names of distributions end with."""
    id_ = {"Id": str}
    return (
        ResourceType(
            DISTRIBUTION,
            models.Distribution,
            distribution_id,
            {**id_, "DomainName": lambda id_: host_name(id_, domain)},
            metadata=models.DistributionMetadata,
        ),
        ResourceType(CACHE_POLICY, models.CachePolicy, _uuid(CACHE_POLICY), id_),
        ResourceType(ORIGIN_REQUEST_POLICY, models.OriginRequestPolicy, _uuid(ORIGIN_REQUEST_POLICY), id_),
        ResourceType(RESPONSE_HEADERS_POLICY, models.ResponseHeadersPolicy, _uuid(RESPONSE_HEADERS_POLICY), id_),
        ResourceType(PUBLIC_KEY, models.PublicKey, _lettered("K", PUBLIC_KEY), id_),
        ResourceType(KEY_GROUP, models.KeyGroup, _uuid(KEY_GROUP), id_),
        ResourceType(ORIGIN_ACCESS_CONTROL, models.OriginAccessControl, _lettered("E", ORIGIN_ACCESS_CONTROL), id_),
        ResourceType(SIGNING_KEY, models.SigningKey, _lettered("K", SIGNING_KEY), id_),
    )


def host_name(id_: str, domain: str) -> str:
    """The host name of a distribution: `e2qwruhapomqzl.edge.example.net`."""
    return f"{id_.lower()}.{domain}"


def distribution_id(logical_name: str) -> str:
    """`E` and 13 base-32 digits."""
    return _lettered("E", DISTRIBUTION)(logical_name)


def _lettered(letter: str, kind: str) -> Callable[[str], str]:
    return lambda logical_name: letter + base64.b32encode(digest(kind, logical_name, 10)).decode()[:13]


def _uuid(kind: str) -> Callable[[str], str]:
    return lambda logical_name: str(UUID(bytes=digest(kind, logical_name, 16)))

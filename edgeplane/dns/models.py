"""The nouns of Route 53, with the names of its API: what one resource can say about itself.

What only the whole zone shows (a CNAME beside other data, two policies under one name) is the core's to refuse.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from edgeplane.config.validation import Whole, refuse_any
from edgeplane.dns import parts, rules
from edgeplane.health import models as health
from edgeplane.template.noun import Noun, Tag


class HostedZone(Noun):
    """AWS::Route53::HostedZone."""

    refused: ClassVar = {
        "VPCs": "private zones are not offered",
        "QueryLoggingConfig": "queries are logged where the setting dns.query_log says",
    }

    Name: parts.DomainName
    HostedZoneConfig: parts.HostedZoneConfig | None = None
    HostedZoneTags: tuple[Tag, ...] = ()


class RecordSet(Noun):
    """AWS::Route53::RecordSet."""

    Name: parts.DomainName
    Type: Literal[rules.RECORD_TYPES]  # type: ignore[valid-type]
    HostedZoneId: parts.ZoneId | None = None
    HostedZoneName: parts.DomainName | None = None
    Comment: str = ""
    TTL: Annotated[Whole, Field(ge=0, le=parts.TTL_MAX)] | None = None
    ResourceRecords: Annotated[tuple[parts.Value, ...], Field(min_length=1)] | None = None
    AliasTarget: parts.AliasTarget | None = None
    SetIdentifier: parts.SetName | None = None
    HealthCheckId: parts.Identifier | None = None
    Weight: Annotated[Whole, Field(ge=0, le=255)] | None = None
    Region: parts.RegionName | None = None
    Failover: Literal["PRIMARY", "SECONDARY"] | None = None
    GeoLocation: parts.GeoLocation | None = None
    GeoProximityLocation: parts.GeoProximityLocation | None = None
    CidrRoutingConfig: parts.CidrRoutingConfig | None = None
    MultiValueAnswer: bool | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        refuse_any(rules.record_set(self))
        return self


class RecordSetGroup(Noun):
    """AWS::Route53::RecordSetGroup."""

    HostedZoneId: parts.ZoneId | None = None
    HostedZoneName: parts.DomainName | None = None
    Comment: str = ""
    RecordSets: tuple[RecordSet, ...] = ()


class HealthCheck(Noun):
    """AWS::Route53::HealthCheck."""

    HealthCheckConfig: health.HealthCheckConfig
    HealthCheckTags: tuple[Tag, ...] = ()


class CidrCollection(Noun):
    """AWS::Route53::CidrCollection."""

    Name: Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z_-]{1,64}$")]
    Locations: tuple[parts.Location, ...] = ()

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        refuse_any(rules.locations(self.Locations))
        return self

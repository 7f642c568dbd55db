"""Origins and origin groups: where objects come from."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from edgeplane.config.validation import Whole, refuse_any
from edgeplane.edge import rules
from edgeplane.edge.parts import FailoverCode, FieldName, FieldValue, LocalId, OriginHost, Port, Timeout
from edgeplane.template.noun import Noun

TlsVersion = Literal["SSLv3", "TLSv1", "TLSv1.1", "TLSv1.2"]


class OriginCustomHeader(Noun):
    """A header field that every request to the origin gets."""

    HeaderName: FieldName
    HeaderValue: FieldValue


class CustomOrigin(Noun):
    """An HTTP server."""

    not_offered: ClassVar = {"OriginMtlsConfig": "client certificates for origins are not offered"}

    OriginProtocolPolicy: Literal["http-only", "match-viewer", "https-only"]
    HTTPPort: Port = 80
    HTTPSPort: Port = 443
    OriginKeepaliveTimeout: Timeout = 5
    OriginReadTimeout: Timeout = 30
    OriginSSLProtocols: tuple[TlsVersion, ...] = ("TLSv1.2",)
    IpAddressType: Literal["ipv4", "ipv6", "dualstack"] | None = None


class NamedOrigin(Noun):
    """A directory or a bucket of the settings, by its name."""

    not_offered: ClassVar = {"OriginAccessIdentity": "is not offered; give the origin an OriginAccessControlId"}

    OriginReadTimeout: Timeout = 30


class Origin(Noun):
    """Where objects come from."""

    refused: ClassVar = {"VpcOriginConfig": "there is no VPC here; write CustomOriginConfig"}
    not_offered: ClassVar = {
        "OriginShield": "is not offered; leave it out",
        "ResponseCompletionTimeout": "is not offered",
    }

    Id: LocalId
    DomainName: OriginHost
    OriginPath: Annotated[str, AfterValidator(rules.origin_path)] = ""
    ConnectionAttempts: Annotated[Whole, Field(ge=1, le=3)] = 3
    ConnectionTimeout: Annotated[Whole, Field(ge=1, le=10)] = 10
    OriginAccessControlId: str = ""
    OriginCustomHeaders: tuple[OriginCustomHeader, ...] = ()
    CustomOriginConfig: CustomOrigin | None = None
    S3OriginConfig: NamedOrigin | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        refuse_any(rules.origin(self))
        return self


class FailoverCodes(Noun):
    """Answers of the first origin after which the second is asked."""

    Items: Annotated[tuple[FailoverCode, ...], Field(min_length=1)]
    Quantity: Whole | None = None


class Failover(Noun):
    """When the second origin is asked."""

    StatusCodes: FailoverCodes


class OriginGroupMember(Noun):
    """One of the two origins."""

    OriginId: LocalId


class OriginGroupMembers(Noun):
    """The first origin, and the one that stands in for it."""

    Items: Annotated[tuple[OriginGroupMember, ...], Field(min_length=2, max_length=2)]
    Quantity: Whole | None = None


class OriginGroup(Noun):
    """Two origins, of which the second is asked when the first fails."""

    not_offered: ClassVar = {"SelectionCriteria": "is not offered; the first origin is asked first"}

    Id: LocalId
    FailoverCriteria: Failover
    Members: OriginGroupMembers


class Groups(Noun):
    """All origin groups of a distribution."""

    Items: tuple[OriginGroup, ...] = ()
    Quantity: Whole | None = None

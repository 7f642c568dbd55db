"""Parts of the nouns of Route 53, and the types of their properties."""

from __future__ import annotations

import re
from decimal import Decimal
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from edgeplane.config.validation import Whole, refuse_any
from edgeplane.dns import rules
from edgeplane.dns.name import canonical, master_file_escapes
from edgeplane.template.noun import Noun

TTL_MAX = 2**31 - 1
CIDR_BITS = {4: 24, 6: 48}

_BEFORE_COMMENT = re.compile(r'(?:"(?:[^"\\]|\\.)*(?:"|$)|\\.|[^";\\])*', re.DOTALL)


def _uncommented(value: str) -> str:
    """A value as it is, where no `;` outside quotes makes its end a comment, as it would in a master file."""
    found = _BEFORE_COMMENT.match(value)
    if found and value[found.end() :].startswith(";"):
        raise ValueError("has a comment after `;`; leave it out, or quote the text that holds it")
    return value


DomainName = Annotated[str, AfterValidator(canonical)]
Value = Annotated[
    str,
    StringConstraints(min_length=1, max_length=65_535),
    AfterValidator(master_file_escapes),
    AfterValidator(_uncommented),
]
Identifier = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9-]+$")]
ZoneId = Annotated[str, AfterValidator(lambda text: text.removeprefix("/hostedzone/")), Identifier]
SetName = Annotated[str, StringConstraints(min_length=1, max_length=128)]
RegionName = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[a-z0-9-]+$")]


class HostedZoneConfig(Noun):
    """A comment for people."""

    Comment: str = ""


class AliasTarget(Noun):
    """The name whose record set of the same type answers instead."""

    DNSName: DomainName
    HostedZoneId: ZoneId | None = None
    EvaluateTargetHealth: bool = False


class GeoLocation(Noun):
    """A continent, a country or `*` for everywhere else, or a state of the United States."""

    ContinentCode: Literal["AF", "AN", "AS", "EU", "NA", "OC", "SA"] | None = None
    CountryCode: Annotated[str, StringConstraints(pattern=r"^([A-Z]{2}|\*)$")] | None = None
    SubdivisionCode: Annotated[str, StringConstraints(pattern=r"^([A-Z0-9]{1,3}|\*)$")] | None = None

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        refuse_any(rules.geo_location(self.ContinentCode, self.CountryCode, self.SubdivisionCode))
        return self


def _degrees(bound: int) -> AfterValidator:
    def check(text: str) -> str:
        try:
            degrees = Decimal(text)
        except ArithmeticError:
            raise ValueError(f"{text!r} is no number of degrees") from None
        if not degrees.is_finite() or abs(degrees) > bound:
            raise ValueError(f"is {text}, but must be -{bound} to {bound} degrees")
        exponent = degrees.as_tuple().exponent
        if isinstance(exponent, int) and exponent < -2:
            raise ValueError(f"is {text}, but has at most 2 decimals")
        return format(degrees, "f")

    return AfterValidator(check)


class Point(Noun):
    """A place in degrees, as decimal text."""

    Latitude: Annotated[str, _degrees(90)]
    Longitude: Annotated[str, _degrees(180)]


class GeoProximityLocation(Noun):
    """Where the resource is, and how much larger or smaller than it is its area shall be."""

    AWSRegion: RegionName | None = None
    LocalZoneGroup: RegionName | None = None
    Coordinates: Point | None = None
    Bias: Annotated[Whole, Field(ge=-99, le=99)] = 0

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        refuse_any(rules.exactly_one(self, ("AWSRegion", "LocalZoneGroup", "Coordinates")))
        return self


class CidrRoutingConfig(Noun):
    """A location of a collection, or `*` for clients that no location holds."""

    CollectionId: Identifier
    LocationName: Annotated[str, StringConstraints(pattern=r"^(\*|[0-9A-Za-z_-]{1,16})$")]


def _prefix(text: str) -> str:
    try:
        network: IPv4Network | IPv6Network = ip_network(text)
    except ValueError as error:
        raise ValueError(f"{text!r} is no prefix such as 192.0.2.0/24 ({error})") from None
    if network.prefixlen > CIDR_BITS[network.version]:
        raise ValueError(f"{text} is longer than /{CIDR_BITS[network.version]}")
    return str(network)


class Location(Noun):
    """A named list of client prefixes."""

    LocationName: Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z_-]{1,16}$")]
    CidrList: Annotated[tuple[Annotated[str, AfterValidator(_prefix)], ...], Field(min_length=1)]

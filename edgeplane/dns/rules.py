"""What the properties of one record set demand of each other (Route 53 API, ResourceRecordSet)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from edgeplane.config.validation import Path
from edgeplane.dns.name import within

if TYPE_CHECKING:
    from edgeplane.dns.models import RecordSet
    from edgeplane.dns.parts import Location

RECORD_TYPES = (
    "A", "AAAA", "CAA", "CNAME", "DNAME", "DS", "HTTPS", "LOC", "MX", "NAPTR", "NS", "PTR", "SOA", "SPF", "SRV",
    "SSHFP", "SVCB", "TLSA", "TXT", "URI",
)  # fmt: skip
POLICIES = (
    "Weight", "Region", "Failover", "GeoLocation", "GeoProximityLocation", "CidrRoutingConfig", "MultiValueAnswer",
)  # fmt: skip
UNROUTED = ("NS", "SOA", "DS", "DNAME")
"""Types by which names outside their own are answered: every client gets them, whatever its place and their health."""
SINGLE = ("CNAME", "DNAME", "SOA")
"""Types of which a name has one record (RFC 1034 3.6.2, RFC 6672 2.4, RFC 1035 6.1)."""

Problem = tuple[Path, str]


def record_set(record: RecordSet) -> Iterator[Problem]:
    """Everything wrong with a record set by itself."""
    yield from _answer(record)
    yield from _policy(record)
    yield from _zone(record)
    if record.Type == "NS" and record.Name.startswith("*."):
        yield ("Name",), "a wildcard has no NS records (RFC 4592 4.2)"


def policy(record: RecordSet) -> str | None:
    """The property that routes: one of POLICIES."""
    return next((name for name in POLICIES if _is_set(record, name)), None)


def exactly_one(noun: object, names: Sequence[str]) -> Iterator[Problem]:
    """One of several properties, no more, no less."""
    given = [name for name in names if getattr(noun, name) is not None]
    if len(given) != 1:
        yield (), f"has {' and '.join(given) or 'none'} of {', '.join(names)}; exactly one is needed"


def geo_location(continent: str | None, country: str | None, subdivision: str | None) -> Iterator[Problem]:
    """Continent, or country with or without subdivision."""
    if continent and (country or subdivision):
        yield ("ContinentCode",), "stands alone, without CountryCode and SubdivisionCode"
    if not continent and not country:
        yield (), "needs ContinentCode or CountryCode; CountryCode '*' is everywhere else"
    if subdivision and country != "US":
        yield ("SubdivisionCode",), "is for states of the United States, with CountryCode US"


def locations(given: Sequence[Location]) -> Iterator[Problem]:
    """Each location and each prefix once in a collection."""
    names: set[str] = set()
    prefixes: dict[str, str] = {}
    for number, location in enumerate(given):
        if location.LocationName in names:
            yield ("Locations", number, "LocationName"), f"{location.LocationName} is there twice"
        names.add(location.LocationName)
        for index, prefix in enumerate(location.CidrList):
            if prefix in prefixes:
                yield ("Locations", number, "CidrList", index), f"{prefix} is in location {prefixes[prefix]} already"
            prefixes[prefix] = location.LocationName


def _answer(record: RecordSet) -> Iterator[Problem]:
    """Either values with a TTL, or an alias with neither."""
    values, alias = record.ResourceRecords, record.AliasTarget
    if alias is None and values is None:
        yield ("ResourceRecords",), "is required, or AliasTarget in its place"
    elif alias is None and record.TTL is None:
        yield ("TTL",), "is required with ResourceRecords"
    if alias is not None:
        yield from _alias(record)
    if values and len(values) > 1 and record.Type in SINGLE:
        yield ("ResourceRecords", 1), f"{record.Type} has one value"
    if values and len(set(values)) < len(values):
        yield ("ResourceRecords",), "has a value twice"


def _alias(record: RecordSet) -> Iterator[Problem]:
    for name in ("TTL", "ResourceRecords"):
        if getattr(record, name) is not None:
            yield (name,), "is the target's where there is an AliasTarget; leave it out"
    if record.Type in UNROUTED:
        yield ("AliasTarget",), f"a record set of type {record.Type} cannot be an alias"
    if record.MultiValueAnswer:
        yield ("AliasTarget",), "a multivalue answer cannot be an alias"
    never_fails = record.AliasTarget and not record.AliasTarget.EvaluateTargetHealth and not record.HealthCheckId
    if record.Failover == "PRIMARY" and never_fails:
        yield ("AliasTarget", "EvaluateTargetHealth"), "must be true, else the primary never fails over"


def _policy(record: RecordSet) -> Iterator[Problem]:
    given = [name for name in POLICIES if _is_set(record, name)]
    if len(given) > 1:
        yield (given[1],), f"stands beside {given[0]}; a record set has one policy"
    if given and record.SetIdentifier is None:
        yield ("SetIdentifier",), f"is required with {given[0]}"
    if not given and record.SetIdentifier is not None:
        yield ("SetIdentifier",), f"needs a policy: one of {', '.join(POLICIES)}"
    if given and record.Type in UNROUTED:
        yield (given[0],), f"record sets of type {record.Type} have no routing policy"
    if record.HealthCheckId is not None and record.Type in UNROUTED:
        yield ("HealthCheckId",), f"record sets of type {record.Type} have no health check"
    if record.MultiValueAnswer:
        yield from _multivalue(record)


def _multivalue(record: RecordSet) -> Iterator[Problem]:
    if record.Type == "CNAME":
        yield ("MultiValueAnswer",), "a CNAME is one; there is nothing to choose several of"
    if record.ResourceRecords and len(record.ResourceRecords) > 1:
        yield ("ResourceRecords",), "has several values; with MultiValueAnswer each value is a record set of its own"


def _zone(record: RecordSet) -> Iterator[Problem]:
    if record.HostedZoneId and record.HostedZoneName:
        yield ("HostedZoneName",), "stands beside HostedZoneId; give one"
    if record.HostedZoneName and not within(record.Name, record.HostedZoneName):
        yield ("Name",), f"{record.Name} is not within {record.HostedZoneName}"


def _is_set(record: RecordSet, name: str) -> bool:
    return getattr(record, name) not in (None, False) or (name == "Weight" and record.Weight == 0)

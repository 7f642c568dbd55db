"""Resources of all templates put together: every reference of a distribution leads somewhere, no host name is two's."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from edgeplane.config.model import Edge
from edgeplane.config.secret import read_secret
from edgeplane.config.validation import Path as At
from edgeplane.config.validation import steps
from edgeplane.edge import managed, models, types
from edgeplane.edge.behaviours import Behaviour
from edgeplane.errors import ContentError, Fault, nearest
from edgeplane.template.resource import Resource

SECRET_OCTETS = 32
"""Least length of a secret for HMAC-SHA256: its output's (RFC 2104, section 3)."""

_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


@dataclass(frozen=True)
class EdgeResources:
    """All that templates say about the edge."""

    distributions: list[Resource[models.Distribution]]
    cache_policies: list[Resource[models.CachePolicy]]
    origin_request_policies: list[Resource[models.OriginRequestPolicy]]
    response_headers_policies: list[Resource[models.ResponseHeadersPolicy]]
    public_keys: list[Resource[models.PublicKey]]
    key_groups: list[Resource[models.KeyGroup]]
    signing_keys: list[Resource[models.SigningKey]]
    origin_access_controls: list[Resource[models.OriginAccessControl]]

    def every(self) -> list[Resource[Any]]:
        """All of them, distributions first."""
        return [resource for kind in vars(self).values() for resource in kind]

    def with_lines(self, faults: Iterable[Fault]) -> list[Fault]:
        """Faults of the core, which knows paths alone, with the lines of what stands there."""
        known = {resource.path: resource for resource in self.every()}
        return [replace(fault, line=fault.line or _line(fault.place, known)) for fault in faults]


def assemble(
    resources: Iterable[Resource[Any]], edge: Edge, base: Path, health_checks: Container[str] = ()
) -> EdgeResources:
    """Puts resources together. Raises ContentError with every fault.

    base: folder of the configuration. health_checks: ids of those that origins may have.
    """
    by_type: dict[str, list[Resource[Any]]] = {}
    for resource in resources:
        by_type.setdefault(resource.type, []).append(resource)
    found = EdgeResources(
        by_type.get(types.DISTRIBUTION, []),
        by_type.get(types.CACHE_POLICY, []),
        by_type.get(types.ORIGIN_REQUEST_POLICY, []),
        by_type.get(types.RESPONSE_HEADERS_POLICY, []),
        by_type.get(types.PUBLIC_KEY, []),
        by_type.get(types.KEY_GROUP, []),
        by_type.get(types.SIGNING_KEY, []),
        by_type.get(types.ORIGIN_ACCESS_CONTROL, []),
    )
    faults = [*_name_faults(found), *_policy_faults(found), *_key_faults(found, base), *_origin_faults(found, edge)]
    for distribution in found.distributions:
        faults += [*_health_check_faults(distribution, health_checks), *_weight_faults(distribution)]
    if faults:
        raise ContentError(faults)
    return found


def _line(place: str, known: dict[str, Resource[Any]]) -> int:
    """`site.yaml: Resources.Site.Properties.DistributionConfig.Origins[0]` → where that stands."""
    head, separator, rest = place.partition(".Properties")
    resource = known.get(head)
    if resource is None:
        return 0
    return resource.line(steps(rest) if separator else ())


def _name_faults(found: EdgeResources) -> Iterator[Fault]:
    """Ids that are labels of host names, and aliases that one distribution has."""
    first: dict[str, Resource[Any]] = {}
    ids: dict[str, Resource[Any]] = {}
    for resource in found.distributions:
        if not _LABEL.fullmatch(resource.id.lower()):
            yield resource.fault((), f"has the id {resource.id}, which is no label of a host name")
        if (other := ids.setdefault(resource.id.lower(), resource)) is not resource:
            yield resource.fault((), f"has the host name of {other.path}: ids differ in more than case")
        for number, alias in enumerate(resource.properties.DistributionConfig.Aliases):
            other = first.setdefault(alias, resource)
            if other is not resource:
                yield resource.fault(("DistributionConfig", "Aliases", number), f"{alias} is an alias of {other.path}")


def behaviours(resource: Resource[models.Distribution]) -> Iterator[tuple[At, Behaviour]]:
    """Each behaviour of a distribution with its place, the default one first."""
    config = resource.properties.DistributionConfig
    yield ("DistributionConfig", "DefaultCacheBehavior"), config.DefaultCacheBehavior
    for number, one in enumerate(config.CacheBehaviors):
        yield ("DistributionConfig", "CacheBehaviors", number), one


def _policy_faults(found: EdgeResources) -> Iterator[Fault]:
    groups = _ids(found.key_groups)
    kinds: tuple[tuple[str, str, Container[str], dict[str, str]], ...] = (
        ("CachePolicyId", "cache policy", _ids(found.cache_policies), managed.CACHE_POLICIES),
        (
            "OriginRequestPolicyId",
            "origin request policy",
            _ids(found.origin_request_policies),
            managed.ORIGIN_REQUEST_POLICIES,
        ),
        (
            "ResponseHeadersPolicyId",
            "response headers policy",
            _ids(found.response_headers_policies),
            managed.RESPONSE_HEADERS_POLICIES,
        ),
    )
    for resource in found.distributions:
        for at, behaviour in behaviours(resource):
            for key, noun, own, brought in kinds:
                if (id_ := getattr(behaviour, key)) and id_ not in own and id_ not in brought:
                    said = f"no {noun}, here or managed, has the id {id_}"
                    yield resource.fault((*at, key), said + _managed_id(id_, brought))
            for number, id_ in enumerate(behaviour.TrustedKeyGroups):
                if id_ not in groups:
                    yield resource.fault((*at, "TrustedKeyGroups", number), f"no key group here has the id {id_}")


def _managed_id(name: str, brought: dict[str, str]) -> str:
    """The id of a managed policy where its name was written, with what the API has before it or without."""
    ids = [id_ for id_, each in brought.items() if each.casefold() == name.casefold().removeprefix("managed-")]
    return f"; that of {brought[ids[0]]} is {ids[0]}" if ids else ""


def _key_faults(found: EdgeResources, base: Path) -> Iterator[Fault]:
    """Keys that groups name, and secrets that are long enough and nobody else's to read."""
    keys = _ids([*found.public_keys, *found.signing_keys])
    for group in found.key_groups:
        for number, id_ in enumerate(group.properties.KeyGroupConfig.Items):
            if id_ not in keys:
                at = ("KeyGroupConfig", "Items", number)
                yield group.fault(at, f"no public key or signing key here has the id {id_}")
    for key in found.signing_keys:
        if said := secret_problem(key.beside(base, key.properties.SecretFile)):
            yield key.fault(("SecretFile",), said)


def secret_problem(path: Path) -> str | None:
    """What is wrong with the file of a signing key; None where it is right."""
    try:
        octets = len(read_secret(path).removesuffix(b"\n").removesuffix(b"\r"))
    except ValueError as error:
        return f"{path} {error}"
    if octets < SECRET_OCTETS:
        said = f"holds {octets} octets, but must have at least {SECRET_OCTETS}"
        return f"{path} {said}; make one with: openssl rand -hex 32 > {path}"
    return None


def _origin_faults(found: EdgeResources, edge: Edge) -> Iterator[Fault]:
    controls = _ids(found.origin_access_controls)
    for resource in found.distributions:
        for number, origin in enumerate(resource.properties.DistributionConfig.Origins):
            at: At = ("DistributionConfig", "Origins", number)
            if origin.OriginAccessControlId and origin.OriginAccessControlId not in controls:
                said = f"no origin access control here has the id {origin.OriginAccessControlId}"
                yield resource.fault((*at, "OriginAccessControlId"), said)
            if origin.S3OriginConfig is None or origin.DomainName in edge.directories:
                continue
            bucket = edge.buckets.get(origin.DomainName)
            if bucket is None:
                said = f"{origin.DomainName} is no name in edge.directories or edge.buckets; add it there"
                yield resource.fault((*at, "DomainName"), said)
            elif origin.OriginAccessControlId and bucket.credentials_file is None:
                said = f"needs keys to sign with; set edge.buckets.{origin.DomainName} credentials_file"
                yield resource.fault((*at, "OriginAccessControlId"), said)


def _health_check_faults(resource: Resource[models.Distribution], known: Container[str]) -> Iterator[Fault]:
    """Health checks that are there, of origins that are."""
    key, said = "OriginHealthChecks", resource.metadata.OriginHealthChecks
    yield from _unknown_origins(resource, key, said)
    for origin, check in said.items():
        if check not in known:
            yield resource.metadata_fault((key, origin), f"no health check here has the id {check}")


def _weight_faults(resource: Resource[models.Distribution]) -> Iterator[Fault]:
    """Weights of origins that are there, for both members of a group or for none."""
    config, key, said = resource.properties.DistributionConfig, "OriginWeights", resource.metadata.OriginWeights
    yield from _unknown_origins(resource, key, said)
    groups = {group.Id: [member.OriginId for member in group.Members.Items] for group in config.OriginGroups.Items}
    grouped = {member for members in groups.values() for member in members}
    for origin in config.Origins:
        if origin.Id in said and origin.Id not in grouped:
            yield resource.metadata_fault((key, origin.Id), "is of an origin in no group, where it means nothing")
    for id_, members in groups.items():
        lacking = [member for member in members if member not in said]
        if 0 < len(lacking) < len(members):
            yield resource.metadata_fault((key,), f"has no weight for {lacking[0]}, the other member of {id_}")


def _unknown_origins(resource: Resource[models.Distribution], key: str, said: Iterable[str]) -> Iterator[Fault]:
    origins = [origin.Id for origin in resource.properties.DistributionConfig.Origins]
    for id_ in said:
        if id_ not in origins:
            yield resource.metadata_fault((key, id_), f"no origin here has the Id {id_}{nearest(id_, origins)}")


def _ids(resources: Iterable[Resource[Any]], known: Iterable[str] = ()) -> frozenset[str]:
    return frozenset([*(resource.id for resource in resources), *known])

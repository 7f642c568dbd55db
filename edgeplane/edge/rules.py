"""What the properties of one resource demand of each other (CloudFront API, DistributionConfig and its parts)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from edgeplane.config.validation import Path

if TYPE_CHECKING:
    from edgeplane.edge.behaviours import Behaviour
    from edgeplane.edge.distribution import DistributionConfig
    from edgeplane.edge.origins import Groups, Origin

FAILOVER_CODES = (400, 403, 404, 416, 500, 502, 503, 504)
ERROR_CODES = (400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504)
RESPONSE_CODES = (200, *ERROR_CODES)
READ = frozenset({"GET", "HEAD"})
ASK = READ | {"OPTIONS"}
METHODS = ASK | {"PUT", "POST", "PATCH", "DELETE"}
ORIGINS_MAX = 100
"""Per distribution (CloudFront quotas: 25, and 100 on request)."""
BEHAVIOURS_MAX = 75
"""Per distribution, beside the default one (CloudFront quotas)."""
ALIASES_MAX = 100
"""Per distribution (CloudFront quotas)."""
SEMANTICS = ("cloudfront", "rfc9111")
RANGES = ("whole", "slices")
KEY_GROUPS_MAX = 4
"""Per behaviour (CloudFront quotas)."""

Problem = tuple[Path, str]


def origin_path(text: str) -> str:
    """A path before every path that the origin is asked for; raises ValueError."""
    if text and (not text.startswith("/") or text.endswith("/") or not all("!" <= each <= "~" for each in text)):
        raise ValueError(f"{text!r} must begin with a slash and end without one, such as /v1")
    return text


def origin(one: Origin) -> Iterator[Problem]:
    """One kind of origin, and what belongs to it."""
    if (one.CustomOriginConfig is None) == (one.S3OriginConfig is None):
        yield (), "needs CustomOriginConfig, or S3OriginConfig for a directory or bucket of the settings"
    if one.OriginAccessControlId and one.S3OriginConfig is None:
        yield ("OriginAccessControlId",), "is for buckets, with S3OriginConfig"
    if one.DomainName.startswith("*."):
        yield ("DomainName",), "is one host, not a wildcard"
    names = [each.HeaderName.lower() for each in one.OriginCustomHeaders]
    for number, name in enumerate(names):
        if name in names[:number]:
            yield ("OriginCustomHeaders", number, "HeaderName"), f"{name} is there twice"


def ttls(lowest: int, default: int, highest: int) -> Iterator[Problem]:
    """MinTTL ≤ DefaultTTL ≤ MaxTTL."""
    if lowest > highest:
        yield ("MinTTL",), f"is {lowest}, above MaxTTL {highest}"
    elif not lowest <= default <= highest:
        yield ("DefaultTTL",), f"is {default}, but must be MinTTL {lowest} to MaxTTL {highest}"


def listed(behaviour: str, values: Iterable[str], noun: str, needing: Iterable[str]) -> Iterator[Problem]:
    """A list of names stands where the behaviour is about one."""
    if behaviour in needing and not list(values):
        yield (noun,), f"is required with {behaviour}"
    elif behaviour not in needing and list(values):
        yield (noun,), f"means nothing with {behaviour}; leave it out"


def behaviour(one: Behaviour) -> Iterator[Problem]:
    """Methods and policies that suit each other."""
    allowed, cached = frozenset(one.AllowedMethods), frozenset(one.CachedMethods)
    if allowed not in (READ, ASK, METHODS):
        yield ("AllowedMethods",), "must be GET, HEAD; or GET, HEAD, OPTIONS; or all seven"
    if cached not in (READ, ASK):
        yield ("CachedMethods",), "must be GET, HEAD; or GET, HEAD, OPTIONS"
    elif not cached <= allowed:
        yield ("CachedMethods",), "has OPTIONS, which AllowedMethods has not"
    if len(one.TrustedKeyGroups) > KEY_GROUPS_MAX:
        yield (
            ("TrustedKeyGroups",),
            f"has {len(one.TrustedKeyGroups)} key groups, but must have at most {KEY_GROUPS_MAX}",
        )
    yield from _caching(one)


def _caching(one: Behaviour) -> Iterator[Problem]:
    """A cache policy, or the older settings in its place."""
    times = {key: getattr(one, key) for key in ("MinTTL", "DefaultTTL", "MaxTTL")}
    given = [key for key, value in times.items() if value is not None]
    if one.CachePolicyId and one.ForwardedValues:
        yield ("ForwardedValues",), "stands beside CachePolicyId; give one"
    if not one.CachePolicyId and not one.ForwardedValues:
        said = "is required; 658327ea-f89d-4fab-a63d-7e88639e58f6 is the managed CachingOptimized"
        yield ("CachePolicyId",), said
    if one.CachePolicyId and given:
        yield (given[0],), "is the cache policy's; leave it out"
    if one.ForwardedValues:
        yield from ttls(one.MinTTL or 0, _or(one.DefaultTTL, 86_400), _or(one.MaxTTL, 31_536_000))
        if one.OriginRequestPolicyId:
            yield ("OriginRequestPolicyId",), "needs CachePolicyId"


def _or(value: int | None, otherwise: int) -> int:
    return otherwise if value is None else value


def distribution(config: DistributionConfig) -> Iterator[Problem]:
    """Origins, groups and behaviours that find each other, each once."""
    origins = [one.Id for one in config.Origins]
    groups = [one.Id for one in config.OriginGroups.Items]
    for number, id_ in enumerate(origins):
        if id_ in origins[:number]:
            yield ("Origins", number, "Id"), f"{id_} is there twice"
    yield from _groups(config.OriginGroups, origins)
    yield from _targets(config, {*origins, *groups})
    for key, values in (
        (("Aliases",), config.Aliases),
        (("CacheBehaviors", "PathPattern"), [one.PathPattern for one in config.CacheBehaviors]),
        (("CustomErrorResponses", "ErrorCode"), [one.ErrorCode for one in config.CustomErrorResponses]),
    ):
        for number, value in enumerate(values):
            if value in values[:number]:
                yield (key[0], number, *key[1:]), f"{value} is there twice"
    if config.DefaultRootObject.startswith("/"):
        yield ("DefaultRootObject",), f"is {config.DefaultRootObject!r}; write it without the slash"


def _groups(groups: Groups, origins: list[str]) -> Iterator[Problem]:
    at: Path = ("OriginGroups",)
    yield from _quantity((*at, "Quantity"), groups.Quantity, len(groups.Items))
    seen = set(origins)
    for number, group in enumerate(groups.Items):
        here = (*at, "Items", number)
        if group.Id in seen:
            yield (*here, "Id"), f"{group.Id} is there twice"
        seen.add(group.Id)
        codes, members = group.FailoverCriteria.StatusCodes, group.Members
        yield from _quantity((*here, "FailoverCriteria", "StatusCodes", "Quantity"), codes.Quantity, len(codes.Items))
        yield from _quantity((*here, "Members", "Quantity"), members.Quantity, len(members.Items))
        for index, member in enumerate(members.Items):
            place = (*here, "Members", "Items", index, "OriginId")
            if member.OriginId not in origins:
                yield place, f"no origin here has the Id {member.OriginId}"
            elif index and member.OriginId == members.Items[0].OriginId:
                yield place, "is the first origin again; name another"


def _quantity(at: Path, said: int | None, there: int) -> Iterator[Problem]:
    if said is not None and said != there:
        yield at, f"is {said}, but there are {there}"


def _targets(config: DistributionConfig, known: set[str]) -> Iterator[Problem]:
    targets: list[tuple[Path, str]] = [(("DefaultCacheBehavior",), config.DefaultCacheBehavior.TargetOriginId)]
    targets += [(("CacheBehaviors", n), one.TargetOriginId) for n, one in enumerate(config.CacheBehaviors)]
    for at, id_ in targets:
        if id_ not in known:
            yield (*at, "TargetOriginId"), f"no origin or origin group here has the Id {id_}"

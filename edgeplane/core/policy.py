"""The selectors of the routing policies, without DNS: each chooses among candidates that are numbered from 0.

All keep one contract: an unhealthy candidate is never chosen while a healthy one fits the client, and where none that
fits is healthy, all of them count as healthy. Source: Amazon Route 53 developer guide, "Choosing a routing policy" and
"How Amazon Route 53 chooses records when health checking is configured". A selector may be used from several threads.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from os import PathLike

from edgeplane import _core

Address = IPv4Address | IPv6Address | str
Path = str | PathLike[str]


@dataclass(frozen=True, slots=True)
class Choice:
    """Candidates in the order in which to give them out; none when no candidate fits the client.

    scope: how many leading bits of the client's address decided (RFC 7871 section 7.2.1); 0 where the client's address
    plays no part.
    """

    candidates: tuple[int, ...]
    scope: int


class Selector:
    """What all selectors can do; made through its subclasses."""

    def __init__(self, selector: _core.Selector) -> None:
        """selector: the core's own."""
        self._selector = selector

    @property
    def name(self) -> str:
        """The policy's name in explanations: `weighted`, `ip-based`."""
        return self._selector.name

    def select(self, client: Address = "0.0.0.0", healthy: Sequence[bool] | None = None) -> Choice:  # noqa: S104
        """Chooses for a client; `healthy` has an entry for each candidate, all are healthy without it.

        ValueError for what is no address, or another number of states than of candidates.
        """
        candidates, scope = self._selector.select(str(client), healthy)
        return Choice(tuple(candidates), scope)


class Weighted(Selector):
    """One candidate, each as often as its share of the weights says.

    A candidate of weight 0 counts only while no other is healthy; weights that are all 0 are equal.
    """

    def __init__(self, weights: Sequence[int]) -> None:
        """weights: one a candidate, 0 to 65,535 (record sets: 0 to 255)."""
        super().__init__(_core.Selector.weighted(weights))


class Failover(Selector):
    """Candidate 0 while it is healthy, else candidate 1; with both unhealthy candidate 0."""

    def __init__(self) -> None:
        """There are always two candidates."""
        super().__init__(_core.Selector.failover())


class Multivalue(Selector):
    """Up to eight healthy candidates, drawn at random."""

    def __init__(self, candidates: int) -> None:
        """candidates: how many there are, at most 65,535."""
        super().__init__(_core.Selector.multivalue(candidates))


@dataclass(frozen=True, slots=True)
class Area:
    """An area of a candidate: `continent` (AF AN AS EU OC NA SA), or `country` (ISO 3166-1, `*` for every client that
    no other area holds), or country US with `subdivision` (a state)."""

    continent: str | None = None
    country: str | None = None
    subdivision: str | None = None


class Geolocation(Selector):
    """The candidate with the smallest area around the client: state, country, continent, default."""

    def __init__(self, areas: Sequence[Area], geo_database: Path) -> None:
        """areas: one a candidate. geo_database: an MMDB file, or a CSV file (`prefix,continent,country,…`).

        ValueError for areas that are malformed or given twice, edgeplane.errors.ContentError for faults in the file.
        """
        tuples = [(area.continent, area.country, area.subdivision) for area in areas]
        super().__init__(_core.Selector.geolocation(tuples, geo_database))


class Latency(Selector):
    """The candidate in the region that answers the client soonest."""

    def __init__(
        self,
        regions: Sequence[str],
        *,
        geo_database: Path | None = None,
        latency_table: Path | None = None,
        region_table: Path | None = None,
    ) -> None:
        """regions: one a candidate (`eu-west-1`, or one of `region_table`).

        latency_table: CSV of `prefix` or place, `region` and `ms`; without it, or for clients that it leaves out, the
        great-circle distance from the client's place in `geo_database` counts. region_table: CSV of
        `region,latitude,longitude`, over AWS's own. Errors as of Geolocation.
        """
        super().__init__(_core.Selector.latency(regions, geo_database, latency_table, region_table))


@dataclass(frozen=True, slots=True)
class Site:
    """Where a candidate is: a region's name, or latitude and longitude in degrees with up to two decimals.

    bias: -99 to 99; distances count as d·(1 - bias/100), so that a positive one draws clients from farther away.
    """

    region: str | None = None
    coordinates: tuple[str, str] | None = None
    bias: int = 0


class Geoproximity(Selector):
    """The nearest candidate, nearer or farther by its bias."""

    def __init__(self, sites: Sequence[Site], geo_database: Path, *, region_table: Path | None = None) -> None:
        """sites: one a candidate. Files and errors as of Latency."""
        tuples = [(site.region, None, site.coordinates, site.bias) for site in sites]
        super().__init__(_core.Selector.geoproximity(tuples, geo_database, region_table))


class IpBased(Selector):
    """The candidate with the longest prefix around the client."""

    def __init__(self, prefixes: Sequence[Sequence[str] | None]) -> None:
        """prefixes: a list of CIDR blocks a candidate; None for the one that all other clients get.

        Without such a default, clients outside all blocks get no candidate. ValueError for malformed blocks.
        """
        super().__init__(_core.Selector.ip_based(prefixes))

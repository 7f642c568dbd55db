"""`Vary` selects by what the origin would be told of a client, never by what the client writes in its place."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from ..edge import Edge, cache_policy
from ..origin import Asked, Origin, response
from ..running import until
from .test_edge_disk import DISK, kept, killed
from .test_edge_slices import SLICE, ranged

PLACES = "prefix,country,subdivision,latitude,longitude\n198.51.100.0/24,US,,,\n203.0.113.0/24,FR,,,\n"
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Mobile/15E148"
MOBILE, COUNTRY = "CloudFront-Is-Mobile-Viewer", "CloudFront-Viewer-Country"
CLIENT = "127.0.0.1"

Make = Callable[..., Edge]


@dataclass
class Case:
    """Requests, by their fields, and what an origin that varies by `name` is told in it.

    keyed: all of that is in the key. cookies: those in the key. adds: more of an origin request policy. keys: how many
    have several answers.
    """

    name: str
    told: list[tuple[dict[str, str], str]]
    keyed: bool = False
    cookies: list[str] = field(default_factory=list)
    adds: dict[str, object] = field(default_factory=dict)
    keys: int = 1

    @property
    def answers(self) -> int:
        """Different ones."""
        return len({told for _, told in self.told})

    def edge(self, make_edge: Make, origin: Origin, places: Path, settings: str = "", ranges: str = "whole") -> Edge:
        """A node that has `places` and believes nobody but who comes from this machine."""
        places.write_text(PLACES)
        policy = cache_policy()
        key = policy["ParametersInCacheKeyAndForwardedToOrigin"]
        if self.keyed and self.name != "Cookie":
            key["HeadersConfig"] = {"HeaderBehavior": "whitelist", "Headers": [self.name]}
        if self.cookies:
            key["CookiesConfig"] = {"CookieBehavior": "whitelist", "Cookies": self.cookies}
        none = {
            "HeadersConfig": {"HeaderBehavior": "none"},
            "CookiesConfig": {"CookieBehavior": "none"},
            "QueryStringsConfig": {"QueryStringBehavior": "none"},
        }
        config = {"OriginRequestPolicyConfig": {"Name": "more"} | none | self.adds}
        return make_edge(
            origin.port,
            semantics="rfc9111",
            ranges=ranges,
            policy=policy,
            forwards=None,
            behaviour={"OriginRequestPolicyId": {"Ref": "More"}},
            resources={"More": {"Type": "AWS::CloudFront::OriginRequestPolicy", "Properties": config}},
            settings=('trusted_proxies = ["127.0.0.0/8"]\n' if self.name == COUNTRY else "") + settings,
            environ={"EDGEPLANE__DNS__GEO_DATABASE": str(places)},
        )


def headers(*names: str) -> dict[str, object]:
    return {"HeadersConfig": {"HeaderBehavior": "whitelist", "Headers": list(names)}}


SESSIONS = ({"Cookie": "session=1; theme=dark"}, {"Cookie": "theme=light; session=1"}, {"Cookie": "session=2"})
DEVICES = [({"User-Agent": PHONE}, "true"), ({}, "false"), ({MOBILE: "true"}, "false")]
COUNTRIES = [
    ({"X-Forwarded-For": "198.51.100.7"}, "US"),
    ({"X-Forwarded-For": "203.0.113.7"}, "FR"),
    ({"X-Forwarded-For": "203.0.113.7", COUNTRY: "US"}, "FR"),
]
CASES = {
    "cookies of the key": Case(
        "Cookie", list(zip(SESSIONS, ("session=1", "session=1", "session=2"), strict=True)), True, ["session"]
    ),
    "more cookies than the key has": Case(
        "Cookie",
        [(asked, asked["Cookie"]) for asked in SESSIONS[::2]] + [({"Cookie": "session=1"}, "session=1")],
        cookies=["session"],
        adds={"CookiesConfig": {"CookieBehavior": "all"}},
        keys=2,
    ),
    "cookies that are not forwarded": Case(
        "Cookie",
        [({"Cookie": "a=1; b=1"}, "a=1"), ({"Cookie": "b=2; a=1"}, "a=1"), ({"Cookie": "b=1"}, "")],
        adds={"CookiesConfig": {"CookieBehavior": "whitelist", "Cookies": ["a"]}},
    ),
    "the device in the key": Case(MOBILE, DEVICES, True),
    "the device": Case(MOBILE, DEVICES, adds=headers(MOBILE)),
    "the country in the key": Case(COUNTRY, COUNTRIES, True),
    "the country": Case(COUNTRY, COUNTRIES, adds=headers(COUNTRY)),
    "the addresses": Case("X-Forwarded-For", [({}, CLIENT), ({"X-Forwarded-For": CLIENT}, f"{CLIENT}, {CLIENT}")]),
    "the agent": Case(
        "User-Agent",
        [
            ({}, "Amazon CloudFront"),
            ({"User-Agent": "x"}, "x"),
            ({"User-Agent": "Amazon CloudFront"}, "Amazon CloudFront"),
        ],
        adds=headers("User-Agent"),
    ),
    "the host": Case("Host", [({}, "edge.test"), ({"Host": "localhost"}, "localhost")], adds=headers("Host")),
}
NAMED = pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())


def telling(name: str) -> Callable[[Asked], bytes]:
    """An origin that answers what it is told in a field."""

    def answer(asked: Asked) -> bytes:
        told = (asked.field(name) or "").encode()
        return response(told, Cache_Control="max-age=600", Vary=name)

    return answer


def asked(origin: Origin) -> int:
    return sum(asked.target == "/a" for asked in origin.asked)


@NAMED
@pytest.mark.parametrize("tier", ["memory", "disk"])
def test_a_client_is_answered_by_what_the_origin_would_be_told_of_it(
    make_edge: Make, origin: Origin, tmp_path: Path, case: Case, tier: str
) -> None:
    origin.answer = telling(case.name)
    edge = case.edge(make_edge, origin, tmp_path / "places.csv", DISK if tier == "disk" else "").start()
    for fields, told in case.told:
        assert edge.fetch("/a", **fields).content.decode() == told, fields
    if tier == "disk":
        kept(edge, case.answers + (0 if case.keyed else case.keys))
        killed(edge)
    for fields, told in case.told:
        again = edge.fetch("/a", **fields)
        assert (again.content.decode(), again.fields["x-cache"].split()[0]) == (told, "Hit"), fields
    assert asked(origin) == case.answers


def test_a_fetch_under_way_is_shared_by_those_of_whom_the_origin_would_be_told_the_same(
    make_edge: Make, origin: Origin, tmp_path: Path
) -> None:
    """Who writes the field of a phone, and is none, does not join the fetch of one."""

    def slow(asked: Asked) -> Iterator[bytes | float]:
        whole = telling(MOBILE)(asked)
        yield whole[:-1]
        yield 1.0
        yield whole[-1:]

    origin.answer = slow
    edge = CASES["the device"].edge(make_edge, origin, tmp_path / "places.csv").start()
    with ThreadPoolExecutor() as clients:
        first = clients.submit(edge.fetch, "/a", **{"User-Agent": PHONE})
        until(lambda: asked(origin) == 1, edge)
        others = [{"User-Agent": PHONE}, {MOBILE: "true"}]
        contents = [reply.content for reply in clients.map(lambda fields: edge.fetch("/a", **fields), others)]
    assert [first.result().content, *contents] == [b"true", b"true", b"false"]
    assert asked(origin) == 2


def test_slices_are_those_of_whom_the_origin_would_be_told_the_same(
    make_edge: Make, origin: Origin, tmp_path: Path
) -> None:
    def answer(asked: Asked) -> bytes:
        told = (asked.field(MOBILE) or "").encode()
        return ranged(told.ljust(SLICE + 9, b"."), Vary=MOBILE)(asked)

    origin.answer = answer
    edge = CASES["the device"].edge(make_edge, origin, tmp_path / "places.csv", ranges="slices").start()
    for fields, told in DEVICES * 2:
        reply = edge.fetch("/a", Range="bytes=0-3", **fields)
        assert (reply.status, reply.content.decode()) == (206, told[:4]), fields
    assert asked(origin) == 2

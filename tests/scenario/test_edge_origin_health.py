"""Origins with health checks and weights: who is asked first, seen by the origins themselves."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from ..edge import Edge
from ..origin import Origin, response
from ..running import until

HEALTH = "/health"


def pair(primary: Origin, second: Origin) -> dict[str, Any]:
    """What makes a distribution whose origins `primary` and `second` are a group, each with a check of its own."""
    origins = {"primary": primary.port, "second": second.port}
    group = {
        "Id": "both",
        "FailoverCriteria": {"StatusCodes": {"Items": [503]}},
        "Members": {"Items": [{"OriginId": id_} for id_ in origins]},
    }
    return {
        "config": {"Origins": [_origin(*one) for one in origins.items()], "OriginGroups": {"Items": [group]}},
        "behaviour": {"TargetOriginId": "both"},
        "metadata": {"OriginHealthChecks": {id_: {"Ref": f"{id_}Check"} for id_ in origins}},
        "resources": {f"{id_}Check": _check(port) for id_, port in origins.items()},
    }


def _origin(id_: str, port: int) -> dict[str, Any]:
    custom = {"HTTPPort": port, "OriginProtocolPolicy": "http-only"}
    return {"Id": id_, "DomainName": "127.0.0.1", "ConnectionAttempts": 1, "CustomOriginConfig": custom}


def _check(port: int) -> dict[str, Any]:
    target = {"Type": "HTTP", "IPAddress": "127.0.0.1", "Port": port, "ResourcePath": HEALTH}
    config = target | {"RequestInterval": 1, "FailureThreshold": 1}
    return {"Type": "AWS::Route53::HealthCheck", "Properties": {"HealthCheckConfig": config}}


def asked(origin: Origin) -> int:
    """Requests of the edge, without probes."""
    return sum(each.target != HEALTH for each in origin.asked)


@dataclass
class Pair:
    """A node before two origins, each of which answers with its name."""

    edge: Edge
    primary: Origin
    second: Origin

    def origins(self) -> dict[str, dict[str, Any]]:
        """Of `distribution show`, by their Ids."""
        shown = self.edge.do("distribution", distribution="edge.test")
        return {each["id"]: each for each in shown["origins"]}

    def until_health_is(self, primary: str, second: str) -> None:
        until(lambda: [each["health"] for each in self.origins().values()] == [primary, second], self.edge)

    def fetch(self, number: int, method: str = "GET") -> bytes:
        """The name of the origin that answers for a path that nobody asked for before."""
        reply = self.edge.fetch(f"/{method}/{number}", method)
        assert reply.status == 200
        return reply.content

    def counted(self, name: str) -> int:
        return int(self.edge.metric(f"edgeplane_edge_origin_{name}_total"))

    def explained(self) -> tuple[str, str]:
        """The origin that would be asked, and why it."""
        found = self.edge.do("explain_url", url="http://edge.test/new", method="GET", headers=[], client=None)
        return found["asked"]["origin"], found["asked"]["why"]


@pytest.fixture
def make_pair(make_edge: Callable[..., Edge]) -> Iterator[Callable[..., Pair]]:
    with contextlib.ExitStack() as origins:

        def make(policy: str = "CachingDisabled", **metadata: Any) -> Pair:
            primary, second = (
                origins.enter_context(Origin(lambda _, name=name: response(name, Cache_Control="max-age=60")))
                for name in (b"primary", b"second")
            )
            made = pair(primary, second)
            made["metadata"] |= metadata
            return Pair(make_edge(primary.port, policy=policy, forwards=None, **made).start(), primary, second)

        yield make


def test_an_origin_that_died_is_asked_by_probes_alone_until_it_is_back(make_pair: Callable[..., Pair]) -> None:
    """Its standing in costs nobody a failed attempt, and a POST neither; who would be asked is told."""
    both = make_pair()
    both.until_health_is("healthy", "healthy")
    assert {both.fetch(number) for number in range(5)} == {b"primary"}
    assert both.explained()[0] == "primary"
    both.primary.close()
    both.until_health_is("unhealthy", "healthy")
    failed = ["failovers", "failures", "failed_connect", "breaker_refused", "retries"]
    before = {name: both.counted(name) for name in failed}
    assert {both.fetch(number, method) for method in ("GET", "POST", "PUT") for number in range(10, 20)} == {b"second"}
    assert {name: both.counted(name) for name in failed} == before
    assert both.counted("passed_over") == 30
    assert both.explained() == (
        "second",
        "group both, failover: the primary while it is healthy; the other member is unhealthy",
    )
    both.primary.listen()
    both.until_health_is("healthy", "healthy")
    assert {both.fetch(number) for number in range(20, 25)} == {b"primary"}
    assert both.counted("passed_over") == 30


def test_weights_share_what_is_fetched_and_not_what_is_kept(make_pair: Callable[..., Pair]) -> None:
    """Three of four first requests go to the primary; of what is kept there is one copy, whoever it came from."""
    both = make_pair("CachingOptimized", OriginWeights={"primary": 3, "second": 1})
    both.until_health_is("healthy", "healthy")
    assert [each["weight"] for each in both.origins().values()] == [3, 1]
    names = [both.fetch(number) for number in range(800)]
    assert 539 <= names.count(b"primary") <= 661, "five standard deviations around 600"
    assert [both.fetch(number) for number in range(800)] == names
    assert asked(both.primary) + asked(both.second) == both.edge.forwarded() == 800
    origin, why = both.explained()
    odds = {"primary": "3 in 4", "second": "1 in 4"}[origin]
    assert why == f"group both, weighted: drawn, {odds}; both members are healthy"


def test_an_origin_without_another_is_asked_all_the_same(make_edge: Callable[..., Edge], origin: Origin) -> None:
    """There is nobody else to ask; its state is shown."""
    origin.answer = lambda request: response(status="503 X" if request.target == HEALTH else "200 OK")
    edge = make_edge(
        origin.port,
        policy="CachingDisabled",
        metadata={"OriginHealthChecks": {"origin": {"Ref": "Check"}}},
        resources={"Check": _check(origin.port)},
    ).start()
    alone = Pair(edge, origin, origin)
    until(lambda: alone.origins()["origin"]["health"] == "unhealthy", edge)
    assert edge.fetch("/a").status == 200
    assert alone.explained() == ("origin", "the behaviour names no other; it is asked though its health check fails")

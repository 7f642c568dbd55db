"""Plans that earlier releases wrote (tests/data/plan) are read and served, for as long as their format is."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from pathlib import Path

import dns.edns
import dns.message
import dns.query
import msgpack
import pytest

from edgeplane import _core
from edgeplane.health.judge import Status
from edgeplane.node.plans import edge_document, health_documents, read_envelope, serves_something, zone_entries

from ...running import until

PLANS = sorted((Path(__file__).parents[2] / "data" / "plan").glob("*.plan"))
GERMANY, CALIFORNIA, NEW_YORK = "192.0.2.9/32", "198.51.100.9/32", "198.51.100.200/32"
POLICIES = [
    ("simple", "example.net", "A", None, {"192.0.2.10", "192.0.2.11"}),
    ("alias", "www.example.net", "A", None, {"192.0.2.10", "192.0.2.11"}),
    ("failover", "failover.example.net", "A", None, {"192.0.2.1"}),
    ("geolocation by subdivision", "geo.example.net", "TXT", CALIFORNIA, {'"California"'}),
    ("geolocation by continent", "geo.example.net", "TXT", GERMANY, {'"Europe"'}),
    ("latency", "latency.example.net", "TXT", GERMANY, {'"Frankfurt"'}),
    ("geoproximity", "near.example.net", "TXT", NEW_YORK, {'"New York"'}),
    ("multivalue", "multi.example.net", "A", None, {"192.0.2.1", "192.0.2.2", "192.0.2.3"}),
    ("IP-based", "ip.example.net", "TXT", GERMANY, {'"office"'}),
    ("IP-based by default", "ip.example.net", "TXT", CALIFORNIA, {'"everyone"'}),
    ("zone file", "example.org", "MX", None, {"10 mail.example.org."}),
]


class Served:
    """A plan, answered from on a socket of its own; `health` is the table that its groups read."""

    def __init__(self, path: Path) -> None:
        self.node, self.health = _core.Node(), _core.HealthTable.create(16)
        self.applied = msgpack.unpackb(self.node.apply(path))
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind(("127.0.0.1", 0))
        self.node.serve([self.udp.fileno()], [], [], [], self.health.fd)

    def answers(self, name: str, rdtype: str, subnet: str | None = None) -> set[str]:
        options = [dns.edns.ECSOption.from_text(subnet)] if subnet else None
        query = dns.message.make_query(name, rdtype, options=options)
        reply = dns.query.udp(query, "127.0.0.1", port=self.udp.getsockname()[1], timeout=20)
        return {rdata.to_text() for rrset in reply.answer for rdata in rrset}


@contextlib.contextmanager
def served(path: Path) -> Iterator[Served]:
    one = Served(path)
    try:
        yield one
    finally:
        one.node.stop()
        one.udp.close()


@pytest.fixture(scope="module", params=PLANS, ids=lambda path: path.stem)
def plan(request: pytest.FixtureRequest) -> Path:
    return Path(request.param)


@pytest.fixture(scope="module")
def running(plan: Path) -> Iterator[Served]:
    with served(plan) as one:
        yield one


def test_there_is_one_from_before_the_edge() -> None:
    assert any("edge" not in read_envelope(path) for path in PLANS)


def test_the_supervisor_finds_in_it_what_it_looks_for(plan: Path) -> None:
    envelope = read_envelope(plan)
    assert serves_something(envelope)
    assert [zone["name"] for zone in zone_entries(envelope)] == ["example.net.", "example.org."]
    assert [check["config"]["Type"] for check in health_documents(envelope)] == ["HTTP"]
    assert not edge_document(envelope).get("distributions")


def test_its_status_is_told(running: Served) -> None:
    status = msgpack.unpackb(running.node.status())
    for told in (status, running.applied):
        assert (told["generation"], len(told["zones"])) == (7, 2)


@pytest.mark.parametrize(("rdtype", "subnet", "expected", "name"), [(t, s, e, n) for _, n, t, s, e in POLICIES])
def test_every_policy_answers_from_it(
    running: Served, name: str, rdtype: str, subnet: str | None, expected: set[str]
) -> None:
    assert running.answers(name, rdtype, subnet) == expected


def test_weights_are_followed(running: Served) -> None:
    seen = [running.answers("weighted.example.net", "A") for _ in range(200)]
    blue = seen.count({"192.0.2.1"})
    assert blue + seen.count({"192.0.2.2"}) == 200
    assert 110 <= blue <= 185, "three of four"


def test_health_is_followed(plan: Path) -> None:
    with served(plan) as one:
        one.health.set(0, Status.UNHEALTHY)
        one.health.publish()
        until(lambda: one.answers("failover.example.net", "A") == {"198.51.100.1"})
        assert one.answers("multi.example.net", "A") == {"192.0.2.2", "192.0.2.3"}

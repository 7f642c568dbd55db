"""Every routing policy and every kind of alias, asked of a real node over UDP."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable

import dns.edns
import dns.rcode
import pytest

from .conftest import Node


def record(name: str, rdtype: str, *values: str, ttl: int = 60, **routing: object) -> dict[str, object]:
    return {"Name": name, "Type": rdtype, "TTL": ttl, "ResourceRecords": list(values), **routing}


def alias(name: str, rdtype: str, target: str) -> dict[str, object]:
    return {"Name": name, "Type": rdtype, "AliasTarget": {"DNSName": target, "HostedZoneId": {"Ref": "Net"}}}


def weighted(name: str, rdtype: str, value: str, weight: int, ttl: int = 60) -> dict[str, object]:
    return record(name, rdtype, value, ttl=ttl, SetIdentifier=value, Weight=weight)


def multivalue(name: str, value: str) -> dict[str, object]:
    return record(name, "A", value, SetIdentifier=value, MultiValueAnswer=True)


def located(name: str, text: str, **location: str) -> dict[str, object]:
    return record(name, "TXT", f'"{text}"', SetIdentifier=text, GeoLocation=location)


def zone(name: str) -> dict[str, object]:
    return {"Type": "AWS::Route53::HostedZone", "Properties": {"Name": name}}


def group(zone: str, *sets: dict[str, object]) -> dict[str, object]:
    return {
        "Type": "AWS::Route53::RecordSetGroup",
        "Properties": {"HostedZoneId": {"Ref": zone}, "RecordSets": list(sets)},
    }


TEMPLATE = {
    "Resources": {
        "Net": zone("example.net"),
        "Com": zone("example.com"),
        "NetSets": group(
            "Net",
            record("mail.example.net", "A", "192.0.2.25"),
            record("mx.example.net", "MX", "10 mail.example.net", "20 mail.example.com", ttl=61),
            alias("mx-alias.example.net", "MX", "mx.example.net"),
            weighted("w.example.net", "A", "192.0.2.1", 1),
            weighted("w.example.net", "A", "192.0.2.2", 3),
            weighted("w.example.net", "A", "192.0.2.3", 0),
            weighted("*.wild.example.net", "MX", "5 mail.example.net", 1, ttl=9),
            weighted("c.example.net", "CNAME", "w.example.net", 1, ttl=7),
            multivalue("m.example.net", "192.0.2.41"),
            multivalue("m.example.net", "192.0.2.42"),
            located("geo.example.net", "de", CountryCode="DE"),
            located("geo.example.net", "eu", ContinentCode="EU"),
            located("geo.example.net", "all", CountryCode="*"),
            located("some.example.net", "de", CountryCode="DE"),
        ),
        "ComSets": group(
            "Com", alias("mx.example.com", "MX", "mx.example.net"), alias("w.example.com", "A", "w.example.net")
        ),
    }
}

PLACES = """prefix,continent,country,subdivision,latitude,longitude
198.51.100.0/25,EU,DE,,50,8
198.51.100.128/26,EU,FR,,48,2
203.0.113.0/24,NA,US,CA,37,-122
"""


@pytest.fixture
def routed(make_node: Callable[..., Node]) -> Node:
    node = make_node({"site.json": json.dumps(TEMPLATE), "places.csv": PLACES}, 'geo_database = "places.csv"\n')
    node.start()
    return node


def test_weights_are_shares_and_zero_is_for_need(routed: Node) -> None:
    """One in four answers is the light record, three are the heavy one, and the one of weight 0 never comes."""
    seen = Counter(routed.answers("w.example.net")[0] for _ in range(400))
    assert set(seen) == {"192.0.2.1", "192.0.2.2"}
    assert 60 <= seen["192.0.2.1"] <= 145


def test_aliases_speak_for_their_targets(routed: Node) -> None:
    """An alias answers under its own name with the TTL and the whole data of its target, in its zone and in another."""
    for name in ("mx.example.net", "mx-alias.example.net", "mx.example.com"):
        (rrset,) = routed.query(name, "MX").answer
        assert (rrset.name.to_text(), rrset.ttl) == (f"{name}.", 61)
        assert {rdata.to_text() for rdata in rrset} == {"10 mail.example.net.", "20 mail.example.com."}
    assert routed.answers("w.example.com")[0] in {"192.0.2.1", "192.0.2.2"}
    assert not routed.query("w.example.com", "AAAA").answer


def test_wildcards_and_chains_are_routed(routed: Node) -> None:
    """A policy stands at a wildcard, behind a CNAME, and is one."""
    (rrset,) = routed.query("x.y.wild.example.net", "MX").answer
    assert rrset.to_text() == "x.y.wild.example.net. 9 IN MX 5 mail.example.net."
    first, second = routed.query("c.example.net", "A").answer
    assert (first.to_text(), second.name.to_text()) == ("c.example.net. 7 IN CNAME w.example.net.", "w.example.net.")


def test_multivalue_gives_all_in_any_order(routed: Node) -> None:
    """Both healthy records come, each of them first about half the time."""
    seen = Counter(tuple(routed.answers("m.example.net")) for _ in range(60))
    assert set(seen) == {("192.0.2.41", "192.0.2.42"), ("192.0.2.42", "192.0.2.41")}


@pytest.mark.parametrize(
    ("subnet", "expected"),
    [
        ("198.51.100.7/32", "de"),
        ("198.51.100.0/24", "de"),
        ("198.51.100.130/32", "eu"),
        ("198.51.100.200/32", "all"),
        ("203.0.113.5/24", "all"),
    ],
)
def test_the_smallest_area_answers_with_the_scope_that_holds(routed: Node, subnet: str, expected: str) -> None:
    """Country before continent before default; the scope is the widest prefix with the same answer."""
    reply = routed.query("geo.example.net", "TXT", subnet=subnet)
    (option,) = [option for option in reply.options if isinstance(option, dns.edns.ECSOption)]
    assert reply.answer[0][0].to_text() == f'"{expected}"'
    network = int.from_bytes(bytes(map(int, subnet.split("/")[0].split("."))), "big")
    assert option.scopelen == expected_scope(network)


def expected_scope(address: int) -> int:
    """By trying: the shortest prefix around the address in which every boundary of PLACES' areas has one answer."""
    areas = [(0xC6336400, 25, "de"), (0xC6336480, 26, "eu")]
    edges = [edge for start, length, _ in areas for edge in (start, start + (1 << (32 - length)))]

    def answer(at: int) -> str:
        return next((name for start, length, name in areas if start <= at < start + (1 << (32 - length))), "all")

    for length in range(33):
        start = address >> (32 - length) << (32 - length)
        end = start + (1 << (32 - length))
        inside = [start, *(edge for edge in edges if start < edge < end)]
        if len({answer(at) for at in inside}) == 1:
            return length
    raise AssertionError


def test_nobody_for_this_client_is_no_data(routed: Node) -> None:
    """Without a default, a client elsewhere gets NODATA with the SOA (Route 53: "no answer"), and the scope says so."""
    reply = routed.query("some.example.net", "TXT", subnet="203.0.113.0/24")
    assert reply.rcode() == dns.rcode.NOERROR
    assert not reply.answer
    assert reply.authority[0].name.to_text() == "example.net."
    assert reply.options[0].scopelen > 0


def test_explain_tells_what_the_node_answers(routed: Node) -> None:
    """`explain` runs the node's own selector: policy, candidates and choice are those of the answer."""
    report = routed.do("explain", name="geo.example.net", type="TXT", subnet="198.51.100.7/32")
    assert "geolocation" in str(report)
    assert "DE" in str(report)

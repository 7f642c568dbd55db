"""The selectors from Python: contract, truth tables, errors. The policies themselves are proved in rust/policy."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeplane.core.policy import (
    Area,
    Failover,
    Geolocation,
    Geoproximity,
    IpBased,
    Latency,
    Multivalue,
    Selector,
    Site,
    Weighted,
)
from edgeplane.errors import ContentError

PLACES = """prefix,continent,country,subdivision,latitude,longitude
192.0.2.0/24,EU,FR,,48.86,2.35
198.51.100.0/24,NA,US,CA,37.77,-122.42
"""


@pytest.fixture
def places(tmp_path):
    path = tmp_path / "geo.csv"
    path.write_text(PLACES)
    return path


@given(st.lists(st.tuples(st.integers(0, 255), st.booleans()), min_size=1, max_size=10))
def test_a_healthy_candidate_goes_before_an_unhealthy_one(pairs):
    weights, healthy = [weight for weight, _ in pairs], [state for _, state in pairs]
    for selector in (Weighted(weights), Multivalue(len(pairs))):
        chosen = selector.select(healthy=healthy).candidates
        assert chosen
        assert all(healthy[n] for n in chosen) or not any(healthy)


@pytest.mark.parametrize(
    ("healthy", "expected"),
    [("UUH", {2}), ("UUU", {0, 1}), ("UHU", {1}), ("HHU", {0, 1}), ("HHH", {0, 1})],
)
def test_zero_weights(healthy, expected):
    selector = Weighted([1, 1, 0])
    states = [state == "H" for state in healthy]
    assert {selector.select(healthy=states).candidates[0] for _ in range(200)} == expected


def test_weights_are_frequencies():
    counts = Counter(draws(Weighted([1, 3]), 4000))
    assert 850 < counts[0] < 1150


def draws(selector: Selector, count: int) -> list[int]:
    return [selector.select().candidates[0] for _ in range(count)]


def test_places(places):
    areas = Geolocation([Area(country="*"), Area(continent="EU")], places)
    assert areas.select("192.0.2.1").candidates == (1,)
    assert areas.select("203.0.113.1").candidates == (0,)
    state = Geolocation([Area(country="US", subdivision="CA"), Area(country="US")], places)
    assert state.select("198.51.100.1").candidates == (0,)
    assert state.select("198.51.100.1", [False, True]).candidates == (1,)
    assert state.select("192.0.2.1").candidates == ()
    assert Latency(["eu-west-3", "us-west-1"], geo_database=places).select("198.51.100.9").candidates == (1,)
    near = Geoproximity([Site(region="eu-west-3"), Site(coordinates=("0", "0"), bias=-99)], places)
    assert near.select("192.0.2.1").candidates == (0,)


def test_prefixes_and_scope():
    selector = IpBased([["10.0.0.0/8"], ["10.1.0.0/16", "2001:db8::/32"]])
    assert (selector.select("10.2.0.1").candidates, selector.select("10.1.2.3").scope) == ((0,), 16)
    assert selector.select("2001:db8::1").candidates == (1,)
    assert selector.select("11.0.0.1").candidates == ()
    assert selector.name == "ip-based"


def test_wrong_arguments_say_what_is_right(places):
    with pytest.raises(ValueError, match="not an IP address"):
        Failover().select("localhost")
    with pytest.raises(ValueError, match="3 states of health for 2 candidates"):
        Failover().select(healthy=[True] * 3)
    with pytest.raises(ValueError, match="two record sets have the location"):
        Geolocation([Area(country="FR"), Area(country="FR")], places)
    with pytest.raises(ContentError, match="cannot be read"):
        Geolocation([Area(country="FR")], "/nowhere/geo.csv")
    with pytest.raises(ContentError, match="rack-7"):
        Latency(["rack-7"])

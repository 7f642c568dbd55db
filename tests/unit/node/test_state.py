"""What the supervisor says of itself."""

from __future__ import annotations

import msgpack

from edgeplane.edge.types import HOSTED_ZONE_ID
from edgeplane.node.state import State


def test_a_node_without_zones_says_what_to_do() -> None:
    state = State(ready=True)
    state.serves({"generation": 1}, {"zones": []})
    assert "no zone is served: name templates" in state.line()
    state.serves({"generation": 2}, {"zones": [{"name": "a.", "records": 2}]})
    assert state.line() == "edgeplane ready: 1 zone, 2 records, generation 2"


def test_the_zone_to_show_is_one_that_an_operator_wrote() -> None:
    own, internal = {"name": "b.", "id": "Z1"}, {"name": "a.edge.", "id": HOSTED_ZONE_ID}
    for zones, shown in (([internal, own], "b."), ([internal], "a.edge."), ([], "")):
        state = State()
        state.serves({"generation": 1, "dns": {"zones": zones}}, {"zones": []})
        assert state.zone_to_show == shown


def test_distributions_are_known_by_their_host_names() -> None:
    site = {"id": "E1A", "path": "p", "semantics": "rfc9111", "config": {"Aliases": ["a.example"], "Enabled": True}}
    edge = msgpack.packb({"settings": {"domain": "edge.example"}, "distributions": [site]})
    state = State(ready=True)
    state.serves({"generation": 3, "edge": edge}, {"zones": []})
    (found,) = state.distributions()
    assert (found["name"], found["aliases"], found["enabled"]) == ("e1a.edge.example", ["a.example"], True)
    assert state.line() == "edgeplane ready: 0 zones, 0 records, 1 distribution, generation 3"

"""What the supervisor says of itself."""

from __future__ import annotations

from edgeplane.node.state import State


def test_a_node_without_zones_says_what_to_do() -> None:
    state = State(ready=True)
    state.serves({"generation": 1}, {"zones": []})
    assert "no zone is served: name templates" in state.line()
    state.serves({"generation": 2}, {"zones": [{"name": "a.", "records": 2}]})
    assert state.line() == "edgeplane ready: 1 zone, 2 records, generation 2"

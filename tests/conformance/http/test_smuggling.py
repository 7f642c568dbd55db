"""H3: for every vector, origins count the requests that the edge says it forwarded, and none of them was hidden."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest

from ...origin import Origin
from .court import Court
from .smuggling import streams, vectors
from .witnesses import Octets, Witness, nginx_origin, node_origin


@pytest.fixture(params=["octets", "nginx", "node"])
def witness(request: pytest.FixtureRequest, origin: Origin, tmp_path: Path):
    """Three origins, of which two were written by others."""
    with contextlib.ExitStack() as held:
        made: dict[str, Witness] = {"octets": Octets(origin)}
        if request.param == "nginx":
            made["nginx"] = held.enter_context(nginx_origin(tmp_path / "nginx"))
        if request.param == "node":
            made["node"] = held.enter_context(node_origin(tmp_path / "node"))
        yield made[request.param]


def test_nothing_is_hidden_in_http_1(make_edge, witness: Witness):
    """What is ambiguous gets 400 and the end of the connection; what is not, is forwarded as it was meant."""
    edge = make_edge(witness.port, policy="CachingDisabled").start()
    faults = Court(edge, witness).hear(vectors())
    assert not faults, "\n".join(f"{name}: {each}" for name, each in faults.items())


LET_THROUGH = {f"h2: {name!r} in trailers" for name in (b":method", b":scheme", b":authority", b":path")} | {
    "h2: path b'/v#x'"
}
"""What crate h2 does not refuse: pseudo-header fields in trailers; crate http cuts the fragment off."""
BROKEN_OFF = {f"h2: {name!r} in trailers" for name in (b"transfer-encoding", b"connection")}
"""The origin has the request by the time its trailers come, if it is quick: the exchange is broken off."""


def test_nothing_else_is_hidden_in_http_2(make_edge, witness: Witness):
    """What would be something else as HTTP/1.1 is refused, but for these, by name: neither more nor fewer."""
    edge = make_edge(witness.port, policy="CachingDisabled").start()
    faults = Court(edge, witness).hear(streams.vectors())
    others = {name: each for name, each in faults.items() if name not in LET_THROUGH | BROKEN_OFF}
    assert not others, "\n".join(f"{name}: {each}" for name, each in others.items())
    assert faults.keys() >= LET_THROUGH, "mended: take them out of the list"

"""By the rules of RFC 9111 an origin may steer this cache apart from its clients, and is told that it may."""

from __future__ import annotations

from typing import Any

import pytest

from ..edge import cache_policy
from ..origin import Origin, response

OTHERS = 'other="Surrogate/1.0"'


@pytest.mark.parametrize(
    ("semantics", "told"), [("rfc9111", ['edgeplane="Surrogate/1.0"']), ("cloudfront", [None] * 2)]
)
def test_surrogates_that_tell_of_themselves_are_steered(
    make_edge: Any, origin: Origin, semantics: str, told: list[str | None]
) -> None:
    origin.answer = lambda _: response(b"ok", Cache_Control="no-store", Surrogate_Control="max-age=60")
    edge = make_edge(origin.port, semantics=semantics, policy=cache_policy(), forwards=None).start()
    for _ in range(2):
        reply = edge.fetch("/page", **{"Surrogate-Capability": OTHERS})
        assert (reply.content, reply.fields["cache-control"]) == (b"ok", "no-store")
    assert [asked.field("Surrogate-Capability") for asked in origin.asked] == told

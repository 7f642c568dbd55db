"""An origin that is the distribution itself."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_a_request_that_comes_back_is_answered_at_once(make_edge, origin, method):
    """It goes round once: neither waits for itself nor asks itself until a limit ends it."""
    edge = make_edge(origin.port)
    edge.origin_port = edge.http
    edge.write()
    edge.start()
    answer = edge.fetch("/a", method)
    assert (answer.status, answer.fields["x-edge-reason"], edge.forwarded()) == (508, "LoopDetected", 1)
    assert origin.count == 0

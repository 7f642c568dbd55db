"""HTTP/2 by the letter (RFC 9113), as h2spec asks for it."""

from __future__ import annotations

from ...origin import response
from ...running import until
from .h2spec import failed

UNHURRIED_S = 0.05
"""What the origin takes: cases with a second frame take for granted that the stream is still open when it comes."""


def test_h2spec_finds_nothing(make_edge, origin, tmp_path):
    """Every case of generic and http2, asked of what is handed on to an origin."""
    origin.answer = lambda asked: [UNHURRIED_S, response(b"x" * 64)]
    edge = make_edge(origin.port, policy="CachingDisabled").start()
    wrong, tried = failed(edge.https, tmp_path / "report.xml", "generic", "http2")
    assert (wrong, tried > 130) == ([], True)
    assert origin.count > 100
    until(lambda: edge.forwarded() == origin.count, edge)

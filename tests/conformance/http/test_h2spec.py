"""HTTP/2 by the letter (RFC 9113), as h2spec asks for it."""

from __future__ import annotations

from .h2spec import failed


def test_h2spec_finds_nothing(make_edge, origin, tmp_path):
    """Every case of generic and http2."""
    edge = make_edge(origin.port).start()
    wrong, tried = failed(edge.https, tmp_path / "report.xml", "generic", "http2")
    assert (wrong, tried > 130) == ([], True)

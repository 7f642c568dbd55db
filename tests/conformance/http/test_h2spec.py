"""HTTP/2 by the letter (RFC 9113), as h2spec asks for it."""

from __future__ import annotations

from .h2spec import failed

ASKED_AGAIN = 2
"""Some cases take for granted that the stream is still open when their second frame comes; an answer may be quicker."""


def test_h2spec_finds_nothing(make_edge, origin, tmp_path):
    """Every case of generic and http2."""
    edge = make_edge(origin.port).start()
    wrong, tried = failed(edge.https, tmp_path / "report.xml", "generic", "http2")
    for _ in range(ASKED_AGAIN if wrong else 0):
        again, _ = failed(edge.https, tmp_path / "report.xml", "generic", "http2")
        wrong = [case for case in wrong if case in again]
    assert (wrong, tried > 130) == ([], True)

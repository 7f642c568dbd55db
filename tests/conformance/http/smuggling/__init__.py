"""Octets that two readers may read differently (request smuggling), and who judges what came of them.

vector.py       what is sent and what may come of it; the tables are in framing, chunks, lines, methods and streams
exchange.py     sends it over HTTP/1.1; frames.py over HTTP/2
readings.py     how careless origins would read what was forwarded
"""

from collections.abc import Iterator

from . import chunks, framing, lines, methods
from .vector import Vector


def vectors() -> Iterator[Vector]:
    """All vectors over HTTP/1.1."""
    for table in (framing, chunks, lines, methods):
        yield from table.vectors()

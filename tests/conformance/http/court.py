"""Sends vectors through a cache to an origin, and says what is wrong with what came of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ...running import until
from .caches import Cache
from .smuggling.exchange import Outcome, exchange
from .smuggling.streams import Stream
from .smuggling.vector import AFTER, Vector
from .witnesses import Witness

Judgeable = Vector | Stream
ASKS = 20
"""How often a cache is asked for its count until it has to be right."""


@dataclass
class Court:
    """One cache in front of one origin."""

    cache: Cache
    witness: Witness
    counted: int = 0

    def hear(self, vectors: Iterable[Judgeable]) -> dict[str, list[str]]:
        """Name → what is wrong, for those with which something is."""
        self.counted = self.cache.forwarded()
        self.witness.fresh()
        judged = {vector.name: self.judge(vector) for vector in vectors}
        return {name: faults for name, faults in judged.items() if faults}

    def judge(self, vector: Judgeable) -> list[str]:
        """Everyone reads the same requests; as many as the cache says that it forwarded; and those that should be."""
        outcome = self.send(vector)
        seen, faults = self.witness.fresh()
        faults += vector.faults(seen, outcome.statuses, outcome.closed)
        before, self.counted = self.counted, self._settled(self.counted + len(seen))
        if self.counted - before != len(seen):
            faults.append(f"says that it forwarded {self.counted - before}, of which {len(seen)} arrived")
        return faults

    def send(self, vector: Judgeable) -> Outcome:
        """Over plain HTTP/1.1, or over TLS and HTTP/2."""
        if isinstance(vector, Stream):
            return vector.send(self.cache.https)
        return exchange(self.cache.http, vector.octets + AFTER)

    def _settled(self, expected: int) -> int:
        """What the cache says, once it says what is expected or has had time to."""
        said = [self.cache.forwarded()]

        def settled() -> bool:
            said.append(self.cache.forwarded())
            return said[-1] == expected or len(said) > ASKS

        if said[-1] != expected:
            until(settled)
        return said[-1]

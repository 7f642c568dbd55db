"""What is sent, and what may come of it."""

from __future__ import annotations

from dataclasses import dataclass

HOST = b"Host: edge.test"
HIDDEN = b"GET /hidden HTTP/1.1\r\nHost: edge.test\r\n\r\n"
"""The request that must not come to be."""
AFTER = b"GET /after HTTP/1.1\r\nHost: edge.test\r\nConnection: close\r\n\r\n"
"""Follows every vector on its connection: what a victim would send."""

REFUSED, SERVED, EITHER = "refused", "served", "either"


@dataclass(frozen=True)
class Vector:
    """`octets` are sent, then `AFTER`.

    verdict: REFUSED: nothing but `targets` is forwarded, the rest is answered with one of `statuses`, and the
    connection is closed. SERVED: `targets` and /after are forwarded and answered. EITHER: both are right. Whatever is
    forwarded is read by everyone in one way, and /hidden is not among it, unless it is among the targets.
    """

    name: str
    octets: bytes
    verdict: str = REFUSED
    statuses: frozenset[int] = frozenset({400})
    targets: tuple[str, ...] = ()

    def faults(self, forwarded: list[str], statuses: list[int], closed: bool) -> list[str]:
        """What is wrong with what came of it."""
        found = []
        if "/hidden" in forwarded and "/hidden" not in self.targets:
            found.append("the hidden request was forwarded")
        if self.verdict == REFUSED:
            found += self._not_refused(forwarded, statuses, closed)
        if self.verdict == SERVED and forwarded != [*self.targets, "/after"]:
            found.append(f"forwarded {forwarded} and not {[*self.targets, '/after']}; answered {statuses}")
        return found

    def _not_refused(self, forwarded: list[str], statuses: list[int], closed: bool) -> list[str]:
        found = []
        if forwarded != list(self.targets):
            found.append(f"forwarded {forwarded}")
        if not statuses or statuses[-1] not in self.statuses:
            found.append(f"answered {statuses}, and not at last one of {sorted(self.statuses)}")
        if not closed:
            found.append("the connection was left open")
        return found


def request(*lines: bytes, content: bytes = b"", start: bytes = b"POST /v HTTP/1.1", host: bytes = HOST) -> bytes:
    """A request of field lines as they stand."""
    return b"\r\n".join([start, *([host] if host else []), *lines]) + b"\r\n\r\n" + content


def served(name: str, octets: bytes, *targets: str) -> Vector:
    return Vector(name, octets, SERVED, targets=targets or ("/v",))


def refused(name: str, octets: bytes, *statuses: int, targets: tuple[str, ...] = ()) -> Vector:
    return Vector(name, octets, REFUSED, frozenset({400, *statuses}), targets)


def either(name: str, octets: bytes) -> Vector:
    return Vector(name, octets, EITHER)

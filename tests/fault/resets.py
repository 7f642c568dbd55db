"""Fault H2's attacker, a process of its own: `python -m tests.fault.resets PORT CONNECTIONS STREAMS RATE`.

Opens streams and resets them at once, on so many connections at a time, until each has had so many; for one that the
server ends there is another; at most RATE streams a second. After each batch it waits for the answer to a PING, so that
it knows how far the server was. Prints what came of it as JSON.
"""

from __future__ import annotations

import contextlib
import json
import struct
import sys
import time
from collections import Counter
from types import SimpleNamespace

from ..conformance.http.smuggling import frames
from ..edge import HOST
from .http2 import ACK, GOAWAY, PING, RST_STREAM, Http2

BATCH = 50
CANCEL = struct.pack("!I", 8)
PATH = b"/reset/%04d/%05d/%05d"
"""Of a connection's number, how many came before it, and the stream: all of one length."""
ASKED = ((b":method", b"GET"), (b":scheme", b"https"), (b":authority", HOST.encode()), (b":path", PATH % (0, 0, 0)))
BEFORE, AFTER = frames.message(0, ASKED).split(PATH % (0, 0, 0))
"""A request made once: the stream's number stands in the last four octets of its frame's nine."""


class Attacker:
    """One connection after the other. `ended`: how many of them by which error, none for those that said nothing."""

    def __init__(self, port: int, number: int, streams: int) -> None:
        self.edge, self.number, self.left = SimpleNamespace(https=port), number, streams
        self.ended: Counter[str] = Counter()
        self.connections = self.most = self.sent = 0
        self.connection: Http2 | None = None

    def turn(self) -> None:
        """One batch."""
        if not self.connection:
            self.connection, self.sent = Http2(self.edge), 0  # type: ignore[arg-type]
            self.connections += 1
        streams = range(self.sent, self.sent + min(BATCH, self.left))
        self.sent += len(streams)
        self.left -= len(streams)
        self.most = max(self.most, self.sent)
        octets = b"".join(self._opened_and_reset(2 * number + 1) for number in streams)
        error = self._heard(self.connection, octets + frames.frame(PING, 0, bytes(8)))
        if error is not None:
            self.ended[error] += 1
            self.connection.sock.close()
            self.connection = None

    def _opened_and_reset(self, stream: int) -> bytes:
        named, path = struct.pack("!I", stream), PATH % (self.number, self.connections, stream)
        return BEFORE[:5] + named + BEFORE[9:] + path + AFTER + frames.frame(RST_STREAM, stream, CANCEL)

    @staticmethod
    def _heard(connection: Http2, octets: bytes) -> str | None:
        """With which error the connection ended; None where it goes on."""
        error = "none"
        with contextlib.suppress(OSError):
            connection.sock.sendall(octets)
        for frame in connection.frames():
            if frame.kind == GOAWAY:
                error = str(frame.error)
            elif frame.kind == PING and frame.flags & ACK:
                return None
        return error


def main(port: int, connections: int, streams: int, rate: int) -> None:
    attackers = [Attacker(port, number, streams) for number in range(connections)]
    due = time.monotonic()
    while at_work := [attacker for attacker in attackers if attacker.left]:
        for attacker in at_work:
            due += BATCH / rate
            time.sleep(max(0.0, due - time.monotonic()))
            attacker.turn()
    ended = sum((attacker.ended for attacker in attackers), Counter())
    counted = sum(attacker.connections for attacker in attackers)
    print(json.dumps({"connections": counted, "ended": ended, "most": max(each.most for each in attackers)}))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))

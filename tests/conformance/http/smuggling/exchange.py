"""Sends octets over a connection of their own, and sees what comes back."""

from __future__ import annotations

import contextlib
import re
import socket
from dataclasses import dataclass

SILENCE_S = 1.0
"""After so long without an octet our side is shut: a server that waits for more is told that there is none."""
PATIENCE_S = 15.0
STATUS = re.compile(rb"HTTP/1\.[01] (\d{3})")


@dataclass(frozen=True)
class Outcome:
    """`statuses` of the responses, without interim ones; `closed`: by the server, before our side was shut."""

    statuses: list[int]
    closed: bool


def exchange(port: int, octets: bytes) -> Outcome:
    """Until the server closes the connection."""
    with socket.create_connection(("127.0.0.1", port), timeout=SILENCE_S) as sock:
        received, closed = bytearray(), True
        with contextlib.suppress(BrokenPipeError, ConnectionResetError, TimeoutError):
            sock.sendall(octets)
        try:
            _read(sock, received)
        except TimeoutError:
            closed = False
            sock.settimeout(PATIENCE_S)
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_WR)
                _read(sock, received)
    statuses = [int(status) for status in STATUS.findall(received)]
    return Outcome([status for status in statuses if status >= 200 or status == 101], closed)


def _read(sock: socket.socket, received: bytearray) -> None:
    """To the end; a reset is one."""
    with contextlib.suppress(ConnectionResetError):
        while octets := sock.recv(65536):
            received.extend(octets)

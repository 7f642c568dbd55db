"""What the node tells the service manager that started it (sd_notify(3))."""

from __future__ import annotations

import contextlib
import os
import socket
import time
from collections.abc import Mapping


def notify(**state: object) -> bool:
    """Sends `NAME=value` lines to NOTIFY_SOCKET; False where nobody listens."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return False
    text = "\n".join(f"{name}={value}" for name, value in state.items())
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sock, contextlib.suppress(OSError):
        sock.sendto(text.encode(), "\0" + address[1:] if address[0] == "@" else address)
        return True
    return False


def reloading() -> bool:
    """RELOADING with the time stamp that Type=notify-reload wants."""
    return notify(RELOADING=1, MONOTONIC_USEC=time.monotonic_ns() // 1000)


def watchdog_interval(environ: Mapping[str, str] = os.environ) -> float | None:
    """Seconds between signs of life: half of what the manager allows; None where it does not watch this process."""
    if environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return None
    usec = environ.get("WATCHDOG_USEC", "")
    return int(usec) / 2e6 if usec.isdecimal() and int(usec) else None
